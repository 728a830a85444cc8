"""The question: which member of a network's family is meant, and how it is counted (GRAMMAR, section Variants)."""

# Annotations here are evaluated: a NamedTuple would have to compile each postponed one, at every start of the program.

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from mbcost.conventions import DEFAULT, Convention, find
from mbcost.dims import Rounding, exact_text, parse_alpha, parse_depth, parse_resolution, parse_rho, parse_rounding
from mbcost.errors import MbcostError
from mbcost.network.edits import text_of

if TYPE_CHECKING:
    from typing import TypedDict

    class Words(TypedDict, total=False):
        """A variant in words: the keyword arguments of :func:`variant_of` beside alpha, rho and resolution."""

        depth: object
        batch: int
        rounding: str | Rounding | None
        convention: str | Convention
        standard: bool
        classes: int | None
        set: Mapping[str, object] | None
        without: Iterable[str]
        memory_rule: str


__all__ = ["BOTH_SIZES", "PLAIN", "Variant", "one_size", "variant_of"]

MAX_BATCH = 1_000_000


class Variant(NamedTuple):
    """One question to a network: alpha, resolution, how many images, which rule, which layers, counted how.

    As asked, ``resolution`` and ``rounding`` are None where the table's own are meant, and ``given`` says whether alpha and
    depth were asked for or are left to the table or its scaling; of a costed network they are those in force (:meth:`mbcost.network.Network.resolved`). ``set`` has the fields of rows that are replaced, as texts.

    Examples
    --------
    >>> asked = variant_of("0.75", resolution=192, set={"separable_13.stride": 2}, without=["softmax_1"])
    >>> asked.alpha, asked.resolution, asked.set
    (Fraction(3, 4), (192, 192), (('separable_13.stride', '2'),))
    >>> " ".join(asked.options())
    '-a 0.75 -r 192 --set separable_13.stride=2 --without softmax_1'
    """

    alpha: Fraction = Fraction(1)
    rho: Fraction | None = None
    resolution: tuple[int, int] | None = None
    batch: int = 1
    rounding: Rounding | None = None
    convention: Convention = DEFAULT
    standard: bool = False
    classes: int | None = None
    set: tuple[tuple[str, Any], ...] = ()
    without: tuple[str, ...] = ()
    memory_rule: str = "liveness"
    depth: Fraction = Fraction(1)
    given: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input of a resolved variant."""
        assert self.resolution is not None  # noqa: S101  (what is costed is resolved)
        return self.resolution

    @property
    def fields(self) -> dict[str, Any]:
        """Every field of a row that is replaced, the number of classes among them."""
        classes = {} if self.classes is None else {"classifier.out_channels": self.classes}
        return {**dict(self.set), **classes}

    def at(self, alpha: Fraction, resolution: tuple[int, int]) -> "Variant":
        """The same question at another point of the family."""
        return self.with_alpha(alpha)._replace(rho=None, resolution=resolution)

    def with_alpha(self, alpha: Fraction) -> "Variant":
        """The same question at another alpha."""
        given = self.given if "alpha" in self.given else (*self.given, "alpha")
        return self._replace(alpha=alpha, given=given)

    @property
    def as_written(self) -> bool:
        """Whether the layers are those of the table: nothing replaced, dropped or imagined."""
        return not (self.standard or self.set or self.without or self.classes is not None or self.depth != 1)

    def words(self) -> dict[str, str]:
        """The variant as a heading says it, by field; what goes without saying is left out.

        >>> variant_of("6/7", resolution="192x256", rounding="floor", batch=8).words()["resolution"]
        'resolution 192 x 256'
        """
        found = {"alpha": f"alpha {exact_text(self.alpha)}"}
        if self.depth != 1:
            found["depth"] = f"depth {exact_text(self.depth)}"
        if self.resolution is not None:
            found["resolution"] = "resolution {} x {}".format(*self.resolution)
        if self.fields:
            found["set"] = ", ".join([f"{field} = {_written(value)}" for field, value in self.fields.items()])
        if self.without:
            found["without"] = ", ".join([f"without {glob}" for glob in self.without])
        if self.batch != 1:
            found["batch"] = f"batch {self.batch}"
        if self.standard:
            found["standard"] = "standard twin"
        found["convention"] = f"convention {self.convention}"
        found["rounding"] = "no rounding rule" if self.rounding is None else f"rounding {self.rounding}"
        if self.memory_rule != PLAIN.memory_rule:
            found["memory_rule"] = f"memory rule {self.memory_rule}"
        return found

    def keys(self) -> dict[str, Any]:
        """The variant as reports in JSON have it."""
        keys: dict[str, Any] = {
            "alpha": str(self.alpha),
            "rho": None if self.rho is None else str(self.rho),
            "resolution": self.resolution,
            "batch": self.batch,
            "convention": str(self.convention),
            "rounding": None if self.rounding is None else str(self.rounding),
            "standard": self.standard,
        }
        if self.depth != 1:
            keys["depth"] = str(self.depth)
        if self.fields:
            keys["set"] = self.fields
        if self.without:
            keys["without"] = self.without
        if self.memory_rule != PLAIN.memory_rule:
            keys["memory_rule"] = self.memory_rule
        return keys

    def options(self) -> list[str]:
        """The options of the command line that ask for it again."""
        found = ["-a", exact_text(self.alpha)] if self.alpha != 1 or "alpha" in self.given else []
        found += ["--depth", exact_text(self.depth)] if self.depth != 1 or "depth" in self.given else []
        if self.rho is not None:
            found += ["--rho", exact_text(self.rho)]
        elif self.resolution is not None:
            height, width = self.resolution
            found += ["-r", str(height) if height == width else f"{height}x{width}"]
        found += ["--batch", str(self.batch)] if self.batch != 1 else []
        found += [] if self.rounding is None else ["--rounding", str(self.rounding)]
        found += [] if self.convention == DEFAULT else ["--convention", str(self.convention)]
        found += [] if self.classes is None else ["--classes", str(self.classes)]
        found += ["--standard"] if self.standard else []
        for field, value in self.set:
            found += ["--set", f"{field}={_written(value)}"]
        for glob in self.without:
            found += ["--without", glob]
        found += [] if self.memory_rule == PLAIN.memory_rule else ["--memory-rule", self.memory_rule]
        return found


PLAIN = Variant()
"""A network as its table has it, one image, under the default rule."""


BOTH_SIZES = "rho and a resolution are both given", "keep one: rho scales the table's resolution, the other replaces it"
"""What is said of them, and the way out."""


def one_size(rho: object, resolution: object) -> None:
    """Raise where rho and a resolution are both given.

    >>> one_size("6/7", 192)
    Traceback (most recent call last):
    mbcost.errors.MbcostError: rho and a resolution are both given
      help: keep one: rho scales the table's resolution, the other replaces it
    """
    if rho is not None and resolution is not None:
        raise MbcostError(BOTH_SIZES[0], help=BOTH_SIZES[1])


def variant_of(
    alpha: object = None, rho: object = None, resolution: object = None, batch: int = 1, rounding: str | Rounding | None = None,
    convention: str | Convention = DEFAULT.name, standard: bool = False, classes: int | None = None,
    set: Mapping[str, object] | None = None, without: Iterable[str] = (), memory_rule: str = "liveness",
    depth: object = None,
) -> Variant:  # fmt: skip
    """Read a variant from words: those of the command line, of a budget, of a paper, or the arguments of a call.

    Raises
    ------
    MbcostError
        If a word says no such thing, or rho and a resolution are both given.
    """
    factor, stages = (
        read(1 if value is None else value) for read, value in ((parse_alpha, alpha), (parse_depth, depth))
    )
    one_size(rho, resolution)
    multiplier = None if rho is None else parse_rho(rho)
    size = None if resolution is None else parse_resolution(resolution)
    if type(batch) is not int or not 1 <= batch <= MAX_BATCH:
        raise MbcostError(
            f"batch (={batch!r:.40}) must be a whole number from 1 to {MAX_BATCH:,}", help="1 counts one image"
        )
    if classes is not None and (type(classes) is not int or classes < 1):
        raise MbcostError(f"classes (={classes!r:.40}) must be a whole number of at least 1", help="1000 is ImageNet's")
    return Variant(
        factor,
        multiplier,
        size,
        batch,
        parse_rounding(rounding) if isinstance(rounding, str) else rounding,
        _counting(convention),
        standard,
        classes,
        tuple([(field, _frozen(text_of(value))) for field, value in set.items()]) if set else (),
        tuple(without),
        memory_rule,
        stages,
        tuple([name for name, value in (("alpha", alpha), ("depth", depth)) if value is not None]),
    )


def _counting(convention: str | Convention) -> Convention:
    """A counting rule by its name; the default one is known without reading any file."""
    if isinstance(convention, Convention):
        return convention
    return DEFAULT if convention == DEFAULT.name else find(convention)


def _frozen(value: Any) -> Any:
    """A text, or lists of texts as tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _written(value: Any) -> str:
    """A text, or a list of texts, as it is typed."""
    return f"[{', '.join(map(_written, value))}]" if isinstance(value, tuple) else str(value)
