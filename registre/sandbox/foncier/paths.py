"""Addresses of the replica's pages, spelled as the site spells them (matching ignores case), and their short names."""

from __future__ import annotations

from typing import Final, Literal

Screen = Literal[
    "entry", "login", "welcome", "logout", "history", "again", "index", "acte", "plan",
    "selection", "confirmation", "processing", "viewer", "menu", "page", "pdf", "unknown",
]  # fmt: skip

ENTRY: Final = "/Sirf/"
LOGIN: Final = "/Sirf/Script/14_06_01-02/pf_14_06_01_reglr.asp"
LOGIN_ALIAS: Final = "/Sirf/Script/14_06_01/pf_14_06_01_reglr.asp"
INDEX: Final = "/Sirf/Script/13_01_11/pf_13_01_11_02_indx_immbl.asp"
ACTE: Final = "/Sirf/Script/13_01_11/pf_13_01_11_08_reqst.asp"
PLAN: Final = "/Sirf/Script/13_01_11/pf_13_01_11_10_plan_cadst.asp"
SELECTION: Final = "/Sirf/Script/13_01_08/pf_13_01_08_selct_plan_cadst.asp"
CONFIRMATION: Final = "/Sirf/Script/13_01_13/pf_13_01_13_confr_demnd.asp"
#: Used by one fallback of the original and confirmed by nothing else; 404 unless the option makes it the acte form.
DOUBTFUL_ACTE: Final = "/Sirf/Script/13_01_13/pf_13_01_13_01_acte.asp"

# From here on the addresses are invented.
ENTRY_FRAME: Final = "/Sirf/Script/10_01_01/pf_10_01_01_entre.asp"
WELCOME: Final = "/Sirf/Script/10_01_01/pf_10_01_01_acuei.asp"
LOGOUT: Final = "/Sirf/Script/14_06_01-02/pf_14_06_01_fin_sesn.asp"
HISTORY: Final = "/Sirf/Script/15_02_01/pf_15_02_01_histr_consl.asp"
AGAIN: Final = "/Sirf/Script/15_02_01/pf_15_02_01_consl_nouv.asp"
PROCESSING: Final = "/Sirf/Script/13_01_13/pf_13_01_13_trait_demnd.asp"
VIEWER: Final = "/Sirf/Script/13_01_12/pf_13_01_12_afich.asp"
MENU: Final = "/Sirf/Script/13_01_12/pf_13_01_12_menu.asp"
PAGE: Final = "/Sirf/Script/13_01_12/pf_13_01_12_Docmn.asp"
PDF: Final = "/Sirf/Script/13_01_12/pf_13_01_12_impri_sauvg.asp"
IMAGES: Final = "/Sirf/images/"
