"""What the replica can be told to do: its options, all switchable while it runs, and its accounts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Flag = Literal["locked", "expired", "no_card", "question", "slow", "single_session"]
Delivery = Literal[
    "attachment", "inline", "popup_inline", "popup_attachment", "script_window", "script_frame",
    "script_frame_attachment", "one_shot", "truncated", "zero", "html200", "html_as_pdf", "delay", "reset",
]  # fmt: skip
#: Ways of delivering that spoil or delay the bytes of one GET; the others are ways of linking to the PDF.
SPOILED: Final = frozenset({"truncated", "zero", "html200", "html_as_pdf", "delay", "reset"})


class Account(BaseModel):
    """A client of the registry. Codes have the official shape, everything is invented."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    password: str
    flags: frozenset[Flag] = frozenset()
    #: to the personal-identification question, for flag `question`
    answer: str = ""


def _account(code: str, password: str, *flags: Flag, answer: str = "") -> Account:
    return Account(code=code, password=password, flags=frozenset(flags), answer=answer)


#: Nothing is wrong with these.
NORMAL_ACCOUNTS: Final = (
    _account("21B4101", "erable-rouge-41"),
    _account("21B4102", "bouleau-jaune-42"),
    _account("21B4103", "pin-blanc-43"),
    _account("21B4104", "cedre-gris-44"),
    _account("21B4105", "sapin-vert-45"),
)
#: In order: for wrong passwords, locked, password expired, no card, asked a question, slow, one session at a time.
SPECIAL_ACCOUNTS: Final = (
    _account("31C5201", "orme-lisse-51"),
    _account("31C5202", "orme-lisse-52", "locked"),
    _account("31C5203", "orme-lisse-53", "expired"),
    _account("31C5204", "orme-lisse-54", "no_card"),
    _account("31C5205", "orme-lisse-55", "question", answer="Pointe-au-Pic"),
    _account("31C5206", "orme-lisse-56", "slow"),
    _account("31C5207", "orme-lisse-57", "single_session"),
)


class Options(BaseModel):
    """Every switch, at its default. Where the real site is unknown the default is the likelier guess."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: tuple[Account, ...] = Field(default=NORMAL_ACCOUNTS + SPECIAL_ACCOUNTS, repr=False)
    #: append-only JSON lines, read back at start; None keeps charges in memory only
    ledger: Path | None = None
    charset: Literal["windows-1252", "utf-8"] = "windows-1252"
    #: adds header X-Replica-Page; a client must not rely on it
    debug: bool = False

    #: fast 0 s · normal 0.3-1.5 s a page · slow-form 12 s before a search form · crawl 40 s before and within them
    profile: Literal["fast", "normal", "slow-form", "crawl"] = "fast"
    #: multiplies every delay of the profile and of slow accounts
    latency_scale: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 1

    entry: Literal["all", "link", "area", "image", "frameset", "maintenance"] = "all"
    maintenance: Literal["off", "200", "503"] = "off"
    closed: bool = False
    challenge: bool = False
    #: bad passwords in a row that lock an account
    lock_after: Annotated[int, Field(ge=1)] = 3
    concurrent: Literal["allowed", "kill_old", "refuse_new"] = "allowed"
    #: seconds without a request
    session_limit_s: Annotated[float, Field(gt=0)] = 20 * 60
    #: A: 302 to the entry page · B: 302 to the login page · C: a page that says so
    expired: Literal["A", "B", "C"] = "B"

    #: the cadastre list is there before a circonscription is chosen
    cadastre_always: bool = False
    keep_typed_lot: bool = True
    #: refuses a Cadastre du Québec number that the page's script did not space
    strict_lot: bool = False
    blank_label: str = ""
    #: label shown instead, by true label
    renamed_options: dict[str, str] = {}
    reversed_options: bool = False
    #: name and id shown instead, by true one: `{"txtNumrtLot": "txtNoLot"}`
    renamed_controls: dict[str, str] = {}
    cancel_first: bool = False
    alert_on_error: bool = False
    #: sentence by product (`index`, `acte`, `plan`) instead of the usual one
    not_found: dict[str, str] = {}
    doubtful_acte_form: bool = False

    inactive_plan: Literal["selection", "form"] = "selection"
    plan_order: Literal["catalogue", "ascending", "descending"] = "catalogue"
    plan_selection: Literal["several", "always"] = "several"
    #: documents: large actes and plans marked so
    confirm: Literal["documents", "all", "none"] = "documents"
    #: number of 302 answers between the last submit and the viewer
    redirects: Annotated[int, Field(ge=2, le=10)] = 4
    preparation_s: Annotated[float, Field(ge=0)] = 0
    refresh_s: Annotated[int, Field(ge=0)] = 1

    charge_at: Literal["viewer", "confirmer"] = "viewer"
    price_cents: Annotated[int, Field(ge=0)] = 150
    history: bool = True
    delivery: Delivery = "attachment"
    delivery_delay_s: Annotated[float, Field(ge=0)] = 2
    save_link: Literal["menu", "top", "renamed_class", "missing"] = "menu"

    def changed(self, changes: Mapping[str, object]) -> Options:
        """A copy with `changes` applied and checked; accounts and ledger are fixed at start.

        Raises:
            ValueError: an unknown option, a value out of range, or one fixed at start.
        """
        fixed = {"accounts", "ledger"} & set(changes)
        if fixed:
            raise ValueError(f"fixed at start: {', '.join(sorted(fixed))}")
        current = {name: getattr(self, name) for name in Options.model_fields}
        return Options.model_validate({**current, **changes})

    def shown(self) -> dict[str, object]:
        """The options as plain JSON values, without the accounts."""
        return self.model_dump(mode="json", exclude={"accounts"})
