"""How a call to the model ended, and what it took. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """How a call ended; the value is written in the ledger."""

    #: the page is read
    READ = "read"
    #: the model says that nothing is written on it
    BLANK = "blank"
    #: the model says that it cannot read it
    UNREADABLE = "unreadable"
    #: fewer or more rows than it counted itself: kept, and doubted
    INCOMPLETE = "incomplete"
    #: it will not read this page: not asked again, another reader does
    REFUSED = "refused"
    #: the picture itself was not taken: not sent again
    REJECTED = "rejected"
    #: the answer did not fit: the page is read again in halves
    TRUNCATED = "truncated"
    #: it repeats itself: the page is read again in halves
    LOOP = "loop"
    #: it said nothing at all: asked once more
    EMPTY = "empty"
    #: not the shape asked for: asked once more
    INVALID = "invalid"
    #: quota of the minute, and of the day
    THROTTLED = "rate_limited"
    DAY_SPENT = "day_spent"
    #: passing trouble over there (5xx), silence, a broken or refused connection: tried again
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    UNREACHABLE = "unreachable"
    #: key, model or request refused: nothing more is sent until a person has mended it
    MISCONFIGURED = "misconfigured"


#: A page that ended so has a reading.
GOOD: Final = frozenset({Outcome.READ, Outcome.BLANK, Outcome.INCOMPLETE})
#: Read again in halves.
TOO_LONG: Final = frozenset({Outcome.TRUNCATED, Outcome.LOOP})
#: Asked once more, with a note on what was wrong.
UNFIT: Final = frozenset({Outcome.EMPTY, Outcome.INVALID, Outcome.INCOMPLETE})
#: The same request again, after a pause.
PASSING: Final = frozenset({Outcome.OVERLOADED, Outcome.TIMEOUT, Outcome.INTERRUPTED, Outcome.UNREACHABLE})
#: Refused unread: counted as a request, costs nothing.
UNREAD: Final = frozenset({Outcome.OVERLOADED, Outcome.MISCONFIGURED, Outcome.REJECTED})


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a call took; None: the answer does not say."""

    input: int | None = None
    output: int | None = None
    thinking: int = 0
    #: part of the input that was answered from the provider's cache
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one request, before its text is judged."""

    #: None: it answered, and the answer is to be judged
    trouble: Outcome | None = None
    text: str = ""
    finish_reason: str | None = None
    #: why the prompt was not taken
    block_reason: str | None = None
    model_version: str | None = None
    tokens: Tokens = Tokens()
    #: how long the provider asks to wait
    retry_after: timedelta | None = None
    #: what went wrong, without key or address
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as the books have it."""

    outcome: Outcome
    model: str
    model_version: str | None
    #: version and hash of the prompt
    prompt: str
    finish_reason: str | None
    tokens: Tokens
    milliseconds: int
    #: which part of the page, in words: « page », « moitié haute » …
    part: str
    detail: str = ""
    #: the answer as it came
    text: str = ""
