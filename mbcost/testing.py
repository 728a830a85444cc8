"""Budgets in anyone's tests: a plain function, whose failure says as much as ``mbcost check`` does.

>>> from mbcost.testing import assert_budget
>>> assert_budget("mobilenet_v1", alpha="0.75", resolution=192, max_mult_adds="240M", max_params="2.6M")
"""

from __future__ import annotations

from typing import Any

__all__ = ["assert_budget"]


def assert_budget(
    model: str, *, max_mult_adds: str | int | None = None, max_params: str | int | None = None, max_weights: str | int | None = None,
    max_model_bytes: str | int | None = None, max_largest_activation: str | int | None = None,
    max_total_activations: str | int | None = None, bits: int = 32, convention: str = "torch", **variant: Any,
) -> None:  # fmt: skip
    """Assert that a network is within its limits.

    Parameters
    ----------
    model : str
        A shipped model, or the path of a layer table.
    max_mult_adds, max_params, max_weights, max_largest_activation, max_total_activations : str or int, optional
        Limits: ``"240M"``, or an exact count of 10,000 or more.
    max_model_bytes : str or int, optional
        Bytes of the params at ``bits`` bits each: ``"4MiB"``.
    bits : int
        The bit width of limits in bytes.
    convention : str
        The counting rule of the limits.
    **variant
        ``alpha``, ``rho``, ``resolution``, ... as :meth:`mbcost.Network.cost` takes them.

    Raises
    ------
    AssertionError
        If a limit is exceeded: value, limit, by how much, and the layers that contribute most.
    MbcostError
        If the question is wrong: an unknown model, a limit that is no amount, no limit at all.

    Examples
    --------
    >>> assert_budget("mobilenet_v1", max_mult_adds="500M")
    Traceback (most recent call last):
    AssertionError: over budget: 1 of 1 limit exceeded (1 budget, 1 model); worst: mobilenet_v1, mult-adds 13.75 % over 500M
    ...
    """
    __tracebackhide__ = True  # pytest shows the line of the caller
    from mbcost.budgets.evaluate import check
    from mbcost.budgets.limits import amount_of
    from mbcost.budgets.specs import Budget, BudgetFile, Limit, Point
    from mbcost.errors import MbcostError
    from mbcost.report.verdicts.text import verdict_text

    asked = {
        "mult_adds": max_mult_adds, "params": max_params, "weights": max_weights, "model_bytes": max_model_bytes,
        "largest_activation": max_largest_activation, "total_activations": max_total_activations,
    }  # fmt: skip
    limits = []
    for quantity, value in asked.items():
        if value is not None:
            amount, in_bytes = amount_of(quantity, value, f"max_{quantity}")
            limits.append(Limit("max", quantity, amount, str(value), in_bytes))
    if not limits:
        raise MbcostError(
            "assert_budget without a limit asserts nothing", help='give max_mult_adds="240M" or another max_...'
        )
    if type(bits) is not int or not 1 <= bits <= 128:
        raise MbcostError(
            f"bits (={bits!r:.40}) must be a whole number from 1 to 128", help="8 for int8, 32 for float32"
        )
    budget = Budget(1, str(model), (Point(variant),), tuple(limits), bits)
    outcome = check([BudgetFile("", "", convention, (budget,))])
    if not outcome.passed:
        raise AssertionError(verdict_text(outcome).rstrip("\n"))
