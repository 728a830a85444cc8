"""Points on models: ``mobilenet_v1@0.5/160`` is MobileNetV1 at alpha 0.5 and resolution 160."""

from __future__ import annotations

import os
import re
from typing import Any

from mbcost.errors import MbcostError

__all__ = ["at_point", "split_point"]

POINT = re.compile(r"(.+)@(?=[0-9./x])([0-9.]*)(?:/([0-9x]*))?", re.DOTALL)


def split_point(text: str) -> tuple[str, dict[str, str]]:
    """A model's name without its points, and what they set. A file that has the whole text for its name has no point.

    >>> split_point("mobilenet_v1@0.5/160"), split_point("net.yaml@/192x256"), split_point("mobilenet_v1")
    (('mobilenet_v1', {'alpha': '0.5', 'resolution': '160'}), ('net.yaml', {'resolution': '192x256'}), ('mobilenet_v1', {}))
    >>> split_point("mobilenet_v1@0.5@1")
    Traceback (most recent call last):
    mbcost.errors.MbcostError: `mobilenet_v1@0.5@1` has two values of alpha
      help: keep one of them
    """
    match = POINT.fullmatch(text)
    if match is None or os.path.exists(text):
        return text, {}
    rest, alpha, resolution = match.groups()
    name, outer = split_point(rest)
    own = {word: value for word, value in (("alpha", alpha), ("resolution", resolution)) if value}
    if not own or resolution == "":
        raise MbcostError(
            f"`{text[:80]}` ends in no point", help="write @ALPHA, @/RESOLUTION or @ALPHA/RESOLUTION: net.yaml@0.5/160"
        )
    twice = own.keys() & outer.keys()
    if twice:
        raise MbcostError(f"`{text[:80]}` has two values of {min(twice)}", help="keep one of them")
    return name, {**outer, **own}


def at_point(options: dict[str, Any], text: str, said: str = "--{}") -> tuple[str, dict[str, Any]]:
    """A model's name without the point on it, and the options with what the point sets.

    >>> at_point({"alpha": None, "rho": None, "resolution": "192"}, "mobilenet_v1@0.5")
    ('mobilenet_v1', {'alpha': '0.5', 'rho': None, 'resolution': '192'})
    """
    if "@" not in text:
        return text, options
    name, point = split_point(text)
    for word, options_of in _POINT.items():
        for option in options_of:
            if word in point and options.get(option) is not None:
                raise MbcostError(
                    f"`{text[:80]}` and {said.format(option)} both set the {word}",
                    help="keep one: the option holds for every model",
                )
    return name, {**options, **point}


_POINT = {"alpha": ("alpha",), "resolution": ("resolution", "rho")}
"""What a point sets, and the options that set the same."""
