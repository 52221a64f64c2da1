"""What the second land registry holds: names, option values, lots, actes and plans, all invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

QUEBEC = "Cadastre du Québec"
CIRCONSCRIPTIONS = {
    "08": "Bonaventure 1",
    "09": "Bonaventure 2",
    "14": "Chambly",
    "22": "Deux-Montagnes",
    "27": "Montréal",
    "31": "Gaspé",
    "40": "Lac-Saint-Jean-Est",
    "41": "Lac-Saint-Jean-Ouest",
    "60": "Sainte-Anne-des-Monts",
    "63": "Terrebonne",
}
CADASTRES = {
    "14": {"140070": "Paroisse de Saint-Bruno", "140080": "Village de Saint-Bruno"},
    "22": {"220310": "Mirabel"},
    "27": {"270014": "Cité de Montréal (quartier Saint-Antoine)", "270020": "Paroisse de Montréal"},
    "63": {"630450": "Paroisse de Saint-Hippolyte"},
}
DESIGNATIONS = {"630450": {"R5": "Rang 5 Canton Abercrombie", "R6": "Rang 6 Canton Abercrombie"}}
TYPES = {"AC": "Acte", "AD": "Avis d'adresse", "RA": "Radiation", "DV": "Acte divers"}
LOTS = {("27", "000001", "3456789", "A"), ("14", "140070", "512-33", "A"), ("63", "630450", "31B", "R5")}
ACTES = {("27", "AC", "26111222"), ("31", "RA", "60417"), ("60", "AC", "11555777"), ("27", "AC", "26333444")}
#: asked number -> rows of (number, type, date, on paper only)
SIMILAR = {
    "26333444": [
        ("26333443", "1999-02-03", False),
        ("26333444", "2021-06-30", False),
        ("26333444-1", "2021-07-01", True),
    ],
    "26555666": [("26555665", "1999-02-03", False), ("26555667", "2021-06-30", False)],
    "1122334": [("1122334", "1961-02-03", True), ("1122335", "1961-02-04", True)],
}
#: lot -> dates of its plans, newest first; a lot in INACTIVE says so and goes on
PLANS = {
    ("22", "220310", "7", "A"): [date(2011, 9, 2), date(2004, 12, 30), date(1988, 1, 15)],
    ("27", "000001", "3456789", "A"): [date(2003, 5, 5)],
    ("27", "000001", "4000001", "A"): [date(1997, 3, 3)],
}
INACTIVE = {"4000001"}
ACCOUNTS = {"12B3456": "Erable-42", "34C5678": "Sapin-17"}


@dataclass
class Demand:
    """One document asked for, on its way to the viewer."""

    product: str
    lines: tuple[str, ...]
    account: str
    confirmed: bool = False
    waits: int = 0
    charged: bool = False
    choices: list[date] = field(default_factory=list)
    note: str = ""

    @property
    def number(self) -> str:
        """What follows the colon of the line that names the lot or the inscription."""
        return next(line for line in self.lines if line.startswith(("Lot", "Numéro"))).split(" : ")[1]


def no_lot(key: tuple[str, str, str, str]) -> str:
    circ, cadastre, lot, _ = key
    if "NULL" in key or not lot:
        return "Vous devez remplir tous les champs obligatoires."
    if cadastre == "000001" and any(known[1:3] == (cadastre, lot) and known[0] != circ for known in LOTS):
        return "Le lot n'existe pas dans la circonscription foncière demandée."
    if cadastre == "000000":
        return "Aucune information ne correspond aux critères de sélection."
    return f"Le lot {lot} est inactif." if lot in INACTIVE else "La fiche immobilière demandée est inexistante."


def note(key: tuple[str, str, str, str]) -> str:
    return f"Le lot {key[2]} est inactif." if key[2] in INACTIVE else ""


def lot_lines(key: tuple[str, str, str, str], product: str) -> tuple[str, ...]:
    circ, cadastre, lot, secondary = key
    title = "Index des immeubles" if product == "index" else "Plan cadastral"
    shown = f"{int(lot):,}".replace(",", " ") if lot.isdigit() else lot
    names = {"000001": QUEBEC, **CADASTRES.get(circ, {})}
    more = DESIGNATIONS.get(cadastre, {}).get(secondary)
    lines = [title, f"Circonscription foncière : {CIRCONSCRIPTIONS[circ]}", f"Cadastre : {names[cadastre]}"]
    return (*lines, *([f"Désignation secondaire : {more}"] if more else []), f"Lot : {shown}")


def acte_lines(circ: str, kind: str, number: str) -> tuple[str, ...]:
    name = f"Circonscription foncière : {CIRCONSCRIPTIONS[circ]}"
    return ("Registre foncier du Québec", TYPES[kind], name, f"Numéro d'inscription : {number}")
