"""Pages made for the readers' tests, in fonts and layouts that are not the sandbox's; and their scans."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import landscape, legal, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from registre.domain.reading import Inscription, Partie, RowKind

_LENDERS = ("BANQUE BORÉALE DU CANADA", "CAISSE POPULAIRE DES TROIS-CLOCHERS", "PLACEMENTS NORDEVAL INC.")
_OWNERS = ("TREMBLAY, JEAN-FRANÇOIS", "GAGNÉ, THÉRÈSE", "O'BRIEN, ZOÉ", "CÔTÉ-LAFRANCE, ANNE-MARIE", "HÉBERT, NOËL")


def history(count: int = 12, first: int = 10_716_749, year: int = 2003) -> tuple[Inscription, ...]:
    """Rows with every field in use, numbers with difficult digits."""
    rows: list[Inscription] = []
    for index in range(count):
        number = first + index * 180_607
        kind = index % 4
        lender, owner = _LENDERS[index % 3], _OWNERS[index % 5]
        rows.append(
            Inscription(
                kind=RowKind.INSCRIPTION,
                date=f"{year + index // 2}-{1 + index % 2 * 6:02d}-{11 + index:02d}",
                numero=str(number),
                nature=("Vente", "Hypothèque", "Hypothèque légale de la construction", "Quittance")[kind],
                parties=(
                    (Partie(owner, "Vendeur"), Partie(_OWNERS[(index + 2) % 5], "Acquéreur"))
                    if kind == 0
                    else (Partie(lender, "Créancier"), Partie(owner, "Débiteur"))
                ),
                remarques=("258 500,00 $ et autres considérations", "75 000,00 $ avec intérêts", None, "Ptie")[kind],
                avis_adresse=str(6_012_345 + index * 411) if kind == 1 else None,
                radiations=(f"T {number + 2 * 180_607}",) if kind == 1 else (),
            )
        )
    return tuple(rows)


def without_roles(rows: tuple[Inscription, ...]) -> tuple[Inscription, ...]:
    """The same rows as a form without a qualité column gives them."""
    return tuple(replace(row, parties=tuple(Partie(p.nom) for p in row.parties)) for row in rows)


def grouped(number: str) -> str:
    return f"{int(number):,}".replace(",", " ")


@dataclass(frozen=True)
class Style:
    """One way to lay out an index."""

    fonts: tuple[str, str] = ("Times-Roman", "Times-Bold")
    size: float = 8.5
    rules: str = "none"  # none, rows, grid
    valign: str = "TOP"
    align: int = TA_LEFT
    head_align: int = TA_LEFT
    page: tuple[float, float] = field(default=landscape(legal))
    headings: tuple[str, ...] = (
        "Date de présentation d'inscription", "Numéro", "Nature de l'acte", "Qualité", "Nom des parties", "Remarques",
        "Avis d'adresse", "Radiations",
    )  # fmt: skip
    order: tuple[str, ...] = (
        "date", "numero", "nature", "qualite", "parties", "remarques", "avis_adresse", "radiations",
    )  # fmt: skip
    widths: tuple[float, ...] = (70, 74, 120, 70, 220, 180, 66, 100)
    padding: float = 4


def index_pdf(rows: tuple[Inscription, ...], style: Style) -> bytes:
    """An index drawn by reportlab's own table engine."""
    out = io.BytesIO()
    body = ParagraphStyle("b", fontName=style.fonts[0], fontSize=style.size, leading=style.size * 1.2)
    number = ParagraphStyle("n", parent=body, alignment=style.align)
    head = ParagraphStyle("h", parent=body, fontName=style.fonts[1], alignment=style.head_align)
    cells = [[Paragraph(escape(text), head) for text in style.headings]]
    cells += [
        [Paragraph(_cell(row, name), number if name in {"numero", "date"} else body) for name in style.order]
        for row in rows
    ]
    table = Table(cells, colWidths=style.widths, repeatRows=1)
    look = [("VALIGN", (0, 0), (-1, -1), style.valign)]
    look += [(f"{side}PADDING", (0, 0), (-1, -1), style.padding) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    if style.rules == "grid":
        look.append(("GRID", (0, 0), (-1, -1), 0.5, colors.black))
    if style.rules == "rows":
        look.append(("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.black))
    table.setStyle(look)
    title = ParagraphStyle("t", parent=head, fontSize=13, leading=18, alignment=TA_CENTER)
    labels = [
        ["Circonscription foncière :", "Rouville", "Date d'établissement de la fiche :", "1998-04-20"],
        ["Cadastre :", "Paroisse de Saint-Hilaire", "Lot :", "1 234 567"],
    ]
    SimpleDocTemplate(out, pagesize=style.page, margins=30, leftMargin=30, rightMargin=30, topMargin=30).build(
        [
            Paragraph("Index des immeubles", title),
            Table([[Paragraph(text, body) for text in line] for line in labels], colWidths=(105, 160, 145, 100)),
            Spacer(1, 10),
            table,
        ]
    )
    return out.getvalue()


def _cell(row: Inscription, name: str) -> str:
    parties = row.parties
    values = {
        "date": row.date or "",
        "date_court": (row.date or "")[2:],
        "numero": grouped(row.numero) if row.numero else "",
        "date_numero": f"{row.date}<br/>{grouped(row.numero or '0')}",
        "nature": row.nature or "",
        "qualite": "<br/>".join(p.qualite or "" for p in parties),
        "parties": "<br/>".join(escape(p.nom) for p in parties),
        "remarques": row.remarques or "",
        "avis_adresse": grouped(row.avis_adresse) if row.avis_adresse else "",
        "remarques_avis": "<br/>".join(
            filter(None, [row.remarques, f"Avis d'adr. {row.avis_adresse}" if row.avis_adresse else ""])
        ),
        "radiations": "<br/>".join(f"{r[0]} {grouped(r[2:])}" for r in row.radiations),
    }
    return values[name]


STYLES: dict[str, Style] = {
    "serif_unruled": Style(),
    "centred_ruled_rows": Style(
        fonts=("Helvetica", "Helvetica-Bold"), rules="rows", head_align=TA_CENTER, align=TA_CENTER
    ),
    "right_numbers_small_portrait": Style(
        fonts=("Helvetica", "Helvetica-Bold"), size=6.5, align=TA_RIGHT, page=letter, padding=3, rules="grid",
        widths=(48, 50, 74, 46, 140, 90, 46, 58),
    ),
    "middle_in_grid": Style(rules="grid", valign="MIDDLE"),
    "english_headings": Style(
        headings=(
            "Date of registration", "Number", "Nature of deed", "Names of parties", "Remarks", "Notices of address",
            "Discharges",
        ),
        order=("date", "numero", "nature", "parties", "remarques", "avis_adresse", "radiations"),
        widths=(80, 80, 140, 240, 190, 80, 110),
        rules="rows",
    ),
    "date_over_number": Style(
        headings=("Parties", "Nature de l'acte", "Enregistrement", "Remarques et avis d'adresse", "Radiations"),
        order=("parties", "nature", "date_numero", "remarques_avis", "radiations"),
        widths=(250, 150, 100, 250, 120),
        rules="rows",
    ),
    "parties_first_typed": Style(
        fonts=("Courier", "Courier-Bold"),
        headings=("Noms des parties", "Titre de l'acte", "Date", "No", "Remarques et avis d'adresse", "Radiations"),
        order=("parties", "nature", "date_court", "numero", "remarques_avis", "radiations"),
        widths=(250, 150, 70, 80, 250, 120),
        rules="none",
    ),
}  # fmt: skip


def acte_pdf(paragraphs: int = 6) -> bytes:
    """A page of prose in a serif font."""
    out = io.BytesIO()
    body = ParagraphStyle("b", fontName="Times-Roman", fontSize=11, leading=15, spaceAfter=8)
    SimpleDocTemplate(out, pagesize=letter).build([Paragraph(escape(PROSE), body) for _ in range(paragraphs)])
    return out.getvalue()


PROSE = (
    "L'an deux mille vingt et un, le vingt-deuxième jour de mars, devant Me Odette Vézina, notaire à Rouville, "
    "comparaissent les vendeurs, lesquels déclarent céder avec garantie légale l'immeuble connu et désigné comme "
    "étant le lot numéro 1 234 567 du cadastre du Québec, circonscription foncière de Rouville, pour le prix de "
    "258 500,00 $, dont quittance générale et finale est donnée à l'acquéreur."
)


def blank_pdf(pages: int = 1, size: tuple[float, float] = letter) -> bytes:
    """Pages with nothing on them."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=size)
    for _ in range(pages):
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def scan(data: bytes, *, dpi: int = 200, angle: float = 0.0, noise: float = 0.0, blur: float = 0.0) -> bytes:
    """The same pages as pictures: turned by `angle` degrees, blurred, with grey noise; seeded."""
    random = np.random.default_rng(7)
    images: list[Image.Image] = []
    document = pypdfium2.PdfDocument(data)
    for page in document:
        image = page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
        image = image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255, expand=abs(angle) >= 90)
        if blur:
            image = image.filter(ImageFilter.GaussianBlur(blur))
        pixels = np.asarray(image, dtype=np.float32)
        if noise:
            pixels = pixels + random.normal(0, noise, pixels.shape)
        images.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    document.close()
    out = io.BytesIO()
    images[0].save(out, "PDF", resolution=dpi, save_all=True, append_images=images[1:], quality=75)
    return out.getvalue()
