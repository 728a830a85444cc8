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

    from mbcost.errors import MbcostError
    from mbcost.network import Cost, Network

__all__ = ["Cost", "MbcostError", "Network", "__version__", "from_builder", "from_module", "load"]

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
    from mbcost.tables import load as read

    return read(name_or_path)


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
    from mbcost.importers.live import import_model

    return import_model(model, input).network  # type: ignore[arg-type]


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
    from mbcost.importers.live import import_builder

    return import_builder(build, input, vary=vary, **args).network  # type: ignore[arg-type]


def __getattr__(name: str) -> object:
    if name in {"Cost", "Network"}:
        from mbcost import network

        return getattr(network, name)
    if name == "MbcostError":
        from mbcost import errors

        return errors.MbcostError
    raise AttributeError(f"module 'mbcost' has no attribute {name!r}")
