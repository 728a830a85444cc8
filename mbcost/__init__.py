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
    from mbcost.errors import MbcostError
    from mbcost.network import Cost, Network

__all__ = ["Cost", "MbcostError", "Network", "__version__", "load"]

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


def __getattr__(name: str) -> object:
    if name in {"Cost", "Network"}:
        from mbcost import network

        return getattr(network, name)
    if name == "MbcostError":
        from mbcost import errors

        return errors.MbcostError
    raise AttributeError(f"module 'mbcost' has no attribute {name!r}")
