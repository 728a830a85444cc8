"""A counting rule as data: a linear form with exact factors over the parts of a costed row."""

# Annotations here are evaluated: a NamedTuple would have to compile each postponed one, at every start of the program.

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

from mbcost.dims import Dim, whole
from mbcost.layers import Row

__all__ = ["DEFAULT", "ONCE", "OTHER_NORMS", "PARAMS", "PARTS", "Convention", "Term", "words_of"]


class Term(NamedTuple):
    """One part of a linear form: the quantity, the words that narrow it, and its factor.

    >>> str(Term("pool_inputs", ("global", "module"), 2))
    'pool_inputs.global.module'
    """

    base: str
    words: tuple[str, ...]
    factor: int | Fraction

    def __str__(self) -> str:
        return ".".join((self.base, *self.words))


class Convention(NamedTuple):
    """A named counting rule: reported = scale * mult_adds, and both totals are sums of factor * part.

    ``unit`` is what one reported unit is, ``mult_adds`` or ``flops``; ``file`` is the user's file that has it. A factor that
    is no whole number is one in the unit reported: half a mult-add is a flop.
    """

    name: str
    mult_adds: tuple[Term, ...]
    params: tuple[Term, ...]
    tool: str = ""
    version: str = ""
    unit: str = "mult_adds"
    scale: int = 1
    source: str = ""
    note: str = ""
    file: str = ""

    def __str__(self) -> str:
        """The name under which :func:`mbcost.conventions.find` finds it."""
        return f"{self.file}:{self.name}" if self.file else self.name

    @property
    def whole(self) -> bool:
        """Whether its counts are whole: no factor is a fraction."""
        return all(type(term.factor) is int for term in self.mult_adds)

    def applied(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        """The rows with their mult-adds and params as this convention counts them; totals stay sums of the rows."""
        if self == DEFAULT:
            return tuple(rows)
        met: set[str] = set()
        known: dict[tuple[str, ...], tuple[list[Term], list[Term]]] = {}
        found = []
        for row in rows:
            words = words_of(row)
            terms = known.get(words)
            if terms is None:
                terms = known[words] = (_that_fit(self.mult_adds, words), _that_fit(self.params, words))
            mult_adds, params = (
                whole(sum([whole(term.factor * _amount(term, row, met)) for term in form])) for form in terms
            )
            found.append(row._replace(mult_adds=mult_adds, params=params))
        return tuple(found)


DEFAULT = Convention(
    "torch",
    tuple([Term(part, (), 1) for part in ("weight_mults", "map_mults")]),
    tuple([Term(part, (), 1) for part in ("weights", "biases", "norm_scale", "norm_shift", "other_params")]),
)
"""The rule that layers themselves follow: rows are as it counts them, without any file being read."""


def words_of(row: Row) -> tuple[str, ...]:
    """What a part of this row may be narrowed by: its kind, how it is coded, its activation, its pool, its norm's vectors and name.

    >>> import mbcost
    >>> words_of(mbcost.load("mobilenet_v2").cost().rows[0])
    ('conv', 'module', 'relu6', '', 'batch', '')
    """
    vectors = VECTORS[row.norm] if _some(row.norm_elements) else ""  # also of a norm that is another row's
    return row.kind, row.coded, row.activation, row.pool, vectors, row.norm if row.norm in OTHER_NORMS else ""


OTHER_NORMS = ("layer", "group", "instance")
"""Norms that a part may be narrowed to by their names."""


VECTORS = {
    "none": "",
    "batch": "batch",
    "batch_no_scale": "batch",
    "layer": "affine",
    "group": "affine",
    "instance": "plain",
}
"""What each norm has: running statistics, gamma and beta alone, or neither."""


def _some(amount: Dim) -> bool:
    """Whether there is any, at any point of an array; an expression that is not plainly 0 is some."""
    return bool((amount != 0).any()) if hasattr(amount, "dtype") else bool(amount != 0)


def _that_fit(form: tuple[Term, ...], words: tuple[str, ...]) -> list[Term]:
    return [term for term in form if all(word in words for word in term.words)]


def _amount(term: Term, row: Row, met: set[str]) -> Dim:
    if term.base != ONCE:
        return PARTS[term.base](row)
    first = str(term) not in met
    met.add(str(term))
    return int(first)


def _images(row: Row) -> Dim:
    """How many images the row is counted for."""
    channels, height, width = row.output
    return _quotient(row.output_elements, channels * height * width)


def _quotient(a: Dim, b: Dim) -> Dim:
    """a / b where it is whole."""
    return a // b if (type(a) is int and type(b) is int) or hasattr(a, "dtype") else a / b


def _norm_vectors(row: Row) -> Dim:
    vectors = row.norm_scale + row.norm_shift
    return vectors * _images(row) if _some(vectors) else 0


def _pool_taps(row: Row) -> Dim:
    if not row.pool or row.pool == "global" or row.kernel_size is None:
        return row.pool_inputs
    return row.pool_outputs * row.kernel_size[0] * row.kernel_size[1]


ONCE = "once"
"""The part that is 1 for the first row it fits and 0 for all others."""

PARTS: dict[str, Callable[[Row], Dim]] = {
    "weight_mults": lambda row: row.weight_mults,
    "map_mults": lambda row: row.map_mults,
    "bias_adds": lambda row: row.bias_adds,
    "weighted_outputs": lambda row: row.weighted_outputs,
    "norm_elements": lambda row: row.norm_elements,
    "norm_vectors": _norm_vectors,
    "other_vectors": lambda row: row.other_params * _images(row) if _some(row.other_params) else 0,
    "activated": lambda row: row.activated,
    "pool_inputs": lambda row: row.pool_inputs,
    "pool_outputs": lambda row: row.pool_outputs,
    "pool_taps": _pool_taps,
    "products": lambda row: row.products,
    "adds": lambda row: row.adds,
    "input_elements": lambda row: row.input_elements,
    "output_elements": lambda row: row.output_elements,
    "output_positions": lambda row: _quotient(row.output_elements, row.output[0]),
    "output_mults": lambda row: (row.weights + row.shared_weights) * _quotient(row.output_elements, row.output[0]),
    "weights": lambda row: row.weights,
    "biases": lambda row: row.biases,
    "norm_scale": lambda row: row.norm_scale,
    "norm_shift": lambda row: row.norm_shift,
    "norm_stats": lambda row: row.norm_stats,
    "other_params": lambda row: row.other_params,
}
"""Every part of a costed row that a convention may count."""

PARAMS = ("weights", "biases", "norm_scale", "norm_shift", "norm_stats", "other_params")
"""The parts that are params; the others are work."""
