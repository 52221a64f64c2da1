"""Actes of the second corpus: invented prose with figures of every kind, one to three pages."""

from __future__ import annotations

import random

from ocr_corpus_paint import Drawing, text_width, wrapped
from ocr_corpus_rows import amount, name
from ocr_fonts import BOOK, TYPED

from registre.sandbox.documents import PageTruth

_MOIS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_WIDTH, _HEIGHT, _MARGIN = 612.0, 792.0, 72.0


def acte_pages(dice: random.Random) -> tuple[list[Drawing], tuple[PageTruth, ...]]:
    """Pages and the text of each."""
    font = dice.choice([face for face in (*BOOK, *TYPED) if face.endswith(".ttf")])
    size = dice.choice([10.5, 11.0, 12.0])
    lines: list[str] = []
    for paragraph in _paragraphs(dice):
        lines += [*wrapped(paragraph, font, size, _WIDTH - 2 * _MARGIN), ""]
    per_page = int((_HEIGHT - 2 * _MARGIN) / (size * 1.35))
    pages: list[Drawing] = []
    truths: list[PageTruth] = []
    for start in range(0, len(lines), per_page):
        page = Drawing(_WIDTH, _HEIGHT)
        shown = lines[start : start + per_page]
        for rank, line in enumerate(shown):
            page.text(_MARGIN, _MARGIN + rank * size * 1.35, line, font, size)
        foot = f"- {len(pages) + 1} -"
        page.text((_WIDTH - text_width(foot, font, size)) / 2, _HEIGHT - 36, foot, font, size)
        pages.append(page)
        truths.append(PageTruth("\n".join([*filter(None, shown), foot]), (), {}))
    return pages, tuple(truths)


def _paragraphs(dice: random.Random) -> list[str]:
    seller, buyer, notary = name(dice, "p"), name(dice, "p"), name(dice, "p").title()
    year = dice.choice(["DIX", "QUATRE", "QUINZE"])
    found = [
        "VENTE",
        f"Numéro d'inscription : {dice.randrange(10, 29)} {_thousands(dice)}",
        f"L'AN DEUX MILLE {year}, le {_day(dice)}, devant Me {notary}, notaire,",
        "COMPARAISSENT :",
        f"{seller}, résidant au {dice.randrange(10, 9000)}, rue des Érables, ci-après nommé « le vendeur »;",
        f"ET {buyer}, résidant au {dice.randrange(10, 9000)}, chemin du Lac, ci-après nommé « l'acquéreur »;",
        "DÉSIGNATION",
    ]
    for _ in range(dice.randrange(1, 4)):
        lot = f"{dice.randrange(1, 7)} {_thousands(dice)}"
        surface = f"{dice.randrange(200, 3000)},{dice.randrange(10)}"
        found.append(
            f"Un immeuble connu et désigné comme étant le lot numéro {lot} du cadastre du Québec, circonscription "
            f"foncière de Valmontel, d'une superficie de {surface} mètres carrés."
        )
    rate = f"{dice.randrange(3, 9)},{dice.randrange(10, 99)}"
    paid = (
        f"Cette vente est faite pour le prix de {amount(dice)}, dont l'acquéreur a payé {amount(dice)} comptant, le "
        f"solde de {amount(dice)} étant payable le {_day(dice)} au taux de {rate} % l'an."
    )
    found += ["PRIX", paid, "ORIGINE DU DROIT DE PROPRIÉTÉ"]
    for _ in range(dice.randrange(1, 12)):
        deed = f"{dice.randrange(1, 9)} {_thousands(dice)}"
        when = f"{dice.randrange(1975, 2010)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}"
        found.append(
            f"Acte de vente par {name(dice, 'f')} à {name(dice, 'p')}, reçu le {_day(dice)} et publié à Valmontel le "
            f"{when} sous le numéro {deed}."
        )
    return [*found, f"DONT ACTE à Valmontel, sous le numéro {dice.randrange(100, 9000)} des minutes du notaire."]


def _thousands(dice: random.Random) -> str:
    return f"{dice.randrange(100, 999)} {dice.randrange(100, 999)}"


def _day(dice: random.Random) -> str:
    return f"{dice.randrange(1, 29)} {dice.choice(_MOIS)} {dice.randrange(1975, 2024)}"
