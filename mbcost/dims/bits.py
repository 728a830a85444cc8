"""Bit widths: of weights and of activations, as given, and where nothing is given as a quantity has them by default.

With them goes the ridge point of a device, which :mod:`mbcost.quantities` needs for modelled times alone.
"""

# Annotations here are evaluated: a NamedTuple would have to compile each postponed one, at every start of the program.

from fractions import Fraction
from typing import NamedTuple, TypeAlias

from mbcost.errors import MbcostError

__all__ = ["BITS", "BIT_KEYS", "WIDTHS", "AnyBits", "Bits", "bits_of", "ridge_point_of"]

WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128)
"""What an element can be stored in."""


class Bits(NamedTuple):
    """The bit widths that were given, and the ridge point in mult-adds a byte; None where none was.

    >>> Bits(8).weights(32), Bits(8, own_weights=4).weights(32), Bits().activations(32)
    (8, 4, 32)
    """

    both: int | None = None
    own_weights: int | None = None
    own_activations: int | None = None
    ridge_point: Fraction | None = None

    def weights(self, default: int) -> int:
        """The width of a weight."""
        return self.own_weights or self.both or default

    def activations(self, default: int) -> int:
        """The width of an element of a feature map."""
        return self.own_activations or self.both or default

    def keys(self) -> dict[str, int]:
        """What was given, by the keys of budgets and of calls."""
        return {key: width for key, width in zip(BIT_KEYS, self[:3], strict=True) if width is not None}


BITS = Bits()
"""Nothing given: every quantity has its own default."""

BIT_KEYS = ("bits", "weight_bits", "activation_bits")
"""The words for the bit widths: keys of budgets, names of arguments and, with hyphens, options."""

AnyBits: TypeAlias = int | Bits
"""Bit widths as given, or one for weights and activations alike."""


MAX_RIDGE_POINT = 1_000_000


def ridge_point_of(text: str) -> Fraction:
    """A ridge point as it is written, from 0 on.

    >>> ridge_point_of("31.2")
    Fraction(156, 5)
    """
    from mbcost.dims import rational

    point = rational(text, "the ridge point") if not text.strip().startswith("-") else Fraction(-1)
    if not 0 <= point <= MAX_RIDGE_POINT:
        raise MbcostError(
            f"the ridge point `{text[:40]}` is not 0 to {MAX_RIDGE_POINT:,} mult-adds a byte",
            help="write --ridge-point 31.2",
        )
    return point


def bits_of(
    bits: object = None, weight_bits: object = None, activation_bits: object = None, ridge_point: object = None
) -> Bits:
    """Read bit widths.

    >>> bits_of(8, activation_bits=16)
    Bits(both=8, own_weights=None, own_activations=16, ridge_point=None)
    >>> bits_of(3)
    Traceback (most recent call last):
    mbcost.errors.MbcostError: bits (=3) is no bit width
      help: use one of 1, 2, 4, 8, 16, 32, 64, 128: 8 for int8, 32 for float32
    """
    for name, width in zip(BIT_KEYS, (bits, weight_bits, activation_bits), strict=True):
        if width is not None and (type(width) is not int or width not in WIDTHS):
            raise MbcostError(
                f"{name} (={width!r:.40}) is no bit width",
                help=f"use one of {', '.join(map(str, WIDTHS))}: 8 for int8, 32 for float32",
            )
    point = None if ridge_point is None else ridge_point_of(str(ridge_point))
    return Bits(bits, weight_bits, activation_bits, point)  # type: ignore[arg-type]
