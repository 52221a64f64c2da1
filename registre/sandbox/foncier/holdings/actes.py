"""The actes: those tests name, and one for every inscription and avis d'adresse of the fiches."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from registre.domain.reading import Inscription, Partie, RowKind
from registre.domain.request import TypeActe
from registre.sandbox.foncier.holdings import names
from registre.sandbox.foncier.holdings.fiches import SCANS
from registre.sandbox.foncier.holdings.lot_history import amount
from registre.sandbox.foncier.model import Acte, Fiche, Scan

#: nature → (qualité of the first party, of the others), where an old form prints none; and how long such an acte is.
_SHAPES: Final[dict[str, tuple[str, str, int, int]]] = {
    "Vente": ("vendeur", "acquéreur", 2, 4),
    "Hypothèque": ("créancier", "débiteur", 3, 4),
    "Obligation": ("créancier", "débiteur", 2, 4),
    "Hypothèque légale de la construction": ("créancier", "débiteur", 1, 2),
    "Privilège": ("créancier", "débiteur", 1, 2),
    "Quittance": ("créancier", "débiteur", 1, 1),
    "Mainlevée": ("créancier", "débiteur", 1, 1),
    "Radiation": ("créancier", "débiteur", 1, 1),
    "Cession de rang": ("cédant", "cessionnaire", 1, 2),
    "Servitude": ("1re partie", "2e partie", 2, 3),
    "Donation": ("donateur", "donataire", 2, 3),
    "Testament": ("décédé", "légataire", 1, 2),
    "Déclaration de transmission": ("décédé", "légataire", 1, 2),
    "Bail": ("locateur", "locataire", 2, 4),
    "Avis d'adresse": ("requérant", "requérant", 1, 1),
}
_ONE_PAGER: Final = ("requérant", "requérant", 1, 1)

_RADIATIONS: Final = frozenset({"Quittance", "Mainlevée", "Radiation"})
_DIVERS: Final = frozenset({"Règlement", "Jugement", "Procès-verbal de bornage", "Avis cadastral"})

#: Searches answered with a list of similar numbers instead of the document, in the site's order.
_SIMILAR: Final[dict[tuple[str, str, str], tuple[str, ...]]] = {
    # the exact number is the second digital row
    ("Montréal", "Acte", "25616400"): ("25616399", "25616400", "25616401"),
    # the exact number is not there
    ("Montréal", "Acte", "25616500"): ("25616498", "25616501", "25616502"),
    # the exact number exists on paper only, its digital neighbours are someone else's
    ("Montréal", "Acte", "25616600"): ("25616598", "25616600", "25616602"),
    # paper only, with and without the exact number
    ("Gaspé", "Acte", "53900"): ("53900", "53901"),
    ("Portneuf", "Radiation", "412345"): ("412344", "412354"),
    # a list of one, the exact number
    ("Terrebonne", "Avis d'adresse", "5990012"): ("5990012",),
}


def similar_numbers(circonscription: str, type_acte: str, numero: str) -> tuple[str, ...]:
    """Numbers the site proposes for this search, in its order; empty where it answers directly."""
    return _SIMILAR.get((circonscription, type_acte, numero), ())


def all_actes(fiches: Sequence[Fiche]) -> tuple[Acte, ...]:
    """Every acte, the named ones first; type, circonscription and number are unique together."""
    return (*_named(), *_of_fiches(fiches))


def _named() -> Iterator[Acte]:
    yield _made("Montréal", "Acte", "25616321", "2021-03-22", "Vente", ("2784195",), pages=3)
    yield _made(
        "Montréal", "Acte", "25000000", "2020-06-12", "Hypothèque", ("2626043", "2626044"), pages=4, scan=SCANS[6]
    )
    # key W: asked for as an Acte, filed under Acte divers
    yield _made("Gaspé", "Acte divers", "53850", "1974-07-09", "Règlement", ("5B",), pages=2, scan=SCANS[8])
    # key X
    yield _made(
        "Sainte-Anne-des-Monts", "Acte", "11917758", "2004-07-28", "Servitude", ("4276118",), pages=2, scan=SCANS[6]
    )
    # large: a text of many pages; and a heavy scan of about 20 MB
    yield _made("Laval", "Acte", "24500001", "2019-10-30", "Vente", ("4567890",), pages=24, volumineux=True)
    heavy = Scan(dpi=300, rotation=0.3, noise=6.0, jpeg_quality=78)
    yield _made("Québec", "Acte", "23111222", "2018-02-23", "Bail", ("1120",), pages=12, volumineux=True, scan=heavy)
    # similar numbers
    for number in ("25616399", "25616400", "25616498", "25616501", "25616598", "25616602"):
        yield _made("Montréal", "Acte", number, "2021-03-22", "Vente", ("1425100",), pages=2)
    for number, date in (("25616401", "1979-03-12"), ("25616502", "1983-10-04"), ("25616600", "1981-05-20")):
        yield _made("Montréal", "Acte", number, date, "Obligation", ("1358-176",), pages=2, papier=True)
    for number in ("53900", "53901"):
        yield _made("Gaspé", "Acte", number, "1961-11-02", "Vente", ("5B",), pages=2, papier=True)
    for number in ("412344", "412354"):
        yield _made("Portneuf", "Radiation", number, "1976-09-15", "Mainlevée", ("227",), pages=1, papier=True)
    yield _made("Terrebonne", "Avis d'adresse", "5990012", "2015-01-19", "Avis d'adresse", ("2345678",), pages=1)


def _made(
    circonscription: str,
    type_acte: str,
    numero: str,
    date: str,
    nature: str,
    lots: tuple[str, ...],
    *,
    pages: int,
    papier: bool = False,
    volumineux: bool = False,
    scan: Scan | None = None,
) -> Acte:
    pick = random.Random(f"acte {circonscription}/{type_acte}/{numero}")
    first, other, _, _ = _SHAPES.get(nature, _ONE_PAGER)
    lender = first == "créancier"
    ours = (pick.choice(names.LENDERS),) if lender else names.owners(pick)
    theirs = () if first == other else names.owners(pick)
    parties = (*(Partie(nom, first) for nom in ours), *(Partie(nom, other) for nom in theirs))
    priced = nature in {"Vente", "Hypothèque", "Obligation"}
    montant = amount(pick, 60_000, 900_000) if priced else None
    return Acte(
        circonscription, type_acte, numero, date, papier, volumineux, nature, parties, lots, montant, pages, scan
    )


def _of_fiches(fiches: Sequence[Fiche]) -> Iterator[Acte]:
    for fiche in fiches:
        for row in fiche.inscriptions:
            if row.kind is RowKind.INSCRIPTION and row.numero and row.date and row.nature:
                yield _of_row(fiche, row, row.numero, row.date, row.nature)
                if row.avis_adresse:
                    yield _avis(fiche, row, row.avis_adresse, row.date)


def _of_row(fiche: Fiche, row: Inscription, numero: str, date: str, nature: str) -> Acte:
    pick = random.Random(f"acte {fiche.circonscription}/{numero}")
    first, other, shortest, longest = _SHAPES.get(nature, _ONE_PAGER)
    parties = tuple(
        Partie(partie.nom, partie.qualite or (first if rank == 0 else other)) for rank, partie in enumerate(row.parties)
    )
    # the oldest were never digitised
    papier = date < "1970" and pick.random() < 0.4
    scan = pick.choice(SCANS if date >= "2002" else SCANS[5:])
    return Acte(
        circonscription=fiche.circonscription,
        type_acte=_type_of(nature),
        numero=numero,
        date=date,
        papier=papier,
        volumineux=False,
        nature=nature,
        parties=parties,
        lots=(fiche.lot,),
        montant=_montant(row.remarques),
        pages=pick.randint(shortest, longest),
        scan=scan,
    )


def _avis(fiche: Fiche, row: Inscription, numero: str, date: str) -> Acte:
    pick = random.Random(f"avis {numero}")
    return Acte(
        circonscription=fiche.circonscription,
        type_acte=TypeActe.AVIS_ADRESSE.value,
        numero=numero,
        date=date,
        papier=False,
        volumineux=False,
        nature="Avis d'adresse",
        parties=(Partie(row.parties[0].nom, "requérant"),),
        lots=(fiche.lot,),
        montant=None,
        pages=1,
        scan=pick.choice(SCANS),
    )


def _type_of(nature: str) -> str:
    if nature in _RADIATIONS:
        return TypeActe.RADIATION.value
    return TypeActe.ACTE_DIVERS.value if nature in _DIVERS else TypeActe.ACTE.value


def _montant(remarques: str | None) -> str | None:
    if not remarques or "$" not in remarques:
        return None
    return remarques[: remarques.index("$") + 1]
