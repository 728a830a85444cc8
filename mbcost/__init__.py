"""mbcost: exact mult-adds and params of MobileNet-style networks, layer by layer, at any alpha and rho.

>>> import mbcost
>>> cost = mbcost.load("mobilenet_v1").cost(alpha="0.75", resolution=192)
>>> cost.mult_adds
239273472
>>> cost.rows[1].name, cost.rows[1].mult_adds
('separable_1/depthwise', 1990656)

Importing the package reads no table and imports neither Click, Rich nor SymPy.
"""

from __future__ import annotations

TYPE_CHECKING = (
    False  # importing `typing` for it takes longer than all of the above, and an interrupt there is a traceback
)
if TYPE_CHECKING:
    from collections.abc import Callable

    from mbcost.analysis.diff import Difference
    from mbcost.api import Cost, Grid, Network, Solution
    from mbcost.budgets.specs import Outcome
    from mbcost.errors import MbcostError
    from mbcost.symbolic import Formula

__all__ = [
    "Cost", "Difference", "Formula", "Grid", "MbcostError", "Network", "Outcome", "Solution", "__version__", "check", "compare", "diff",
    "from_builder", "from_module", "load", "loads",
]  # fmt: skip

__version__ = "0.1.0"


def load(name_or_path: str) -> Network:
    """Load a network: a shipped model by its name, or a layer table by its path.

    Parameters
    ----------
    name_or_path : str
        ``"mobilenet_v1"``, ``"models/net.yaml"``, or ``"-"`` for standard input. What ends in ``.yaml`` or ``.yml`` or
        has a path separator is a path.

    Raises
    ------
    MbcostError
        If there is no such model or file, or the table is wrong: every problem, with its place and the way out.

    Examples
    --------
    >>> load("mobilenet_v2").cost().mult_adds
    300774272
    """
    from mbcost.api import load as read

    return read(name_or_path)


def loads(text: str, file: str = "<text>") -> Network:
    """A network from the text of a layer table; ``file`` is what messages call it.

    Raises
    ------
    MbcostError
        If the table is wrong: every problem, with its place and the way out.

    Examples
    --------
    >>> loads('''
    ... format: 1
    ... input: {channels: 3, resolution: 224}
    ... layers: [{op: conv, kernel_size: 3, out_channels: 32, stride: 2, norm: none, bias: false}]
    ... ''').cost().mult_adds
    10838016
    """
    from mbcost.api import loads as read

    return read(text, file)


def compare(*models: Network | str, **variant: object) -> tuple[Cost, ...]:
    """Several networks side by side, each at a point of its own.

    Parameters
    ----------
    *models : Network or str
        Networks, or names and paths as :func:`load` takes them, with a point where one is meant: ``"mobilenet_v1@0.5/160"``.
    **variant
        The options of :meth:`Network.cost`, for all of them.

    Raises
    ------
    MbcostError
        If there is no such model, or a point and an option set the same.

    Examples
    --------
    >>> [cost.mult_adds for cost in compare("mobilenet_v1@0.5/160", "mobilenet_v2")]
    [76524800, 300774272]
    """
    from mbcost.api import compare as compared

    return compared(*models, **variant)


def diff(old: Network | str, new: Network | str, **variant: object) -> Difference:
    """What ``new`` adds to, removes from and changes in ``old``, layer by layer.

    Either is a network, or a text as :func:`compare` takes it, or ``"REV:path"`` of a layer table in git.

    Raises
    ------
    MbcostError
        If there is no such model, revision or file, or the question is wrong.

    Examples
    --------
    >>> diff("mobilenet_v1", "mobilenet_v1@0.5")
    <Difference mobilenet_v1 -> mobilenet_v1: 28 of 30 layers, -419243264 mult-adds>
    """
    from mbcost.api import diff as changed

    return changed(old, new, **variant)


def check(*budgets: str, base: str | None = None, strict: bool = False) -> Outcome:
    """Hold budgets files against their networks; without one, ``mbcost-budgets.yaml`` here or above.

    Parameters
    ----------
    *budgets : str
        Paths of budgets files.
    base : str, optional
        What growth is measured from: a revision of the repository, or a saved report (``FILE.json``).
    strict : bool
        Whether going over a warning limit fails too.

    Returns
    -------
    Outcome
        ``passed``, and the results: ``failures``, ``warnings``.

    Raises
    ------
    MbcostError
        If a file is wrong, or names a model that is.
    """
    from mbcost.api import check as held

    return held(*budgets, base=base, strict=strict)


def from_module(model: object, input: object = (3, 224, 224)) -> Network:
    """The network of a live PyTorch or Keras model, traced in this process.

    The model is left as it was: parameters, buffers, device, mode, hooks and random state.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        The model, on any device.
    input : tuple of int, or list of tuples
        The shape of its input without the batch, channels first; several for several inputs.

    Raises
    ------
    MbcostError
        If it is no such model, or does not run at this input.
    """
    from mbcost.api import answering
    from mbcost.importers.live import import_model

    return answering(import_model(model, input).network)  # type: ignore[arg-type]


def from_builder(
    build: Callable[..., object], input: object = (3, 224, 224), *, vary: str | None = None, **args: object
) -> Network:
    """The network that a builder makes with some arguments: built without memory for its weights, then traced.

    ``vary`` names the builder's width argument, ``width_mult`` for one: the network is traced at several of its values, and
    has alpha, base widths and a rounding rule.

    Raises
    ------
    MbcostError
        If it makes no PyTorch or Keras model, or one that does not run at this input.
    """
    from mbcost.api import answering
    from mbcost.importers.live import import_builder

    return answering(import_builder(build, input, vary=vary, **args).network)  # type: ignore[arg-type]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    if name in {"Cost", "Grid", "Network", "Solution"}:
        from mbcost import api

        return getattr(api, name)
    if name == "MbcostError":
        from mbcost import errors

        return errors.MbcostError
    if name == "Formula":
        from mbcost import symbolic

        return symbolic.Formula
    if name == "Difference":
        from mbcost.analysis import diff

        return diff.Difference
    if name == "Outcome":
        from mbcost.budgets import specs

        return specs.Outcome
    raise AttributeError(f"module 'mbcost' has no attribute {name!r}")
