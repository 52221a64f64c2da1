"""The natural key of a document: what "never twice" is enforced on, so two documents never share one."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from registre.domain.request import DocumentKind, Target, TypeActe
from registre.domain.text import fold

_NAMES = st.one_of(st.none(), st.sampled_from(["Québec", "Cadastre du Québec", "Rang 4", "4", "a/b", "a-b", "RANG 4"]))
_TARGETS = st.builds(
    Target,
    kind=st.sampled_from(DocumentKind),
    number=st.sampled_from(["1", "12", "2784195", "399-184", "10A-77"]),
    circonscription=st.sampled_from(["Montréal", "Québec", "Saint-Jean", "Bonaventure 1"]),
    cadastre=_NAMES,
    designation_secondaire=_NAMES,
    type_acte=st.one_of(st.none(), st.sampled_from(TypeActe)),
)


def _meaning(target: Target) -> tuple:
    names = (target.circonscription, target.cadastre, target.designation_secondaire, target.type_acte)
    return (target.kind, target.number, *(None if name is None else fold(name) for name in names))


@given(_TARGETS, _TARGETS)
@example(
    Target(DocumentKind.INDEX, "1", "Québec", "Rang 4", None),
    Target(DocumentKind.INDEX, "1", "Québec", None, "Rang 4"),
)
def test_two_targets_share_a_key_only_when_they_mean_the_same(one: Target, other: Target) -> None:
    assert (one.key == other.key) is (_meaning(one) == _meaning(other))


@given(_TARGETS)
def test_a_target_survives_its_trip_through_the_job_row(target: Target) -> None:
    assert Target.from_json(json.loads(json.dumps(target.to_json()))) == target


@given(_TARGETS)
def test_a_key_has_one_part_for_each_word_of_the_registry(target: Target) -> None:
    assert len(target.key.split("/")) == 7


@given(_TARGETS, st.sampled_from(TypeActe))
def test_another_type_is_another_document(target: Target, type_acte: TypeActe) -> None:
    assert (target.with_type(type_acte).key == target.key) is (target.type_acte is type_acte)
