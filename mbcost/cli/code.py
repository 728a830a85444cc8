"""Code in the place of a model: the options that say how it is traced, and the network that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mbcost.cli.output import complain
from mbcost.cli.words import MODEL, Choice
from mbcost.errors import MbcostError
from mbcost.escape import line
from mbcost.tables.code import INPUT, arguments, input_shapes, is_code

if TYPE_CHECKING:
    from mbcost.importers import Imported
    from mbcost.network import Network

__all__ = ["How", "code_options", "load", "model_options", "traced"]

TIMEOUT = 120

OPTIONS = {
    "vary": click.option("--vary", metavar="NAME", help="Code: its width argument; without it there is no alpha."),
    "args": click.option("--arg", "args", multiple=True, metavar="NAME=VALUE", help="Code: an argument of the builder; again for more."),
    "input": click.option("--input", metavar="CxHxW", show_default=INPUT, help="Code: shape of the input; several with commas."),
    "python": click.option("--python", metavar="PATH", help="Code: the interpreter that has the framework."),
    "timeout": click.option(
        "--timeout", type=click.FloatRange(min=0, min_open=True), show_default=str(TIMEOUT), metavar="SECONDS",
        help="Code: for building and tracing.",
    ),
    "framework": click.option("--framework", type=Choice(["torch", "keras"]), help="Code: where it could be either."),
}  # fmt: skip


class How(NamedTuple):
    """How code is traced, as given."""

    vary: str | None = None
    args: tuple[str, ...] = ()
    input: str | None = None
    python: str | None = None
    timeout: float | None = None
    framework: str | None = None


def code_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """How code is built and traced."""
    for option in reversed(OPTIONS.values()):
        function = option(function)
    return function


def model_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command whose MODEL may be code: kept for :func:`load`, and refused where no MODEL is code."""

    @wraps(function)
    def command(**given: Any) -> Any:
        how = How(**{name: given.pop(name) for name in OPTIONS})
        context = click.get_current_context()
        models: list[str] = []
        for param in context.command.params:
            if param.type is MODEL and param.name is not None:
                value = given[param.name]
                models += value if isinstance(value, tuple) else [value] if value is not None else []
        if how != How() and not any(is_code(model.partition("@")[0]) for model in models):
            name = next(name for name in OPTIONS if getattr(how, name) != getattr(How(), name))
            raise MbcostError(
                f"--{name.removesuffix('s')} is for code, and no MODEL is code",
                help="code is module:callable, file.py:callable, or a .pt2, .keras, .onnx or .tflite file",
            )
        context.meta[__name__] = how, {}
        return function(**given)

    return code_options(command)


def load(model: str) -> Network:
    """A network by the name of a shipped model, the path of a table, or code, which is run and traced."""
    context = click.get_current_context().meta.get(__name__)
    if context is None or not is_code(model):  # reading a table refuses code
        from mbcost.tables import load as read

        return read(model)
    how, known = context
    if model not in known:
        known[model] = traced(model, how).network
    found: Network = known[model]
    return found


def traced(code: str, how: How, *, flat: bool = False) -> Imported:
    """The table of code; what is to be said of it goes to standard error."""
    from mbcost.cli.stream import steps
    from mbcost.importers import imported

    inputs = None if how.input is None else input_shapes(how.input)
    with steps() as step:
        found = imported(
            code, arguments(how.args), inputs, python=how.python, timeout=how.timeout, framework=how.framework, vary=how.vary, flat=flat,
            say=lambda text: complain(line(text)), step=step,
        )  # fmt: skip
    for remark in found.remarks:
        complain(line(f"note: {remark[:1000]}"))
    return found
