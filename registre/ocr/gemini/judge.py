"""What an answer is worth: read, refused, cut, looping, empty, of the wrong shape … Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from registre.domain.request import DocumentKind
from registre.ocr.gemini.loops import looping_rows, looping_text
from registre.ocr.gemini.outcome import Outcome, Reply
from registre.ocr.gemini.schema import Answer, PageIndex, answer_type

#: The model will not; asking the same again is asking for the same.
REFUSALS: Final = frozenset(
    {
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
        "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER",
    }
)  # fmt: skip
_STATES: Final = {"lisible": Outcome.READ, "illisible": Outcome.UNREADABLE, "blanche": Outcome.BLANK}


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, the answer where there is one, and what is wrong, in words for the model and for a person."""

    outcome: Outcome
    answer: Answer | None = None
    detail: str = ""


def judge(reply: Reply, kind: DocumentKind) -> Verdict:
    """Weigh what came back; finish reason first, then shape, then sense."""
    if reply.trouble is not None:
        return Verdict(reply.trouble, detail=reply.detail)
    if reply.block_reason is not None:
        return Verdict(Outcome.REFUSED, detail=f"demande refusée: {reply.block_reason}")
    if reply.finish_reason in REFUSALS:
        return Verdict(Outcome.REFUSED, detail=f"réponse refusée: {reply.finish_reason}")
    if reply.finish_reason == "MAX_TOKENS":
        looping = looping_text(reply.text)
        return Verdict(Outcome.LOOP if looping else Outcome.TRUNCATED, detail="la réponse dépasse la longueur permise")
    if not reply.text.strip():
        return Verdict(Outcome.EMPTY, detail=f"réponse vide ({reply.finish_reason or 'sans candidat'})")
    if reply.finish_reason != "STOP":
        return Verdict(Outcome.INVALID, detail=f"réponse inachevée ({reply.finish_reason})")
    return _weigh(reply.text, kind)


def _weigh(text: str, kind: DocumentKind) -> Verdict:
    try:
        answer = answer_type(kind).model_validate_json(text)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "réponse"
        return Verdict(
            Outcome.INVALID, detail=f"{exc.error_count()} écart(s) au format, d'abord {place}: {first['msg']}"
        )
    if _STATES[answer.etat] is not Outcome.READ:
        return _unread(answer)
    if isinstance(answer, PageIndex):
        return _weigh_rows(answer)
    if not answer.texte.strip():
        return Verdict(Outcome.EMPTY, detail="page dite lisible, mais aucun texte")
    if looping_text(answer.texte):
        return Verdict(Outcome.LOOP, detail="le texte se répète")
    return Verdict(Outcome.READ, answer)


def _unread(answer: Answer) -> Verdict:
    said = answer.lignes if isinstance(answer, PageIndex) else answer.texte.strip()
    if said:
        return Verdict(Outcome.INVALID, detail=f"page dite {answer.etat}, mais transcrite")
    return Verdict(_STATES[answer.etat], answer, f"page dite {answer.etat}")


def _weigh_rows(answer: PageIndex) -> Verdict:
    if looping_rows(answer.lignes):
        return Verdict(Outcome.LOOP, detail="des lignes se répètent")
    if answer.lignes_visibles != len(answer.lignes):
        detail = f"{answer.lignes_visibles} lignes comptées, {len(answer.lignes)} données"
        return Verdict(Outcome.INCOMPLETE, answer, detail)
    return Verdict(Outcome.READ, answer)
