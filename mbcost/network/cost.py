"""What a network costs at one point of its family: the question, the costed rows, and their sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbcost.dims import Dim
from mbcost.layers import Row, Shape
from mbcost.network.placed import Placed
from mbcost.network.variant import Variant
from mbcost.quantities import BITS, AnyBits, measured

if TYPE_CHECKING:
    from mbcost.network import Network

__all__ = ["Cost"]


class Cost:
    """A costed network: its rows, and their sums.

    Attributes
    ----------
    rows : tuple of Row
        One costed row a layer, in the order of the table.
    mult_adds, params : int
        The totals under the convention: always the sums of the rows.
    weights, biases, norm_params, norm_stats : int
        The parts of the parameters; ``norm_stats`` (running mean and variance) are not trained.
    layers : int
        How many rows have weights, as papers count the layers of a network.
    exact : bool
        Whether the totals are exact; they are a lower bound where a row says ``cost: unknown``.

    Examples
    --------
    >>> import mbcost
    >>> cost = mbcost.load("mobilenet_v1").cost(alpha="0.75", resolution=192)
    >>> cost.mult_adds, cost.params, cost.layers
    (239273472, 2585560, 28)
    """

    __slots__ = ("graphs", "network", "placed", "rows", "variant")

    recorder = None
    """The arithmetic of a recorded walk; a cost has numbers."""

    def __init__(self, network: Network, variant: Variant, placed: Placed, rows: tuple[Row, ...]) -> None:
        self.network = network
        self.placed = placed
        self.variant = variant
        self.rows = rows
        self.graphs: dict[Any, Any] = {}  # its steps in memory by memory rule, once they were asked for

    def total(self, quantity: str, bits: AnyBits = BITS) -> Dim:
        """A quantity of the register (:mod:`mbcost.quantities`), or the sum of a numeric field of :class:`mbcost.layers.Row`."""
        return measured(quantity).total(self, bits)

    @property
    def start(self) -> Shape:
        """The shape of the network's input."""
        return self.network.table.channels, *self.variant.size

    @property
    def batch(self) -> int:
        """How many images a pass has."""
        return self.variant.batch

    @property
    def memory_rule(self) -> str:
        """The memory rule of the question."""
        return self.variant.memory_rule

    @property
    def mult_adds(self) -> Dim:
        """Mult-adds of the whole network."""
        return sum([row.mult_adds for row in self.rows])

    @property
    def params(self) -> Dim:
        """Parameters of the whole network."""
        return sum([row.params for row in self.rows])

    @property
    def weights(self) -> Dim:
        """Weights of convolutions and linear layers."""
        return self.total("weights")

    @property
    def biases(self) -> Dim:
        """Biases of convolutions and linear layers."""
        return self.total("biases")

    @property
    def norm_params(self) -> Dim:
        """Gamma and beta of the normalisations."""
        return self.total("norm_params")

    @property
    def norm_stats(self) -> Dim:
        """Running means and variances of the normalisations."""
        return self.total("norm_stats")

    @property
    def layers(self) -> int:
        """How many rows have weights."""
        return sum(1 for row in self.rows if type(row.weights) is not int or row.weights)

    @property
    def exact(self) -> bool:
        """Whether every row's cost is known."""
        return all(row.exact for row in self.rows)

    @property
    def status(self) -> str:
        """``exact``, or ``lower bound`` where a row says ``cost: unknown``."""
        return "exact" if self.exact else "lower bound"

    def __repr__(self) -> str:
        return f"<Cost of {self.network.name}: {self.mult_adds} mult-adds, {self.params} params>"
