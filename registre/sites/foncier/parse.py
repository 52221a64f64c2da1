"""Records out of the land registry's markup. Pure: no browser, no network, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from registre.domain.option import Option
from registre.domain.request import DocumentKind, TypeActe, normalize_number
from registre.domain.text import fold, tokens
from registre.sites.base import Purchase
from registre.sites.foncier.written import amount_cents, find_date, find_moment
from registre.sites.markup import Element

#: Picture that marks a document kept on paper only.
PAPER_IMAGE: Final = "bpd.gif"
SAVE_TITLE: Final = "Sauvegarder ou imprimer le document"

#: Labels that stand for "choose one" whatever their value.
_PLACEHOLDER: Final = re.compile(r"^(choisi|selectionne|veuillez|aucun|sans designation|toutes?$)")
#: Value of the first entry of the désignation list, which stands for none.
_NO_DESIGNATION: Final = "A"
_NUMBER: Final = re.compile(r"\d[\dA-Z -]{2,}")


@dataclass(frozen=True, slots=True)
class SimilarRow:
    """A line of the list of similar numbers."""

    #: position among the list's radios, from 0
    position: int
    number: str
    #: every cell that could be the number, normalised
    numbers: frozenset[str]
    type_acte: TypeActe | None
    date: date | None
    is_paper: bool


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A line of the plan selection page."""

    #: position among the page's choices, from 0
    position: int
    label: str
    date: date | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A line of the site's history, with the way back to its document if there is one."""

    purchase: Purchase
    at: datetime | None
    #: text and address of the link that shows the document again
    link_text: str = ""
    link_href: str = ""
    cells: dict[str, str] = field(default_factory=dict[str, str])


def options(select: Element) -> list[Option]:
    """Real choices of a dropdown: blank values, placeholders and "no désignation" left out."""
    found = [Option(entry.attr("value"), entry.text) for entry in select.find_all("option")]
    return [
        option
        for option in found
        if not option.is_blank and option.value != _NO_DESIGNATION and not _PLACEHOLDER.match(fold(option.label))
    ]


def error_sentence(root: Element) -> str:
    """The message of a form, empty when it shows none: `td.contValErr`, else the cell beside the message picture."""
    for cell in root.find_all("td", "div", "span"):
        if "contValErr" in cell.classes and cell.text:
            return cell.text
    for image in root.find_all("img"):
        if "image_message" not in image.attr("src").lower():
            continue
        row = image.up("tr")
        if row is not None and row.text:
            return row.text
    return ""


def similar_rows(root: Element) -> list[SimilarRow]:
    """Lines of the list below "Résultat de la recherche"; empty when the page holds no such list."""
    rows = [row for row in _rows_with(root, "radio") if "affch" not in _radio_names(row) and _looks_similar(row)]
    return [_similar_row(position, row) for position, row in enumerate(rows)]


def plan_rows(root: Element) -> list[PlanRow]:
    """Choices of the plan selection page: radios, else checkboxes, else links that name a plan."""
    rows = _rows_with(root, "radio") or _rows_with(root, "checkbox")
    if rows:
        return [PlanRow(position, row.text, find_date(row.text)) for position, row in enumerate(rows)]
    links = [link for link in root.find_all("a") if re.search(r"\b(plan|document|selectionner)\b", fold(link.text))]
    cells = [(link, link.up("tr") or link) for link in links]
    return [PlanRow(position, link.text, find_date(row.text)) for position, (link, row) in enumerate(cells)]


def has_save_link(root: Element) -> bool:
    """True where the document can be saved from."""
    return any(
        link.attr("title") == SAVE_TITLE
        or "impri_sauvg" in link.attr("href")
        or "fRechrDocmnPDF" in link.attr("onmouseup")
        for link in root.find_all("a", "area")
    )


def logout_link(root: Element) -> Element | None:
    """The link that ends the session: the sign of being signed in."""
    for link in root.find_all("a", "area", "input", "button"):
        words = fold(link.text or link.attr("value") or link.attr("alt") or link.attr("title"))
        if re.search(r"terminer la session|fin de session|deconnexion|se deconnecter|quitter la session", words):
            return link
    return None


def history_link(root: Element) -> str:
    """Address of the page with the account's past consultations, empty when nothing leads there."""
    for link in root.find_all("a", "area"):
        words = fold(f"{link.text} {link.attr('title')} {link.attr('alt')}")
        if re.search(
            r"\b(historique|releve|factures?|facturation)\b"
            r"|(suivi|liste) (de |des |de vos )?(demandes|consultations|achats)",
            words,
        ):
            return link.attr("href")
    return ""


