"""ONNX files as protobuf messages: only what an edit in memory touches, without the library made for it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

#: ONNX's numbers for the kinds of an attribute and of a tensor's values.
INT, INTS = 2, 7
FLOATS, BYTES = 1, 3

#: The few of ONNX's messages and fields that an edit touches; protobuf carries the others along unread.
_SCHEMA: Final = {
    "Model": {"graph": (7, "Graph"), "opset": (8, "*Opset"), "metadata": (14, "*Entry")},
    "Opset": {"domain": (1, "str"), "version": (2, "int")},
    "Entry": {"key": (1, "str"), "value": (2, "str")},
    "Graph": {
        "node": (1, "*Node"),
        "initializer": (5, "*Tensor"),
        "input": (11, "*Value"),
        "output": (12, "*Value"),
        "known": (13, "*Value"),
    },
    "Node": {
        "input": (1, "*str"),
        "output": (2, "*str"),
        "name": (3, "str"),
        "op": (4, "str"),
        "attribute": (5, "*Attribute"),
        "domain": (7, "str"),
    },
    "Attribute": {"name": (1, "str"), "i": (3, "int"), "ints": (8, "*int"), "type": (20, "int")},
    "Tensor": {"dims": (1, "*int"), "kind": (2, "int"), "name": (8, "str"), "raw": (9, "bytes")},
    "Value": {"name": (1, "str"), "type": (2, "Type")},
    "Type": {"tensor": (1, "TensorType")},
    "TensorType": {"shape": (2, "Shape")},
    "Shape": {"dim": (1, "*Dim")},
    "Dim": {"value": (1, "int"), "symbol": (2, "str")},
}


@cache
def message(name: str) -> Any:
    """The class of one of the messages."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"onnx_edit.{name}"))


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    """The messages of `_SCHEMA`."""
    field = descriptor_pb2.FieldDescriptorProto
    kinds = {"str": field.TYPE_STRING, "int": field.TYPE_INT64, "bytes": field.TYPE_BYTES}
    file = descriptor_pb2.FileDescriptorProto(name="onnx_edit.proto", package="onnx_edit", syntax="proto2")
    for owner, fields in _SCHEMA.items():
        described = file.message_type.add(name=owner)
        for name, (number, kind) in fields.items():
            added = described.field.add(name=name, number=number)
            added.label = field.LABEL_REPEATED if kind.startswith("*") else field.LABEL_OPTIONAL
            kind = kind.removeprefix("*")
            if kind in kinds:
                added.type = kinds[kind]
            else:
                added.type, added.type_name = field.TYPE_MESSAGE, f".onnx_edit.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
