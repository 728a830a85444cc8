"""``mbcost lint``: what is wrong with layer tables, all of it, and what is probably not meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from mbcost import escape
from mbcost.cli.options import MODEL, Question, output_options, variant_options
from mbcost.cli.output import complain
from mbcost.documents.nodes import MOST_PROBLEMS
from mbcost.errors import MbcostError, counted_problems
from mbcost.lint import Explained, Finding, codes, explained, lint
from mbcost.lint import Report as Checked
from mbcost.network import Variant
from mbcost.report import Field, Report, Rows, Where

__all__ = ["command"]


@click.command("lint", short_help="What is wrong with a table, all of it.")
@click.argument("files", nargs=-1, type=MODEL, metavar="FILE...")
@click.option("--strict", is_flag=True, help="Exit with 1 on findings, not on errors alone.")
@click.option("--ignore", multiple=True, metavar="CODE", help="Leave the findings of a code out.")
@click.option("--explain", metavar="CODE", help="What a code means, why it matters, and an example.")
@click.option("--codes", "listed", is_flag=True, help="Every code with its title.")
@variant_options
@output_options
def command(
    files: tuple[str, ...], strict: bool, ignore: tuple[str, ...], explain: str | None, listed: bool, **options: Any
) -> int:
    """What is wrong with each FILE: a layer table, a shipped model, or - for standard input.

    \b
    mbcost lint net.yaml                     errors, all at once, and findings
    mbcost lint tables/*.yaml --strict       in CI: a finding exits with 1
    mbcost lint net.yaml -a 0.35 -r 200      at another alpha and resolution
    mbcost lint net.yaml@0.5/160             the same, of one table of several
    mbcost lint --explain MB101              what a code means
    mbcost lint --codes                      every code

    Errors exit with 2, findings with 1 under --strict, else with 0. Rows may carry `input` and `output`, the sizes
    that papers print; they are compared with what the strides give.
    """
    question = Question(options)
    if explain is not None or listed:
        question.emit(_codes([explained(explain)] if explain is not None else codes(), whole=explain is not None))
        return 0
    if not files:
        raise MbcostError(
            "no table is named", help="name one: mbcost lint net.yaml; a shipped model; or - for standard input"
        )
    ignored = {explained(code).code for code in ignore}
    variant = question.variant()
    reports = [lint(*question.at(file))._replace(file=file) for file in dict.fromkeys(files)]
    reports = [
        report._replace(findings=tuple(f for f in report.findings if f.code not in ignored)) for report in reports
    ]
    if question.format != "table" or any(not report.errors for report in reports):
        question.emit(_report(reports, strict, variant))
    for report in reports:
        _complain(report, findings=question.format == "table")
    if any(report.errors for report in reports):
        return 2
    return 1 if strict and any(report.findings for report in reports) else 0


def _complain(report: Checked, *, findings: bool) -> None:
    """The errors of a table on standard error; of a table with errors the findings go there too."""
    for _, error in report.errors:
        complain(str(error) if error.place is not None else f"error: {error}")
    if report.errors and findings:
        for said in _told(report.findings):
            complain(said)
    if len(report.errors) > 1:
        complain(counted_problems(len(report.errors), report.untold))


def _told(findings: Sequence[Finding]) -> list[str]:
    """The findings in words, no more than anyone reads."""
    more = len(findings) - MOST_PROBLEMS
    rest = [f"and {more:,} more findings, which -f json has"] if more > 0 else []
    return [*map(str, findings[:MOST_PROBLEMS]), *rest]


def _summary(reports: list[Checked]) -> str:
    tables = f"{len(reports)} table{'s' * (len(reports) > 1)}" if len(reports) > 1 else reports[0].model
    found = sum(len(report.findings) for report in reports)
    ignored = sum(len(report.ignored) for report in reports)
    said = f", {ignored} ignored by the table{'s' * (len(reports) > 1)}" if ignored else ""
    return f"{escape.line(tables)}: {found or 'no'} finding{'s' * (found != 1)}{said}"


class _Line(NamedTuple):
    """An error or a finding of a file, as reports have it."""

    file: str
    line: int | None
    column: int | None
    code: str
    severity: str
    row: str | None
    message: str
    help: str
    reason: str
    copies: int | None = None


def _lines(report: Checked) -> tuple[list[_Line], list[_Line]]:
    """The errors and the findings of one file."""
    errors = []
    for code, error in report.errors:
        line, column = (error.place.line, error.place.column) if error.place is not None else (None, None)
        errors.append(
            _Line(report.file, line, column, code, "error", None, error.fact, error.help, explained(code).reason)
        )
    findings = [
        _Line(
            report.file,
            f.place.line,
            f.place.column,
            f.code,
            f.severity,
            f.row or None,
            f.fact,
            f.help,
            explained(f.code).reason,
            f.copies,
        )
        for f in report.findings
    ]
    return errors, findings


def _report(reports: list[Checked], strict: bool, variant: Variant) -> Report:
    """Every error and finding of every file; for people the messages themselves."""
    lines = [_lines(report) for report in reports]
    errors, findings = ([line for both in lines for line in both[i]] for i in (0, 1))
    fields = [
        *[Field(name, name, "count" if name in {"line", "column"} else "text") for name in ("file", "line", "column", "code", "severity")],
        Field("row", "row", "name"),
        Field("message", "message"),
        Field("help", "help"),
        Field("reason", to="json"),
        Field("copies", to="json", optional=True),
    ]  # fmt: skip
    per_file = Rows(
        (
            Field("file"), Field("model", get=lambda report: report.model or None),
            Field("errors", get=lambda report: len(report.errors) + report.untold), Field("findings", get=lambda report: len(report.findings)),
            Field("ignored", get=lambda report: len(report.ignored) or None, to="json", optional=True),
        ),
        reports,
    )  # fmt: skip
    keys = {
        "alpha": str(variant.alpha), "convention": str(variant.convention), "strict": strict,
        "files": list(map(per_file.object, reports)), "errors": list(map(Rows(fields, ()).object, errors)),
        "findings": list(map(Rows(fields, ()).object, findings)),
        "total": {"files": len(reports), "errors": len(errors) + sum(report.untold for report in reports), "findings": len(findings)},
        "table": Rows(fields, [line for both in lines for part in both for line in part], data=False),
    }  # fmt: skip

    def messages(where: Where) -> str:
        sound = [report for report in reports if not report.errors]
        said = _told([finding for report in sound for finding in report.findings])
        return "\n".join([*said, _summary(sound)]) + "\n"

    notes = () if errors or findings else (_summary(reports),)
    return Report("lint/1", "Findings", keys, notes, forms={"table": messages})


def _codes(found: list[Explained], *, whole: bool) -> Report:
    """One code with its reason and an example, or all of them with their titles."""
    more = "all" if whole else "json"
    fields = (
        Field("code", "code"),
        Field("severity", "severity"),
        Field("title", "title"),
        Field("reason", "reason", to=more),
        Field("example", "example", to=more),
    )

    def told(where: Where) -> str:
        code = found[0]
        example = "\n".join(f"    {line}" for line in code.example.splitlines())
        return f"{code.code} ({code.severity}): {code.title}\n\n{code.reason}\n\n{example}\n"

    return Report(
        "lint-codes/1", "Codes of mbcost lint", {"codes": Rows(fields, found)}, forms={"table": told} if whole else {}
    )
