"""One family of errors: each carries its place, the fact, and the way out.

An error is raised where the fact is known, without a place; whoever knows the place (the table reader, the walk over a
network) completes it once with :meth:`MbcostError.at`. ``str(error)`` is the whole message a person reads.
"""

# Annotations here are evaluated: a NamedTuple would have to compile each postponed one, at every start of the program.

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from mbcost.escape import line

__all__ = ["MbcostError", "Place", "Problems", "nearest"]


class Place(NamedTuple):
    """Where in a file something stands: 1-based line and column, and the text of that line."""

    file: str
    line: int
    column: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Lines:
    """The lines of a file, read for the messages about it.

    Of a file outside the folder that its path names, where a link leads, none is shown: what is checked may come from
    anyone, and messages go where others read them.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._lines: list[str] | None = None

    def place(self, line: int, column: int) -> Place:
        """A place in this file, with the text of its line."""
        if self._lines is None:
            self._lines = self.text.splitlines() if stays(self.file) else []
        return Place(self.file, line, column, self._lines[line - 1] if 0 < line <= len(self._lines) else "")


def stays(path: str, folder: str | None = None) -> bool:
    """Whether a path, with all links followed, is still below a folder: its own, or for one below the current folder that."""
    import os

    if folder is None:
        below = not os.path.isabs(path) and os.pardir not in path.split(os.sep)
        folder = os.curdir if below else os.path.dirname(path)
    try:
        folder = os.path.realpath(folder)
        return os.path.commonpath([folder, os.path.realpath(path)]) == folder
    except (OSError, ValueError):  # a null character, another drive: no file
        return True


Help: TypeAlias = str | Callable[[], str]
"""The way out of an error, or how to find it: a search for what may be meant is made only where it is told."""

MOST_COMPARED = 256
"""The most known names that a misspelt one is compared with."""


class MbcostError(Exception):
    """The question or a file is wrong (exit code 2 on the command line).

    Parameters
    ----------
    fact : str
        What is wrong, with the values that show it.
    help : str or function, optional
        The way out, as something the reader can do; a function gives it when it is asked for.
    place : Place, optional
        Where it is wrong; filled in later by :meth:`at` when the raiser does not know it.

    Examples
    --------
    >>> print(MbcostError("`groups` (=4) must divide 6", help="set `groups` to 1, 2, 3 or 6", place=Place("x.yaml", 3, 5, "  - conv")))
    x.yaml:3:5: `groups` (=4) must divide 6
      3 |   - conv
        |     ^
      help: set `groups` to 1, 2, 3 or 6
    """

    def __init__(self, fact: str, *, help: Help = "", place: Place | None = None) -> None:
        super().__init__(fact)
        self.fact = fact
        self.place = place
        self._help = help

    @property
    def help(self) -> str:
        """The way out."""
        if not isinstance(self._help, str):
            self._help = self._help()
        return self._help

    @help.setter  # noqa: A003  (a property of an error is no builtin)
    def help(self, help: Help) -> None:
        self._help = help

    def at(self, place: Place | None) -> "MbcostError":
        """Complete the error with its place, unless it has one already; returns itself."""
        if self.place is None:
            self.place = place
        return self

    def __str__(self) -> str:
        lines = [line(self.fact if self.place is None else f"{self.place}: {self.fact}")]
        if self.place is not None and self.place.text:
            number = str(self.place.line)
            text, column = _window(self.place.text, self.place.column)
            lines.append(f"  {number} | {text}")
            lines.append(f"  {' ' * len(number)} | {' ' * (column - 1)}^")
        if self.help:
            lines.append(f"  help: {line(self.help)}")
        return "\n".join(lines)


class Problems(MbcostError):
    """Everything that is wrong with one file, in the order of its lines; ``untold`` is how many problems more there are."""

    def __init__(self, problems: list[MbcostError], untold: int = 0) -> None:
        first = problems[0]
        super().__init__(first.fact, help=lambda: first.help, place=first.place)
        self.problems = tuple(problems)
        self.untold = untold

    def __str__(self) -> str:
        text = "\n".join(str(problem) for problem in self.problems)
        return text if len(self.problems) == 1 else f"{text}\n{counted_problems(len(self.problems), self.untold)}"


def counted_problems(told: int, untold: int = 0) -> str:
    """How many problems there are, and how many of them are not told.

    >>> counted_problems(3), counted_problems(200, 1800)
    ('3 problems', '2,000 problems: 200 are told, and 1,800 more are not')
    """
    return f"{told + untold:,} problems" + (f": {told} are told, and {untold:,} more are not" if untold else "")


def nearest(word: str, known: Sequence[str], limit: int = 3) -> str:
    """Return the known names nearest to a misspelt one as ``"`a` or `b`"``, or the empty string.

    Of a great many names those that begin like it are looked at, or else some of the first and of the last.

    >>> nearest("mobilnet_v1", ["mobilenet_v1", "vgg16"])
    '`mobilenet_v1`'
    """
    from difflib import get_close_matches

    length = min(len(word), 40)
    while len(known) > MOST_COMPARED and length:
        length //= 2
        same = [name for name in known if name.startswith(word[:length])]
        if same:
            known = same
            break
    if len(known) > MOST_COMPARED:
        known = [*known[: MOST_COMPARED // 2], *known[-MOST_COMPARED // 2 :]]
    return " or ".join(f"`{name}`" for name in get_close_matches(word[:200], known, limit))


def _window(text: str, column: int, width: int = 100) -> tuple[str, int]:
    """Cut a very long line to what surrounds the column, so that a message never floods the screen."""
    start = 0 if len(text) <= width else max(0, min(column - 1 - width // 2, len(text) - width))
    cut = "".join(c if c.isprintable() else " " for c in text[start : start + width])
    return (f"…{cut}" if start else cut), column - start + (1 if start else 0)
