"""The only module that knows google-genai: one request is one call, and every way it can end is an `Outcome`.

The SDK tries nothing again by itself here. It would: aiohttp, where installed, is retried once after 1 to 10 s unless
retry options are given (read in 3.4.0), and an answer that ends in CONTINUATION is continued by further requests.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, cast

import httpx2
from google import genai
from google.genai import errors, types

from registre.ocr.gemini.models import Model
from registre.ocr.gemini.outcome import Outcome, Reply, Tokens
from registre.ocr.gemini.picture import Picture
from registre.ocr.gemini.prompt import Prompt

#: The SDK's own default is v1, which has neither schemas nor media resolution per picture.
_VERSION: Final = "v1beta"
#: A dense page takes the model up to a minute; the server is told the same limit.
TIMEOUT: Final = timedelta(seconds=120)
#: A connection that does not open by then will not.
_CONNECT_S: Final = 10.0
_DELAY = re.compile(r"(\d+(?:\.\d+)?)s")


class Client:
    """Asks one model about pictures. Open until `close`; safe to share by coroutines of one loop.

    An unnamed SDK client closes itself when it is collected: keep this one.
    """

    def __init__(self, key: str, model: Model, *, base_url: str | None = None, timeout: timedelta = TIMEOUT) -> None:
        self.model = model
        seconds = timeout.total_seconds()
        options = types.HttpOptions(
            base_url=base_url,
            api_version=_VERSION,
            timeout=int(seconds * 1000),
            retry_options=types.HttpRetryOptions(attempts=1),
            httpx_async_client=httpx2.AsyncClient(timeout=httpx2.Timeout(seconds, connect=_CONNECT_S)),
        )
        self._sdk = genai.Client(api_key=key, http_options=options)
        self._http = options.httpx_async_client

    async def close(self) -> None:
        """Close the connections."""
        await self._sdk.aio.aclose()
        if self._http is not None:
            await cast("httpx2.AsyncClient", self._http).aclose()

    async def ask(self, picture: Picture, prompt: Prompt, notes: Sequence[str] = ()) -> Reply:
        """Send one request; what goes wrong on the way or over there is in the reply."""
        contents = [_image(picture, self.model), *(types.Part.from_text(text=note) for note in notes)]
        try:
            answer = await self._sdk.aio.models.generate_content(
                model=self.model.name,
                contents=types.Content(role="user", parts=contents),
                config=_config(self.model, prompt),
            )
        except errors.APIError as exc:
            return _refusal(exc)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
            return Reply(Outcome.UNREACHABLE, detail=type(exc).__name__)
        except httpx2.TimeoutException as exc:
            return Reply(Outcome.TIMEOUT, detail=type(exc).__name__)
        except (httpx2.HTTPError, ssl.SSLError, json.JSONDecodeError, errors.UnknownApiResponseError) as exc:
            return Reply(Outcome.INTERRUPTED, detail=type(exc).__name__)
        return _reply(answer)


def _config(model: Model, prompt: Prompt) -> types.GenerateContentConfig:
    thinking: types.ThinkingConfig | None = None
    if model.thinking_level is not None:
        thinking = types.ThinkingConfig(thinking_level=types.ThinkingLevel(model.thinking_level))
    elif model.thinking_budget is not None:
        thinking = types.ThinkingConfig(thinking_budget=model.thinking_budget)
    return types.GenerateContentConfig(
        system_instruction=prompt.text,
        response_mime_type="application/json",
        response_json_schema=prompt.schema,
        max_output_tokens=model.answer_tokens,
        thinking_config=thinking,
        automatic_continuation=False,
        # temperature, top_p and top_k are not sent: deprecated by the API since 2026-07-21
    )


def _image(picture: Picture, model: Model) -> types.Part:
    level = types.PartMediaResolutionLevel(model.media_level) if model.media_level else None
    return types.Part.from_bytes(data=picture.data, mime_type=picture.mime_type, media_resolution=level)


def _reply(answer: types.GenerateContentResponse) -> Reply:
    usage = answer.usage_metadata
    tokens = Tokens()
    if usage is not None:
        tokens = Tokens(
            usage.prompt_token_count,
            usage.candidates_token_count,
            usage.thoughts_token_count or 0,
            usage.cached_content_token_count or 0,
        )
    candidate = answer.candidates[0] if answer.candidates else None
    parts = (candidate.content.parts if candidate and candidate.content else None) or []
    feedback = answer.prompt_feedback
    return Reply(
        text="".join(part.text for part in parts if part.text and not part.thought),
        finish_reason=_name(candidate.finish_reason) if candidate else None,
        block_reason=_name(feedback.block_reason) if feedback else None,
        model_version=answer.model_version,
        tokens=tokens,
    )


def _name(reason: object) -> str | None:
    """An enum member's value, or the text that the SDK did not know."""
    return str(getattr(reason, "value", reason)) if reason is not None else None


def _refusal(exc: errors.APIError) -> Reply:
    """An HTTP error by what it means; its text is the API's own sentence, which never holds the key."""
    detail = f"{exc.code} {exc.status or ''} {str(exc.message or '').strip()[:300]}".strip()
    if exc.code == 429:
        delay, daily = _quota(cast("object", exc.details))
        return Reply(Outcome.DAY_SPENT if daily else Outcome.THROTTLED, retry_after=delay, detail=detail)
    if exc.code >= 500 or exc.code == 408:
        return Reply(Outcome.OVERLOADED, detail=detail)
    if exc.code == 400 and "image" in str(exc.message).lower():
        return Reply(Outcome.REJECTED, detail=detail)
    return Reply(Outcome.MISCONFIGURED, detail=detail)


def _quota(body: object) -> tuple[timedelta | None, bool]:
    """RetryInfo's delay, and whether the quota named is the day's."""
    delay: timedelta | None = None
    daily = False
    for detail in _details(body):
        found = _DELAY.fullmatch(str(detail.get("retryDelay", "")))
        if found:
            delay = timedelta(seconds=float(found.group(1)))
        violations = detail.get("violations")
        for violation in cast("list[Any]", violations) if isinstance(violations, list) else []:
            daily = daily or "PerDay" in str(violation)
    return delay, daily


def _details(body: object) -> list[Mapping[str, Any]]:
    error = _mapping(_mapping(body).get("error", body))
    details = error.get("details")
    return [_mapping(entry) for entry in cast("list[object]", details)] if isinstance(details, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
