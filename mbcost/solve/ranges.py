"""Grids as people write them: ``0.25,0.5,1`` lists values, ``0.25:1.4:0.05`` steps from one to another, exactly."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import lcm
from typing import Any, TypeVar

from mbcost.dims import exact_text, parse_alpha, parse_resolution, parse_rho, rational, scaled_resolution
from mbcost.errors import MbcostError
from mbcost.network import Network
from mbcost.network.variant import one_size

__all__ = ["MAX_AXIS", "alphas", "asked", "axes_of", "resolutions", "rhos"]

T = TypeVar("T")

MAX_AXIS = 5_000_000
"""How many values one axis can have."""


def asked(
    network: Network, alpha: str | None, rho: str | None, resolution: str | None
) -> tuple[list[Fraction] | None, list[tuple[int, int]] | None]:
    """The alphas and the resolutions of a question about many points; what is not given is None."""
    one_size(rho, resolution)
    sizes = None if resolution is None else resolutions(resolution)
    if rho is not None:
        sizes = rhos(rho, network.base_resolution)
    return None if alpha is None else alphas(alpha), sizes


def axes_of(
    network: Network, alpha: Any, rho: Any, resolution: Any
) -> tuple[list[Fraction] | None, list[tuple[int, int]] | None]:
    """The same from Python: texts as above, single values, or lists of them."""
    one_size(rho, resolution)
    base = network.base_resolution
    widths = _several(alpha, alphas, parse_alpha)
    if rho is not None:
        return widths, _several(rho, lambda text: rhos(text, base), lambda one: scaled_resolution(base, parse_rho(one)))
    return widths, _several(resolution, resolutions, parse_resolution)


def _several(given: Any, of_text: Callable[[str], list[T]], of_one: Callable[[Any], T]) -> list[T] | None:
    if given is None:
        return None
    if isinstance(given, str):
        return of_text(given)
    return [of_one(one) for one in given] if isinstance(given, list) else [of_one(given)]


def alphas(text: str) -> list[Fraction]:
    """The width multipliers of a grid, in the order written.

    >>> [str(alpha) for alpha in alphas("0.25:1.4:0.05")][-3:]
    ['13/10', '27/20', '7/5']
    >>> [str(alpha) for alpha in alphas("1/3,0.5:1:0.25")]
    ['1/3', '1/2', '3/4', '1']
    """
    return _values(text, "alpha", "0.25:1.4:0.05", parse_alpha)


def rhos(text: str, base: tuple[int, int]) -> list[tuple[int, int]]:
    """The resolutions of a grid of resolution multipliers.

    >>> rhos("4/7:1:1/7", (224, 224))
    [(128, 128), (160, 160), (192, 192), (224, 224)]
    """
    return [scaled_resolution(base, rho) for rho in _values(text, "rho", "4/7:1:1/7", parse_rho)]


def resolutions(text: str) -> list[tuple[int, int]]:
    """The resolutions of a grid: squares by their side, others as HxW.

    >>> resolutions("96:224:32,192x256")
    [(96, 96), (128, 128), (160, 160), (192, 192), (224, 224), (192, 256)]
    """
    found: list[tuple[int, int]] = []
    for part in _parts(text, "resolution", "96:224:32"):
        if ":" in part:
            found += [
                parse_resolution(_whole(value, part)) for value in _range(part, "resolution", "96:224:32", len(found))
            ]
        else:
            found.append(parse_resolution(part))
    return found


def _whole(value: Fraction, part: str) -> int:
    if value.denominator != 1:
        raise MbcostError(
            f"resolution grid `{part}` steps over {exact_text(value)}, which is no whole number of pixels",
            help="write 96:224:32",
        )
    return value.numerator


def _values(text: str, what: str, example: str, parse: Callable[[object], Fraction]) -> list[Fraction]:
    found: list[Fraction] = []
    for part in _parts(text, what, example):
        if ":" in part:
            steps = _range(part, what, example, len(found))
            parse(steps[0]), parse(steps[-1])  # the ends are in bounds, and so is all between
            found += steps
        else:
            found.append(parse(part))
    return found


def _parts(text: str, what: str, example: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        shown = "".join(c if c.isprintable() else "?" for c in text[:40])
        raise MbcostError(
            f"the grid of {what} `{shown}` has an empty place",
            help=f"write values, as 0.5,1, or {example}" if what == "alpha" else f"write {example}",
        )
    if len(parts) > MAX_AXIS:
        raise MbcostError(f"a grid of {len(parts):,} values of {what}", help=f"an axis has at most {MAX_AXIS:,}")
    return parts


def _range(part: str, what: str, example: str, before: int) -> list[Fraction]:
    """start:stop:step, both ends included where the steps reach them."""
    shown = "".join(c if c.isprintable() else "?" for c in part[:60])
    fields = part.split(":")
    if len(fields) != 3:
        raise MbcostError(
            f"the grid of {what} `{shown}` is not start:stop:step",
            help=f"write {example}: from, to and including, in steps of",
        )
    if any(field.strip().lstrip("+-").lower() in {"inf", "infinity", "nan"} for field in fields):
        raise MbcostError(f"the grid of {what} `{shown}` does not end", help=f"write {example}")
    if fields[2].strip().startswith("-"):
        raise MbcostError(
            f"the grid of {what} `{shown}` has a step below 0", help=f"write the smaller end first, as {example}"
        )
    start, stop, step = (rational(field.strip(), what) for field in fields)
    if not step:
        raise MbcostError(f"the grid of {what} `{shown}` has a step of 0", help=f"write a step above 0, as {example}")
    if stop < start:
        raise MbcostError(
            f"the grid of {what} `{shown}` goes backwards: {exact_text(stop)} is below {exact_text(start)}",
            help=f"write {fields[1]}:{fields[0]}:{fields[2]}",
        )
    count = (stop - start) // step + 1
    if before + count > MAX_AXIS:
        raise MbcostError(
            f"the grid of {what} `{shown}` has {count:,} values",
            help=f"an axis has at most {MAX_AXIS:,}: take larger steps",
        )
    denominator = lcm(start.denominator, step.denominator)
    first, by = int(start * denominator), int(step * denominator)
    return [Fraction(first + by * i, denominator) for i in range(count)]
