"""Bit widths: of weights and of activations, as given, and where nothing is given as a quantity has them by default."""

# Annotations here are evaluated: a NamedTuple would have to compile each postponed one, at every start of the program.

from typing import NamedTuple, TypeAlias

from mbcost.errors import MbcostError

__all__ = ["BITS", "BIT_KEYS", "WIDTHS", "AnyBits", "Bits", "bits_of"]

WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128)
"""What an element can be stored in."""


class Bits(NamedTuple):
    """The bit widths that were given; None where none was.

    >>> Bits(8).weights(32), Bits(8, own_weights=4).weights(32), Bits().activations(32)
    (8, 4, 32)
    """

    both: int | None = None
    own_weights: int | None = None
    own_activations: int | None = None

    def weights(self, default: int) -> int:
        """The width of a weight."""
        return self.own_weights or self.both or default

    def activations(self, default: int) -> int:
        """The width of an element of a feature map."""
        return self.own_activations or self.both or default

    def keys(self) -> dict[str, int]:
        """What was given, by the keys of budgets and of calls."""
        return {key: width for key, width in zip(BIT_KEYS, self, strict=True) if width is not None}


BITS = Bits()
"""Nothing given: every quantity has its own default."""

BIT_KEYS = ("bits", "weight_bits", "activation_bits")
"""The words for the bit widths: keys of budgets, names of arguments and, with hyphens, options."""

AnyBits: TypeAlias = int | Bits
"""Bit widths as given, or one for weights and activations alike."""


def bits_of(bits: object = None, weight_bits: object = None, activation_bits: object = None) -> Bits:
    """Read bit widths.

    >>> bits_of(8, activation_bits=16)
    Bits(both=8, own_weights=None, own_activations=16)
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
    return Bits(bits, weight_bits, activation_bits)  # type: ignore[arg-type]
