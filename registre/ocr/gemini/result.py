"""A page's result from its verdict: the reading in the domain's words and every call it took. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registre.domain.reading import Doubt, PageReading, PageState
from registre.ocr.accord.checks import doubt_order
from registre.ocr.gemini.join import join_index, join_text
from registre.ocr.gemini.judge import Verdict
from registre.ocr.gemini.outcome import GOOD, Call, Outcome
from registre.ocr.gemini.schema import PageIndex, PageTexte, header, inscriptions, page_text

READER = "gemini"


@dataclass(frozen=True, slots=True)
class GeminiReading:
    """One page, and all it took."""

    outcome: Outcome
    reading: PageReading
    calls: tuple[Call, ...]
    detail: str = ""

    @property
    def wants_another_reader(self) -> bool:
        """Whether Gemini made nothing of the page, or knows that something is missing."""
        return self.outcome not in {Outcome.READ, Outcome.BLANK}


def reading(number: int, verdict: Verdict, version: str, *, retaken: bool = False) -> PageReading:
    """The page as any reader tells it, `retaken` if it took halves; one that is not read is FAILED, and says why."""
    state = PageState.RETAKEN if retaken else PageState.READ
    if verdict.outcome is Outcome.BLANK:
        return PageReading(number, PageState.BLANK, READER, version)
    answer = verdict.answer if verdict.outcome in GOOD else None
    if isinstance(answer, PageIndex):
        rows = doubt_order(inscriptions(answer.lignes))
        doubts = _doubts(verdict)
        return PageReading(
            number, state, READER, version, page_text(answer), rows, header(answer.en_tete), doubts=doubts
        )
    if isinstance(answer, PageTexte):
        return PageReading(number, state, READER, version, answer.texte.strip(), doubts=_doubts(verdict))
    error = f"{verdict.outcome}: {verdict.detail}"
    return PageReading(number, PageState.FAILED, READER, version, error=error)


def joined(parts: Sequence[Verdict]) -> Verdict:
    """Two halves, each read or blank, as one; what the seam leaves open makes the page INCOMPLETE."""
    written = [part for part in parts if part.outcome is not Outcome.BLANK]
    if not written:
        return parts[0]
    if len(written) == 1:
        return written[0]
    upper, lower = written[0].answer, written[1].answer
    if isinstance(upper, PageIndex) and isinstance(lower, PageIndex):
        answer, sure = join_index(upper, lower)
    elif isinstance(upper, PageTexte) and isinstance(lower, PageTexte):
        answer, sure = join_text(upper, lower)
    else:
        return Verdict(Outcome.INVALID, detail="les moitiés de la page ne sont pas de même forme")
    missing = [part.detail for part in written if part.outcome is Outcome.INCOMPLETE]
    if not sure:
        missing.append("rien de commun aux deux moitiés de la page")
    return Verdict(Outcome.INCOMPLETE if missing else Outcome.READ, answer, "; ".join(missing))


def _doubts(verdict: Verdict) -> tuple[Doubt, ...]:
    """What is known to be missing, as a doubt of the page: no row can carry it."""
    return (Doubt(None, None, verdict.detail),) if verdict.outcome is Outcome.INCOMPLETE else ()
