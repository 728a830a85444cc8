"""Code in the place of a table: how it is named, and its arguments and input shapes read. Nothing here runs any."""

from __future__ import annotations

from mbcost.errors import MbcostError

__all__ = ["INPUT", "PICKLES", "READ", "argument", "arguments", "input_shapes", "is_code"]

PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".pickle")
READ = (".onnx", ".tflite")
"""Files that are read here: nothing runs."""
INPUT = "3x224x224"
"""The shape of the input of code where none is given."""
FILES = (".pt2", ".keras", ".h5", *READ, *PICKLES)
"""Files of frameworks."""


def is_code(model: str) -> bool:
    """Whether a MODEL is code or a framework's file: ``module:callable``, ``file.py:callable``, ``net.pt2``.

    >>> is_code("torchvision.models:mobilenet_v2"), is_code("mobilenet_v2"), is_code("nets/tiny.yaml")
    (True, False, False)
    """
    if model.endswith((".yaml", ".yml")):
        return False
    where, colon, name = model.rpartition(":")
    named = all(part.isidentifier() for part in name.split("."))
    if colon and named and (where.endswith(".py") or all(part.isidentifier() for part in where.split("."))):
        return True
    return model.lower().endswith(FILES)


def arguments(pairs: tuple[str, ...]) -> dict[str, object]:
    """``NAME=VALUE`` texts as the arguments of a builder: numbers, true and false, ~ for None, lists in brackets, else texts."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise MbcostError(f"--arg `{pair[:80]}` is not NAME=VALUE", help="write --arg classes=10")
        if name in found:
            raise MbcostError(f"--arg `{name[:80]}` is given twice", help="keep one of them")
        found[name] = argument(value)
    return found


def argument(value: str) -> object:
    """One value as its text says: 10, 0.5, true, ~, [1, 2], else the text."""
    if value.startswith("[") and value.endswith("]"):
        inner = value[1:-1].strip()
        return [argument(item.strip()) for item in inner.split(",")] if inner else []
    words: dict[str, object] = {"true": True, "false": False, "~": None, "null": None}
    if value in words:
        return words[value]
    if len(value) <= 40 and value.isascii():
        for number in (int, float):
            try:
                return number(value)
            except ValueError:
                continue
    return value


def input_shapes(text: str) -> list[list[int]]:
    """``3x224x224`` as a list of shapes without the batch; several are separated by commas."""
    shapes = []
    for part in text.split(","):
        sides = part.strip().split("x")
        if not 1 <= len(sides) <= 4 or not all(side.isascii() and side.isdigit() and 0 < int(side) <= 65_536 for side in sides if len(side) < 9) or any(len(side) > 8 for side in sides):  # fmt: skip
            raise MbcostError(
                f"--input `{text[:80]}` is not a shape",
                help="write channels x height x width: 3x224x224; commas between several inputs",
            )
        shapes.append([int(side) for side in sides])
    return shapes
