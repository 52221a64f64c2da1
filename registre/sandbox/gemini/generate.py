"""models/…:generateContent, :streamGenerateContent and :countTokens."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from registre.sandbox.foncier.breakage import CutResponse, HangResponse, ResetResponse
from registre.sandbox.gemini import wire
from registre.sandbox.gemini.books import Arrival, Books
from registre.sandbox.gemini.gate import Caller
from registre.sandbox.gemini.likeness import size_of
from registre.sandbox.gemini.mistakes import spoil
from registre.sandbox.gemini.options import Fault
from registre.sandbox.gemini.pages import View
from registre.sandbox.gemini.truth import pour, said
from registre.sandbox.gemini.wire import Ask, BadRequest, Blob, Json

#: Pieces of a streamed answer.
_PIECES: Final = 3
_MESSAGES: Final = {
    400: "Request contains an invalid argument.",
    403: "Your project has been denied access.",
    404: "models/{model} is not found for API version v1beta, or is not supported for generateContent.",
    500: "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
    502: "Bad gateway.",
    503: "The model is overloaded. Please try again later.",
    504: "The request timed out. Please try again.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says, before it is cut to the tokens allowed."""

    text: str | None
    finish: str | None
    blocked: str | None = None
    no_candidates: bool = False
    no_usage: bool = False


async def generate(request: Request, books: Books, caller: Caller, model: str, method: str) -> Response:
    """Answer a generateContent or streamGenerateContent."""
    arrival = books.arrive(caller.project, model, method, key_in_url=caller.key_in_url)
    response = await _generate(request, books, arrival)
    arrival.status = response.status_code
    return response


async def _generate(request: Request, books: Books, arrival: Arrival) -> Response:
    try:
        ask = wire.parse(json.loads(await request.body() or b"null"))
        blobs = [_resolved(books, blob) for blob in ask.blobs]
        arrival.input_tokens = _input_tokens(ask, blobs)
    except ValueError as exc:
        arrival.outcome = "bad_request"
        return JSONResponse(wire.error(400, str(exc)), 400)
    full = books.grant(arrival.project, arrival.model, arrival.input_tokens)
    if full is not None:
        arrival.outcome = f"quota {full[0]}"
        limit = getattr(books.options.quota, full[0])
        return JSONResponse(wire.quota_error(full[0], arrival.model, math.ceil(full[1] * 1000) / 1000, limit), 429)
    fault = books.take_fault(arrival.model)
    if fault is not None:
        arrival.outcome = fault.kind
        broken = await _broken(fault, arrival.model)
        if broken is not None:
            return broken
    await asyncio.sleep(books.options.latency_s)
    try:
        answer = await _answer(books, arrival, ask, blobs, fault)
    except ValueError as exc:
        arrival.outcome = "bad_request"
        return JSONResponse(wire.error(400, str(exc)), 400)
    body = _body(books, arrival, ask, answer)
    if fault is not None and fault.kind == "half":
        return CutResponse(json.dumps(body).encode(), media_type="application/json")
    if arrival.method == "streamGenerateContent":
        return StreamingResponse(_events(body), media_type="text/event-stream")
    return JSONResponse(body)


async def count_tokens(request: Request, books: Books) -> Response:
    """Answer a countTokens."""
    try:
        ask = wire.parse(json.loads(await request.body() or b"null"))
        total = _input_tokens(ask, [_resolved(books, blob) for blob in ask.blobs])
    except ValueError as exc:
        return JSONResponse(wire.error(400, str(exc)), 400)
    return JSONResponse({"totalTokens": total})


async def _broken(fault: Fault, model: str) -> Response | None:
    """The answer a fault gives by itself; None where it only spoils the usual one."""
    if fault.kind == "http":
        if fault.status == 429:
            dimension = "rpd" if fault.daily else "rpm"
            return JSONResponse(wire.quota_error(dimension, model, fault.retry_s, None), 429)
        message = fault.message or _MESSAGES[fault.status].format(model=model)
        return JSONResponse(wire.error(fault.status, message), fault.status)
    if fault.kind == "reset":
        return ResetResponse()
    if fault.kind == "hang":
        return HangResponse(fault.seconds)
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    return None


async def _answer(books: Books, arrival: Arrival, ask: Ask, blobs: Sequence[Blob], fault: Fault | None) -> Answer:
    arrival.page, shown = await _shown(books, blobs, ask)
    draft = spoil(shown, books.options.mistakes, arrival.page or "", arrival.number)
    told = _faulted(fault)
    if told is not None:
        return told
    for planted in draft.planted:
        books.planted.append({"arrival": arrival.number, "page": arrival.page, **planted})
    if draft.refused:
        return Answer(None, draft.refused)
    spoiled = draft.said if fault is None or fault.kind != "wrong_shape" else {"reponse": draft.said["texte"]}
    shape = ask.schema if fault is None or fault.kind != "wrong_shape" else None
    if shape is not None:
        text = json.dumps(pour(shape, spoiled), ensure_ascii=False)
    else:
        text = str(spoiled["texte"]) if "texte" in spoiled else json.dumps(spoiled, ensure_ascii=False)
    cut = draft.keep < 1
    text = text[: int(len(text) * draft.keep)]
    if fault is not None and fault.kind == "not_json":
        text = f"Voici la page demandée:\n{text[:-2]}"
    return Answer(text, "MAX_TOKENS" if cut else "STOP", no_usage=fault is not None and fault.kind == "no_usage")


