"""Reads a page with Gemini: retries by outcome, halves what is too long, never asks again for what was refused.

    reader = open_reader(settings, calls, today)      # configured.py; `calls`: registre.limits.calls.Calls
    result = await reader.read(image, 3, DocumentKind.INDEX, document_id=…, job_id=…)
    result.outcome, result.reading, result.calls

`result.reading` is a `PageReading` whatever happened; only READ, BLANK and INCOMPLETE made something of the page. The
others (`result.wants_another_reader`) leave it to the second reader. What concerns all pages is raised instead.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import tenacity

from registre.db.usage import Usage
from registre.domain.errors import GeminiMisconfigured, GeminiUnavailable, QuotaWait
from registre.domain.request import DocumentKind
from registre.limits import calls as metered
from registre.ocr.engine.image import Gray
from registre.ocr.gemini.client import Client
from registre.ocr.gemini.judge import Verdict, judge
from registre.ocr.gemini.outcome import GOOD, PASSING, TOO_LONG, UNFIT, UNREAD, Call, Outcome, Reply
from registre.ocr.gemini.picture import Picture, encode, halves
from registre.ocr.gemini.prompt import Prompt, prompt
from registre.ocr.gemini.result import GeminiReading, joined, reading

#: Passing trouble is tried this often in all; then the job waits its turn again.
_TRIES: Final = 4
#: Seconds: full jitter under 1, 2, 4 … at most so many.
_LONGEST_PAUSE_S: Final = 20.0
#: A page is cut into halves, and these once more.
_DEPTH: Final = 2
#: Tokens of a usual answer, for the estimate: 54 rows seen on a page; a full page of a deed.
_ANSWER_TOKENS: Final = {DocumentKind.INDEX: 5_000, DocumentKind.ACTE: 1_500, DocumentKind.PLAN: 800}
#: A 429 that does not say how long; and one of the day's quota: the meter knows when that ends.
_USUAL_WAIT: Final = timedelta(seconds=60)
_TOMORROW: Final = timedelta(hours=1)
_WHOLE: Final = "page"
_PART_NOTE: Final = "L'image est une partie de page: le bord du haut ou du bas peut couper une ligne."
#: French prose and JSON have at least so many letters a token; the rest is margin.
_LETTERS_A_TOKEN: Final = 3.0


class Calls(Protocol):
    """Who lets calls go, and writes them down; `registre.limits.calls.Calls` is one."""

    def call(self, estimate: Usage, *, ticket: str | None = None) -> AbstractAsyncContextManager[metered.Call]:
        """A place for one call."""
        ...


@dataclass(slots=True)
class _Page:
    """A page under way."""

    number: int
    kind: DocumentKind
    document_id: UUID | None
    job_id: UUID | None
    asked: Prompt
    calls: list[Call] = field(default_factory=list[Call])


class GeminiReader:
    """Reads pages with one model. `pause` scales the waits between tries; tests set it to 0."""

    def __init__(self, client: Client, calls: Calls, *, pause: float = 1.0) -> None:
        self._client = client
        self._calls = calls
        self._pause = pause

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @property
    def model(self) -> str:
        """Name of the model asked."""
        return self._client.model.name

    def version(self, kind: DocumentKind) -> str:
        """What reads: model and prompt. An unchanged page read by the same needs no second call."""
        return f"{self.model} {_tag(prompt(kind))}"

    def estimate(self, picture: Picture, kind: DocumentKind) -> Usage:
        """What a call will take, for the reservation: the picture by the model's own rule, the letters by three."""
        asked = prompt(kind)
        letters = len(asked.text) + len(str(asked.schema))
        model = self._client.model
        return Usage(
            model=model.name,
            purpose="extract",
            prompt_hash=asked.hash,
            input_tokens=model.picture_tokens(picture.width, picture.height) + int(letters / _LETTERS_A_TOKEN),
            output_tokens=min(_ANSWER_TOKENS[kind], model.answer_tokens),
            thinking_tokens=model.thinking_tokens,
        )

    async def read(
        self,
        image: Gray,
        number: int,
        kind: DocumentKind,
        *,
        document_id: UUID | None = None,
        job_id: UUID | None = None,
    ) -> GeminiReading:
        """Read page `number` from its gray picture, upright.

        Raises:
            QuotaWait: no quota now (ours, or the provider said 429); `delay` says for how long.
            LimitsUnavailable, ReadingCeiling, DocumentCeiling: see `registre.limits`.
            GeminiUnavailable: passing trouble that did not pass.
            GeminiMisconfigured: key, model or request refused; nothing more should be sent.
        """
        page = _Page(number, kind, document_id, job_id, prompt(kind))
        verdict = await self._read(page, image, _WHOLE)
        return self._result(page, verdict)

    async def _read(self, page: _Page, image: Gray, part: str, depth: int = 0) -> Verdict:
        picture = await asyncio.to_thread(encode, image)
        verdict = await self._ask(page, picture, part)
        if verdict.outcome in UNFIT:
            again = await self._ask(page, picture, part, f"Ta réponse précédente ne convenait pas: {verdict.detail}.")
            verdict = _better(verdict, again)
        if verdict.outcome in TOO_LONG and depth < _DEPTH:
            return await self._read_halves(page, image, part, depth + 1)
        return verdict

    async def _read_halves(self, page: _Page, image: Gray, part: str, depth: int) -> Verdict:
        upper, lower = await asyncio.to_thread(halves, image)
        read: list[Verdict] = []
        for half, name in ((upper, "haut"), (lower, "bas")):
            verdict = await self._read(page, half, f"{part}/{name}", depth)
            if verdict.outcome not in GOOD:
                return verdict
            read.append(verdict)
        return joined(read)

    async def _ask(self, page: _Page, picture: Picture, part: str, note: str = "") -> Verdict:
        """One question, asked again while the trouble is passing."""
        trying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(_passing),
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_random_exponential(multiplier=self._pause, max=_LONGEST_PAUSE_S * self._pause),
            retry_error_callback=_last,
        )
        verdict: Verdict = await trying(self._once, page, picture, part, note)
        if verdict.outcome in PASSING:
            raise GeminiUnavailable(f"{GeminiUnavailable.message} ({verdict.outcome}: {verdict.detail})")
        return verdict

    async def _once(self, page: _Page, picture: Picture, part: str, note: str) -> Verdict:
        estimate = replace(
            self.estimate(picture, page.kind), document_id=page.document_id, job_id=page.job_id, page=page.number
        )
        ticket = f"{page.document_id}/{page.number}" if page.document_id else None
        notes = [_PART_NOTE] if part != _WHOLE else []
        async with self._calls.call(estimate, ticket=ticket) as call:
            start = time.monotonic()
            reply = await self._client.ask(picture, page.asked, [*notes, *([note] if note else [])])
            verdict = judge(reply, page.kind)
            page.calls.append(self._written(page, reply, verdict, part, time.monotonic() - start))
            _book(call, reply, verdict.outcome)
            _raise_for_all(reply, verdict.outcome)
            return verdict

    def _written(self, page: _Page, reply: Reply, verdict: Verdict, part: str, seconds: float) -> Call:
        return Call(
            verdict.outcome,
            self.model,
            reply.model_version,
            _tag(page.asked),
            reply.finish_reason or reply.block_reason,
            reply.tokens,
            round(seconds * 1000),
            part,
            verdict.detail,
            reply.text,
        )

    def _result(self, page: _Page, verdict: Verdict) -> GeminiReading:
        version = next((call.model_version for call in reversed(page.calls) if call.model_version), self.model)
        retaken = any(call.part != _WHOLE for call in page.calls)
        found = reading(page.number, verdict, f"{version} {_tag(page.asked)}", retaken=retaken)
        return GeminiReading(verdict.outcome, found, tuple(page.calls), verdict.detail)


