"""The line reader's weights, cut down: the same answers among the characters that are left, at any height."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import onnxruntime
import pytest

from registre.ocr.engine.signs import READABLE
from registre.ocr.engine.weights import FULL_HEIGHT, UnknownWeightsError, cut_down, file_of


def session(weights: bytes) -> Any:
    return cast("Any", onnxruntime).InferenceSession(weights, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def whole() -> Any:
    return session(file_of("rec").read_bytes())


@pytest.fixture(scope="module")
def cut() -> Any:
    return session(cut_down(file_of("rec").read_bytes()))


def alphabet(network: Any) -> list[str]:
    return network.get_modelmeta().custom_metadata_map["character"].splitlines()


def test_what_is_left_is_weighed_as_before(whole: Any, cut: Any):
    line = np.random.default_rng(7).random((1, 3, FULL_HEIGHT, 200), dtype=np.float32)
    before, after = (network.run(None, {"x": line})[0] for network in (whole, cut))
    letters = alphabet(whole)
    columns = [0, *(letters.index(letter) + 1 for letter in alphabet(cut)), len(letters) + 1]
    left = before[..., columns]

    assert after == pytest.approx(left / left.sum(axis=-1, keepdims=True), abs=1e-4)


def test_every_sign_of_our_pages_stays(whole: Any, cut: Any):
    wanted = set("0123456789ABCÉÈÊËÀÂÇÎÏÔÙÛÜŒÆéèêëàâçîïôùûüœæ$€°½¼¾²³«»“”’–—%§&/()[]+=*#@")

    assert wanted <= set(alphabet(cut))
    assert set(alphabet(cut)) == set(alphabet(whole)) & READABLE
    assert len(alphabet(cut)) < 500


@pytest.mark.parametrize("height", [32, 40, FULL_HEIGHT])
def test_a_line_of_any_height_has_as_many_steps(cut: Any, height: int):
    line = np.zeros((1, 3, height, 160), dtype=np.float32)

    assert cut.run(None, {"x": line})[0].shape[1] == 20


def test_other_weights_are_not_touched():
    with pytest.raises(UnknownWeightsError):
        cut_down(file_of("det").read_bytes())
