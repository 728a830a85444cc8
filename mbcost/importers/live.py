"""Models in this process: traced in place, and left as they were."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from mbcost.errors import MbcostError
from mbcost.importers import Imported, Source, at_resolutions, cost_of, neighbour, raised, tracer, varied
from mbcost.importers.graph import Graph, read_graph
from mbcost.network import Cost

__all__ = ["built_at", "import_builder", "import_model"]

Shapes = Sequence[int] | Sequence[Sequence[int]]


def import_model(
    model: Any,
    input: Shapes = (3, 224, 224),
    *,
    name: str | None = None,
    args: dict[str, Any] | None = None,
    build: Callable[..., Any] | None = None,
) -> Imported:
    """The table of a live PyTorch or Keras model.

    Raises
    ------
    MbcostError
        If it is no such model, or does not run at this input.
    """
    shapes = _shapes(input)
    asked = [shapes]
    if len(shapes[0]) > 1:
        sides = shapes[0][1:]
        changes = (neighbour, lambda side: side + 32)
        asked += [[[s[0], *map(change, s[1:])] if s[1:] == sides else s for s in shapes] for change in changes]
    code = name or f"{type(model).__module__}:{type(model).__qualname__}"
    return raised(_traced(model, asked, build, args), Source(code, args or {}, shapes))


def import_builder(
    build: Callable[..., Any], input: Shapes = (3, 224, 224), *, vary: str | None = None, **args: Any
) -> Imported:
    """The table of what a builder makes: on the meta device where it lets us, so that no weight takes memory.

    ``vary`` names its width argument: the table then holds at every alpha.
    """
    code = f"{build.__module__}:{getattr(build, '__qualname__', type(build).__qualname__)}"
    if vary is None:
        return import_model(_built(build, args, _shapes(input)), input, name=code, args=args, build=build)
    shapes = _shapes(input)
    width = vary

    def trace(alpha: Fraction, asked: list[list[list[int]]]) -> Graph:
        at = {**args, width: float(alpha)}
        try:
            model = _built(build, at, asked[0])
        except Exception as error:
            fact = str(error).splitlines()[0][:300] if str(error) else ""
            raise MbcostError(f"{type(error).__name__}: {fact}", help=f"raised by {code}") from error
        return _traced(model, asked, build, at)

    return varied(trace, Source(code, args, shapes, vary=vary))


def built_at(
    code: Any,
    input: Shapes,
    vary: str | None,
    alphas: list[Fraction],
    resolutions: list[tuple[int, int]],
    args: dict[str, Any],
) -> Iterator[tuple[Fraction, list[int], Cost]]:
    """What a builder makes, or a live model is, at some points: alpha, size and cost."""
    shapes = _shapes(input)
    live = not callable(code) or _is_model(code)
    if live and (args or vary is not None):
        raise MbcostError("a model is built already: it takes no arguments", help="give the builder itself")
    name = f"{type(code).__module__}:{type(code).__qualname__}"
    for alpha in alphas:
        at = args if vary is None else {**args, vary: float(alpha)}
        model = code if live else _built(code, at, shapes)
        for asked in at_resolutions(shapes, tuple(resolutions)):
            graph = _traced(model, [asked], None if live else code, at)
            yield alpha, [*asked[0][1:], 1, 1][:2], cost_of(graph, Source(name, {}, asked))


def _is_model(model: Any) -> bool:
    """Whether it is a model of a framework that is there."""
    kinds = [("keras", "Model"), ("torch", "nn")]
    found = [(sys.modules.get(name), word) for name, word in kinds]
    return any(
        isinstance(model, framework.nn.Module if word == "nn" else framework.Model)
        for framework, word in found
        if framework is not None
    )


def _traced(
    model: Any,
    asked: list[list[list[int]]],
    build: Callable[..., Any] | None = None,
    args: dict[str, Any] | None = None,
) -> Graph:
    """The graph of a live model at some lists of input shapes, or of what its builder makes at each."""
    trace, framework = _run(model)
    args = args or {}

    def anew(shapes: list[list[int]]) -> Any:
        return build(**args, **tracer.sized(sys.modules["keras"], build, args, shapes)) if build else model

    try:
        found = trace(asked, anew if build is not None and tracer.sizable(build, args) else None)
    except Exception as error:
        raise MbcostError(
            f"the model does not run: {type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}",
            help="give the shape of its input without the batch: input=(3, 224, 224), or a list of shapes",
        ) from error
    versions = {framework: str(getattr(sys.modules[framework], "__version__", ""))}
    document = {"schema": tracer.SCHEMA, "framework": framework, "versions": versions, **found}
    return read_graph(json.loads(json.dumps(document)))


def _built(build: Callable[..., Any], args: dict[str, Any], shapes: list[list[int]]) -> Any:
    """What a builder makes with some arguments; one of Keras's own is told its size."""
    keras: Any = sys.modules.get("keras")
    if keras is not None and build.__module__.split(".")[0] == "keras":
        args = {**tracer.sized(keras, build, args, shapes), **args}
    torch: Any = sys.modules.get("torch")
    if torch is None or (inspect.isclass(build) and not issubclass(build, torch.nn.Module)):
        return build(**args)
    try:
        with torch.device("meta"):
            return build(**args)
    except NotImplementedError:  # a builder that looks at values
        return build(**args)


def _run(model: Any) -> tuple[Any, str]:
    """What traces a model, and its framework; a Keras model on PyTorch is a module too."""
    keras: Any = sys.modules.get("keras")
    torch: Any = sys.modules.get("torch")
    if keras is not None and isinstance(model, keras.Model):
        return lambda asked, build: tracer.trace_keras(keras, model, asked, tracer.NODES, build), "keras"
    if torch is not None and isinstance(model, torch.nn.Module):
        return lambda asked, _: tracer.TorchModel(torch, model, tracer.NODES).traces(asked), "torch"
    raise MbcostError(
        f"this is no PyTorch module and no Keras model, but {type(model).__name__}",
        help="give the model itself; `mbcost.load` reads layer tables",
    )


def _shapes(input: Shapes) -> list[list[int]]:
    """One shape or several, without the batch."""
    shapes: Any = [input] if not input or isinstance(input[0], int) else list(input)
    if not all(shape and all(type(side) is int and 0 < side <= 65_536 for side in shape) for shape in shapes):
        raise MbcostError(
            f"input {str(input)[:60]} is not a shape", help="write input=(3, 224, 224), without the batch"
        )
    return [list(shape) for shape in shapes]
