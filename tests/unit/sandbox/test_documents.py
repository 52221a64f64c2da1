"""The replica's PDFs: they say what the catalogue says, where a person looks for it, and always in the same bytes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from registre.domain.reading import Inscription
from registre.domain.text import fold
from registre.sandbox.documents import latest, render, sheets_of, truth
from registre.sandbox.documents.paint import paint
from registre.sandbox.documents.scan import scanned
from registre.sandbox.documents.sheet import Sheet, wrap
from registre.sandbox.foncier.catalogue import Document, Fiche, Scan, catalogue
from registre.sandbox.gemini.pages import pages_of, row_spans

QUEBEC = "Cadastre du Québec"
DEMANDE = "D-204518"


def squeeze(text: str) -> str:
    return "".join(text.split())


def layers(pdf: bytes) -> list[str]:
    """Text layer of each page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def small(documents: tuple, *, scanned: bool, count: int) -> list:
    return [d for d in documents if (d.scan is not None) == scanned and not getattr(d, "volumineux", False)][:count]


HELD = catalogue()
BORN_DIGITAL = [
    *small(HELD.fiches, scanned=False, count=100),
    *small(HELD.actes, scanned=False, count=40),
    *small(HELD.plans, scanned=False, count=100),
]
#: one of each kind, layout and degradation
SCANS = [
    HELD.find_fiche("Montréal", QUEBEC, None, "1425100"),
    HELD.find_fiche("Chambly", "Paroisse de Saint-Bruno", None, "399-184"),
    HELD.find_fiche("Saint-Jean", "Paroisse de Saint-Jean", None, "77"),
    HELD.find_fiche("Nicolet", "Canton de Hartwell", None, "87"),
    HELD.find_fiche("Missisquoi", "Canton de Montauban", None, "9B"),
    HELD.find_fiche("Compton", QUEBEC, None, "4102377"),
    HELD.find_acte("Gaspé", "Acte divers", "53850"),
    HELD.find_plan("Terrebonne", "Paroisse de Saint-Hippolyte", "Rang 5 Canton Abercrombie", "24A"),
]


@pytest.mark.parametrize("document", BORN_DIGITAL, ids=lambda d: getattr(d, "numero", None) or d.lot)
def test_the_text_layer_says_exactly_the_truth(document: Document):
    pages = layers(render(document, demande=DEMANDE))
    said = truth(document, demande=DEMANDE)

    assert [squeeze(page) for page in pages] == [squeeze(page.text) for page in said]


@pytest.mark.parametrize("document", SCANS, ids=lambda d: type(d).__name__)
def test_a_scan_has_one_image_a_page_and_no_text_layer(document: Document):
    pdf = render(document, demande=DEMANDE)
    pages = pypdfium2.PdfDocument(pdf)

    assert layers(pdf) == [""] * len(truth(document))
    assert document.scan is not None
    for page in pages:
        (image,) = list(page.get_objects())
        across = image.get_px_size()[0] / (page.get_width() / 72)
        assert across == pytest.approx(document.scan.dpi, rel=0.01)
    pages.close()


@pytest.mark.parametrize("document", BORN_DIGITAL[::7], ids=lambda d: getattr(d, "numero", None) or d.lot)
def test_the_first_page_names_product_place_number_and_demand(document: Document):
    first = squeeze(layers(render(document, demande=DEMANDE))[0])

    wanted = [DEMANDE, document.circonscription]
    wanted += [document.cadastre, document.lot] if not hasattr(document, "numero") else [document.numero]
    wanted += [getattr(document, "designation_secondaire", None) or ""]
    assert [text for text in wanted if squeeze(text) not in first] == []
    products = ("index des immeubles", "document publie", "plan cadastral")
    assert any(squeeze(product) in squeeze(fold(first)) or squeeze(product) in fold(first) for product in products)


