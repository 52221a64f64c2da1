"""Markup of the second land registry: old nested tables, menus, notices and forms that are none of our business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

FORMS = "/Sirf/Script/13_01_11/"
INDEX = FORMS + "pf_13_01_11_02_indx_immbl.asp"
ACTE = FORMS + "pf_13_01_11_08_reqst.asp"
PLAN = FORMS + "pf_13_01_11_10_plan_cadst.asp"
SELECTION = "/Sirf/Script/13_01_08/pf_13_01_08_selct_plan_cadst.asp"
CONFIRMATION = "/Sirf/Script/13_01_13/pf_13_01_13_confr_demnd.asp"
LOGIN = "/Sirf/Script/14_06_01/pf_14_06_01_reglr.asp"
WELCOME = "/Sirf/Script/14_06_03/pf_14_06_03_acuel.asp"
LOGOUT = "/Sirf/Script/14_06_09/pf_14_06_09_quitr.asp"
PROCESSING = "/Sirf/Script/13_01_15/pf_13_01_15_traitm.asp"
VIEWER = "/Sirf/Script/13_02_01/pf_13_02_01_visln.asp"
MENU = "/Sirf/Script/13_02_01/pf_13_02_02_barre.asp"
PAGE = "/Sirf/Script/13_02_01/pf_13_02_03_affchDocmn.asp"
PDF = "/Sirf/Script/13_02_05/pf_13_02_05_impri_sauvg.asp"
HISTORY = "/Sirf/Script/14_08_02/pf_14_08_02_relv.asp"


@dataclass(frozen=True)
class Quirks:
    """What nobody outside knows about the real site; every field is one invention."""

    charset: str = "utf-8"
    #: False: only the page itself tells its charset
    charset_in_header: bool = True
    upper: bool = False
    #: entry page: map, link, image (a link around the banner, no other)
    entry: str = "link"
    #: input, image, button
    submit: str = "input"
    #: A entry page, B login page, C a page of its own
    expiry: str = "B"
    #: attachment, inline, popup (inline in a new tab), script (a function sets the other frame)
    delivery: str = "attachment"
    #: how many times the page "en préparation" is shown
    preparing: int = 0
    hops: int = 4
    cadastre_first: bool = False
    lot_lost: bool = False
    annul_first: bool = False
    charge_at: str = "viewer"
    #: products that ask for a confirmation
    confirm: tuple[str, ...] = ("plan",)
    newest_last: bool = True
    dates: str = "%Y-%m-%d"
    #: words of the link to the account's past purchases, on the welcome page only; None: no such page at all
    history: str | None = None
    home_links: bool = False
    #: the save link's only mark is its title
    bare_save: bool = False
    #: where a refused login says so: cell (td.contValErr), plain (a red paragraph)
    refusal: str = "cell"
    refused: str = "Le code d'utilisateur et le mot de passe fournis ne concordent pas."
    #: the site's own search: top ("OK"), bottom ("Rechercher"), rival ("Rechercher" above the forms)
    search_box: str = "top"
    #: <table><form><tr>: the browser then holds the form element empty, its controls outside it
    torn: bool = False
    alert: bool = False
    #: the login form's script sends nothing
    dead_login: bool = False


def layout(q: Quirks, title: str, body: str, *, signed: bool, head: str = "") -> str:
    links = ['<a href="/Sirf/aide.asp">Aide</a>', '<a href="/Sirf/tarifs.asp">Tarification</a>']
    if signed:
        links.append(f'<a href="{WELCOME}"><img src="/Sirf/images/maison.gif" alt="Page d\'accueil" border="0"></a>')
        links.append(f'<a href="{LOGOUT}">Quitter</a>')
    box = (
        '<form name="frmSite" action="/Sirf/recherche.asp" method="get"><input type="hidden" name="langue" value="fr">'
        '<input type="text" name="txtMots" size="12"><input type="submit" value="{}"></form>'
    )
    top = {"top": box.format("OK"), "rival": box.format("Rechercher")}.get(q.search_box, "")
    bottom = box.format("Rechercher") if q.search_box == "bottom" else ""
    if q.torn:
        body = re.sub(r"(<form[^>]*>)(.*)</form>", r"<table>\1<tr><td>\2</td></tr></form></table>", body, flags=re.S)
    page = (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN"><html><head>'
        f'<meta http-equiv="Content-Type" content="text/html; charset={q.charset}">{head}<title>{title}</title></head>'
        '<body bgcolor="#ffffff"><div id="temoins">Ce site utilise des témoins. '
        "<button type=\"button\" onclick=\"document.getElementById('temoins').style.display='none'\">J'accepte</button>"
        f'</div><table width="100%"><tr><td><img src="/Sirf/images/piv.gif" alt="Québec">{" | ".join(links)} {top}</td>'
        f'</tr><tr><td><table width="760"><tr><td>{body}</td></tr></table></td></tr><tr><td>{bottom}'
        "&copy; Gouvernement du Québec. Pour un compte verrouillé ou un mot de passe oublié: 1 800 555-0100.</td></tr>"
        "</table></body></html>"
    )
    return uppercase(page) if q.upper else page


def uppercase(page: str) -> str:
    def tag(match: re.Match[str]) -> str:
        attributes = re.sub(r'"[^"]*"|\s[a-zA-Z-]+(?==)', lambda m: m[0] if m[0][0] == '"' else m[0].upper(), match[3])
        return f"<{match[1]}{match[2].upper()}{attributes}>"

    return re.sub(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\"[^\"]*\"|[^>\"])*)>", tag, page)


def message(text: str) -> str:
    icon = '<img src="../../images/image_message.gif" alt="Message">'
    return f'<table class="Cadre"><tr><td>{icon}</td><td class="contValErr">{escape(text)}</td></tr></table>'


def button(q: Quirks, name: str, value: str) -> str:
    if q.submit == "image":
        picture = f'src="/Sirf/images/{name}.gif" width="80" height="20" alt="{value}"'
        return f'<input type="image" name="{name}" {picture} value="{value}">'
    if q.submit == "button":
        return f'<button type="submit" name="{name}" value="1"><b>{value}</b></button>'
    return f'<input class="BoutnStand" type="submit" name="{name}" value="{value}">'


def select(name: str, options: list[tuple[str, str]], chosen: str, script: str = "") -> str:
    rows = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options
    )
    return f'<select id="{name}" name="{name}"{script}>{rows}</select>'


RELOAD = " onchange=\"this.form.txtEtat.value='rechg';this.form.submit()\""
GROUP = (
    " onblur=\"var v=this.value.replace(/\\s/g,'');if(/^\\d{7}$/.test(v))"
    "this.value=' '+v.replace(/(\\d)(?=(\\d{3})+$)/g,'$1 ')\""
)


def entry(q: Quirks) -> str:
    alt = "Consultez le Registre foncier du Québec en ligne"
    target = LOGIN if q.entry != "map" else "Script/14_06_01/pf_14_06_01_reglr.asp"
    image = f'<img src="images/entree_bandeau.gif" alt="{alt}" width="600" height="80" border="0"'
    if q.entry == "map":
        body = (
            f'{image} usemap="#carte"><map name="carte"><area shape="rect" coords="0,0,600,80" href="{target}"></map>'
        )
    elif q.entry == "image":
        body = f'<a href="{target}">{image}></a>'
    else:
        body = f'{image}><p><a href="{target}">Client régulier</a> <a href="/Sirf/occsn.asp">Client occasionnel</a></p>'
    return layout(q, "Registre foncier du Québec en ligne", body, signed=False)


def login(q: Quirks, error: str = "", code: str = "") -> str:
    notice = "" if not error else message(error) if q.refusal == "cell" else f'<p><font color="red">{error}</font></p>'
    body = (
        f"<h2>Identification</h2>{notice}<p>Votre session prend fin après 20 minutes sans activité.</p>"
        '<form name="frmIdent" method="post" action="pf_14_06_01_reglr.asp"'
        f"{' onsubmit=' + chr(34) + 'return false' + chr(34) if q.dead_login else ''}>"
        '<input type="hidden" name="txtEtat" value="valdr"><input type="hidden" name="txtBoutn" value="btnSoumt">'
        '<input type="hidden" name="txtInAfichQuestIdentPersn" value="N">'
        '<input type="hidden" name="txtVersn" value="7">'
        "<table><tr><td>Code d'utilisateur</td>"
        f'<td><input type="text" name="txtVaCodeUtils" maxlength="7" value="{escape(code)}"></td></tr>'
        '<tr><td>Mot de passe</td><td><input type="password" name="txtMotPasse"></td></tr></table>'
        f'{button(q, "btnSoumt", "Soumettre")} <a href="/Sirf/oubli.asp">Mot de passe oublié ?</a></form>'
    )
    return layout(q, "Identification du client", body, signed=False)


def welcome(q: Quirks, holder: str) -> str:
    forms = f'<p><a href="{INDEX}">Index des immeubles</a> <a href="{ACTE}">Actes</a> <a href="{PLAN}">Plans</a></p>'
    body = (
        f"<h2>Bienvenue</h2><p>{escape(holder)}</p>{forms if q.home_links else ''}"
        f"{f'<a href={chr(34)}{HISTORY}{chr(34)}>{q.history}</a>' if q.history else ''}"
        "<p>Avis: une interruption de service pour maintenance est prévue dimanche de 6 h à 9 h.</p>"
    )
    return layout(q, "Accueil", body, signed=True)


def lot_form(q: Quirks, action: str, parts: dict[str, str], notice: str, *, radios: bool) -> str:
    cancel = '<input type="submit" name="btnAnnul" value="Annuler">' if q.annul_first else ""
    check = (
        " onsubmit=\"if(this.txtEtat.value=='valdr'&amp;&amp;!this.txtNumrtLot.value)"
        "{alert('Inscrivez un numéro de lot.');return false}\""
    )
    extra = (
        '<tr><td>Consultation</td><td><input type="radio" name="rdModltConsl" value="NULL" checked>Complète '
        '<input type="radio" name="rdModltConsl" value="P">Partielle</td></tr><tr><td>Ordre</td><td>'
        '<input type="radio" name="rdOrdreAffch" value="C" checked>Chronologique '
        '<input type="radio" name="rdOrdreAffch" value="I">Inverse</td></tr>'
        '<tr><td>Période</td><td><input type="text" name="txtPerd" id="txtPerd"></td></tr>'
    )
    rows = "".join(f"<tr><td>{label}</td><td>{field}</td></tr>" for label, field in parts.items())
    body = (
        f"<h2>Critères de recherche</h2>{notice}<p>Inscrivez les renseignements, puis appuyez sur « Soumettre ». "
        f'La session expire après 20 minutes.</p><form name="frm" method="post" action="{action.rsplit("/", 1)[1]}"'
        f'{check if q.alert else ""}><input type="hidden" name="txtEtat" value="valdr">'
        f'<input type="hidden" name="txtJeton" value="a1">{cancel}<table>{rows}{extra if radios else ""}</table>'
        f'{button(q, "btnSoumt", "Soumettre")}<input type="reset" value="Effacer">'
        '<input type="button" value="Annuler"></form>'
    )
    return layout(q, "Recherche", body, signed=True)


def acte_form(q: Quirks, parts: dict[str, str], notice: str, results: str) -> str:
    rows = "".join(f"<tr><td>{label}</td><td>{field}</td></tr>" for label, field in parts.items())
    body = (
        f'{notice}<form name="frm" method="post" action="pf_13_01_11_08_reqst.asp"><h3>Critères de recherche</h3>'
        f'<input type="hidden" name="txtEtat" value="valdr"><table>{rows}</table>'
        f"{button(q, 'btnRechr', 'Rechercher')}{results}</form>"
    )
    return layout(q, "Actes, radiations et avis d'adresse", body, signed=True)


def menu_frame(q: Quirks, key: str) -> str:
    target = f"{PDF}?cle={key}"
    where = {"popup": ' target="_blank"', "script": ""}.get(q.delivery, "")
    href = "javascript:void(0)" if q.delivery == "script" else target
    script = f"parent.frames['page'].location.href='{target}'" if q.delivery == "script" else ""
    title = 'title="Sauvegarder ou imprimer le document"'
    mouse = "" if q.bare_save else ' onmouseup="fRechrDocmnPDF()"'
    face = '<img src="/Sirf/images/disquette.gif" border="0">' if q.bare_save else "Sauvegarder"
    style, other = ("outil", "outil") if q.bare_save else ("menuBoutnCentr fondOrang", "menuBoutnCentr")
    return (
        f"<html><head><script>function fRechrDocmnPDF(){{{script}}}</script></head><body><table><tr>"
        f'<td class="{other}"><a href="{INDEX}" target="_top">Nouvelle recherche</a></td>'
        f'<td class="{style}"><a {title} href="{href}"{where}{mouse}>{face}</a></td>'
        f'<td class="{other}"><a href="{LOGOUT}" target="_top">Quitter</a></td></tr></table></body></html>'
    )
