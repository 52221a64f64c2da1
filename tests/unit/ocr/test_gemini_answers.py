"""What is sent to Gemini and what is made of its answers: schema, prompts, verdicts, loops, halves, seams."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from registre.domain.errors import ConfigurationError
from registre.domain.request import DocumentKind
from registre.limits import prices
from registre.ocr.gemini import models, prompt
from registre.ocr.gemini.configured import open_reader
from registre.ocr.gemini.join import join_rows, join_text
from registre.ocr.gemini.judge import judge
from registre.ocr.gemini.loops import looping_rows, looping_text
from registre.ocr.gemini.outcome import Outcome, Reply
from registre.ocr.gemini.picture import encode, halves
from registre.ocr.gemini.schema import Ligne, PageTexte, PartieLue, answer_schema, header, inscriptions
from registre.sandbox.gemini.wire import SCHEMA_WORDS, schema_words
from registre.settings import read_settings

TODAY = date(2026, 11, 22)
#: A deed repeats itself a little; this much is its usual.
PROSE = (
    "Devant Me Aurélie Fictive, notaire à Montréal, ont comparu le vendeur et l'acquéreur, lesquels conviennent de ce "
    "qui suit: le vendeur vend à l'acquéreur l'immeuble désigné comme étant le lot 2 784 195 du cadastre du Québec, "
    "circonscription foncière de Montréal, pour le prix de 258 500,00 $ payé comptant, dont quittance finale."
)


def ligne(number: str | None, **changes) -> Ligne:
    base = {
        "type": "inscription",
        "date": "2003-01-20",
        "numero": number,
        "nature": "Vente",
        "parties": [{"nom": "GAGNÉ, THÉRÈSE", "qualite": "Vendeur"}],
        "remarques": None,
        "avis_adresse": None,
        "radiations": [],
        "doutes": [],
        "coupee": False,
    }
    return Ligne.model_validate(base | changes)


def answer(rows: list[Ligne], declared: int | None = None, etat: str = "lisible") -> str:
    names = answer_schema(DocumentKind.INDEX)["$defs"]["EnTete"]["properties"]
    return json.dumps(
        {
            "etat": etat,
            "en_tete": dict.fromkeys(names),
            "lignes_visibles": len(rows) if declared is None else declared,
            "lignes": [row.model_dump() for row in rows],
        }
    )


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_the_schema_keeps_to_the_words_that_the_api_takes(kind):
    assert set(schema_words(answer_schema(kind))) <= SCHEMA_WORDS


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_every_field_of_an_answer_is_required(kind):
    schema = answer_schema(kind)
    for shape in [schema, *schema.get("$defs", {}).values()]:
        assert shape["required"] == list(shape["properties"])


def test_the_hash_names_prompt_and_schema():
    hashes = {prompt.prompt(kind).hash for kind in DocumentKind}
    assert len(hashes) == len(DocumentKind)
    asked = prompt.prompt(DocumentKind.INDEX)
    assert asked.version >= 1
    assert not asked.text.startswith("<!--")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(trouble=Outcome.OVERLOADED), Outcome.OVERLOADED),
        (Reply(block_reason="SAFETY"), Outcome.REFUSED),
        (Reply(finish_reason="RECITATION", text="{"), Outcome.REFUSED),
        (Reply(finish_reason="MAX_TOKENS", text='{"lignes": ['), Outcome.TRUNCATED),
        (Reply(finish_reason="MAX_TOKENS"), Outcome.TRUNCATED),
        (Reply(finish_reason="MAX_TOKENS", text=PROSE + " ainsi de suite et caetera" * 40), Outcome.LOOP),
        (Reply(finish_reason="STOP"), Outcome.EMPTY),
        (Reply(), Outcome.EMPTY),
        (Reply(finish_reason="OTHER", text="{}"), Outcome.INVALID),
        (Reply(finish_reason="STOP", text="{"), Outcome.INVALID),
        (Reply(finish_reason="STOP", text="[]"), Outcome.INVALID),
        (Reply(finish_reason="STOP", text=answer([ligne("29 123 456")])), Outcome.READ),
        (Reply(finish_reason="STOP", text=answer([ligne("29 123 456")], 2)), Outcome.INCOMPLETE),
        (Reply(finish_reason="STOP", text=answer([], etat="blanche")), Outcome.BLANK),
        (Reply(finish_reason="STOP", text=answer([], etat="illisible")), Outcome.UNREADABLE),
        (Reply(finish_reason="STOP", text=answer([ligne("1")], etat="blanche")), Outcome.INVALID),
        (Reply(finish_reason="STOP", text=answer([ligne("29 123 456")] * 9)), Outcome.LOOP),
    ],
)
def test_a_reply_is_judged(reply, outcome):
    assert judge(reply, DocumentKind.INDEX).outcome is outcome


def test_rows_become_data_and_what_does_not_parse_is_doubted():
    rows = inscriptions(
        [
            ligne("29 123 456", radiations=["T 12 345 678"], avis_adresse="6 012 345"),
            ligne(None, date="illisible", doutes=["nature"]),
            ligne("123-456", type="note", coupee=True),
        ]
    )
    assert (rows[0].numero, rows[0].radiations, rows[0].avis_adresse) == ("29123456", ("T 12345678",), "6012345")
    assert rows[0].uncertain == ()
    assert rows[0].raw == "2003-01-20 29 123 456 Vente Vendeur GAGNÉ, THÉRÈSE 6 012 345 T 12 345 678"
    assert rows[1].uncertain == ("date", "nature", "numero")
    assert "row" in rows[2].uncertain


def test_the_lot_of_the_header_has_no_spaces():
    page = judge(Reply(finish_reason="STOP", text=answer([])), DocumentKind.INDEX).answer
    assert header(page.en_tete.model_copy(update={"lot": "2 784 195", "cadastre": " "})) == {"lot": "2784195"}


def test_rows_that_repeat_are_a_loop_and_a_deed_of_three_rows_is_not():
    assert not looping_rows([ligne("1 234 567")] * 3)
    assert looping_rows([ligne("1 234 567")] * 5)
    assert looping_rows([ligne("1 234 567"), ligne("1 234 568")] * 6)
    assert not looping_rows([ligne(str(10_000 + index)) for index in range(60)])


@pytest.mark.parametrize("text", [PROSE, "____ " * 400, ". . . " * 400, "Page 1 de 2\n" * 3, f"{PROSE}\n{PROSE}"])
def test_prose_and_dotted_lines_are_no_loop(text):
    assert not looping_text(text)


@pytest.mark.parametrize("text", [PROSE * 6, "et l'acquéreur déclare que " * 30, PROSE + " oui" * 200])
def test_words_that_repeat_are_a_loop(text):
    assert looping_text(text)


def test_halves_share_a_band_and_have_all():
    page = np.full((1000, 600), 255, dtype=np.uint8)
    page[100:300:10] = 0
    upper, lower = halves(page)
    assert len(upper) + len(lower) > 1000
    assert np.array_equal(upper, page[: len(upper)])
    assert np.array_equal(lower, page[-len(lower) :])
    middle = (len(upper) + 1000 - len(lower)) / 2
    assert 150 < middle < 250


def test_a_noisy_scan_goes_as_jpeg_and_no_side_is_too_long():
    noise = np.random.default_rng(1).integers(0, 255, (2000, 4000), dtype=np.uint8)
    noisy, clean = encode(noise), encode(np.full((4000, 3000), 255, dtype=np.uint8))
    assert (noisy.mime_type, clean.mime_type) == ("image/jpeg", "image/png")
    assert max(noisy.width, noisy.height, clean.width, clean.height) == 3072


def test_common_rows_are_kept_once_and_a_cut_one_gives_way():
    rows = [ligne(str(20_000_000 + index)) for index in range(6)]
    upper = [*rows[:4], rows[4].model_copy(update={"coupee": True, "parties": []})]
    lower = [ligne(None, coupee=True, date=None, nature=None), *rows[2:]]
    joined, sure = join_rows(upper, lower)
    assert ([row.numero for row in joined], sure) == ([row.numero for row in rows], True)


def test_what_two_halves_read_differently_is_doubted():
    upper, lower = [ligne("20 000 000"), ligne("20 000 001")], [ligne("20 000 000"), ligne("20 000 007")]
    joined, sure = join_rows(upper, lower)
    assert sure
    assert [(row.numero, row.doutes) for row in joined] == [("20 000 000", []), ("20 000 001", ["numero"])]


def test_neighbours_one_number_apart_are_two_rows():
    joined, sure = join_rows([ligne("20 000 001")], [ligne("20 000 002")])
    assert ([row.numero for row in joined], sure) == (["20 000 001", "20 000 002"], False)


def test_two_rows_of_one_act_stay_two():
    other = ligne("20 000 001", nature="Hypothèque", parties=[{"nom": "CAISSE FICTIVE", "qualite": "Créancier"}])
    joined, sure = join_rows([ligne("20 000 001")], [other])
    assert ([row.nature for row in joined], sure) == (["Vente", "Hypothèque"], False)


def test_halves_without_a_common_row_keep_all_and_say_so():
    upper, lower = [ligne("20 000 001")], [ligne("30 555 444", date="2009-09-09", nature="Quittance")]
    joined, sure = join_rows(upper, lower)
    assert ([row.numero for row in joined], sure) == (["20 000 001", "30 555 444"], False)


def test_a_cut_row_seen_whole_below_is_taken_from_there():
    cut = ligne("20 000 002", coupee=True, parties=[])
    joined, sure = join_rows([ligne("20 000 001"), cut], [ligne("20 000 002"), ligne("20 000 003")])
    assert sure
    assert [(row.numero, row.coupee) for row in joined] == [
        ("20 000 001", False),
        ("20 000 002", False),
        ("20 000 003", False),
    ]


def test_running_text_is_joined_at_its_common_words():
    words = PROSE.split()
    upper = PageTexte(etat="lisible", texte=" ".join([*words[:30], "l'acq"]))
    lower = PageTexte(etat="lisible", texte=" ".join(["éreur", *words[20:]]))
    page, sure = join_text(upper, lower)
    assert (page.texte.split(), sure) == (words, True)
    _, sure = join_text(upper, PageTexte(etat="lisible", texte="Rien de tout cela."))
    assert not sure


def test_the_default_model_answers_today():
    table = models.load()
    assert table.usable(None, TODAY).name == table.default


@pytest.mark.parametrize("name", ["gemini-9-nano", "gemini-2.0-flash-exp", "gemini-2.0-flash"])
def test_an_unknown_or_retired_model_is_refused_with_alternatives(name):
    with pytest.raises(ConfigurationError, match=r"gemini-3\.8-flash") as caught:
        models.load().usable(name, TODAY)
    assert name in str(caught.value)


def test_every_model_has_a_price_of_its_own():
    priced = prices.load().models
    assert [name for name in models.load().models if name not in priced and "2.0" not in name] == []


def test_a_model_answers_until_its_last_day():
    table = models.load()
    assert table.usable("models/gemini-2.5-flash", date(2026, 11, 30))
    with pytest.raises(ConfigurationError, match=r"gemini-3\.5-flash-lite"):
        table.usable("gemini-2.5-flash", date(2026, 12, 1))
    with pytest.raises(ConfigurationError, match="n'existe que depuis"):
        table.usable("gemini-3.8-flash", date(2026, 1, 1))


def test_a_table_of_ones_own_is_checked(tmp_path):
    mine = tmp_path / "models.json"
    mine.write_text('{"as_of": "2027-01-01", "default": "x", "models": {}}')
    with pytest.raises(ConfigurationError, match="GEMINI_MODELS"):
        models.load(mine)


def test_a_retired_model_stops_the_process_at_start():
    settings = read_settings({"GEMINI_API_KEY": "AIza-x", "GEMINI_MODEL": "gemini-2.0-flash-exp"})
    with pytest.raises(ConfigurationError, match="retiré"):
        open_reader(settings, calls=None, today=TODAY)
    assert open_reader(read_settings({}), calls=None, today=TODAY) is None


def test_one_module_alone_knows_the_sdk():
    package = Path(models.__file__).parents[2]
    sdk = r"^(?:from|import) google(?!\.protobuf)"
    users = {file.name for file in package.rglob("*.py") if re.search(sdk, file.read_text(), re.M)}
    assert users == {"client.py"}


def test_a_picture_is_tiled_or_has_a_fixed_price():
    table = models.load()
    tiled, fixed = table.models["gemini-2.5-flash-lite"], table.models["gemini-3.8-flash"]
    assert (tiled.picture_tokens(300, 200), tiled.picture_tokens(2100, 1275)) == (258, 258 * 3 * 2)
    assert fixed.picture_tokens(2100, 1275) == fixed.picture_tokens(100, 100) == 2240


def test_a_party_keeps_its_own_role():
    row = ligne("1 234 567", parties=[PartieLue(nom=" A, B ", qualite=""), PartieLue(nom=" ", qualite="Vendeur")])
    assert [(p.nom, p.qualite) for p in inscriptions([row])[0].parties] == [("A, B", None)]