def _passing(verdict: Verdict) -> bool:
    return verdict.outcome in PASSING


def _last(state: tenacity.RetryCallState) -> Verdict:
    assert state.outcome is not None  # noqa: S101  it was tried
    return state.outcome.result()


def _better(first: Verdict, again: Verdict) -> Verdict:
    """The second answer, unless only the first made something of the page."""
    return first if first.outcome in GOOD and again.outcome not in GOOD | TOO_LONG else again


def _tag(asked: Prompt) -> str:
    return f"v{asked.version}-{asked.hash}"


def _book(call: metered.Call, reply: Reply, outcome: Outcome) -> None:
    """Tell the books how a call ended; what the answer leaves out stays as estimated."""
    if outcome is Outcome.UNREACHABLE:
        call.not_sent()
    elif outcome in {Outcome.THROTTLED, Outcome.DAY_SPENT}:
        call.throttled(reply.retry_after, until_tomorrow=outcome is Outcome.DAY_SPENT)
    elif outcome in UNREAD:
        call.refused(outcome)
    else:
        call.answered(
            outcome,
            model_version=reply.model_version,
            finish_reason=reply.finish_reason or reply.block_reason,
            input_tokens=reply.tokens.input,
            output_tokens=reply.tokens.output,
            thinking_tokens=reply.tokens.thinking,
        )


def _raise_for_all(reply: Reply, outcome: Outcome) -> None:
    """What stops every page, not this one."""
    if outcome in {Outcome.THROTTLED, Outcome.DAY_SPENT}:
        wait = reply.retry_after or (_TOMORROW if outcome is Outcome.DAY_SPENT else _USUAL_WAIT)
        raise QuotaWait(f"{QuotaWait.message} ({reply.detail})", wait=wait)
    if outcome is Outcome.MISCONFIGURED:
        raise GeminiMisconfigured(f"{GeminiMisconfigured.message} ({reply.detail})")
