"""Entry page, login, personal question, welcome page, logout."""

from __future__ import annotations

from starlette.responses import Response

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.accounts import Outcome
from registre.sandbox.foncier.visit import Visit, redirect

_BAD_LOGIN = "Le code d'utilisateur ou le mot de passe est invalide."
_BAD_ANSWER = "La réponse à la question d'identification personnelle est invalide."

#: Title and sentences of the pages on which a login ends for good; all wording invented.
_NOTICES: dict[Outcome | str, tuple[str, str]] = {
    "locked": (
        "Accès verrouillé",
        "Votre code d'utilisateur est verrouillé. Communiquez avec le Centre de relation avec la clientèle.",
    ),
    "expired": (
        "Mot de passe expiré",
        "Votre mot de passe est expiré. Vous devez le modifier avant de poursuivre.",
    ),
    "no_card": (
        "Carte de crédit requise",
        "Aucune carte de crédit valide n'est inscrite à votre dossier. Vous ne pouvez consulter le registre.",
    ),
    "elsewhere": (
        "Session déjà ouverte",
        "Une session est déjà ouverte avec ce code d'utilisateur. Fermez-la avant d'en ouvrir une autre.",
    ),
}


async def entry(visit: Visit) -> Response:
    """The public entry page, in the layout chosen."""
    if visit.options.entry == "maintenance":
        return visit.page("maintenance.html")
    if visit.options.entry == "frameset":
        return visit.page("entry_frameset.html")
    return visit.page("entry.html", layout=visit.options.entry)


async def entry_frame(visit: Visit) -> Response:
    """The entry page inside its frameset layout."""
    return visit.page("entry.html", layout="all")


async def login(visit: Visit) -> Response:
    """The login form; a post must follow a GET of it in the same session."""
    session = visit.session
    if not visit.posted:
        session.login_sent = True
        session.questioned = None
        return visit.page("login.html", message=None, code="")
    if not session.login_sent:
        return visit.out_of_order()
    if session.questioned and "txtReponQuest" in visit.form:
        return _answer(visit, session.questioned)
    code = visit.form.get("txtVaCodeUtils", "").strip().upper()
    outcome = visit.site.accounts.attempt(code, visit.form.get("txtMotPasse", ""), lock_after=visit.options.lock_after)
    if outcome == "bad":
        return visit.page("login.html", message=_BAD_LOGIN, code=code)
    if outcome == "question":
        session.questioned = code
        return visit.page("question.html", message=None)
    if outcome == "ok":
        return _admit(visit, code)
    return _notice(visit, outcome)


def _answer(visit: Visit, code: str) -> Response:
    account = visit.site.accounts.find(code)
    given = visit.form["txtReponQuest"].strip().casefold()
    if account is None or given != account.answer.casefold():
        return visit.page("question.html", message=_BAD_ANSWER)
    return _admit(visit, code)


def _admit(visit: Visit, code: str) -> Response:
    sessions, account = visit.site.sessions, visit.site.accounts.find(code)
    others = [s for s in sessions.live() if s.account == code and s is not visit.session]
    single = account is not None and "single_session" in account.flags
    if others and (single or visit.options.concurrent == "refuse_new"):
        return _notice(visit, "elsewhere")
    if visit.options.concurrent == "kill_old":
        for other in others:
            sessions.end(other)
    session = visit.session
    if session.account != code:
        session.demands.clear()
    session.leave_pages()
    session.account, session.questioned, session.login_sent = code, None, False
    return redirect(paths.WELCOME)


def _notice(visit: Visit, kind: Outcome | str) -> Response:
    visit.session.login_sent = False
    title, text = _NOTICES[kind]
    return visit.page("account_notice.html", kind=kind, title=title, text=text)


async def welcome(visit: Visit) -> Response:
    """The page after login, and where Annuler leads."""
    visit.session.leave_pages()
    return visit.page("welcome.html")


async def logout(visit: Visit) -> Response:
    """End the session."""
    visit.site.sessions.end(visit.session)
    return visit.page("signed_out.html")


async def unknown(visit: Visit) -> Response:
    """An address the site does not have."""
    return visit.page("not_found.html", status=404)
