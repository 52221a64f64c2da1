"""PDFs of the replica's documents, and the truth printed on each page to measure a reader against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from registre.domain.reading import Inscription
from registre.sandbox.documents import acte, index_english, index_ledger, index_modern, index_old, index_radiation, plan
from registre.sandbox.documents.paint import paint
from registre.sandbox.documents.scan import scanned
from registre.sandbox.documents.sheet import Sheet
from registre.sandbox.foncier.model import Acte, Document, Fiche, Plan, PlanVersion

__all__ = ["PageTruth", "latest", "render", "sheets_of", "truth"]

_LAYOUTS: Final[dict[str, Callable[[Fiche, str | None], list[Sheet]]]] = {
    "modern": index_modern.sheets,
    "radiation": index_radiation.sheets,
    "old": index_old.sheets,
    "ledger": index_ledger.sheets,
    "english": index_english.sheets,
}


@dataclass(frozen=True, slots=True)
class PageTruth:
    """What one page says."""

    #: in reading order; table rows are one line each, cell after cell
    text: str
    #: inscriptions of the page, with the fields its layout prints
    rows: tuple[Inscription, ...]
    #: fields printed outside the table: circonscription, cadastre, lot (without spaces) …, `page` and `pages`
    header: dict[str, str]


def render(document: Document, *, demande: str, version: PlanVersion | None = None) -> bytes:
    """The document's PDF; the same arguments give the same bytes in any process.

    CPU only, up to about half a second a page for scans at 200 dpi: keep it off the event loop.
    `demande` is the demand's identifier, printed on the first page. `version` is for plans: the
    latest where None.
    """
    drawn = paint(_sheets(document, demande, version), _title(document))
    if document.scan is None:
        return drawn
    return scanned(drawn, document.scan, f"{_title(document)}/{demande}")


def truth(
    document: Document, *, demande: str | None = None, version: PlanVersion | None = None
) -> tuple[PageTruth, ...]:
    """What each page of `render` says; without `demande`, its line is left out of the text."""
    return tuple(
        PageTruth(sheet.reading(), tuple(sheet.rows), dict(sheet.header))
        for sheet in _sheets(document, demande, version)
    )


def sheets_of(document: Document, version: PlanVersion | None = None) -> list[Sheet]:
    """The pages as they are drawn before they are a PDF, without a demand's number."""
    return _sheets(document, None, version)


def latest(plan: Plan) -> PlanVersion:
    """The most recent of a lot's plans."""
    return max(plan.versions, key=lambda version: version.date)


def _sheets(document: Document, demande: str | None, version: PlanVersion | None) -> list[Sheet]:
    match document:
        case Fiche():
            return _LAYOUTS[document.layout](document, demande)
        case Acte():
            return acte.sheets(document, demande)
        case Plan():
            return plan.sheets(document, version or latest(document), demande)
        case _:
            assert_never(document)


def _title(document: Document) -> str:
    match document:
        case Fiche():
            return f"Index des immeubles, {document.cadastre}, lot {document.lot}, {document.circonscription}"
        case Acte():
            return f"{document.type_acte} {document.numero}, {document.circonscription}"
        case Plan():
            return f"Plan cadastral, {document.cadastre}, lot {document.lot}, {document.circonscription}"
        case _:
            assert_never(document)
