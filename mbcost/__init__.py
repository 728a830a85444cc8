"""mbcost: exact mult-adds and params of MobileNet-style networks, layer by layer, at any alpha and rho.

>>> import mbcost
>>> cost = mbcost.load("mobilenet_v1").cost(alpha="0.75", resolution=192)
>>> cost.mult_adds
239273472
>>> cost.rows[1].name, cost.rows[1].mult_adds
('separable_1/depthwise', 1990656)

Importing the package reads no table and imports neither Click, Rich nor SymPy; its names come from :mod:`mbcost.api` when
they are used.
"""

from __future__ import annotations

TYPE_CHECKING = (
    False  # importing `typing` for it takes longer than all of the above, and an interrupt there is a traceback
)
if TYPE_CHECKING:
    from mbcost.analysis.diff import Difference
    from mbcost.api import (
        Cost,
        Grid,
        Network,
        Solution,
        check,
        compare,
        conv,
        diff,
        explorer,
        from_builder,
        from_code,
        from_module,
        history,
        load,
        loads,
        models,
        reproduce,
        schema,
    )
    from mbcost.budgets.specs import Outcome
    from mbcost.errors import MbcostError
    from mbcost.symbolic import Formula

__all__ = [
    "Cost", "Difference", "Formula", "Grid", "MbcostError", "Network", "Outcome", "Solution", "__version__", "check", "compare", "conv", "diff",
    "explorer", "from_builder", "from_code", "from_module", "history", "load", "loads", "models", "reproduce", "schema",
]  # fmt: skip

__version__ = "0.1.0"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    if name == "MbcostError":
        from mbcost.errors import MbcostError

        return MbcostError
    if name == "Formula":
        from mbcost.symbolic import Formula

        return Formula
    if name == "Difference":
        from mbcost.analysis.diff import Difference

        return Difference
    if name == "Outcome":
        from mbcost.budgets.specs import Outcome

        return Outcome
    if name in __all__:
        from mbcost import api

        return getattr(api, name)
    raise AttributeError(f"module 'mbcost' has no attribute {name!r}")