def home_link(root: Element) -> str:
    """Address of the welcome page, empty when nothing leads there."""
    for link in root.find_all("a", "area"):
        icons = " ".join(image.attr("alt") for image in link.find_all("img"))
        if re.search(r"\baccueil\b", fold(f"{link.text} {link.attr('title')} {link.attr('alt')} {icons}")):
            return link.attr("href")
    return ""


def history_rows(root: Element) -> list[HistoryRow] | None:
    """Lines of the history, found by the words of its header; None when the page holds no such table."""
    for table in root.find_all("table"):
        rows = [row for row in table.find_all("tr") if row.up("table") is table]
        for position, header in enumerate(rows):
            columns = [_column(cell.text) for cell in _cells(header)]
            if {"numero", "date"} <= set(columns) and {"montant", "demande"} & set(columns):
                body = [row for row in rows[position + 1 :] if len(_cells(row)) == len(columns)]
                return [_history_row(columns, row) for row in body]
    return None


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row.find_all("td", "th") if cell.up("tr") is row]


def _rows_with(root: Element, kind: str) -> list[Element]:
    """Innermost table rows that hold exactly one control of this type, in order."""
    rows: list[Element] = []
    for control in root.find_all("input"):
        row = control.up("tr") if control.attr("type").lower() == kind else None
        if row is not None and row not in rows:
            rows.append(row)
    return [row for row in rows if sum(c.attr("type").lower() == kind for c in row.find_all("input")) == 1]


def _radio_names(row: Element) -> str:
    return " ".join(control.attr("name") for control in row.find_all("input")).lower()


def _looks_similar(row: Element) -> bool:
    """A listed document has a number in a cell of its own; a radio of the form's criteria has none."""
    return bool(_numbers(row))


def _numbers(row: Element) -> list[str]:
    found: list[str] = []
    for cell in _cells(row):
        number = normalize_number(cell.text)
        if re.fullmatch(r"\d[\d-]{2,11}[\dA-Z]", number) and find_date(cell.text) is None:
            found.append(number)
    return found


def _similar_row(position: int, row: Element) -> SimilarRow:
    numbers = _numbers(row)
    types = {fold(kind): kind for kind in TypeActe}
    named = [types[fold(cell.text)] for cell in _cells(row) if fold(cell.text) in types]
    pictures = [image.attr("src").lower() for image in row.find_all("img")]
    dates = [day for cell in _cells(row) if (day := find_date(cell.text))]
    return SimilarRow(
        position=position,
        number=numbers[0],
        numbers=frozenset(numbers),
        type_acte=named[0] if named else None,
        date=dates[0] if dates else None,
        is_paper=any(PAPER_IMAGE in source for source in pictures),
    )


_COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("demande", r"\b(demande|commande|transaction|reference)\b"),
    ("montant", r"\b(montant|frais|tarif|prix|cout)\b"),
    ("date", r"\b(date|moment|heure)\b"),
    ("numero", r"\b(numero|no|lot)\b"),
    ("type", r"\btype\b"),
    ("produit", r"\b(produit|service|nature|document|description)\b"),
    ("circonscription", r"\bcirconscription\b"),
    ("cadastre", r"\bcadastre\b"),
    ("designation", r"\bdesignation\b"),
)


def _column(header: str) -> str:
    folded = fold(header)
    return next((name for name, pattern in _COLUMNS if re.search(pattern, folded)), "")


def _history_row(columns: Iterable[str], row: Element) -> HistoryRow:
    cells: dict[str, str] = {}
    for name, cell in zip(columns, _cells(row), strict=True):
        if name:
            cells.setdefault(name, cell.text)
    links = [link for link in row.find_all("a") if link.attr("href")]
    purchase = Purchase(
        target_number=normalize_number(cells.get("numero", "")),
        at=cells.get("date", ""),
        amount_cents=amount_cents(cells.get("montant", "")),
        demande=cells.get("demande") or None,
        shown=cells,
        kind=_kind_shown(cells),
        moment=find_moment(cells.get("date", "")),
    )
    link = links[-1] if links else None
    return HistoryRow(
        purchase,
        purchase.moment,
        link.text if link else "",
        link.attr("href") if link else "",
        cells,
    )


def _kind_shown(cells: Mapping[str, str]) -> DocumentKind | None:
    product = fold(f"{cells.get('produit', '')} {cells.get('type', '')}")
    words = {"plan": DocumentKind.PLAN, "index": DocumentKind.INDEX, "acte": DocumentKind.ACTE}
    return next((kind for word, kind in words.items() if word in product), None)


def words_of(text: str) -> tuple[str, ...]:
    """Folded words without the small ones that names are written with or without."""
    return tuple(word for word in tokens(text) if word not in {"d", "de", "du", "des", "la", "le", "les", "l"})
