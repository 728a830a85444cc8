"""What an argument or an option can be: words that the shell completes, and whose error names the nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from mbcost.errors import MbcostError, nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["CONVENTION", "FILE", "MODEL", "WHOLE", "Choice", "Whole", "Word"]


class Word(click.ParamType[str]):
    """A word of the command line that the shell completes: with some names, and with files where none of them fits."""

    def __init__(self, name: str, names: Callable[[], Iterable[str]] = tuple, *, files: bool = True) -> None:
        self.name = name
        self.names = names
        self.files = files

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, and files."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name) for name in self.names() if name.startswith(incomplete)]
        if self.name == "MODEL" and "@" in incomplete:
            name, _, typed = incomplete.rpartition("@")
            found = [CompletionItem(f"{name}@{alpha}") for alpha in ALPHAS if alpha.startswith(typed)]
        files = self.files and ("/" in incomplete or not found)
        return [*found, CompletionItem(incomplete, type="file")] if files else found


def _models() -> list[str]:
    from mbcost.tables import models

    return models()


def _conventions() -> Iterable[str]:
    from mbcost.conventions import available

    return available()


ALPHAS = ("1", "0.75", "0.5", "0.35", "0.25")
"""The widths that the papers publish: what a point is completed with."""

MODEL = Word("MODEL", _models)
"""A shipped model, a path, or ``-``; with a point on it, ``net.yaml@0.5/160``."""

CONVENTION = Word("NAME", _conventions, files=False)
"""A counting rule."""

FILE = Word("FILE")
"""A file to be read or written."""


class Choice(click.Choice[str]):
    """A choice whose error names the nearest word."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word, or an error with the words there are."""
        if isinstance(value, str) and value not in self.choices:
            close = nearest(value, list(self.choices))
            words = ", ".join(self.choices)
            option = param.opts[0] if param else "option"
            raise MbcostError(
                f"{option} `{value[:60]}` is not known",
                help=f"did you mean {close}?" if close else f"use one of {words}",
            )
        return super().convert(value, param, ctx)


class Whole(click.IntRange):
    """A whole number in the digits of every table: 8, not 1_000 and not ８, which Python would read too."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or the error of what is none."""
        digits = value.strip().removeprefix("-") if isinstance(value, str) else "0"
        if not (digits.isascii() and digits.isdigit() and len(digits) < MOST_DIGITS):
            self.fail(f"{value!r:.60} is not a valid integer.", param, ctx)
        return super().convert(value, param, ctx)

    def _describe_range(self) -> str:
        return super()._describe_range() if self.min is not None or self.max is not None else ""


WHOLE = Whole()
MOST_DIGITS = 30
