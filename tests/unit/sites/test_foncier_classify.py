"""Which screen a page is, from address and markers."""

from __future__ import annotations

import pytest

from registre.sites.foncier.classify import FrameView, PageView, Screen, classify, signed_out_inside

ROOT = "http://127.0.0.1:1/Sirf/"
FORM = ROOT + "Script/13_01_11/pf_13_01_11_02_indx_immbl.asp"
SELECT = '<select id="selCircnFoncr" name="selCircnFoncr"><option value="NULL"></select>'
BAR = '<a href="fin.asp">Terminer la session</a>'


def message(text: str) -> str:
    cells = f'<td><img src="image_message.gif"></td><td class="contValErr">{text}</td>'
    return f'<table class="Cadre"><tr>{cells}</tr></table>'


CASES = {
    "entry by link": (ROOT, '<a href="Script/14_06_01/pf_14_06_01_reglr.asp">Entrée du site</a>', 200, Screen.ENTRY),
    "entry by image": (ROOT, '<img alt="Consultez le Registre foncier du Québec" src="x.gif">', 200, Screen.ENTRY),
    "entry that announces maintenance": (
        ROOT,
        '<a href="pf_14_06_01_reglr.asp">Entrée</a> Travaux de maintenance dimanche.',
        200,
        Screen.ENTRY,
    ),
    "login": (ROOT + "x.asp", "<input name=txtVaCodeUtils><input type=password name=txtMotPasse>", 200, Screen.LOGIN),
    "new password wanted": (
        ROOT + "x.asp",
        "<input type=password name=a><input type=password name=b>",
        200,
        Screen.ACCOUNT,
    ),
    "personal question": (
        ROOT + "x.asp",
        '<input type=hidden name="txtInAfichQuestIdentPersn" value="O"><input name=rep>',
        200,
        Screen.ACCOUNT,
    ),
    "welcome": (ROOT + "x.asp", BAR + "Bienvenue. Heures d'ouverture: 7 h à 23 h", 200, Screen.WELCOME),
    "form": (FORM, BAR + SELECT, 200, Screen.FORM),
    "form that speaks of the session's length": (
        FORM,
        BAR + SELECT + "La session expire en 20 minutes",
        200,
        Screen.FORM,
    ),
    "form with renamed controls": (FORM, BAR + "<select name=autre></select>", 200, Screen.FORM),
    "refusal": (FORM, SELECT + message("La fiche immobilière demandée est inexistante."), 200, Screen.REFUSAL),
    "inactive lot": (FORM, SELECT + message("Le lot 1 987 654 est inactif."), 200, Screen.INACTIVE),
    "similar list": (
        FORM,
        SELECT
        + message("Nous vous proposons une liste de document(s) dont le numéro est semblable.")
        + "<table><tr><td><input type=radio name=rdDocmn value=0></td><td>25 616 320</td></tr></table>",
        200,
        Screen.SIMILAR,
    ),
    "selection": (
        ROOT + "Script/13_01_08/pf_13_01_08_selct_plan_cadst.asp",
        BAR + "<table><tr><td><input type=radio name=rdPlan></td><td>Plan du lot</td></tr></table>",
        200,
        Screen.SELECTION,
    ),
    "confirmation": (
        ROOT + "Script/13_01_13/pf_13_01_13_confr_demnd.asp",
        BAR + '<input type=submit id=btnConfr value="Confirmer">',
        200,
        Screen.CONFIRMATION,
    ),
    "preparing": (ROOT + "x.asp", "Document en préparation. Veuillez patienter.", 200, Screen.PREPARING),
    "page that reloads itself": (
        ROOT + "x.asp",
        '<meta http-equiv="refresh" content="1">Un moment',
        200,
        Screen.PREPARING,
    ),
    "viewer": (ROOT + "x.asp", '<frameset><frame name="menu"><frame name="page"></frameset>', 200, Screen.VIEWER),
    "viewer with the link on top": (
        ROOT + "x.asp",
        '<a href="impri_sauvg.asp?no=1">Sauvegarder</a>',
        200,
        Screen.VIEWER,
    ),
    "maintenance page": (ROOT, "Site en maintenance", 200, Screen.MAINTENANCE),
    "maintenance by status": (ROOT, "De retour bientôt", 503, Screen.MAINTENANCE),
    "closed": (ROOT, "Le service n'est pas offert en dehors des heures d'ouverture.", 200, Screen.CLOSED),
    "expired": (FORM, "Votre session est expirée", 200, Screen.EXPIRED),
    "expired, with a way back in": (
        FORM,
        'Votre session a pris fin. <a href="pf_14_06_01_reglr.asp">Connexion</a>',
        200,
        Screen.EXPIRED,
    ),
    "challenge": (ROOT, "Vérification que vous êtes humain", 403, Screen.CHALLENGE),
    "challenge widget": (ROOT, '<iframe src="https://challenges.cloudflare.com/x"></iframe>', 200, Screen.CHALLENGE),
    "locked": (ROOT + "x.asp", "Votre code d'utilisateur est verrouillé.", 200, Screen.ACCOUNT),
    "help about locks": (
        ROOT + "x.asp",
        "Pour un compte verrouillé: 1 800 555-0100.",
        200,
        Screen.UNKNOWN,
    ),
    "a notice of the session's length": (ROOT + "x.asp", "La session expire après 20 minutes.", 200, Screen.UNKNOWN),
    "not accessible": (ROOT, "Nos services en ligne ne sont pas accessibles.", 200, Screen.MAINTENANCE),
    "no card": (ROOT + "x.asp", "Aucune carte de crédit valide n'est inscrite.", 200, Screen.ACCOUNT),
    "ASP error with status 200": (ROOT + "x.asp", "Microsoft VBScript runtime error '800a000d'", 200, Screen.ERROR),
    "error status": (ROOT + "x.asp", "Oups", 500, Screen.ERROR),
    "lost connection": ("chrome-error://chromewebdata/", "", 0, Screen.ERROR),
    "anything else": (ROOT + "x.asp", "Bonjour", 200, Screen.UNKNOWN),
}


@pytest.mark.parametrize(("url", "body", "status", "expected"), CASES.values(), ids=CASES.keys())
def test_each_screen_is_named(url, body, status, expected):
    assert classify(PageView(url, f"<html><body>{body}</body></html>", status=status)) is expected


def test_a_frameset_entry_is_an_entry():
    view = PageView(
        ROOT, '<frameset><frame name="contenu" src="e.asp"></frameset>', (FrameView("contenu", "e.asp", ""),)
    )

    assert classify(view) is Screen.ENTRY


def test_a_login_page_inside_a_viewer_frame_is_a_lost_session():
    menu = FrameView("menu", ROOT, "<input type=password>")
    view = PageView(ROOT + "x.asp", '<frameset><frame name="menu"></frameset>', (menu,))

    assert classify(view) is Screen.VIEWER
    assert signed_out_inside(view)
