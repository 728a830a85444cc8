"""One family of errors: each carries its place, the fact, and the way out.

An error is raised where the fact is known, without a place; whoever knows the place (the table reader, the walk over a
network) completes it once with :meth:`MbcostError.at`. ``str(error)`` is the whole message a person reads.
"""

# Annotations here are evaluated: a NamedTuple would have to compile each postponed one, at every start of the program.

from typing import NamedTuple

__all__ = ["MbcostError", "Place", "Problems", "nearest"]


class Place(NamedTuple):
    """Where in a file something stands: 1-based line and column, and the text of that line."""

    file: str
    line: int
    column: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class MbcostError(Exception):
    """The question or a file is wrong (exit code 2 on the command line).

    Parameters
    ----------
    fact : str
        What is wrong, with the values that show it.
    help : str, optional
        The way out, as something the reader can do.
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

    def __init__(self, fact: str, *, help: str = "", place: Place | None = None) -> None:
        super().__init__(fact)
        self.fact = fact
        self.help = help
        self.place = place

    def at(self, place: Place | None) -> "MbcostError":
        """Complete the error with its place, unless it has one already; returns itself."""
        if self.place is None:
            self.place = place
        return self

    def __str__(self) -> str:
        lines = [self.fact if self.place is None else f"{self.place}: {self.fact}"]
        if self.place is not None and self.place.text:
            number = str(self.place.line)
            text, column = _window(self.place.text, self.place.column)
            lines.append(f"  {number} | {text}")
            lines.append(f"  {' ' * len(number)} | {' ' * (column - 1)}^")
        if self.help:
            lines.append(f"  help: {self.help}")
        return "\n".join(lines)


class Problems(MbcostError):
    """Everything that is wrong with one file, in the order of its lines."""

    def __init__(self, problems: list[MbcostError]) -> None:
        first = problems[0]
        super().__init__(first.fact, help=first.help, place=first.place)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        text = "\n".join(str(problem) for problem in self.problems)
        return text if len(self.problems) == 1 else f"{text}\n{len(self.problems)} problems"


def nearest(word: str, known: list[str] | tuple[str, ...], limit: int = 3) -> str:
    """Return the known names nearest to a misspelt one as ``"`a` or `b`"``, or the empty string.

    >>> nearest("mobilnet_v1", ["mobilenet_v1", "vgg16"])
    '`mobilenet_v1`'
    """
    from difflib import get_close_matches

    return " or ".join(f"`{name}`" for name in get_close_matches(word[:200], known, limit))


def _window(text: str, column: int, width: int = 100) -> tuple[str, int]:
    """Cut a very long line to what surrounds the column, so that a message never floods the screen."""
    start = 0 if len(text) <= width else max(0, min(column - 1 - width // 2, len(text) - width))
    cut = "".join(c if c.isprintable() else " " for c in text[start : start + width])
    return (f"…{cut}" if start else cut), column - start + (1 if start else 0)
