"""Made-up people and companies, and the few public bodies a land register cannot do without."""

from __future__ import annotations

import random
from typing import Final

_SURNAMES: Final = (
    "ARCHAMBAULT", "BEAUCHEMIN", "BÉLIVEAU", "BISSONNETTE", "BOISCLAIR", "BOURBONNAIS", "BRISEBOIS", "CHAMPOUX",
    "CHARLEBOIS", "CLÉROUX", "CÔTÉ-LAFRANCE", "DESAUTELS", "DÉSORMEAUX", "DUFRESNE", "ÉTHIER", "FALARDEAU", "GAGNÉ",
    "GAUDREAULT", "GERVAIS", "GRÉGOIRE", "HÉBERT", "JOLICOEUR", "LABRÈCHE", "LACHAPELLE", "LAFLÈCHE", "LAMOTHE",
    "LANGLOIS", "LATREILLE", "LÉVEILLÉ", "MAILLOUX", "MARCHESSAULT", "MÉNARD", "MONGEAU", "NORMANDEAU", "O'BRIEN",
    "OUIMETTE", "PAIEMENT", "PRÉFONTAINE", "QUEVILLON", "RAINVILLE", "ROBITAILLE", "SAINT-AMOUR", "SÉGUIN",
    "TÉTREAULT", "THIBODEAU", "TRÉPANIER", "VADEBONCOEUR", "VAILLANCOURT", "VÉZINA", "WHITTAKER",
)  # fmt: skip
_WOMEN: Final = (
    "ADÈLE", "AGATHE", "ALBERTINE", "ANNE-MARIE", "BÉATRICE", "CÉCILE", "COLETTE", "DENISE", "ÉLISE", "EUGÉNIE",
    "FLORENCE", "FRANÇOISE", "GENEVIÈVE", "HÉLÈNE", "IRÈNE", "JOSÉE", "LÉONIE", "MADELEINE", "MARIE-ÈVE", "NOÉMIE",
    "ODETTE", "PIERRETTE", "RÉJEANNE", "SOLANGE", "THÉRÈSE", "YOLANDE", "ZOÉ",
)  # fmt: skip
_MEN: Final = (
    "ACHILLE", "ALCIDE", "ANDRÉ", "AURÈLE", "BENOÎT", "CLÉMENT", "CYRILLE", "DÉSIRÉ", "ÉMILE", "FERNAND", "FRÉDÉRIC",
    "GÉRALD", "HERMÉNÉGILDE", "JEAN-FRANÇOIS", "JOËL", "LÉOPOLD", "MATHIEU", "NOËL", "OCTAVE", "PHILÉAS", "RAYMOND",
    "RÉMI", "SYLVAIN", "THADDÉE", "ULRIC", "VALÈRE", "XAVIER",
)  # fmt: skip
_TRADES: Final = (
    "CONSTRUCTIONS", "TOITURES", "ENTREPRISES ÉLECTRIQUES", "EXCAVATIONS", "PLOMBERIE", "MENUISERIE", "BÉTON",
    "PAVAGES", "FONDATIONS",
)  # fmt: skip
_VENTURES: Final = ("IMMEUBLES", "PLACEMENTS", "HABITATIONS", "GESTION IMMOBILIÈRE", "DÉVELOPPEMENTS", "FERME")
_COINED: Final = (
    "BELLORÉE", "NORDEVAL", "LA PIE BAVARDE", "CLAIRVENT", "TROIS-PIGNONS", "MONTSABLE", "RIVAUBOIS", "QUATRE-VENTS",
    "PONT-BLEU", "ÉRABLANE", "GRAND-PRÉ SUD", "VALPIERRE",
)  # fmt: skip

#: No such lender exists.
LENDERS: Final = (
    "BANQUE BORÉALE DU CANADA",
    "CAISSE POPULAIRE DES TROIS-CLOCHERS",
    "SOCIÉTÉ DE FIDUCIE LAURENTIDE-NORD",
    "BANQUE DE L'ESTUAIRE",
    "COMPAGNIE HYPOTHÉCAIRE DU VIEUX-MOULIN",
    "CAISSE D'ÉCONOMIE DES DRAVEURS",
)
PUBLIC_BODIES: Final = ("HYDRO-QUÉBEC", "MINISTRE DES TRANSPORTS DU QUÉBEC", "AGENCE DU REVENU DU QUÉBEC")

_STREETS: Final = (
    "rue des Pinsons", "rue de la Fabrique", "chemin du Lac-à-l'Orignal", "avenue des Cormiers", "rang du Petit-Bras",
    "boulevard de l'Estacade", "rue Sainte-Élodie", "montée des Quenouilles", "rue du Vieux-Quai", "côte à Philéas",
)  # fmt: skip


def person(pick: random.Random) -> str:
    """`NOM, PRÉNOM`, as an index prints a natural person."""
    return f"{pick.choice(_SURNAMES)}, {pick.choice(pick.choice((_WOMEN, _MEN)))}"


def couple(pick: random.Random) -> tuple[str, ...]:
    """One or two owners."""
    return tuple(dict.fromkeys(person(pick) for _ in range(pick.choice((1, 2, 2)))))


def builder(pick: random.Random) -> str:
    """A construction company; organisations carry no comma."""
    return f"{pick.choice(_TRADES)} {pick.choice(_COINED)} INC."


def company(pick: random.Random) -> str:
    """A company that owns land. Numbered names start with 9999, a series never issued."""
    if pick.random() < 0.3:
        return f"9999-{pick.randint(1000, 9899)} QUÉBEC INC."
    return f"{pick.choice(_VENTURES)} {pick.choice(_COINED)} {pick.choice(('INC.', 'LTÉE', 'S.E.N.C.'))}"


def owners(pick: random.Random) -> tuple[str, ...]:
    """Who may buy a lot."""
    return (company(pick),) if pick.random() < 0.2 else couple(pick)


def ville(circonscription: str) -> str:
    """A municipality for servitudes and taxes; the name is made from the circonscription's."""
    return f"VILLE DE {circonscription.rstrip(' 12').upper()}"


def address(pick: random.Random) -> str:
    """Civic number and street."""
    return f"{pick.randint(3, 9899)}, {pick.choice(_STREETS)}"


def notary(pick: random.Random) -> str:
    """A notary's name in running text: `Me Odette Vézina`."""
    surname, first = person(pick).split(", ")
    return f"Me {titled(first)} {titled(surname)}"


def titled(name: str) -> str:
    """`JEAN-FRANÇOIS` → `Jean-François`, for prose."""
    return "-".join(part.capitalize() for part in name.split("-"))
