"""What a quantity is, and the register of all there are."""

# Annotations here are evaluated: a NamedTuple would have to compile each postponed one, at every start of the program.

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from operator import attrgetter
from typing import Any, NamedTuple

from mbcost.dims import Dim
from mbcost.dims.bits import BITS, AnyBits, Bits
from mbcost.errors import MbcostError, nearest
from mbcost.layers import Row

__all__ = [
    "QUANTITIES", "Quantity", "bytes_at", "find", "limitable", "measured", "register", "select",
]  # fmt: skip


class Quantity(NamedTuple):
    """Something a network has so much of: how it is called, how it is counted, how it adds up.

    Attributes
    ----------
    name : str
        The word for it in YAML, JSON, CSV and Python; with hyphens, in options.
    heading : str
        How tables and messages call it.
    description : str
        What it is, for help texts and schemas.
    unit : str
        ``count``; ``elements`` of feature maps, which a limit may also give in bytes; ``bytes``; or ``rational``, what is no
        whole number of anything and told as an exact text beside a number.
    of_row : function of a costed row
        What one layer contributes, by the plain arithmetic that serves integers, polynomials and arrays alike. None where
        only the whole network has it.
    adds : str
        How layers make the whole: ``sum``, ``largest``, or ``ratio``. What is not a sum has no shares.
    of_network : function of a costed network and of bit widths
        Instead of ``of_row``: the amounts that make the quantity, found from the rows and how they hang together (``rows``
        and ``placed``). What adds up has one amount a row; of what is a maximum they are those it is the largest of.
    made_of : function of a costed network
        With ``of_network``: what makes it so large, as (name, amount), the most first; for reports of what is over a limit.
    where : function of a costed network
        With ``made_of``: the place where it is so large.
    derived : str
        Instead of both: the quantity this one is ``factor`` times; or, where the unit is bytes, the bytes of, at the bit
        width asked for.
    quotient : pair of str
        Instead of these: the quantities of which it is the first over the second.
    bits : int
        The bit width where none is asked for.
    holds : str
        Whose bit width it is: ``activations``, ``weights``, or the product of ``both``.
    in_bits : bool
        Whether the amounts are bits already, of which the quantity is the whole bytes.
    dear : bool
        Whether it takes so long that only those who ask for it pay for it.
    separates : bool
        Whether it is a sum or the largest of polynomials in the widths and the sizes of the maps, so that grids and ``solve``
        need not walk the network point by point. ``solve`` refuses what does not.
    of_shapes : bool
        Whether it follows from the shapes of maps alone, and so is exact where a layer's cost is not known.
    ruled : bool
        Whether it is another one under another memory rule.
    timed : bool
        Whether it is that of a device, at its ridge point.
    limits : tuple of str
        What takes limits on it: ``check`` (and ``assert_budget``), ``solve``.
    instead : str
        The quantity to limit where this one cannot be.
    also : tuple of str
        Other words that people write for it.
    """

    name: str
    heading: str
    description: str
    unit: str = "count"
    of_row: Callable[[Row], Dim] | None = None
    adds: str = "sum"
    of_network: Callable[[Any, Bits], Iterable[Dim]] | None = None
    made_of: Callable[[Any], list[tuple[str, Dim]]] | None = None
    where: Callable[[Any], str] | None = None
    derived: str = ""
    factor: int = 1
    quotient: tuple[str, str] | None = None
    bits: int = 32
    holds: str = "activations"
    in_bits: bool = False
    dear: bool = False
    separates: bool = True
    of_shapes: bool = False
    ruled: bool = False
    timed: bool = False
    limits: tuple[str, ...] = ("check", "solve")
    instead: str = ""
    also: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        """The word for it in options: ``mult-adds``."""
        return self.name.replace("_", "-")

    @property
    def base(self) -> "Quantity":
        """The quantity that is counted: itself, or what it is derived from."""
        return QUANTITIES[self.derived] if self.derived else self

    @property
    def shared(self) -> bool:
        """Whether a layer has a share of the whole."""
        return self.base.adds == "sum"

    @property
    def of_layers(self) -> bool:
        """Whether each layer has one, and not the network alone."""
        return self.base.of_row is not None or self.shared or self.quotient is not None

    @property
    def kind(self) -> str:
        """What a column of it holds (:class:`mbcost.report.table.Column`)."""
        return "ratio" if self.unit == "rational" else "count"

    @property
    def sized(self) -> bool:
        """Whether it depends on bit widths."""
        return (
            self.in_bits
            or self.holds == "both"
            or self.unit == "rational"
            or (self.unit == "bytes" and bool(self.derived))
        )

    def width(self, bits: AnyBits = BITS) -> int:
        """The bit width that is used where some are given."""
        given = _given(bits)
        if self.holds == "both":
            return given.weights(self.bits) * given.activations(self.bits)
        return given.weights(self.bits) if self.holds == "weights" else given.activations(self.bits)

    def widths(self, bits: AnyBits = BITS) -> tuple[int, ...]:
        """The bit widths it depends on: of weights, of activations, or of both."""
        given = _given(bits)
        weights, activations = given.weights(self.bits), given.activations(self.bits)
        if self.in_bits or self.holds == "both" or self.unit == "rational":
            return weights, activations
        return (weights if self.holds == "weights" else activations,)

    def of(self, row: Row, bits: AnyBits = BITS) -> Dim:
        """What one layer contributes, None where only a whole network has the quantity."""
        count = self.base.of_row
        return None if count is None else self.amount(count(row), bits)

    def each(self, network: Any, bits: AnyBits = BITS) -> list[Dim]:
        """What each row of a costed network contributes; nothing where only the whole network has the quantity."""
        counted = self.base
        if self.quotient is not None:
            above, below = (QUANTITIES[name].each(network, bits) for name in self.quotient)
            return [_over(a, b) for a, b in zip(above, below, strict=True)]
        if counted.of_network is None:
            return [self.of(row, bits) for row in network.rows]
        if counted.adds != "sum":
            return []
        return [self.amount(count, bits) for count in counted.of_network(network, _given(bits))]

    def by_row(self, network: Any, bits: AnyBits = BITS) -> dict[str, Dim]:
        """The same by the names of the rows."""
        return dict(zip([row.name for row in network.rows], self.each(network, bits), strict=False))

    def total(self, network: Any, bits: AnyBits = BITS) -> Dim:
        """The quantity of a costed network (anything with ``rows``, and ``placed`` where the graph counts), or of some rows.

        None of rows where only a whole network has it.
        """
        if self.base.of_network is not None and not hasattr(network, "placed"):
            return None
        if self.quotient is not None:
            above, below = (QUANTITIES[name].total(network, bits) for name in self.quotient)
            return None if below is None else _over(above, below)
        forms = self.forms(network, bits)
        return self.amount(forms[0] if len(forms) == 1 else max(forms), bits)

    def forms(self, network: Any, bits: AnyBits = BITS) -> list[Dim]:
        """The amounts of the base whose largest is the quantity: of a sum there is one."""
        counted = self.base
        if counted.of_network is not None:
            found = list(counted.of_network(network, _given(bits)))
        else:
            rows: Sequence[Row] = getattr(network, "rows", network)
            assert counted.of_row is not None  # noqa: S101  (a quantity is of the rows or of the network)
            found = list(map(counted.of_row, rows))
        return [_sum(found)] if counted.adds == "sum" else list(dict.fromkeys(found)) or [0]

    def amount(self, count: Dim, bits: AnyBits = BITS) -> Dim:
        """What a count of the base is in the quantity's own unit."""
        if self.in_bits:
            return -(-count // 8)
        if self.holds == "both":
            return count * self.width(bits)
        if self.unit == "bytes" and self.derived:
            return bytes_at(count, self.width(bits))
        return count if self.factor == 1 else self.factor * count

    def as_bytes(self) -> "Quantity":
        """The same in bytes at the bit width asked for."""
        if self.unit != "elements":
            return self
        if f"{self.name}_bytes" in QUANTITIES:
            return QUANTITIES[f"{self.name}_bytes"]
        return self._replace(
            name=f"{self.name}_bytes", heading=f"{self.heading} in bytes", unit="bytes", derived=self.name, of_row=None,
            of_network=None,
        )  # fmt: skip

    def within(self, limit: int, bits: AnyBits = BITS) -> int:
        """The largest count of the base that is no more than a limit on the quantity.

        >>> QUANTITIES["model_bytes"].within(4194304, 8), QUANTITIES["flops"].within(7)
        (4194304, 3)
        """
        if self.in_bits:
            return 8 * limit
        if self.holds == "both":
            return limit // self.width(bits)
        return 8 * limit // self.width(bits) if self.unit == "bytes" and self.derived else limit // self.factor

    def read(self, value: object, what: str) -> tuple[int, bool]:
        """A limit on the quantity, and whether it is in bytes: elements are where the limit says so.

        >>> QUANTITIES["largest_activation"].read("256KiB", "a limit"), QUANTITIES["mult_adds"].read("300M", "a limit")
        ((262144, True), (300000000, False))
        """
        from mbcost.dims.amounts import parse_bytes, parse_count

        in_bytes = self.unit == "bytes" or (self.unit == "elements" and str(value).strip().endswith("B"))
        return (parse_bytes if in_bytes else parse_count)(value, what), in_bytes

    def needed(self, bits: AnyBits = BITS) -> None:
        """Raise where something that it is measured with was not given."""
        if self.timed and _given(bits).ridge_point is None:
            raise MbcostError(
                f"the {self.heading} is that of a device with some ridge point, and none is given",
                help="give --ridge-point 31.2, in mult-adds a byte; `mbcost roofline` knows some devices",
            )

    def parts(self, network: Any, bits: AnyBits = BITS) -> list[tuple[str, Dim]]:
        """What makes it so large, the most first: layers, or what the network's own rule names."""
        counted = self.base
        if counted.made_of is not None:
            return [(name, self.amount(count, bits)) for name, count in counted.made_of(network)]
        return sorted(self.by_row(network, bits).items(), key=lambda pair: -pair[1])


def _sum(amounts: list[Dim]) -> Dim:
    """The sum, halves first: of polynomials whose terms differ one after the other would copy all terms at every step.

    >>> _sum([1, 2, 3]), _sum([])
    (6, 0)
    """
    while len(amounts) > 1:
        amounts = [sum(amounts[i : i + 2]) for i in range(0, len(amounts), 2)]
    return sum(amounts)


def _over(above: Dim, below: Dim) -> Dim:
    """A quotient; None of what has nothing below."""
    return Fraction(above) / below if below else None


def _given(bits: AnyBits) -> Bits:
    return bits if isinstance(bits, Bits) else Bits(bits)


def bytes_at(elements: Dim, bits: int) -> Dim:
    """Bytes of so many elements of some bits each, rounded up.

    >>> bytes_at(4231976, 32), bytes_at(3, 4)
    (16927904, 2)
    """
    return -(-elements * bits // 8)


QUANTITIES: dict[str, Quantity] = {}
"""Every quantity by its name, in the order of its declaration."""


def register(quantity: Quantity) -> Quantity:
    """Declare a quantity; every command knows it from then on.

    >>> register(Quantity("params", "params", "again"))
    Traceback (most recent call last):
    ValueError: the quantity params is registered twice
    """
    if quantity.name in QUANTITIES:
        raise ValueError(f"the quantity {quantity.name} is registered twice")
    if sum(map(bool, (quantity.of_row, quantity.of_network, quantity.derived, quantity.quotient))) != 1:
        raise ValueError(
            f"the quantity {quantity.name} is counted in one way: of a row, of the network, or from others"
        )
    QUANTITIES[quantity.name] = quantity
    return quantity


def measured(name: str) -> Quantity:
    """The quantity of that name: one of the register, one of elements in bytes, or the sum of a numeric field of a row.

    >>> measured("largest_activation_bytes").amount(802816, 8)
    802816
    """
    known = QUANTITIES.get(name)
    elements = QUANTITIES.get(name.removesuffix("_bytes"))
    if known is None and elements is not None and elements.unit == "elements":
        known = elements.as_bytes()
    return known or Quantity(name, name, name, of_row=attrgetter(name))


def limitable(by: str) -> dict[str, Quantity]:
    """The quantities that ``check``, or ``solve``, takes limits on.

    >>> [name for name in limitable("solve") if name not in limitable("check")]
    ['flops']
    """
    return {name: one for name, one in QUANTITIES.items() if by in one.limits and (one.base.separates or by != "solve")}


def find(name: str, what: str, known: Iterable[str] | None = None) -> Quantity:
    """The quantity that a word means; an unknown word is an error with the nearest one.

    >>> find("macs", "--columns")
    Traceback (most recent call last):
    mbcost.errors.MbcostError: --columns: there is no quantity `macs`
      help: did you mean `mult_adds`?
    """
    names = list(QUANTITIES if known is None else known)
    if name in names or measured(name).derived:
        return measured(name)
    shown = "".join(c if c.isprintable() else "?" for c in name[:60])
    close = meant(name, names) or nearest(name, names)
    hint = f"did you mean {close}?" if close else f"the quantities are {', '.join(names)}"
    raise MbcostError(f"{what}: there is no quantity `{shown}`", help=hint)


def meant(word: str, known: Iterable[str] | None = None) -> str:
    """The quantity, of all or of some known ones, that has another word for it, quoted; empty where none has.

    >>> meant("MAdds")
    '`mult_adds`'
    """
    names = QUANTITIES if known is None else known
    return next((f"`{name}`" for name in names if word.lower() in QUANTITIES[name].also), "")


def select(text: str | None, default: Sequence[str]) -> list[Quantity]:
    """The quantities of ``--columns``: names with commas between; those given by default where it is not asked for.

    >>> [quantity.name for quantity in select("params, model_bytes", ())]
    ['params', 'model_bytes']
    """
    names = default if text is None else [word.strip() for word in text.split(",")]
    return [find(name, "--columns") for name in dict.fromkeys(names)]
