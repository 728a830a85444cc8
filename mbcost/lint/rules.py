"""The rules: data with a code, a title, a reason and an example, each with the function that finds what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from mbcost.errors import MbcostError, nearest
from mbcost.lint.findings import Finding
from mbcost.lint.subject import Subject

__all__ = ["ERRORS", "RULES", "Explained", "Rule", "explained", "rule"]


class Explained(NamedTuple):
    """What `--explain` prints of a code."""

    code: str
    severity: str
    title: str
    reason: str
    example: str


class Rule(NamedTuple):
    """One rule: its code, what it finds, why that matters, and the function that finds it."""

    code: str
    title: str
    reason: str
    example: str
    find: Callable[[Subject], Iterator[Finding]]


RULES: dict[str, Rule] = {}
"""Every rule by its code, filled as the modules of this package are imported."""

ERRORS = {
    "MB001": Explained(
        "MB001", "error", "The file is no layer table.",
        "Invalid YAML, an unknown or doubled key, a value of the wrong type: the text does not say what network it means, "
        "so nothing is counted. All problems of a file are listed at once.",
        "- {op: conv, kernel: 3, out_channels: 8}      # the field is kernel_size",
    ),
    "MB002": Explained(
        "MB002", "error", "The rows do not fit together.",
        "Each row can be read, but they are no network: `from` names no earlier row, groups do not divide, branches do not "
        "meet, a map vanishes, a linear layer reads a map.",
        "- {op: conv, kernel_size: 3, out_channels: 8, groups: 4}      # on 6 channels",
    ),
}  # fmt: skip
"""What keeps a table from being counted; each of these exits with 2."""


def rule(
    code: str, title: str, reason: str, example: str
) -> Callable[[Callable[[Subject], Iterator[Finding]]], Callable[[Subject], Iterator[Finding]]]:
    """Register the function below as the rule of a code."""

    def register(find: Callable[[Subject], Iterator[Finding]]) -> Callable[[Subject], Iterator[Finding]]:
        if code in RULES:
            raise ValueError(f"the code {code} is taken")
        RULES[code] = Rule(code, title, reason, example, find)
        return find

    return register


def explained(code: str) -> Explained:
    """What a code means; an unknown one is an error that names the nearest.

    >>> explained("MB102").title
    'A stride on a 1 x 1 map.'
    """
    word = code.strip().upper()
    if word in ERRORS:
        return ERRORS[word]
    if word in RULES:
        found = RULES[word]
        return Explained(found.code, "warning", found.title, found.reason, found.example)
    close = nearest(word, [*ERRORS, *RULES])
    shown = "".join(c if c.isprintable() else "?" for c in code[:20])
    raise MbcostError(
        f"there is no code `{shown}`",
        help=(f"did you mean {close}? " if close else "") + "`mbcost lint --codes` lists them",
    )
