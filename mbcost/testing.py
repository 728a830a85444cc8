"""Budgets in anyone's tests: a plain function, whose failure says as much as ``mbcost check`` does.

>>> from mbcost.testing import assert_budget
>>> assert_budget("mobilenet_v1", alpha="0.75", resolution=192, max_mult_adds="240M", max_params="2.6M")
"""

from __future__ import annotations

from os import PathLike
from typing import Any

from mbcost.quantities import bits_of, find, limitable

__all__ = ["assert_budget", "assert_same"]


def assert_budget(
    model: Any, input: Any = (3, 224, 224), *, bits: int | None = None, weight_bits: int | None = None,
    activation_bits: int | None = None, convention: str = "torch", **variant_and_limits: Any,
) -> None:  # fmt: skip
    """Assert that a network is within its limits.

    Parameters
    ----------
    model : str, torch.nn.Module or keras.Model
        A shipped model, the path of a layer table, or a live model, which is traced and left as it was.
    input : tuple of int, or list of tuples
        The shape of a live model's input without the batch, channels first.
    bits, weight_bits, activation_bits : int, optional
        The bit widths of limits in bytes: of weights and activations alike, or of either.
    convention : str
        The counting rule of the limits.
    **variant_and_limits
        ``max_mult_adds``, ``max_params``, ``max_model_bytes``, ... : limits on the quantities of ``mbcost check``, as
        ``"240M"``, an exact count of 10,000 or more, or bytes of what is in memory, ``"4MiB"``. Then ``alpha``, ``rho``,
        ``resolution``, ... as :meth:`mbcost.Network.cost` takes them.

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
    from mbcost.budgets.specs import Budget, BudgetFile, Limit, Point
    from mbcost.budgets.verdicts.text import verdict_text
    from mbcost.errors import MbcostError
    from mbcost.network import variant_of

    limits = []
    variant = {key: value for key, value in variant_and_limits.items() if not key.startswith("max_")}
    for key, value in variant_and_limits.items():
        if key not in variant and value is not None:
            quantity = find(key.removeprefix("max_"), key, limitable("check"))
            amount, in_bytes = quantity.read(value, key)
            limits.append(Limit("max", quantity.name, amount, str(value), in_bytes))
    if not limits:
        raise MbcostError(
            "assert_budget without a limit asserts nothing", help='give max_mult_adds="240M" or another max_...'
        )
    widths = bits_of(bits, weight_bits, activation_bits)
    asked = variant_of(convention=convention, **variant)
    networks = {}
    if not isinstance(model, str | PathLike):
        from mbcost.importers.live import import_model

        network = import_model(model, input).network
        networks = {network.name: network}
        model = network.name
    budget = Budget(1, str(model), (Point(asked),), tuple(limits), widths)
    outcome = check([BudgetFile("", "", asked.convention, (budget,))], networks=networks)
    if not outcome.passed:
        raise AssertionError(verdict_text(outcome).rstrip("\n"))


def assert_same(
    table: Any, code: Any, input: Any = (3, 224, 224), *, vary: str | None = None, alphas: Any = (1,), resolutions: Any = (), **args: Any,
) -> None:  # fmt: skip
    """Assert that a layer table still is what code builds, layer by layer in shape and cost.

    Parameters
    ----------
    table : str or Network
        The path of a layer table, a shipped model, or a network.
    code : callable, torch.nn.Module or keras.Model
        A builder, or a live model, which is traced and left as it was.
    input : tuple of int, or list of tuples
        The shape of its input without the batch, channels first.
    vary : str, optional
        The builder's width argument, for alphas other than 1.
    alphas, resolutions : iterable
        The points; by default alpha 1 at the input's own size.
    **args
        Further arguments of the builder.

    Raises
    ------
    AssertionError
        If a layer differs: which, and how.
    """
    __tracebackhide__ = True
    from mbcost.analysis.drift import drift
    from mbcost.dims import parse_alpha, parse_resolution
    from mbcost.errors import MbcostError
    from mbcost.importers.live import built_at
    from mbcost.network import Network
    from mbcost.report.drifted import told
    from mbcost.tables import load

    widths = [parse_alpha(alpha) for alpha in alphas]
    if vary is None and any(alpha != 1 for alpha in widths):
        raise MbcostError(
            "alphas without `vary`: the code has one width", help="give vary, the builder's width argument"
        )
    network = table if isinstance(table, Network) else load(str(table))
    sizes = [parse_resolution(size) for size in resolutions]
    found = []
    for alpha, size, built in built_at(code, input, vary, widths, sizes, args):
        ours = network.cost(alpha=alpha, resolution=size)
        found.append((ours, drift(ours.rows, built.rows), built))
    lines, same = told(network.name, getattr(code, "__qualname__", type(code).__qualname__), found)
    if not same:
        raise AssertionError("\n".join(lines))