def test_truth_holds_every_row_once_and_the_header_on_every_page():
    for fiche in HELD.fiches:
        pages = truth(fiche)

        printed = [row for page in pages for row in page.rows]
        if fiche.layout in {"modern", "old", "ledger"}:
            assert tuple(printed) == fiche.inscriptions
        assert [(r.kind, r.numero, r.radiations) for r in printed] == [
            (r.kind, r.numero, r.radiations) for r in fiche.inscriptions
        ]
        assert {page.header["lot"] for page in pages} == {fiche.lot}
        assert {page.header["circonscription"] for page in pages} == {fiche.circonscription}
        assert [page.header["page"] for page in pages] == [str(n) for n in range(1, len(pages) + 1)]
        assert pages[0].header["date_etablissement"] == fiche.date_etablissement


def rows_of(layout: str) -> list[tuple[Inscription, Inscription]]:
    """What the fiches of a layout hold beside what their pages print."""
    return [
        (held, printed)
        for fiche in HELD.fiches
        if fiche.layout == layout
        for held, printed in zip(fiche.inscriptions, (r for page in truth(fiche) for r in page.rows), strict=True)
    ]


def test_an_english_page_puts_each_party_on_its_side():
    roles = {
        (held.nature, before.qualite, after.qualite)
        for held, printed in rows_of("english")
        for before in held.parties
        for after in printed.parties
        if after.nom == before.nom
    }

    assert {("Vente", "vendeur", "Grantor"), ("Vente", "acquéreur", "Grantee")} <= roles
    assert ("Obligation", "débiteur", "Grantor") in roles


def test_a_radiation_report_prints_number_remarks_notice_and_radiations_only():
    for held, printed in rows_of("radiation"):
        assert (printed.date, printed.nature, printed.parties) == (None, None, ())
        assert (held.nature or "") in (printed.remarques or "")
        assert (printed.numero, printed.avis_adresse) == (held.numero, held.avis_adresse)


@pytest.mark.parametrize(("layout", "mark"), [("ledger", "do"), ("english", '"')])
def test_pages_kept_by_hand_repeat_by_dittos(layout: str, mark: str):
    runs = [run for f in HELD.fiches if f.layout == layout for sheet in sheets_of(f) for run in sheet.texts]

    assert any(run.text == mark for run in runs)
    assert all(run.written for run in runs if run.text == mark)


def test_no_two_written_letters_are_alike():
    """The same letter in the same row of an unsteady hand covers different pixels."""
    sheet = Sheet(200, 60)
    sheet.text(10, 30, "oooooo", "Times-Italic", 20, written=True)
    document = pypdfium2.PdfDocument(paint([sheet], "essai"))
    pixels = np.asarray(document[0].render(scale=4, grayscale=True).to_pil())
    document.close()
    bottoms = {int(np.nonzero(column < 128)[0].max()) for column in pixels.T if (column < 128).any()}

    assert len(bottoms) > 20


def test_an_acte_has_the_pages_the_catalogue_announces():
    # the named ones, and one in six of those made from fiches
    actes = (*HELD.actes[:30], *HELD.actes[30::6])
    wrong = [acte.numero for acte in actes if len(truth(acte)) != acte.pages]

    assert wrong == []


def test_long_fiches_repeat_the_table_header_on_each_page():
    fiche = max((f for f in HELD.fiches if f.scan is None), key=lambda f: len(f.inscriptions))
    pages = truth(fiche)

    assert len(pages) >= 3
    assert all("Nature de l'acte Qualité Nom des parties" in page.text for page in pages)


def test_parties_stand_beside_their_qualite_in_the_text_layer():
    fiche = HELD.find_fiche("Montréal", QUEBEC, None, "2784195")
    assert fiche is not None
    partie = fiche.inscriptions[1].parties[0]

    text = " ".join(layers(render(fiche, demande=DEMANDE))[0].split())

    assert f"{partie.qualite} {partie.nom}" in text


