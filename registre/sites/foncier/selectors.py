"""Every locator of the land registry, by screen. The one file to edit when a label or an id moves.

A control is a tuple of candidates in order of trust: by meaning (label, role, title, text), then by id or name. The
first that is alone and visible wins (`first_present`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

from playwright.async_api import Frame, Locator, Page

Scope = Page | Frame | Locator
Candidates = tuple[Callable[[Scope], Locator], ...]

# paths -----------------------------------------------------------------------------------------------------------

ENTRY_PATH: Final = "/Sirf/"
INDEX_PATH: Final = "/Sirf/Script/13_01_11/pf_13_01_11_02_indx_immbl.asp"
ACTE_PATH: Final = "/Sirf/Script/13_01_11/pf_13_01_11_08_reqst.asp"
PLAN_PATH: Final = "/Sirf/Script/13_01_11/pf_13_01_11_10_plan_cadst.asp"


def css(selector: str) -> Callable[[Scope], Locator]:
    """A candidate by CSS."""
    return lambda scope: scope.locator(selector)


def label(text: str) -> Callable[[Scope], Locator]:
    """A candidate by the text of its label."""
    return lambda scope: scope.get_by_label(re.compile(text, re.IGNORECASE))


def role(kind: Literal["button", "link"], text: str) -> Callable[[Scope], Locator]:
    """A candidate by role and accessible name."""
    return lambda scope: scope.get_by_role(kind, name=re.compile(text, re.IGNORECASE))


def after(field: str, candidate: Callable[[Scope], Locator]) -> Callable[[Scope], Locator]:
    """The first match below the field of that name or id: other forms of the page may have a button so named."""
    below = f"xpath=//*[@name='{field}' or @id='{field}']/following::*"
    return lambda scope: candidate(scope).and_(scope.locator(below)).first


# entry: the address of the login page is read from whichever of these carries it --------------------------------

ENTRY_HREFS: Final = (
    "a[href*='pf_14_06_01_reglr' i]",
    "area[href*='pf_14_06_01_reglr' i]",
    "a:has(img[alt*='Consultez le Registre foncier' i])",
    "area[alt*='Entrée' i]",
    "a:has(img[alt*='Entrée' i])",
    "a:has(img[src*='entree_bandeau' i])",
    "a[href*='13_01_01']",
)
#: Without an address of their own: clicked.
ENTRY_CLICKS: Final[Candidates] = (
    role("link", r"entrée du site|consultez le registre foncier"),
    css("img[alt*='Consultez le Registre foncier' i][onclick]"),
    css("img[alt*='Entrée' i][onclick], img[src*='entree_bandeau' i][onclick]"),
    css("img[alt*='Registre foncier' i]"),
)

# login -----------------------------------------------------------------------------------------------------------

LOGIN_CODE: Final[Candidates] = (label(r"code d.utilisateur"), css("[name='txtVaCodeUtils']"), css("#txtVaCodeUtils"))
LOGIN_PASSWORD: Final[Candidates] = (label(r"mot de passe"), css("[name='txtMotPasse']"), css("input[type=password]"))
LOGIN_SUBMIT: Final[Candidates] = (
    role("button", r"^\s*(soumettre|connexion|se connecter|entrer|valider)\s*$"),
    css("[name='btnSoumt']"),
    css("form:has(input[type=password]) input[type=submit]:not([value*='Annul' i])"),
)

# search forms ----------------------------------------------------------------------------------------------------

CIRCONSCRIPTION: Final[Candidates] = (
    css("select#selCircnFoncr"),
    css("select[name='selCircnFoncr']"),
    label(r"circonscription foncière"),
)
CADASTRE: Final[Candidates] = (css("select#selCadst"), css("select[name='selCadst']"), label(r"^\s*cadastre"))
DESIGNATION: Final[Candidates] = (
    css("select#selDesgnSecnd"),
    css("select[name='selDesgnSecnd']"),
    label(r"désignation secondaire"),
)
TYPE_ACTE: Final[Candidates] = (
    css("select#selTypeDocmn"),
    css("select[name='selTypeDocmn']"),
    label(r"type de document"),
)
LOT: Final[Candidates] = (css("input#txtNumrtLot"), css("input[name='txtNumrtLot']"), label(r"numéro de lot|^\s*lot"))
INSCRIPTION: Final[Candidates] = (
    css("input#txtNoReqst"),
    css("input[name='txtNoReqst']"),
    label(r"numéro d.inscription"),
)
LOT_SUBMIT: Final[Candidates] = (
    after("txtNumrtLot", role("button", r"^\s*soumettre\s*$")),
    role("button", r"^\s*soumettre\s*$"),
    css("input[name='btnSoumt']"),
    css("input[type=submit][value*='Soumettre' i]"),
)
ACTE_SUBMIT: Final[Candidates] = (
    after("txtNoReqst", role("button", r"^\s*rechercher\s*$")),
    role("button", r"^\s*rechercher\s*$"),
    css("input[value*='Rechercher' i]"),
)

# list of similar numbers, plan selection, confirmation -----------------------------------------------------------

#: The list's own button: the form's "Rechercher" stands before it.
SIMILAR_SUBMIT: Final[Candidates] = (
    role("button", r"^\s*soumettre\s*$"),
    css("input[type=submit][value*='Soumettre' i]"),
    css("input[name='btnSoumt']"),
)
PLAN_SUBMIT: Final[Candidates] = (
    role("button", r"^\s*soumettre\s*$"),
    role("button", r"^\s*continuer\s*$"),
    css("input[name='btnSoumt']"),
    css("input[type=submit]:not([value*='Annul' i])"),
)
CONTINUE: Final[Candidates] = (role("button", r"^\s*(continuer|poursuivre)\s*$"),)
CONFIRM: Final[Candidates] = (
    role("button", r"^\s*confirmer\s*$"),
    css("#btnConfr"),
    css("[name='btnConfr']"),
    css("input[value='Confirmer' i]"),
)

# viewer ----------------------------------------------------------------------------------------------------------

MENU_FRAME: Final = "menu"
#: Never by the cell's class alone: "Nouvelle recherche" has the same one and comes first.
SAVE: Final[Candidates] = (
    css("a[title='Sauvegarder ou imprimer le document']"),
    role("link", r"sauvegarder"),
    css("a[href*='impri_sauvg' i]"),
    css("a[onmouseup*='fRechrDocmnPDF']"),
    css("td.fondOrang a"),
)
