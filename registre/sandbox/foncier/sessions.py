"""Server-side sessions: who is signed in, and what each session is in the middle of."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from registre.sandbox.foncier.catalogue import Acte, Plan, PlanVersion
from registre.sandbox.foncier.demand import Demand

#: Shape of a classic ASP session cookie; the eight letters are invented.
COOKIE: Final = "ASPSESSIONIDQQRCBTSD"


@dataclass(slots=True)
class FormState:
    """The search form as the server last sent it. A post that disagrees with it is out of order."""

    product: Literal["index", "acte", "plan"]
    circonscription: str | None = None
    cadastre: str | None = None
    #: the acte form's proposal, in the order shown
    similar: tuple[Acte, ...] = ()
    #: inactive lot whose plan the form offered to continue with
    continuing: str | None = None


@dataclass(slots=True)
class Selection:
    """The plan selection page as sent."""

    plan: Plan
    versions: tuple[PlanVersion, ...]
    #: sentence above the list, for an inactive lot
    notice: str | None


@dataclass(slots=True)
class Session:
    """One cookie's state."""

    #: shown in ledger and logs instead of the cookie
    name: str
    cookie: str
    seen: float
    account: str | None = None
    #: the login form was sent, so a login may be posted
    login_sent: bool = False
    #: gave the right password and must still answer the personal question
    questioned: str | None = None
    form: FormState | None = None
    selection: Selection | None = None
    #: waiting on the confirmation page
    pending: Demand | None = None
    demands: dict[str, Demand] = field(default_factory=dict[str, Demand])

    def leave_pages(self) -> None:
        """Forget the form, selection and confirmation in progress; demands already made remain."""
        self.form = None
        self.selection = None
        self.pending = None


class SessionStore:
    """Live sessions, each ended by inactivity."""

    def __init__(self, clock: Callable[[], float], limit_s: Callable[[], float]) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._by_cookie: dict[str, Session] = {}
        self._opened = 0

    def open(self) -> Session:
        """A new anonymous session. The cookie is random: one issued before a restart must not fit a new session."""
        self._opened += 1
        cookie = "".join(secrets.choice("ABCDEFGHIJKLMNOP") for _ in range(24))
        session = Session(name=f"S{self._opened}", cookie=cookie, seen=self._clock())
        self._by_cookie[cookie] = session
        return session

    def touch(self, cookie: str | None) -> Session | None:
        """The cookie's session if it lives, its inactivity counted anew."""
        self._drop_idle()
        session = self._by_cookie.get(cookie or "")
        if session:
            session.seen = self._clock()
        return session

    def end(self, session: Session) -> None:
        """End one session."""
        self._by_cookie.pop(session.cookie, None)

    def end_all(self, account: str | None = None) -> int:
        """End the sessions of `account`, or every signed-in one; how many."""
        ended = [s for s in self.live() if account in (None, s.account)]
        for session in ended:
            self.end(session)
        return len(ended)

    def live(self) -> list[Session]:
        """Signed-in sessions, oldest first."""
        self._drop_idle()
        return [session for session in self._by_cookie.values() if session.account]

    def _drop_idle(self) -> None:
        oldest = self._clock() - self._limit_s()
        for session in [s for s in self._by_cookie.values() if s.seen < oldest]:
            self.end(session)