@pytest.mark.parametrize("whole", ["1 275 000,00 $", "29 123 456", "T 12 345 678", "312,4 m²", "12 %"])
@pytest.mark.parametrize("width", [30, 60, 90, 120])
def test_amounts_and_numbers_are_never_broken_over_two_lines(whole: str, width: int):
    lines = wrap(f"Avec intérêts, {whole} en capital, payable en un seul versement", "Helvetica", 8, width)

    assert len(lines) > 1
    assert any(whole in line for line in lines)


def test_without_a_version_a_plan_is_the_latest():
    plan = HELD.find_plan("Terrebonne", QUEBEC, None, "2345678")
    assert plan is not None

    assert latest(plan).date == max(version.date for version in plan.versions)
    assert truth(plan)[0].header["date"] == latest(plan).date
    assert truth(plan, version=plan.versions[-1])[0].header["date"] == plan.versions[-1].date


def test_another_demand_gives_another_file_and_the_same_truth():
    fiche = HELD.find_fiche("Laval", QUEBEC, None, "4567890")
    assert fiche is not None

    assert render(fiche, demande="D-1") != render(fiche, demande="D-2")
    assert truth(fiche)[0].text == truth(fiche, demande="D-1")[0].text.replace("Demande : D-1\n", "")


_FINGERPRINT = """
import hashlib, sys
from registre.sandbox.documents import render
from registre.sandbox.foncier.catalogue import catalogue
held = catalogue()
quebec = "Cadastre du Québec"
documents = [
    held.find_fiche("Montréal", quebec, None, "2784195"),
    held.find_fiche("Saint-Jean", "Paroisse de Saint-Jean", None, "77"),
    held.find_fiche("Terrebonne", "Paroisse de Saint-Hippolyte", "Rang 6 Canton Abercrombie", "24A"),
    held.find_acte("Montréal", "Acte", "25616321"),
    held.find_plan("Montréal", quebec, None, "2784195"),
]
digest = hashlib.sha256(repr((held.fiches, held.actes, held.plans)).encode())
for document in documents:
    digest.update(render(document, demande="D-1"))
print(digest.hexdigest())
"""


def test_two_processes_make_the_same_bytes():
    root = Path(__file__).parents[3]

    def fingerprint(hash_seed: str) -> str:
        environment = {"PYTHONPATH": str(root), "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", _FINGERPRINT], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert fingerprint("1") == fingerprint("2")


def test_a_bitonal_scan_is_black_and_white_and_a_grey_one_is_not():
    fiche = HELD.find_fiche("Laval", QUEBEC, None, "4567890")
    assert isinstance(fiche, Fiche)
    drawn = render(fiche, demande=DEMANDE)

    def levels(scan: Scan) -> int:
        document = pypdfium2.PdfDocument(scanned(drawn, scan, "seed"))
        (image,) = list(document[0].get_objects())
        pixels = np.asarray(image.get_bitmap().to_pil().convert("L"))
        document.close()
        return len(np.unique(pixels))

    assert levels(Scan(dpi=72, bitonal=True, noise=5)) == 2
    assert levels(Scan(dpi=72, noise=5)) > 20


def test_the_seed_fixes_the_noise():
    fiche = HELD.find_fiche("Laval", QUEBEC, None, "4567890")
    assert fiche is not None
    drawn = render(fiche, demande=DEMANDE)
    scan = Scan(dpi=72, noise=8)

    def digest(seed: str) -> str:
        return hashlib.sha256(scanned(drawn, scan, seed)).hexdigest()

    assert digest("one") == digest("one")
    assert digest("one") != digest("two")


def test_the_stand_in_sees_every_row_of_every_index_where_it_stands():
    """A row whose radiation is the next row's number must not hide it."""
    hidden = [
        (page.key, row.numero)
        for fiche in HELD.fiches
        for page in pages_of(fiche)
        for row, (top, bottom) in zip(page.sheet.rows, row_spans(page.sheet), strict=True)
        if bottom - top < 8
    ]

    assert hidden == []