def _faulted(fault: Fault | None) -> Answer | None:
    """The answer that a fault puts in the model's mouth."""
    kind = fault.kind if fault is not None else ""
    reason = fault.reason if fault is not None else ""
    return {
        "finish": Answer(None, reason),
        "block": Answer(None, None, blocked=reason),
        "no_candidates": Answer(None, None, no_candidates=True),
        "no_parts": Answer(None, "STOP"),
        "blank_text": Answer("", "STOP"),
    }.get(kind)


async def _shown(books: Books, blobs: Sequence[Blob], ask: Ask) -> tuple[str | None, Json]:
    """Name of the page and what is printed there."""
    for blob in blobs:
        lesson = books.lessons.get(hashlib.sha256(blob.data).hexdigest())
        if lesson is not None:
            return lesson
    view = await asyncio.to_thread(_look, books, blobs, ask) if blobs else None
    return (view.page.key if view else None), said(view)


def _look(books: Books, blobs: Sequence[Blob], ask: Ask) -> View | None:
    asked = set((ask.schema or {}).get("properties", {}))
    kinds = ("index",) if "lignes" in asked else ("acte", "plan") if asked else ("index", "plan", "acte")
    return next(filter(None, (books.library.find(blob.data, kinds) for blob in blobs)), None)


def _body(books: Books, arrival: Arrival, ask: Ask, answer: Answer) -> Json:
    thoughts = books.options.thoughts.get(ask.thinking, 0) if answer.text else 0
    text, finish = answer.text, answer.finish
    cap = min(ask.max_tokens, books.options.output_cap or ask.max_tokens)
    room = max(cap - thoughts, 0)
    if text and wire.text_tokens(text) > room:
        text, finish = text[: int(room * 3.6)] or None, "MAX_TOKENS"
    arrival.outcome = " ".join(filter(None, (arrival.outcome, finish or answer.blocked or "no_candidates")))
    output = wire.text_tokens(text) if text else 0
    cached = int(sum(map(wire.text_tokens, ask.texts)) * books.options.cached_share)
    usage: Json = {
        "promptTokenCount": arrival.input_tokens,
        "totalTokenCount": arrival.input_tokens + output + thoughts,
    }
    # the API leaves the counts out that are nothing, and says nothing of candidates when thinking ate all
    if output and not answer.no_usage:
        usage["candidatesTokenCount"] = output
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    if cached:
        usage["cachedContentTokenCount"] = cached
    body: Json = {
        "usageMetadata": usage,
        "modelVersion": arrival.model + books.options.model_suffix,
        "responseId": uuid4().hex[:22],
    }
    if answer.blocked:
        body["promptFeedback"] = {"blockReason": answer.blocked}
    elif not answer.no_candidates:
        body["candidates"] = [wire.candidate(text, finish)]
    return body


async def _events(body: Json) -> AsyncIterator[bytes]:
    """The answer in pieces, the last with finish reason and usage."""
    candidates: list[Any] = body.get("candidates", [])
    parts = candidates[0]["content"].get("parts") if candidates else None
    text = str(parts[0]["text"]) if parts else ""
    step = max(math.ceil(len(text) / _PIECES), 1)
    for start in range(0, max(len(text) - step, 0), step):
        piece = {**body, "candidates": [wire.candidate(text[start : start + step], None)]}
        yield f"data: {json.dumps(piece)}\r\n\r\n".encode()
    last = dict(body)
    if text:
        rest = text[(len(text) - 1) // step * step :]
        last["candidates"] = [wire.candidate(rest, candidates[0].get("finishReason"))]
    yield f"data: {json.dumps(last)}\r\n\r\n".encode()


def _resolved(books: Books, blob: Blob) -> Blob:
    if blob.uri is None:
        return blob
    stored = books.files.get("files/" + blob.uri.rsplit("/", 1)[-1])
    if stored is None or not stored.active:
        raise BadRequest("The File is not in an ACTIVE state and usage is not allowed.")
    return Blob(stored.data, None, blob.resolution)


def _input_tokens(ask: Ask, blobs: Sequence[Blob]) -> int:
    words = sum(map(wire.text_tokens, ask.texts))
    return words + sum(wire.picture_tokens(blob, size_of(blob.data)) for blob in blobs)
