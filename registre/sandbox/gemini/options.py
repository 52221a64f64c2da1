"""What the stand-in can be told: its keys, models and quota, how it errs, and what goes wrong next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

#: The key printed by `registre sandbox`; any other is refused.
KEY: Final = "cle-inventee-du-bac-a-sable"

MistakeKind = Literal[
    "digit_swap", "letter_swap", "drop_value", "wrong_nature", "swap_roles", "drop_party", "move_remark",
    "figure_swap", "drop_row", "stop_short", "invent", "truncate", "loop", "refuse",
]  # fmt: skip
Cell = Literal["numero", "date", "nature", "parties", "remarques", "avis_adresse", "radiations"]
#: `http` takes `status`, `retry_s` and `daily`; `finish` and `block` take `reason`; `slow` and `hang` take `seconds`.
FaultKind = Literal[
    "http", "finish", "block", "slow", "hang", "reset", "half",
    "no_candidates", "no_parts", "blank_text", "not_json", "wrong_shape", "no_usage",
]  # fmt: skip


class Mistake(BaseModel):
    """A way of misreading, drawn anew for each answer from `seed`, the page and the number of the answer.

    `rate` is the share of answers for `stop_short`, `invent`, `truncate`, `loop` and `refuse`, of figures for
    `figure_swap`, of rows (a field each) for the others. They are made in the order given: row numbers are those of the
    page only as long as no row was dropped or invented.
    """

    model_config = ConfigDict(extra="forbid")

    kind: MistakeKind
    rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 1
    #: `digit_swap`, `letter_swap`, `drop_value`: which cells of a row
    fields: tuple[Cell, ...] = ("numero",)
    #: `refuse`: the finish reason
    reason: str = "RECITATION"


class Quota(BaseModel):
    """Requests and input tokens a sliding minute, requests a day; None: no limit."""

    model_config = ConfigDict(extra="forbid")

    rpm: Annotated[int, Field(ge=1)] | None = None
    tpm: Annotated[int, Field(ge=1)] | None = None
    rpd: Annotated[int, Field(ge=1)] | None = None


class Options(BaseModel):
    """How the stand-in behaves, all switchable while it runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: API key → project; a quota is one project's and one model's, however many keys it has
    keys: dict[str, str] = {KEY: "bac-a-sable"}
    #: models it has; None: every name that begins with `gemini-`
    models: tuple[str, ...] | None = None
    #: what an answer calls the model: its name and this
    model_suffix: str = "-001"
    quota: Quota = Quota()
    #: seconds an answer takes
    latency_s: Annotated[float, Field(ge=0)] = 0.0
    mistakes: tuple[Mistake, ...] = ()
    #: answers longer than this many tokens end in MAX_TOKENS, whatever the request allows
    output_cap: Annotated[int, Field(ge=1)] | None = None
    #: tokens spent on thinking at each level, counted with the answer's
    thoughts: dict[str, int] = {"minimal": 0, "low": 180, "medium": 700, "high": 2_000}
    #: share of the prompt's text that is answered from the cache
    cached_share: Annotated[float, Field(ge=0, le=1)] = 0.0

    def changed(self, changes: Mapping[str, object]) -> Options:
        """A copy with `changes` applied and checked.

        Raises:
            ValueError: an unknown option or a value out of range.
        """
        current = {name: getattr(self, name) for name in Options.model_fields}
        return Options.model_validate({**current, **changes})


class Fault(BaseModel):
    """One fault. It hits the next `count` generateContent requests (None: every one until cleared)."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    count: Annotated[int, Field(ge=1)] | None = 1
    model: str | None = None
    status: Literal[400, 403, 404, 429, 500, 502, 503, 504] = 503
    #: seconds of RetryInfo in a 429; None: the 429 says nothing
    retry_s: Annotated[float, Field(ge=0)] | None = None
    #: the 429 names the day's quota
    daily: bool = False
    reason: str = "OTHER"
    seconds: Annotated[float, Field(ge=0)] = 30.0
    #: the message of the error instead of the usual one
    message: str | None = None


class Lesson(BaseModel):
    """What a picture shows that is of no document of the sandbox."""

    model_config = ConfigDict(extra="forbid")

    #: of the picture's bytes
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    #: its name in the books
    page: str
    #: see `registre.sandbox.gemini.truth.said`
    said: dict[str, Any]
