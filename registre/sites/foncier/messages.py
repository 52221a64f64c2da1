"""The site's sentences, verbatim where known, and the errors they mean. A new sentence belongs here.

Known from the site: the five of `_REFUSALS` marked K (foncier dossier, 2025). The others are wordings a registry may
plausibly use; nobody recorded them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from registre.domain.errors import (
    AccountBenched,
    Challenge,
    InactiveLot,
    InvalidRequest,
    LoginFailed,
    NotFound,
    RegistreError,
    SessionLost,
    SimilarOnly,
    SiteError,
    SiteUnavailable,
    UnexpectedMessage,
)
from registre.domain.text import fold

#: K: shown above a list of documents whose number is near the one asked for; not an error.
SIMILAR: Final = "Nous vous proposons une liste de document(s) dont le numéro est semblable"
#: K: part of the sentence about a lot that has been replaced; a plan may go on.
INACTIVE: Final = "est inactif"

_REFUSALS: Final[tuple[tuple[str, type[RegistreError]], ...]] = (
    ("Le document demandé est inexistant", NotFound),  # K
    ("La fiche immobilière demandée est inexistante", NotFound),  # K
    ("Aucune information ne correspond aux critères de sélection", NotFound),  # K
    ("Le lot n'existe pas dans la circonscription foncière demandée", NotFound),  # K
    (SIMILAR, SimilarOnly),  # K
    (INACTIVE, InactiveLot),  # K
    ("numéro de lot est invalide", InvalidRequest),
    ("numéro de lot invalide", InvalidRequest),
    ("format du numéro", InvalidRequest),
    ("numéro d'inscription est invalide", InvalidRequest),
    ("session est expirée", SessionLost),
    ("session a expiré", SessionLost),
    ("temporairement indisponible", SiteUnavailable),
)

_LOCKED = r"verrouill|bloqu|suspend|desactiv|revoqu"
#: A page may also say what to do *if* an account is locked: only a statement about this one counts there.
_STATED: Final = re.compile(
    r"\b(compte|acces|code|utilisateur|dossier|abonnement|mot de passe)\b.{0,40}\b(est|a ete|n est plus)\b.{0,30}"
    rf"({_LOCKED}|expire|echu|valide|actif)"
    r"|\baucune?\b.{0,20}(carte de|mode de paiement)"
    r"|\bdevez\b.{0,40}(mot de passe|carte de|mode de paiement|conditions d utilisation|question)"
)
_LOGIN: Final[tuple[tuple[str, type[RegistreError]], ...]] = (
    (r"session (est )?deja (ouverte|active|en cours)|deja (utilise|en cours d utilisation)", SiteError),
    (_LOCKED, AccountBenched),
    (r"mot de passe.{0,40}(expire|echu|modifier|changer|renouvel)|(expire|echu).{0,40}mot de passe", AccountBenched),
    (r"carte de (credit|paiement)|mode de paiement|carte bancaire", AccountBenched),
    (r"question (d identification|secrete|de securite)|identification personnelle", AccountBenched),
    (r"nouvelles conditions|conditions d utilisation.{0,60}accept", AccountBenched),
    (r"maintenance|indisponible|non disponible|hors service", SiteUnavailable),
)

#: Words of pages that replace the one asked for, on folded text. Only headings and short pages are searched.
EXPIRED: Final = re.compile(
    r"session.{0,30}(expiree|a expire|est expire|termine|pris fin|n est plus valide|inexistante)|delai.{0,20}session"
)
MAINTENANCE: Final = re.compile(
    r"en maintenance|travaux (de |d )?(maintenance|entretien)|temporairement (indisponible|hors service|interrompu)"
    r"|service (est )?(indisponible|non disponible)|maintenance (planifiee|en cours)"
    r"|\b(registre|site|services?|systeme)\b.{0,30}(n est|ne sont) pas (accessible|disponible|offert)"
    r"|\b(registre|site|services?|systeme)\b.{0,30}(est|sont) (actuellement |presentement )?"
    r"(inaccessible|indisponible|interrompu|hors service)"
)
CLOSED: Final = re.compile(
    r"\b(registre|service)\b.{0,30} (est|sont) ferme|service ferme|(en dehors|hors) des heures|heures d ouverture"
    r"|heures de service|site (est )?ferme"
)
CHALLENGE: Final = re.compile(
    r"captcha|etre humain|etes humain|pas un robot|just a moment|checking your browser|verify you are human"
    r"|verification (d acces|de securite)|trafic inhabituel"
)
PREPARING: Final = re.compile(
    r"en preparation|preparation (du|de votre|de la) |veuillez patienter|est en traitement"
    r"|en cours de (traitement|production|preparation)"
)
SERVER_ERROR: Final = re.compile(
    r"microsoft vbscript|microsoft ole db|active server pages|asp 0\d{3}|adodb|erreur d execution"
    r"|internal server error|erreur interne|runtime error|service unavailable|bad gateway"
    r"|erreur de sequence|une erreur (est survenue|s est produite)"
)


def refusal(sentence: str) -> RegistreError:
    """The error a form's message means, with the site's own sentence as its text."""
    folded = fold(sentence)
    for known, error in _REFUSALS:
        if fold(known) in folded:
            return error(sentence, screen="form")
    return UnexpectedMessage(f"Le registre affiche une phrase inconnue: « {sentence} »", screen="form")


def login_refusal(sentence: str) -> RegistreError:
    """The error of a login that did not go through.

    An unknown sentence counts as a refused password: trying it again could lock the account.
    """
    text = sentence or LoginFailed.message
    return _first(_LOGIN, text) or LoginFailed(text, screen="login")


def account_notice(text: str) -> RegistreError | None:
    """The error of words that stop a login for a reason of the account's own; None if they are no such words."""
    return _first(_LOGIN, text)


def states_account(text: str) -> bool:
    """True where a whole page, menus and help included, states that this account cannot be used."""
    return bool(_STATED.search(fold(text))) and account_notice(text) is not None


def is_similar(sentence: str) -> bool:
    """The message that introduces a list of similar numbers."""
    folded = fold(sentence)
    return "numero est semblable" in folded or "numeros semblables" in folded or "numero semblable" in folded


def is_inactive(sentence: str) -> bool:
    """The message about an inactive lot."""
    return INACTIVE in fold(sentence)


def unavailable(text: str) -> SiteUnavailable:
    """The site is closed; its own words shortened."""
    return SiteUnavailable(f"{SiteUnavailable.message} ({_short(text)})" if text else None, screen="maintenance")


def challenged(text: str) -> Challenge:
    """An access-control page, named and never answered."""
    return Challenge(f"{Challenge.message} ({_short(text)})", screen="challenge")


def _first(known: Iterable[tuple[str, type[RegistreError]]], text: str) -> RegistreError | None:
    folded = fold(text)
    for pattern, error in known:
        if re.search(pattern, folded):
            return error(_short(text), screen="login")
    return None


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
