"""Lint that knows the field: what is wrong with a layer table, all of it, and what is probably not meant.

Errors keep a table from being counted; findings are warnings. Both are data, each with its place and the way out.

>>> import mbcost
>>> from mbcost.network import variant_of
>>> [finding.code for finding in inspect(mbcost.load("mobilenet_v1"), variant_of("0.35")).findings][:2]
['MB301', 'MB301']
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from mbcost.documents.nodes import MOST_PROBLEMS
from mbcost.errors import MbcostError, Problems
from mbcost.lint import expected, names, sizes, structure, widths  # noqa: F401  (each registers its rules)
from mbcost.lint.findings import Finding
from mbcost.lint.rules import ERRORS, RULES, Explained, Rule, explained
from mbcost.lint.subject import Subject
from mbcost.network import PLAIN, Network, Variant

__all__ = ["ERRORS", "RULES", "Explained", "Finding", "Report", "Rule", "codes", "explained", "inspect", "lint"]


class Report(NamedTuple):
    """What there is to say about one table: errors by code and message, and findings in the order of the file."""

    file: str
    model: str
    errors: tuple[tuple[str, MbcostError], ...]
    findings: tuple[Finding, ...]
    untold: int = 0
    """How many errors more there are."""
    ignored: tuple[Finding, ...] = ()
    """The findings that the table declares to be meant."""


def codes() -> list[Explained]:
    """Every code in order, errors first."""
    return [explained(code) for code in sorted([*ERRORS, *RULES])]


def lint(name_or_path: str, variant: Variant = PLAIN) -> Report:
    """Look at a shipped model or a layer table; nothing is raised for what is wrong with the table."""
    from mbcost.tables import load

    try:
        network = load(name_or_path)
    except Problems as problems:
        return Report(name_or_path, "", tuple(("MB001", error) for error in _flat(problems)), (), problems.untold)
    except MbcostError as error:
        return Report(name_or_path, "", (("MB001", error),), ())
    return inspect(network, variant, name_or_path)


def _flat(error: MbcostError) -> list[MbcostError]:
    """The problems of a file, with those of the table it is based on."""
    return [inner for problem in error.problems for inner in _flat(problem)] if isinstance(error, Problems) else [error]


def inspect(network: Network, variant: Variant = PLAIN, file: str = "") -> Report:
    """Look at a network at one point (alpha, resolution, ...): every error and every finding, each once."""
    file = file or network.table.file
    try:
        subject = Subject(network, network.resolved(variant))
    except MbcostError as error:
        return Report(file, network.name, (("MB002", error),), ())
    found: dict[tuple[str, int, int], Finding] = {}
    ignored: list[Finding] = []
    for known in RULES.values():
        for finding in known.find(subject):
            if _ignored(finding, network):
                ignored.append(finding)
                continue
            key = finding.code, finding.place.line, finding.place.column
            first = found.get(key)
            found[key] = finding if first is None else first._replace(copies=first.copies + 1)
    findings = sorted(found.values(), key=lambda finding: (finding.place.line, finding.place.column, finding.code))
    errors = [("MB002", error) for error in subject.completed()]
    told = errors[:MOST_PROBLEMS]
    return Report(file, network.name, tuple(told), tuple(findings), len(errors) - len(told), tuple(ignored))


def _ignored(finding: Finding, network: Network) -> bool:
    """Whether the table says that a finding is meant."""
    return any(finding.code == one.code and fnmatchcase(finding.row, one.row) for one in network.table.ignored)
