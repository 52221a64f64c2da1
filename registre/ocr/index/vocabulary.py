"""Words the land registry prints: column headings, header labels, roles. Patterns apply to `plain` text."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache


class Field(StrEnum):
    """A column of an index. `ENREGISTREMENT` holds date and number one over the other.

    English forms tell the parties' sides by column: who grants stands apart from who receives.
    """

    DATE = "date"
    NUMERO = "numero"
    NATURE = "nature"
    QUALITE = "qualite"
    PARTIES = "parties"
    GRANTOR = "grantor"
    GRANTEE = "grantee"
    REMARQUES = "remarques"
    AVIS = "avis_adresse"
    RADIATIONS = "radiations"
    REGISTRE = "registre"
    ENREGISTREMENT = "enregistrement"
    #: a heading that nobody knows, over nobody knows what
    AUTRE = "autre"


@lru_cache(maxsize=4096)  # a dense page's words and lines, each asked about by many rules
def plain(text: str) -> str:
    """`text` without accents, lower case, character for character: positions stay valid."""
    return "".join(_base(char) for char in text)


def _base(char: str) -> str:
    if char in "’‘`´":
        return "'"
    return unicodedata.normalize("NFD", char)[0].lower()[:1]


#: The columns that hold names.
NAMES: tuple[Field, ...] = (Field.PARTIES, Field.GRANTOR, Field.GRANTEE)

#: What announces a column, searched in each heading word.
ANCHORS: tuple[tuple[Field, re.Pattern[str]], ...] = (
    (Field.DATE, re.compile(r"\bdate|presentation|\bregistered\b")),
    (Field.NUMERO, re.compile(r"numero|number|\bn[o°ºｏ0]\b|\bn[°º]|\bno\.|\bnos\b|\bnum\b")),
    (Field.NATURE, re.compile(r"nature|\btitre|\bdeed|\binstrument|\bgenre|\btype\b|\bkind\b")),
    (Field.QUALITE, re.compile(r"qualite|\bcapacity|\brole|\bqual\b|\bquality\b")),
    (Field.GRANTOR, re.compile(r"grantor|\bvendors?\b|\bsellers?\b|\bcedants?\b|\bvendeurs?\b|\btransferors?\b")),
    (
        Field.GRANTEE,
        re.compile(r"grantee|\bpurchasers?\b|\bbuyers?\b|\bcessionnaires?\b|\bacquereurs?\b|\btransferees?\b"),
    ),
    (
        Field.PARTIES,
        re.compile(r"partie|\bnoms?\b|\bparties|\bnames?\b|\btitulaires?\b|\bcomparants?\b|\bintervenants?\b"),
    ),
    (
        Field.REMARQUES,
        re.compile(r"remarque|remarks?|observations?|\bmentions?\b|\brem\b|\bnotes?\b|\bcommentaires?\b"),
    ),
    (Field.AVIS, re.compile(r"\bavis|adresse|address|\bnotices?\b")),
    (
        Field.RADIATIONS,
        re.compile(r"radiation|discharge|cancellation|\bradiees?|\bradies?\b|\breleases?\b|\brad\b|\bcancelled\b"),
    ),
    (
        Field.REGISTRE,
        re.compile(r"\breg\b|\breg\.|\bregistre|\bregister\b|\bvol\b|\bvol\.|\bvolume|\bfolio|\blivre|\bbook"),
    ),
    (Field.ENREGISTREMENT, re.compile(r"enregistrement|registration")),
)

#: What a word announces only where it is a heading's only one: elsewhere it belongs to another (« nature de l'acte »).
ALONE: dict[str, Field] = {
    "acte": Field.NATURE, "actes": Field.NATURE, "droit": Field.NATURE, "document": Field.NATURE,
    "inscription": Field.NUMERO, "publication": Field.NUMERO, "de": Field.GRANTOR, "from": Field.GRANTOR,
    "a": Field.GRANTEE, "to": Field.GRANTEE,
}  # fmt: skip

_HEADING_WORDS = (
    "presentation", "enregistrement", "registration", "inscription", "publication", "acknowledgement",
    "remarques", "remarque", "remarks", "remark", "radiations", "radiation", "discharges", "discharge",
    "parties", "partie", "numeros", "numero", "number", "nature", "qualites", "qualite", "adresses", "adresse",
    "address", "registre", "volume", "names", "name", "notices", "notice", "titres", "titre", "actes", "acte",
    "deeds", "deed", "droits", "droit", "dates", "date", "noms", "nom", "avis", "no", "nos", "reg", "vol", "des",
    "du", "de", "la", "le", "les", "et", "ou", "of", "the", "and", "to", "d", "l", "n", "grantors", "grantor",
    "grantees", "grantee", "vendors", "vendor", "purchasers", "purchaser", "sellers", "seller", "buyers", "buyer",
    "vendeurs", "vendeur", "acquereurs", "acquereur", "cedants", "cedant", "cessionnaires", "cessionnaire",
    "transferors", "transferor", "transferees", "transferee", "observations", "mentions", "mention", "capacity",
    "role", "instrument", "genre", "cancellations", "cancellation", "releases", "release", "register", "book",
    "folio", "livre", "address", "num", "kind", "total", "partial", "totale", "partielle", "s", "aaaa", "yyyy", "mm",
    "jj", "dd", "type", "qual", "quality", "titulaires", "titulaire", "comparants", "comparant", "intervenants",
    "prenoms", "prenom", "rem", "notes", "note", "commentaires", "rad", "radies", "radie", "radiee", "par", "by",
    "cancelled", "inscr", "enreg", "enr", "pres", "publ", "adr", "registered", "from", "document", "nat", "a", "p",
)  # fmt: skip
_HEADING_RUN = re.compile("|".join(sorted(_HEADING_WORDS, key=len, reverse=True)))


#: What is read of a rule between two headings.
_RULE = re.compile(r"(?<!\S)[1il|!'](?!\S)")


def has_figures(text: str) -> bool:
    """Whether a line that may be a heading has figures, `n0` and pieces of rules apart."""
    return re.search(r"\d", _RULE.sub("", re.sub(r"n[0°º]", "", plain(text)))) is not None


def is_heading(text: str) -> bool:
    """Whether the text is made of column headings only, however its words were joined."""
    letters = re.sub(r"[^a-z]", "", _RULE.sub("", plain(text)))
    if not letters or has_figures(text):
        return False
    return len(_HEADING_RUN.sub("", letters)) <= 0.2 * len(letters)


#: Header labels, most telling first: key of `PageReading.header`, pattern of the label.
LABELS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (key, re.compile(pattern))
    for key, pattern in (
        (
            "circonscription",
            r"\bcirc(?:onscription|\.)(?: fonciere| fonc\.)?|\bdivision d'? ?enregistrement|\bregistration division",
        ),
        ("circonscription", r"\bbureau de la publicite(?: des droits)?(?: de)?"),
        (
            "designation_secondaire",
            r"\bdesignations? secondaires?|\brang(?:/| ou | et )canton|\bcanton(?:/| ou | et )rang",
        ),
        ("date_etablissement", r"\bdate d'? ?etablissement(?: de la fiche)?"),
        ("droits_a_jour", r"\bdroits a jour(?: au)?|\bdroits(?= *:)|\bmise a jour des droits"),
        ("radiations_a_jour", r"\bradiations a jour(?: au)?|\bradiations(?= *:)|\bmise a jour des radiations"),
        ("mise_a_jour", r"\b(?:date et heure de )?(?:derniere )?mise a jour(?: du registre)?"),
        ("concordance", r"\bconcordances?"),
        ("plans", r"\bliste des plans|\bplans?(?= *:)"),
        ("rapporte_de", r"\brapporte de"),
        ("suite", r"\bsuite (?:de|a) la page|\bsuite de"),
        ("cadastre", r"\bcadastre"),
        ("lot", r"\bnumeros? d[eu]s? lots?|\blots?(?:\(s\))?(?: nos?\b\.?| n°s?| n\.o\.| numbers?| numeros?)?"),
        ("subdivision", r"\bdate de subdivision|\bsubdivision"),
        ("rang", r"\brang"),
        ("canton", r"\bcanton"),
        ("folio", r"\bfolio"),
        ("page", r"\bpage(?= *:? *\d)"),
    )
)

#: Lines under or beside the table that belong to the sheet, not to it.
FOOTER = re.compile(
    r"^\W*page\s*:?\s*\d+(\s*(de|/|sur|of)\s*\d+)?\W*$|^\W*\d+\s*(/|de|sur)\s*\d+\W*$|\bpage \d+ (de|sur|/) \d+"
    r"|^\W*page\s*:?\s*[\dilo]+\s*(?:de|/|sur|of)\s*[\dilo]+\W*$"
    r"|^\W*fin d[eu] (?:l')?(index|document|la fiche|fiche)|t\W+(?:=\W+)?(?:radiation )?totale\b.*p\W+(?:=\W+)?"
    r"|^\W*registre foncier du quebec\W*$|^\W*(document|copie|consultation)s? (obtenu|consulte|imprime|delivre)"
    r"|www\.|https?://|^\W*aucune? (?:inscription|mention|radiation|droit)"
)
#: How a line begins that tells something of the lot rather than of a right; no name begins so.
NOTE = re.compile(
    r"^\W*(?:concordances?\b|renov|voir\b|see\b|subdivi|plan (?:depos|cadas|no)|correction|numerotation|remplac|replac"
    r"|lots? (?:renov|rempl|annul|cancel|no\b|\d)|annul|ptie expropr|partie expropr|ce lot\b|this lot\b|fiche\b)"
)
#: A column heading's group lines inside the table, as on continued pages.
CARRIED = re.compile(r"^\W*(suite|a suivre|\(suite\)|suite (?:a|de|en) (?:la )?page.*)\W*$")

_ROLES = (
    "vendeur", "acquereur", "acheteur", "creancier", "debiteur", "cedant", "cessionnaire", "donateur", "donataire",
    "legataire", "decede", "defunt", "heritier", "requerant", "declarant", "demandeur", "defendeur", "locateur",
    "locataire", "bailleur", "constituant", "beneficiaire", "syndicat", "syndic", "proprietaire", "emphyteote",
    "titulaire", "fiduciaire", "mandant", "mandataire", "caution", "epoux", "epouse", "conjoint", "testateur",
    "testatrice", "usufruitier", "copropriétaire", "coproprietaire", "intervenant", "liquidateur", "expropriant",
    "exproprie", "echangiste", "renoncant", "subrogeant", "subroge", "municipalite", "ministre", "notaire",
    "arpenteur", "comparant", "entrepreneur", "grevant", "fonds dominant", "fonds servant", "1re partie",
    "2e partie", "1ere partie", "2eme partie", "3e partie", "1re", "2e", "3e", "premiere partie", "deuxieme partie",
    "seconde partie", "partie", "autre", "vendor", "purchaser", "creditor", "debtor", "grantor", "grantee",
)  # fmt: skip
_ROLE = re.compile(r"^\W*(?:" + "|".join(sorted((re.escape(plain(r)) for r in _ROLES), key=len, reverse=True)) + r")")


def is_role(text: str) -> bool:
    """Whether the text opens with a known qualité (`créancier`, `1re partie` …)."""
    return _ROLE.match(plain(text)) is not None
