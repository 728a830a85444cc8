"""The quantities a network has: mult-adds, params, activations, bytes; each declared once.

From a declaration come the columns of ``table``, ``compare``, ``sweep``, ``diff`` and ``list``, the limits of ``check``, ``solve`` and
``assert_budget``, their options and help texts, the keys of JSON and CSV, and the schema of budgets files.

>>> import mbcost
>>> cost = mbcost.load("mobilenet_v1").cost()
>>> {name: cost.total(name) for name in ("mult_adds", "largest_activation", "total_activations", "model_bytes")}
{'mult_adds': 568740352, 'largest_activation': 802816, 'total_activations': 5043688, 'model_bytes': 16927904}
"""

from mbcost.dims.bits import BIT_KEYS, BITS, WIDTHS, AnyBits, Bits, bits_of
from mbcost.quantities.declared import BASIC, TOTALS
from mbcost.quantities.register import (
    QUANTITIES,
    Quantity,
    bytes_at,
    find,
    limitable,
    measured,
    register,
    select,
)

__all__ = [
    "BASIC",
    "BITS",
    "BIT_KEYS",
    "QUANTITIES",
    "TOTALS",
    "WIDTHS",
    "AnyBits",
    "Bits",
    "Quantity",
    "bits_of",
    "bytes_at",
    "find",
    "limitable",
    "measured",
    "register",
    "select",
]
