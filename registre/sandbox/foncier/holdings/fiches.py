"""The fiches: those tests and demos name, then generated ones that fill the registry."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from registre.domain.reading import Inscription
from registre.sandbox.foncier.holdings.lot_history import ENGLISH, LEDGER, MODERN, OLD, LotHistory, NumberBook
from registre.sandbox.foncier.model import Fiche, Scan
from registre.sandbox.foncier.places import CADASTRE_DU_QUEBEC

_CLEAN: Final = Scan(rotation=0.2, noise=4.0, jpeg_quality=80)
_MILD: Final = Scan(rotation=-0.4, noise=7.0, blur=0.4)
_TIRED: Final = Scan(rotation=0.9, noise=14.0, blur=0.7, jpeg_quality=60)
_FINE: Final = Scan(dpi=300, rotation=-0.3, noise=6.0, blur=0.5)
_BITONAL: Final = Scan(rotation=0.5, noise=9.0, blur=0.4, bitonal=True)
_BITONAL_FINE: Final = Scan(dpi=300, rotation=-0.2, noise=8.0, bitonal=True)
#: what a generated fiche or acte may look like; None as often as all the others
SCANS: Final = (None, None, None, None, None, _CLEAN, _MILD, _MILD, _TIRED, _BITONAL)

#: Never handed to a generated row: numbers the fixtures name, and 12345678, which must stay unknown.
RESERVED: Final = frozenset(
    {12345678, 25616321, 25000000, 11917758, 24500001, 23111222}
    | set(range(25616398, 25616403))
    | set(range(25616498, 25616503))
    | set(range(25616598, 25616603))
)


@dataclass(frozen=True, slots=True)
class _Spec:
    circonscription: str
    lot: str
    rows: int
    cadastre: str = CADASTRE_DU_QUEBEC
    designation: str | None = None
    layout: str = "modern"
    scan: Scan | None = None
    actif: bool = True
    concordance: str | None = None


_SAINTE_MARIE: Final = "Cité de Montréal (quartier Sainte-Marie)"
_HIPPOLYTE: Final = "Paroisse de Saint-Hippolyte"

_NAMED: Final = (
    # the examples known from the original, keys A to T
    _Spec("Montréal", "2784195", 14, concordance=f"Lot 1358-176, {_SAINTE_MARIE}"),
    _Spec("Montréal", "1425100", 9, scan=_MILD),
    _Spec("Montréal", "2626043", 24, concordance="Lot 1411, ptie, Paroisse de Montréal"),
    _Spec("Montréal", "1358-176", 18, _SAINTE_MARIE, layout="old", scan=_CLEAN, concordance="Lot 2784195, Québec"),
    _Spec("Chambly", "399-184", 12, "Paroisse de Saint-Bruno", layout="old", scan=_FINE),
    _Spec("Shefford", "856", 16, "Canton d'Ely", layout="old"),
    _Spec("Portneuf", "227", 21, "Paroisse de Sainte-Jeanne-de-Neuville", layout="old", scan=_BITONAL),
    _Spec("Montcalm", "10A-77", 8, "Canton de Kilkenny", layout="old", scan=_MILD),
    _Spec("Terrebonne", "24A", 10, _HIPPOLYTE, "Rang 5 Canton Abercrombie", "old"),
    # the same lot number elsewhere: a wrong choice gives a valid but different document
    _Spec("Terrebonne", "24A", 7, _HIPPOLYTE, "Rang 6 Canton Abercrombie", "old", _CLEAN),
    _Spec("Shefford", "856", 11, "Canton de Roxton", layout="old", scan=_MILD),
    _Spec("Québec", "1120", 12, "Cité de Québec (quartier Saint-Roch)", layout="old"),
    _Spec("Québec", "1120", 9, "Cité de Québec (quartier Montcalm)", layout="old", scan=_CLEAN),
    _Spec("Bonaventure 1", "45", 6, "Canton de Maria", layout="old"),
    _Spec("Bonaventure 2", "45", 8, "Canton de Maria", layout="old", scan=_MILD),
    _Spec("Lac-Saint-Jean-Est", "17", 7, "Canton de Labarre", layout="old", scan=_CLEAN),
    _Spec("Lac-Saint-Jean-Ouest", "17", 9, "Canton de Roberval", "Rang A", "old"),
    # not found without their désignation secondaire
    _Spec("Montcalm", "12", 10, "Canton de Rawdon", "Rang 11", "old"),
    _Spec("Shefford", "310", 13, "Canton de Shefford", "Rang 7", "old", _TIRED),
    _Spec("Gaspé", "5B", 6, "Canton de Malbaie", "Rang 1 Sud", "old"),
    _Spec("Montcalm", "27-3", 5, "Canton de Kilkenny", "Rang 4"),
    # inactive, empty, long
    _Spec("Terrebonne", "1987654", 6, actif=False, concordance="Remplacé par le lot 5 432 109, Cadastre du Québec"),
    _Spec("Laval", "1100200", 8, actif=False, scan=_CLEAN, concordance="Remplacé par les lots 4 800 101 et 4 800 102"),
    _Spec("Laval", "4567890", 0),
    _Spec("Sherbrooke", "3210987", 0, scan=_CLEAN),
    _Spec("Montréal", "1180333", 60, concordance="Lots 62-14 et 62-15, Paroisse du Sault-au-Récollet"),
    _Spec("Terrebonne", "2345678", 58, scan=_CLEAN),
    _Spec("Portneuf", "118", 55, "Paroisse du Cap-Santé", layout="old", scan=_MILD),
    _Spec("Chambly", "91", 44, "Paroisse de Boucherville", layout="old"),
    # neighbours of a name that does not exist (Saint-Jérôme is no circonscription)
    _Spec("Saint-Jean", "3090415", 12),
    _Spec("Saint-Jean", "77", 9, "Paroisse de Saint-Jean", layout="old", scan=_BITONAL_FINE),
    _Spec("Terrebonne", "412", 9, "Paroisse de Saint-Jérôme", layout="old"),
    _Spec("Deux-Montagnes", "2", 6, "Mirabel", layout="old", scan=_CLEAN),
    _Spec("Gaspé", "5432077", 7),
    _Spec("Sainte-Anne-des-Monts", "4276118", 10, scan=_BITONAL),
)

#: The rarer layouts. After all others, so that those keep their numbers.
_RARE: Final = (
    _Spec("Nicolet", "214", 15, "Paroisse de Saint-Amable-Nord", layout="ledger", scan=_FINE),
    _Spec("Nicolet", "87", 9, "Canton de Hartwell", layout="ledger", scan=_MILD),
    _Spec("Bellechasse", "33", 24, "Paroisse de Rivière-Noire", layout="ledger", scan=_BITONAL_FINE),
    _Spec("Stanstead", "1108", 16, "Canton de Ditchfield", layout="english", scan=_FINE),
    _Spec("Missisquoi", "9B", 8, "Canton de Montauban", layout="english", scan=_MILD),
    _Spec("Brome", "702", 21, "Canton de Aldfield", layout="english", scan=_TIRED),
    _Spec("Verchères", "2987001", 18, layout="radiation", concordance="Lot 112-4, Paroisse de Varennes"),
    _Spec("Joliette", "3330215", 12, layout="radiation", scan=_CLEAN),
    _Spec("Vaudreuil", "1678450", 26, layout="radiation", scan=_FINE),
    _Spec("Compton", "4102377", 9, layout="radiation", scan=_BITONAL),
)

#: The years of each layout.
_ERAS: Final = {"modern": MODERN, "radiation": MODERN, "old": OLD, "ledger": LEDGER, "english": ENGLISH}
#: When each layout's fiches were opened.
_OPENED: Final = {
    "modern": (1994, 2001), "radiation": (1994, 2001), "old": (1955, 1961), "ledger": (1904, 1910),
    "english": (1866, 1870),
}  # fmt: skip

#: Circonscriptions that generated fiches fall in.
_FILLED: Final = (
    "Montréal", "Québec", "Laval", "Chambly", "Terrebonne", "Sherbrooke", "Saint-Hyacinthe", "Gaspé", "Hull",
    "Trois-Rivières", "Rimouski", "Chicoutimi", "Drummond", "Lévis", "La Prairie",
)  # fmt: skip


def all_fiches() -> tuple[Fiche, ...]:
    """Every fiche, the named ones first."""
    book = NumberBook(RESERVED)
    return tuple(_fiche(spec, book) for spec in (*_NAMED, *_generated(36), *_RARE))


def _generated(count: int) -> tuple[_Spec, ...]:
    pick = random.Random("generated fiches")
    specs: list[_Spec] = []
    for n in range(count):
        circonscription = _FILLED[n % len(_FILLED)]
        # 2 to 6 million, spaced so that no fixture's number is ever met
        lot = str(2_001_003 + n * 104_729 + pick.randrange(90_000))
        specs.append(_Spec(circonscription, lot, pick.randint(3, 22), scan=pick.choice(SCANS)))
    return tuple(specs)


def _fiche(spec: _Spec, book: NumberBook) -> Fiche:
    key = f"{spec.circonscription}/{spec.cadastre}/{spec.designation}/{spec.lot}"
    pick = random.Random(f"fiche {key}")
    rows: tuple[Inscription, ...] = ()
    if spec.rows:
        rows = LotHistory(key, spec.circonscription, _ERAS[spec.layout], book).write(spec.rows)
    year = pick.randint(*_OPENED[spec.layout])
    return Fiche(
        circonscription=spec.circonscription,
        cadastre=spec.cadastre,
        designation_secondaire=spec.designation,
        lot=spec.lot,
        actif=spec.actif,
        inscriptions=rows,
        concordance=spec.concordance,
        date_etablissement=f"{year}-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}",
        layout=spec.layout,
        scan=spec.scan,
    )
