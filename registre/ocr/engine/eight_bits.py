"""The line reader's large products in eight bits instead of thirty-two: a quarter less work.

Nearly all of the work is thirteen pairs of products, from n channels to 2n and back, with a curve (Gelu) between.
Each pair becomes: channels last, product of whole numbers, curve, product of whole numbers, sum, channels first again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from registre.ocr.engine.messages import BYTES, FLOATS, INTS, message

#: Weights are whole numbers up to this. Seven bits, not eight: processors without VNNI add pairs of products in
#: sixteen bits, and 2 × 255 × 63 fits; so every processor reads the same.
_LEVELS: Final = 63
#: onnxruntime's own operations.
_OWN: Final = "com.microsoft"
_LAST, _FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


class NoPairsError(Exception):
    """The network is not made of the pairs expected."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two products and the curve between them."""

    nodes: tuple[Any, ...]
    matrices: tuple[str, str]
    offsets: tuple[str, str]
    source: str
    middle: tuple[str, str]
    target: str
    #: whether what came in is added to what goes out
    added: bool


def lighten(model: Any) -> None:
    """Rewrite the pairs of a model, in place.

    Raises:
        NoPairsError: there is none.
    """
    graph = model.graph
    _without_names(graph)
    pairs = list(_pairs(graph))
    if not pairs:
        raise NoPairsError
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    # a pair stands where its last node stood: by then all it needs is there
    written = {id(pair.nodes[-1]): _written(graph, tensors, pair, rank) for rank, pair in enumerate(pairs)}
    gone = {id(node) for pair in pairs for node in pair.nodes}
    nodes = [new for node in graph.node for new in written.get(id(node), [] if id(node) in gone else [node])]
    kept = [_copy(node) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    dead = {name for pair in pairs for name in (*pair.matrices, *pair.offsets)}
    left = [_copy(tensor) for tensor in graph.initializer if tensor.name not in dead]
    del graph.initializer[:]
    graph.initializer.extend(left)
    if all(opset.domain != _OWN for opset in model.opset):
        model.opset.add(domain=_OWN, version=1)


def _copy(item: Any) -> Any:
    copied = type(item)()
    copied.CopyFrom(item)
    return copied


def _without_names(graph: Any) -> None:
    """Take out the nodes that only give a value another name."""
    outputs = {name for value in graph.output for name in [value.name]}
    meant: dict[str, str] = {}
    kept: list[Any] = []
    for node in graph.node:
        for rank, name in enumerate(node.input):
            node.input[rank] = meant.get(name, name)
        if node.op == "Identity" and node.output[0] not in outputs:
            meant[node.output[0]] = node.input[0]
        else:
            kept.append(_copy(node))
    del graph.node[:]
    graph.node.extend(kept)


def _pairs(graph: Any) -> Iterator[_Pair]:
    maker = {name: node for node in graph.node for name in node.output}
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    sizes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if node.op == "Erf":
            pair = _pair(node, maker, users, sizes)
            if pair is not None:
                yield pair


def _pair(
    erf: Any, maker: dict[str, Any], users: dict[str, list[Any]], sizes: dict[str, tuple[int, ...]]
) -> _Pair | None:
    """The pair around this part of a curve, x · (1 + erf(x / √2)) · ½; None if it is made otherwise."""
    divided = maker[erf.input[0]]
    before = maker.get(divided.input[0])
    curve = _chain(erf, ("Add", "Mul", "Mul", "Conv", "Add"), users)
    if divided.op != "Div" or before is None or before.op != "Add" or len(curve) != 5:
        return None
    first, second, closing = maker.get(before.input[0]), curve[3], curve[4]
    if first is None or first.op != "Conv" or not (_flat(first, sizes) and _flat(second, sizes)):
        return None
    nodes = (first, before, divided, erf, *curve)
    followers = users.get(closing.output[0], [])
    added = len(followers) == 1 and followers[0].op == "Add" and first.input[0] in followers[0].input
    last = followers[0] if added else closing
    return _Pair(
        (*nodes, last) if added else nodes,
        (first.input[1], second.input[1]),
        (before.input[1], closing.input[1]),
        first.input[0],
        (divided.input[0], second.input[0]),
        last.output[0],
        added,
    )


def _chain(node: Any, kinds: tuple[str, ...], users: dict[str, list[Any]]) -> list[Any]:
    """The nodes that follow one another from here, as far as they are of these kinds and nothing else uses them."""
    found: list[Any] = []
    for kind in kinds:
        followers = users.get(node.output[0], [])
        if len(followers) != 1 or followers[0].op != kind:
            break
        node = followers[0]
        found.append(node)
    return found


def _flat(node: Any, sizes: dict[str, tuple[int, ...]]) -> bool:
    """Whether it is a product at each place by itself, without offsets of its own."""
    return len(node.input) == 2 and sizes.get(node.input[1], ())[2:] == (1, 1)


def _written(graph: Any, tensors: dict[str, Any], pair: _Pair, rank: int) -> list[Any]:
    """The nodes of a pair as they are to be; their weights go into the graph."""
    come, product, total = f"light{rank}.in", f"light{rank}.product", f"light{rank}.sum"
    names = [
        _weights(graph, f"light{rank}.{side}", tensors[matrix], tensors[offset])
        for side, matrix, offset in zip("ab", pair.matrices, pair.offsets, strict=True)
    ]
    before, after = pair.middle
    nodes = [
        _turned(pair.source, come, _LAST),
        _node("DynamicQuantizeMatMul", (come, *names[0]), before, _OWN),
        _node("FastGelu", (before,), after, _OWN),
        _node("DynamicQuantizeMatMul", (after, *names[1]), product, _OWN),
    ]
    if pair.added:
        nodes.append(_node("Add", (product, come), total))
    return [*nodes, _turned(total if pair.added else product, pair.target, _FIRST)]


def _weights(graph: Any, name: str, matrix: Any, offset: Any) -> tuple[str, str, str, str]:
    """Whole numbers, what one of them is worth in each column, no zero point, offsets."""
    whole = _values(matrix).reshape(matrix.dims[0], -1).T
    worth = np.maximum(np.abs(whole).max(axis=0), np.finfo(np.float32).tiny) / np.float32(_LEVELS)
    levels = np.rint(whole / worth).clip(-_LEVELS, _LEVELS).astype(np.int8)
    for end, values, kind in (
        ("levels", levels, BYTES),
        ("worth", worth.astype("<f4"), FLOATS),
        ("offsets", _values(offset).reshape(-1), FLOATS),
    ):
        raw = np.ascontiguousarray(values).tobytes()
        graph.initializer.add(name=f"{name}.{end}", dims=list(values.shape), kind=kind, raw=raw)
    return f"{name}.levels", f"{name}.worth", "", f"{name}.offsets"


def _values(tensor: Any) -> NDArray[np.float32]:
    return cast("NDArray[np.float32]", np.frombuffer(tensor.raw, dtype="<f4")).reshape(tuple(tensor.dims))


def _turned(source: str, target: str, order: tuple[int, ...]) -> Any:
    node = _node("Transpose", (source,), target)
    node.attribute.add(name="perm", ints=order, type=INTS)
    return node


def _node(op: str, sources: tuple[str, ...], target: str, domain: str = "") -> Any:
    return message("Node")(op=op, name=target, input=list(sources), output=[target], domain=domain)
