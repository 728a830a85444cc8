"""Budgets: limits on what networks cost, read from a file, held against the networks, and against what they cost before.

``reading`` has the files, ``models`` the networks they name, ``evaluate`` the verdicts, ``base`` the other side of a
relative limit, ``update`` the ratchet.
"""

from __future__ import annotations

from mbcost.budgets.specs import Budget, BudgetFile, Limit, Outcome, Part, Point, Result

__all__ = ["Budget", "BudgetFile", "Limit", "Outcome", "Part", "Point", "Result"]
