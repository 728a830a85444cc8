"""What a rule finds: data with a code, a place, the fact and a way out."""

from __future__ import annotations

from typing import NamedTuple

from mbcost.errors import MbcostError, Place

__all__ = ["Finding"]


class Finding(NamedTuple):
    """Something in a readable table that is probably not meant.

    ``row`` is the row's name as ``mbcost table`` prints it, empty where the finding is about the table; ``copies`` is how
    many more rows share the same line of the table.
    """

    code: str
    place: Place
    row: str
    fact: str
    help: str
    copies: int = 0

    @property
    def severity(self) -> str:
        """Findings are warnings; what makes a table unreadable is an error and no finding."""
        return "warning"

    @property
    def message(self) -> str:
        """The fact, with the number of rows it holds for beside this one."""
        more = f" (and {self.copies} more row{'s' * (self.copies > 1)} of this line)" if self.copies else ""
        return f"{self.code} {self.fact}{more}"

    def __str__(self) -> str:
        return str(MbcostError(self.message, help=self.help, place=self.place))
