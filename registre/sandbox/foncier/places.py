"""Names of circonscriptions, cadastres and désignations secondaires the replica's dropdowns offer."""

from __future__ import annotations

import random
from typing import Final

CADASTRE_DU_QUEBEC: Final = "Cadastre du Québec"

#: The 73 of the Loi sur la division territoriale; spelling as a dropdown would show it, not checked against the site.
CIRCONSCRIPTIONS: Final = (
    "Abitibi", "Argenteuil", "Arthabaska", "Beauce", "Beauharnois", "Bellechasse", "Berthier", "Bonaventure 1",
    "Bonaventure 2", "Brome", "Chambly", "Champlain", "Charlevoix 1", "Charlevoix 2", "Châteauguay", "Chicoutimi",
    "Coaticook", "Compton", "Deux-Montagnes", "Dorchester", "Drummond", "Frontenac", "Gaspé", "Gatineau", "Hull",
    "Huntingdon", "Îles-de-la-Madeleine", "Joliette", "Kamouraska", "La Prairie", "La Tuque", "Labelle",
    "Lac-Saint-Jean-Est", "Lac-Saint-Jean-Ouest", "L'Assomption", "Laval", "Lévis", "L'Islet", "Lotbinière",
    "Maskinongé", "Matane", "Matapédia", "Missisquoi", "Montcalm", "Montmagny", "Montmorency", "Montréal", "Nicolet",
    "Papineau", "Pontiac", "Portneuf", "Québec", "Richelieu", "Richmond", "Rimouski", "Rouville", "Rouyn-Noranda",
    "Saguenay", "Saint-Hyacinthe", "Saint-Jean", "Sainte-Anne-des-Monts", "Sept-Îles", "Shawinigan", "Shefford",
    "Sherbrooke", "Stanstead", "Témiscamingue", "Témiscouata", "Terrebonne", "Thetford", "Trois-Rivières", "Vaudreuil",
    "Verchères",
)  # fmt: skip

#: Chosen by hand where fixtures live; every other circonscription gets a few made-up ones.
_CADASTRES: Final[dict[str, tuple[str, ...]]] = {
    "Montréal": (
        "Cité de Montréal (quartier Sainte-Marie)",
        "Cité de Montréal (quartier Saint-Jacques)",
        "Cité de Montréal (quartier Saint-Laurent)",
        "Paroisse de Montréal",
        "Paroisse de Saint-Laurent",
        "Paroisse du Sault-au-Récollet",
        "Village d'Hochelaga",
    ),
    "Québec": (
        "Cité de Québec (quartier Saint-Roch)",
        "Cité de Québec (quartier Montcalm)",
        "Paroisse de Beauport",
        "Paroisse de Charlesbourg",
    ),
    "Chambly": ("Paroisse de Saint-Bruno", "Paroisse de Saint-Hubert", "Paroisse de Boucherville"),
    "Shefford": ("Canton d'Ely", "Canton de Roxton", "Canton de Shefford", "Village de Granby"),
    "Portneuf": ("Paroisse de Sainte-Jeanne-de-Neuville", "Paroisse du Cap-Santé", "Paroisse de Saint-Raymond"),
    "Montcalm": ("Canton de Kilkenny", "Canton de Rawdon", "Canton de Wexford", "Paroisse de Saint-Liguori"),
    "Terrebonne": (
        "Paroisse de Saint-Hippolyte",
        "Paroisse de Saint-Jérôme",
        "Paroisse de Sainte-Sophie",
        "Village de Saint-Jérôme",
        "Canton d'Abercrombie",
    ),
    "Deux-Montagnes": ("Mirabel", "Paroisse de Saint-Eustache", "Paroisse de Saint-Augustin", "Village d'Oka"),
    "Gaspé": ("Canton de Douglas", "Canton de Malbaie", "Ville de Gaspé"),
    "Sainte-Anne-des-Monts": ("Canton de Cap-Chat", "Canton de Tourelle"),
    "Bonaventure 1": ("Canton de Maria", "Canton de Carleton"),
    "Bonaventure 2": ("Canton de Maria", "Canton de Hope"),
    "Lac-Saint-Jean-Est": ("Canton de Labarre", "Ville d'Alma"),
    "Lac-Saint-Jean-Ouest": ("Canton de Roberval", "Paroisse de Saint-Prime"),
    "Saint-Jean": ("Paroisse de Saint-Jean", "Paroisse de Saint-Valentin", "Ville de Saint-Jean"),
    "Laval": ("Paroisse de Saint-Martin", "Paroisse de Sainte-Rose", "Village de Sainte-Rose"),
    "Sherbrooke": ("Canton d'Orford", "Canton d'Ascot", "Quartier Nord de la cité de Sherbrooke"),
    "Saint-Hyacinthe": ("Paroisse de Saint-Hyacinthe", "Paroisse de Saint-Damase", "Cité de Saint-Hyacinthe"),
}

_DESIGNATIONS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("Terrebonne", "Paroisse de Saint-Hippolyte"): (
        "Rang 4 Canton Abercrombie",
        "Rang 5 Canton Abercrombie",
        "Rang 6 Canton Abercrombie",
        "Rang 8 Canton Wexford",
    ),
    ("Montcalm", "Canton de Kilkenny"): ("Rang 3", "Rang 4", "Rang 5", "Rang 6"),
    ("Montcalm", "Canton de Rawdon"): ("Rang 1", "Rang 2", "Rang 11"),
    ("Shefford", "Canton de Shefford"): ("Rang 2", "Rang 3", "Rang 7"),
    ("Gaspé", "Canton de Malbaie"): ("Rang 1", "Rang 1 Sud", "Rang 2"),
    ("Lac-Saint-Jean-Ouest", "Canton de Roberval"): ("Rang A", "Rang 1"),
}

_PLACES: Final = (
    "Saint-Fabien-des-Monts", "Sainte-Luce-du-Lac", "Saint-Amable-Nord", "Saint-Zénon-de-la-Rive", "Grande-Anse",
    "Notre-Dame-des-Érables", "Saint-Ludger-Est", "Sainte-Apolline-du-Pont", "Saint-Épiphane-le-Haut", "Rivière-Noire",
)  # fmt: skip
_CANTONS: Final = ("Bellerive", "Hartwell", "Desroches", "Aldfield", "Montauban", "Winslow", "Ditchfield", "Garthby")


def cadastres(circonscription: str) -> tuple[str, ...]:
    """Cadastres of a circonscription, Cadastre du Québec first; empty for an unknown circonscription."""
    if circonscription not in CIRCONSCRIPTIONS:
        return ()
    others = _CADASTRES.get(circonscription) or _made_up(circonscription)
    return (CADASTRE_DU_QUEBEC, *others)


def designations(circonscription: str, cadastre: str) -> tuple[str, ...]:
    """Désignations secondaires of a cadastre; usually none."""
    return _DESIGNATIONS.get((circonscription, cadastre), ())


def _made_up(circonscription: str) -> tuple[str, ...]:
    pick = random.Random(f"cadastres {circonscription}")
    paroisses = [f"Paroisse de {place}" for place in pick.sample(_PLACES, 2)]
    return (*sorted(paroisses), f"Canton de {pick.choice(_CANTONS)}")
