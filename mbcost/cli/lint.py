"""``mbcost lint``: what is wrong with layer tables, all of it, and what is probably not meant."""

from __future__ import annotations

from typing import Any

import click

from mbcost import __version__
from mbcost.cli.options import ModelName, Question, output_options, variant_options
from mbcost.cli.output import complain, json_text, table_text
from mbcost.errors import MbcostError, counted_problems
from mbcost.lint import Explained, Report, codes, explained, lint
from mbcost.network import Variant
from mbcost.report import Column, Table

__all__ = ["command"]


@click.command("lint", short_help="What is wrong with a table, all of it.")
@click.argument("files", nargs=-1, type=ModelName(), metavar="FILE...")
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
    mbcost lint --explain MB101              what a code means
    mbcost lint --codes                      every code

    Errors exit with 2, findings with 1 under --strict, else with 0. Rows may carry `input` and `output`, the sizes
    that papers print; they are compared with what the strides give.
    """
    question = Question(options)
    if explain is not None or listed:
        _codes([explained(explain)] if explain is not None else codes(), question, whole=explain is not None)
        return 0
    if not files:
        raise MbcostError(
            "no table is named", help="name one: mbcost lint net.yaml; a shipped model; or - for standard input"
        )
    ignored = {explained(code).code for code in ignore}
    variant = question.variant()
    reports = [lint(file, variant) for file in dict.fromkeys(files)]
    reports = [
        report._replace(findings=tuple(f for f in report.findings if f.code not in ignored)) for report in reports
    ]
    if question.format == "json":
        question.emit(json_text(_document(reports, strict, variant)))
    elif question.format == "table":
        _messages(reports, question)
    else:
        question.emit(table_text(_table(reports), question.format, to_file=question.output is not None))
    for report in reports:
        _complain(report, findings=question.format == "table")
    if any(report.errors for report in reports):
        return 2
    return 1 if strict and any(report.findings for report in reports) else 0


def _complain(report: Report, *, findings: bool) -> None:
    """The errors of a table on standard error; of a table with errors the findings go there too."""
    for _, error in report.errors:
        complain(str(error) if error.place is not None else f"error: {error}")
    if report.errors and findings:
        for finding in report.findings:
            complain(str(finding))
    if len(report.errors) > 1:
        complain(counted_problems(len(report.errors), report.untold))


def _messages(reports: list[Report], question: Question) -> None:
    """The findings of every table that can be counted, and how many there are."""
    sound = [report for report in reports if not report.errors]
    if not sound:
        return
    lines = [str(finding) for report in sound for finding in report.findings]
    question.emit("\n".join([*lines, _summary(sound)]) + "\n")


def _summary(reports: list[Report]) -> str:
    tables = f"{len(reports)} table{'s' * (len(reports) > 1)}" if len(reports) > 1 else reports[0].model
    found = sum(len(report.findings) for report in reports)
    return f"{tables}: {found or 'no'} finding{'s' * (found != 1)}"


def _document(reports: list[Report], strict: bool, variant: Variant) -> dict[str, Any]:
    """The JSON report: every error and finding of every file, in order."""
    errors, findings = [], []
    for report in reports:
        for code, error in report.errors:
            place = error.place
            at = {"line": place.line, "column": place.column} if place is not None else {"line": None, "column": None}
            errors.append({"file": report.file, **at, "code": code, "severity": "error", "row": None, "message": error.fact,
                           "help": error.help, "reason": explained(code).reason})  # fmt: skip
        findings += [
            {"file": report.file, "line": f.place.line, "column": f.place.column, "code": f.code, "severity": f.severity,
             "row": f.row or None, "message": f.fact, "help": f.help, "reason": f.reason, "copies": f.copies}
            for f in report.findings
        ]  # fmt: skip
    return {
        "schema": "mbcost/lint/1",
        "version": __version__,
        "alpha": str(variant.alpha),
        "convention": str(variant.convention),
        "strict": strict,
        "files": [
            {
                "file": report.file,
                "model": report.model or None,
                "errors": len(report.errors) + report.untold,
                "findings": len(report.findings),
            }
            for report in reports
        ],
        "errors": errors,
        "findings": findings,
        "total": {
            "files": len(reports),
            "errors": len(errors) + sum(report.untold for report in reports),
            "findings": len(findings),
        },
    }


def _table(reports: list[Report]) -> Table:
    """The findings as a table, for CSV, Markdown and LaTeX."""
    columns = (
        Column("file", "file"), Column("line", "line", "count"), Column("column", "column", "count"), Column("code", "code"),
        Column("severity", "severity"), Column("row", "row", "name"), Column("message", "message"), Column("help", "help"),
    )  # fmt: skip
    lines: list[tuple[object, ...]] = []
    for report in reports:
        for code, error in report.errors:
            at = (error.place.line, error.place.column) if error.place is not None else (None, None)
            lines.append((report.file, *at, code, "error", None, error.fact, error.help))
        lines += [
            (report.file, f.place.line, f.place.column, f.code, f.severity, f.row, f.fact, f.help)
            for f in report.findings
        ]
    return Table("Findings", columns, tuple(lines), notes=() if lines else (_summary(reports),))


def _codes(found: list[Explained], question: Question, *, whole: bool) -> None:
    """One code with its reason and an example, or all of them with their titles."""
    if question.format == "json":
        keys = [code._asdict() for code in found]
        question.emit(json_text({"schema": "mbcost/lint-codes/1", "version": __version__, "codes": keys}))
    elif whole and question.format == "table":
        code = found[0]
        example = "\n".join(f"    {line}" for line in code.example.splitlines())
        question.emit(f"{code.code} ({code.severity}): {code.title}\n\n{code.reason}\n\n{example}\n")
    else:
        columns = [Column("code", "code"), Column("severity", "severity"), Column("title", "title")]
        columns += [Column("reason", "reason"), Column("example", "example")] if whole else []
        rows = tuple(tuple(getattr(code, column.key) for column in columns) for code in found)
        question.emit(
            table_text(
                Table("Codes of mbcost lint", tuple(columns), rows),
                question.format,
                to_file=question.output is not None,
            )
        )
