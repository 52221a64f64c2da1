"""The line reader's weights, cut down: the same answers among the characters that are left, at any height."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from registre.ocr.engine.eight_bits import NoPairsError, lighten
from registre.ocr.engine.messages import BYTES, message
from registre.ocr.engine.signs import READABLE
from registre.ocr.engine.weights import FULL_HEIGHT, UnknownWeightsError, cut_down, file_of


def session(weights: bytes) -> Any:
    return cast("Any", onnxruntime).InferenceSession(weights, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def whole() -> Any:
    return session(file_of("rec").read_bytes())


@pytest.fixture(scope="module")
def cut() -> Any:
    return session(cut_down(file_of("rec").read_bytes(), exact=True))


@pytest.fixture(scope="module")
def light_weights() -> bytes:
    return cut_down(file_of("rec").read_bytes())


@pytest.fixture(scope="module")
def light(light_weights: bytes) -> Any:
    return session(light_weights)


def alphabet(network: Any) -> list[str]:
    return network.get_modelmeta().custom_metadata_map["character"].splitlines()


def spelled(network: Any, steps: NDArray[np.float32]) -> str:
    best = steps.argmax(axis=1)
    seen = best[(best != 0) & np.concatenate(([True], best[1:] != best[:-1]))]
    return "".join(("", *alphabet(network), "")[sign] for sign in seen)


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


@pytest.mark.parametrize("written", ["T 12 345 678", "2 211 111,50 $", "VENTE du 1988-12-02", "HYPOTHEQUE"])
@pytest.mark.parametrize("height", [32, FULL_HEIGHT])
def test_in_eight_bits_a_line_reads_the_same(cut: Any, light: Any, written: str, height: int):
    page = np.full((48, 24 * len(written)), 235, np.uint8)
    cv2.putText(page, written, (8, 34), cv2.FONT_HERSHEY_DUPLEX, 0.9, 20, 1, cv2.LINE_AA)
    gray = cv2.resize(page, (page.shape[1], height)).astype(np.float32) / 127.5 - 1
    line = np.ascontiguousarray(np.broadcast_to(gray, (1, 3, *gray.shape)))
    exact, near = (spelled(network, network.run(None, {"x": line})[0][0]) for network in (cut, light))

    assert exact == near == written.replace(" ", "")


def test_eight_bits_fit_every_processor(light_weights: bytes):
    model = message("Model")()
    model.ParseFromString(light_weights)
    whole = [tensor for tensor in model.graph.initializer if tensor.kind == BYTES]

    assert len(whole) == 26
    # two products of a value (to 255) and a weight are added in sixteen bits where there is no VNNI
    assert 2 * 255 * max(np.abs(np.frombuffer(tensor.raw, np.int8).astype(int)).max() for tensor in whole) < 2**15


def test_a_network_without_the_large_products_is_not_lightened():
    with pytest.raises(NoPairsError):
        lighten(message("Model")())


def test_other_weights_are_not_touched():
    with pytest.raises(UnknownWeightsError):
        cut_down(file_of("det").read_bytes())
