"""The networks' weights as the wheel brings them; the line reader's cut down, in memory, to what our pages print."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from registre.ocr.engine.eight_bits import NoPairsError, lighten
from registre.ocr.engine.messages import INT, INTS, message
from registre.ocr.engine.signs import READABLE

#: The height of a line for which the network was made; without the edit it takes no other.
FULL_HEIGHT: Final = 48
#: Fewer entries than this in the network's alphabet, and there is nothing to cut.
_LARGE: Final = 1000


class UnknownWeightsError(Exception):
    """The wheel brings another network than the one this edit was made for."""


def file_of(task: str) -> Path:
    """The wheel's weights for `det` or `rec`."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("rapidocr")
    return Path(spec.origin).parent / "models" / f"PP-OCRv6_{task}_small.onnx"


def cut_down(weights: bytes, *, exact: bool = False) -> bytes:
    """The line reader for Latin print only, and for lines of any height.

    The last layer weighs 18 710 characters at each step, a fifth of the work, of which our pages print a few hundred.
    The rows that are left of a line are averaged whatever their number: a lower line is so much less work. The large
    products are made in eight bits unless `exact`.

    Raises:
        UnknownWeightsError: they are not the ones expected.
    """
    model: Any = message("Model")()
    model.ParseFromString(weights)
    alphabet = next((entry for entry in model.metadata if entry.key == "character"), None)
    if alphabet is None:
        raise UnknownWeightsError("no alphabet")
    letters = alphabet.value.splitlines()
    kept = [rank for rank, letter in enumerate(letters) if letter in READABLE]
    # before the alphabet comes « nothing here », behind it the space
    columns = np.array([0, *(rank + 1 for rank in kept), len(letters) + 1])
    _cut_head(model.graph, columns, len(letters) + 2)
    _free_height(model.graph)
    alphabet.value = "\n".join(letters[rank] for rank in kept)
    if not exact:
        try:
            lighten(model)
        except NoPairsError as exc:
            raise UnknownWeightsError("other products") from exc
    return model.SerializeToString()


def _cut_head(graph: Any, columns: NDArray[np.int64], size: int) -> None:
    """Keep these columns of the last layer's matrix and offsets."""
    heads = [tensor for tensor in graph.initializer if tensor.dims and tensor.dims[-1] == size]
    if size < _LARGE or sorted(len(tensor.dims) for tensor in heads) != [1, 2] or not all(t.raw for t in heads):
        raise UnknownWeightsError("no last layer")
    for tensor in heads:
        values = np.frombuffer(tensor.raw, dtype="<f4").reshape(tuple(tensor.dims))
        tensor.raw = np.ascontiguousarray(values[..., columns]).tobytes()
        tensor.dims[-1] = len(columns)
    graph.output[0].type.tensor.shape.dim[-1].value = len(columns)
    del graph.known[:]  # the sizes in between, as they were


def _free_height(graph: Any) -> None:
    """Average the pairs of columns and then all rows, in place of the three rows and two columns at once."""
    pools = [rank for rank, node in enumerate(graph.node) if node.op == "AveragePool"]
    if len(pools) != 1:
        raise UnknownWeightsError("no pooling")
    place = pools[0]
    pool = graph.node[place]
    shapes = [attribute for attribute in pool.attribute if attribute.name in {"kernel_shape", "strides"}]
    if [list(attribute.ints) for attribute in shapes] != [[3, 2], [3, 2]]:
        raise UnknownWeightsError("another pooling")
    for attribute in shapes:
        attribute.ints[0] = 1
    rows = message("Node")(op="ReduceMean", name="rows", input=["pairs"], output=list(pool.output))
    rows.attribute.add(name="axes", ints=[2], type=INTS)
    rows.attribute.add(name="keepdims", i=1, type=INT)
    pool.output[0] = "pairs"
    graph.node.insert(place + 1, rows)
    graph.input[0].type.tensor.shape.dim[2].symbol = "height"
    # a node's dimension is a value or a symbol, not both
    graph.input[0].type.tensor.shape.dim[2].ClearField("value")
