"""The tree of errors: the drawing in the docstring is the code, and every class says what a person does next."""

from __future__ import annotations

import inspect
import re

import pytest

from registre.domain import errors
from registre.domain.errors import ConfigurationError, Deferred, Fenced, RegistreError
from registre.domain.verdict import Verdict

CLASSES = [
    item
    for _, item in inspect.getmembers(errors, inspect.isclass)
    if issubclass(item, RegistreError) and item.__module__ == errors.__name__
]
_LEAVES = [item for item in CLASSES if not item.__subclasses__() and item not in (Fenced, ConfigurationError)]
_FAMILIES = {
    "Refused": Verdict.REFUSE,
    "Deferred": Verdict.DEFER,
    "Transient": Verdict.RETRY,
    "Infrastructure": Verdict.INFRA,
    "Drifted": Verdict.DRIFT,
    "NeedsPerson": Verdict.PERSON,
}
_LEAF = re.compile(r"^    │   [├└]── (\w+) +(\w+) {2,}\S", re.MULTILINE)
_FAMILY = re.compile(r"^    [├└]── (\w+) +(\w+)$", re.MULTILINE)


def test_the_drawing_names_every_class_with_its_code_and_no_other() -> None:
    drawn = dict(_LEAF.findall(errors.__doc__))
    leaves = {item.__name__: item.code for item in CLASSES if not item.__subclasses__() or item.__name__ in drawn}
    leaves = {name: code for name, code in leaves.items() if name not in {"Fenced", "ConfigurationError"}}
    assert drawn == leaves


def test_the_drawing_gives_each_family_its_verdict() -> None:
    assert dict(_FAMILY.findall(errors.__doc__)) == {name: verdict.value for name, verdict in _FAMILIES.items()}


def test_the_drawing_puts_each_class_under_its_family() -> None:
    family = ""
    seen = 0
    for line in errors.__doc__.splitlines():
        if match := _FAMILY.match(line):
            family = match[1]
        elif match := _LEAF.match(line):
            assert issubclass(getattr(errors, match[1]), getattr(errors, family)), match[1]
            seen += 1
    assert seen > 25


def test_no_two_classes_share_a_code() -> None:
    codes = [item.code for item in CLASSES]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("item", CLASSES, ids=lambda item: item.__name__)
def test_every_class_has_a_sentence_a_hint_a_code_and_a_verdict(item: type[RegistreError]) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", item.code)
    assert item.message.endswith(".")
    assert len(item.hint) > 10
    assert isinstance(item.verdict, Verdict)
    assert item().text == item.message
    assert item("Autre phrase.").text == "Autre phrase."
    assert str(item("Autre phrase.")) == "Autre phrase."


@pytest.mark.parametrize(
    "item", [c for c in CLASSES if not c.__subclasses__() and c not in (Fenced, ConfigurationError)]
)
def test_the_verdict_of_a_class_is_that_of_its_family(item: type[RegistreError]) -> None:
    families = [name for name in _FAMILIES if issubclass(item, getattr(errors, name))]
    assert len(families) == 1
    assert item.verdict is _FAMILIES[families[0]]


@pytest.mark.parametrize("item", [c for c in CLASSES if issubclass(c, Deferred) and c is not Deferred])
def test_a_deferral_says_for_how_long(item: type[Deferred]) -> None:
    assert 0 <= item.delay.total_seconds() <= 3600
