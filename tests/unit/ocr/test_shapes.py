"""One definition of what a reading is: its JSON comes back whole, and the prompt asks for the same fields."""

from __future__ import annotations

import dataclasses
import json
from typing import get_args

import pytest
from pydantic import ValidationError

from registre.domain.reading import Doubt, Inscription, PageReading, PageState, Partie, RowKind, Suggestion
from registre.ocr.accord.witness import FIELDS
from registre.ocr.gemini.schema import Champ, EnTete, Ligne, PartieLue
from registre.ocr.index.vocabulary import LABELS
from registre.shapes import json_schema, page_from, to_json

ROW = Inscription(
    RowKind.INSCRIPTION,
    date="1998-04-02",
    numero="4123456",
    nature="Hypothèque",
    parties=(Partie("FICTIF, AURÈLE", "Débiteur"),),
    radiations=("T 12345678",),
    uncertain=("date",),
    witnesses={"numero": ("rapidocr", "gemini")},
    others={"date": {"gemini": "1998-04-03"}},
    suggestions=(Suggestion("nature", "Quittance", 3, (13, 38)),),
    places={"row": (0.1, 0.2, 0.9, 0.25)},
)
PAGE = PageReading(
    2, PageState.READ, "rapidocr", "1", "texte", (ROW,), {"lot": "1"}, 0.9, None, (Doubt("1", None, "x"),)
)


def test_a_page_comes_back_from_its_json_as_it_was():
    assert page_from(json.loads(json.dumps(to_json(PAGE)))) == PAGE


def test_a_row_written_before_a_field_existed_takes_the_default():
    raw = to_json(PAGE)
    for name in ("places", "suggestions", "others", "witnesses", "nature_normalisee"):
        del raw["rows"][0][name]
    assert page_from(raw).rows[0].places == {}


@pytest.mark.parametrize("change", [{"state": "lue"}, {"number": "deux"}, {"rows": [{"numero": "1"}]}])
def test_what_is_not_a_page_is_refused(change):
    with pytest.raises(ValidationError):
        page_from(to_json(PAGE) | change)


def test_the_paid_reader_is_asked_for_the_fields_of_a_row():
    own = {"type", "doutes", "coupee"}
    assert set(Ligne.model_fields) - own == set(get_args(Champ)) == set(FIELDS)
    assert set(FIELDS) <= {item.name for item in dataclasses.fields(Inscription)}
    assert set(PartieLue.model_fields) == {item.name for item in dataclasses.fields(Partie)}


def test_the_paid_reader_names_header_fields_as_the_offline_one():
    assert set(EnTete.model_fields) - {"page", "pages"} <= {key for key, _ in LABELS}


def test_the_published_schema_describes_rows_and_actes():
    schema = json_schema()
    assert set(schema["properties"]) == {"page", "acte"}
    assert set(schema["$defs"]["Inscription"]["properties"]) == set(to_json(PAGE)["rows"][0])
