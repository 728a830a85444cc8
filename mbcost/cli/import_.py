"""``mbcost import``: the layer table of what a framework builds."""

from __future__ import annotations

import click

from mbcost.cli.options import FILE, Choice
from mbcost.cli.output import complain, write
from mbcost.errors import MbcostError
from mbcost.escape import line

__all__ = ["command"]


@click.command("import", short_help="The layer table of code: PyTorch and Keras, builders and files.")
@click.argument("code", metavar="CODE")
@click.option("--arg", "args", multiple=True, metavar="NAME=VALUE", help="An argument of the builder; again for more.")
@click.option(
    "--vary", metavar="NAME", help="The builder's width argument: the table gets alpha, widths and a rounding rule."
)
@click.option(
    "--input",
    "shapes",
    default="3x224x224",
    show_default=True,
    metavar="CxHxW",
    help="Shape of the input; several with commas.",
)
@click.option("--python", metavar="PATH", help="The interpreter that has the framework.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="For building and tracing.",
)
@click.option("--framework", type=Choice(["torch", "keras"]), help="Where a model could be either.")
@click.option("--flat", is_flag=True, help="Rows as they ran: no building blocks, repeats or blocks.")
@click.option("--strict", is_flag=True, help="Exit with 1 where the cost of a row is not known.")
@click.option("-o", "--output", type=FILE, help="Write to a file instead.")
def command(
    code: str, args: tuple[str, ...], vary: str | None, shapes: str, python: str | None, timeout: float, framework: str | None,
    flat: bool, strict: bool, output: str | None,
) -> int:  # fmt: skip
    """Trace the network that CODE builds, and write its layer table. CODE is module:callable, file.py:callable, net.pt2 or net.keras.

    The code runs, in the interpreter of the active virtual environment (else `python` on PATH; --python names another)
    and without data: no weights are loaded, nothing is computed. What the grammar has no word for becomes a `custom` row with
    the cost it has at this size, or says that its cost is not known.

    \b
    mbcost import torchvision.models:mobilenet_v2 -o mobilenet_v2.yaml
    mbcost import nets.py:build --arg classes=10 --input 3x192x192 | mbcost table -
    """
    from mbcost.importers import Source, import_code, interpreter, is_code

    if not is_code(code):
        raise MbcostError(
            f"`{_shown(code)}` names no code",
            help="write module:callable, file.py:callable, or the path of a .pt2 or .keras file; a layer table needs no import",
        )
    source = Source(code, arguments(args), input_shapes(shapes), interpreter(python), timeout, framework, vary)
    complain(line(f"runs {_shown(code.rpartition(':')[0] or code)} with {source.python}"))
    found = import_code(source, flat=flat)
    for remark in found.remarks:
        complain(line(f"note: {remark[:1000]}"))
    write(found.text, output)
    return 1 if strict and not found.network.cost().exact else 0


def arguments(pairs: tuple[str, ...]) -> dict[str, object]:
    """``NAME=VALUE`` texts as the arguments of a builder: numbers, true and false, ~ for None, lists in brackets, else texts."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise MbcostError(f"--arg `{_shown(pair)}` is not NAME=VALUE", help="write --arg classes=10")
        if name in found:
            raise MbcostError(f"--arg `{_shown(name)}` is given twice", help="keep one of them")
        found[name] = _argument(value)
    return found


def _argument(value: str) -> object:
    if value.startswith("[") and value.endswith("]"):
        inner = value[1:-1].strip()
        return [_argument(item.strip()) for item in inner.split(",")] if inner else []
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
                f"--input `{_shown(text)}` is not a shape",
                help="write channels x height x width: 3x224x224; commas between several inputs",
            )
        shapes.append([int(side) for side in sides])
    return shapes


def _shown(text: str, limit: int = 80) -> str:
    return text[:limit]
