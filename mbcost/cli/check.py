"""``mbcost check``: limits on what networks cost, for CI."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

from mbcost import escape
from mbcost.budgets.specs import DEFAULT_FILE, Budget, BudgetFile, Limit, Outcome, Point
from mbcost.budgets.verdicts.github import annotation_lines
from mbcost.budgets.verdicts.report import BADGES
from mbcost.budgets.verdicts.report import FORMATS as OWN
from mbcost.budgets.verdicts.report import report as verdict_of
from mbcost.cli.options import FILE, Choice, Given, Question, given_limits, limit_options, variant_options
from mbcost.cli.output import append, complain, write, written
from mbcost.errors import MbcostError
from mbcost.report import FORMATS, render

__all__ = ["command"]

VARIANT = (
    "alpha", "rho", "resolution", "batch", "convention", "conventions", "rounding", "standard", "classes", "set", "without",
    "bits", "weight_bits", "activation_bits",
)  # fmt: skip


def _variant(function: Callable[..., Any]) -> Callable[..., Any]:
    """The shared options but ``--unit``: limits are in mult-adds."""
    function = variant_options(function)
    function.__click_params__ = [p for p in function.__click_params__ if p.name != "unit"]  # type: ignore[attr-defined]
    return function


@click.command("check", short_help="Limits in CI: fail, and say which layer grew.")
@click.argument("budgets", nargs=-1, metavar="[BUDGETS...]")
@limit_options("check", "max")
@click.option("--base", metavar="REV|FILE.json", help="Compare with the merge base with REV, or with a saved report.")
@click.option("--show-passed", is_flag=True, help="Also what is within its limits.")
@click.option(
    "--fail-on", type=Choice(["max", "warn"]), default="max", show_default=True, help="Which limits make exit code 1."
)
@click.option("--all", "everywhere", is_flag=True, help="Every mbcost-budgets.yaml here and below that git tracks.")
@click.option(
    "--unbudgeted",
    type=Choice(["notice", "error"]),
    default="notice",
    show_default=True,
    help="A table that no budget names, beside one that a budget does: a notice, or exit code 1.",
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 even when over budget.")
@click.option("--init", "begin", is_flag=True, help="Write the first budgets file: what models cost today, plus 5 %.")
@click.option("--update", is_flag=True, help="Rewrite the limits to what is used plus --headroom.")
@click.option("--headroom", default="5%", show_default=True, metavar="PERCENT", help="Room that --update leaves.")
@click.option("--allow-raise", is_flag=True, help="Let --update raise limits too.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=FILE",
    help="Write another report: junit=build/mbcost.xml, badge=mbcost.svg (or .json).",
)
@click.option("--append", "history", type=FILE, help="Add this run to a file of JSON lines, for `mbcost history`.")
@click.option(
    "-f", "--format", type=Choice([*FORMATS, *OWN]), default="table", show_default=True, help="Form of the result."
)
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead.")
@_variant
def command(
    budgets: tuple[str, ...], base: str | None, show_passed: bool, fail_on: str, everywhere: bool, unbudgeted: str, exit_zero: bool, begin: bool, update: bool,
    headroom: str, allow_raise: bool, reports: tuple[str, ...], history: str | None, format: str, output: str | None, **options: Any,
) -> None:  # fmt: skip
    """Hold networks against their limits. BUDGETS are budget files; without one, mbcost-budgets.yaml here or above.

    \b
    mbcost check                                     the limits of mbcost-budgets.yaml
    mbcost check --init models/*.yaml                writes that file, from what they cost today
    mbcost check --base origin/main                  and what grew since this branch left main
    mbcost check --report junit=build/mbcost.xml     a report for CI beside the text
    mbcost check --update                            tighten the limits to what is used plus 5 %
    mbcost check net.yaml -a 0.75 --max-mult-adds 300M --max-params 3M

    With any --max option the arguments are models. A table that states its cost, `expect`, is held against that too, and
    needs no limit. Exit codes: 0 within limits, 1 over a limit or off an expectation, 2 the question or a file is wrong.
    """
    ctx = click.get_current_context()
    limits = given_limits(options, "check", "max")
    if begin:
        _init(ctx, budgets, Question(options), output)
        return
    targets = _reports(reports)
    room = _headroom(ctx, headroom, allow_raise, update)
    if everywhere:
        budgets = _everywhere(budgets, limits)
    files = [_asked(budgets, limits, Question(options))] if limits else _files(ctx, budgets)
    if update and (not files[0].path or any(file.path == "<stdin>" for file in files)):
        raise MbcostError(
            "--update rewrites budgets files, and none is given", help=f"write the limits in {DEFAULT_FILE}"
        )
    from mbcost.budgets.evaluate import check

    outcome = check(files, base, strict=fail_on == "warn")
    if outcome.results and all(r.status == "unchecked" for r in outcome.results):
        raise MbcostError(
            "every limit is relative (vs_base), and there is no base", help="give --base REV or --base FILE.json"
        )
    outcome = _beside(outcome, files, unbudgeted == "error")
    changes, texts = _updated(files, outcome, room, allow_raise) if update else (None, {})
    verdict = verdict_of(outcome, show_passed=show_passed, changes=changes, ratchet=_ratchet(outcome, changes))
    text = written(verdict, format, to_file=output is not None)
    if format == "table" and output is None and _on_actions():
        text += annotation_lines(outcome)
    rendered = [(path, written(verdict, kind, to_file=True)) for kind, path in targets]
    for path, said in [*rendered, *([(output, text)] if output is not None else [])]:
        write(said, path)
    _on_github(outcome, quiet=format == "github" or (format == "table" and output is None))
    if history is not None:
        _append(outcome, history)
    for path, budget in texts.items():  # last: nothing is updated if a report cannot be written
        write(budget, path)
    if output is None:
        write(text, None)
    mended = {edit.place for edit in changes or ()}
    if not exit_zero and (
        any(r.limit.place not in mended for r in outcome.failures) or (outcome.gated and outcome.unbudgeted)
    ):
        raise click.exceptions.Exit(1)


def _everywhere(budgets: tuple[str, ...], limits: list[Given]) -> tuple[str, ...]:
    """``--all``: the budgets files of this folder and those below it that git tracks."""
    if budgets or limits:
        raise MbcostError("--all finds the budgets files itself", help="leave out the other arguments, or --all")
    from mbcost.budgets.git import Repository

    found = tuple([path for path in Repository(os.curdir).tracked(DEFAULT_FILE) if os.path.lexists(path)])
    if not found:
        raise MbcostError(f"git tracks no `{DEFAULT_FILE}` here or below", help="write one, and `git add` it")
    return found


def _beside(outcome: Outcome, files: list[BudgetFile], gated: bool) -> Outcome:
    """With the tables that no budget names, beside those that one does."""
    if not any(os.path.isfile(name) for name in {r.model for r in outcome.results if r.file.path}):
        return outcome
    from mbcost.budgets.unbudgeted import unbudgeted

    return outcome._replace(unbudgeted=unbudgeted(files, list(outcome.results), gated=gated), gated=gated)


def _init(ctx: click.Context, models: tuple[str, ...], question: Question, output: str | None) -> None:
    """``--init``: the first budgets file, of the models named or of the tables below here."""
    from mbcost.budgets.first import first_file, tables_below
    from mbcost.tables import load  # which refuses code

    allowed = {"begin", "budgets", "output", "alpha", "resolution", "rho"}
    for name in ctx.params:
        source = ctx.get_parameter_source(name)
        if name not in allowed and source not in {None, click.core.ParameterSource.DEFAULT}:
            option = next((o.opts[0] for o in ctx.command.params if o.name == name), name)
            raise MbcostError(
                f"--init writes a budgets file, and {option} asks for something else", help="leave it out"
            )
    path = DEFAULT_FILE if output is None else output
    if path != "-" and os.path.lexists(path):
        raise MbcostError(f"`{path[:200]}` is there already", help=f"name another file with -o{_or_tighten(path)}")
    named = models or tuple(tables_below(os.curdir))
    if not named:
        raise MbcostError("there is no layer table below here", help="name one: mbcost check --init mobilenet_v1")
    found = [(name, load(name).count(variant)) for name, variant in map(question.at, named)]
    write(first_file(found, os.path.dirname(path)), path)
    if path != "-":
        budgets = f"{len(found)} budget{'s' * (len(found) > 1)}"
        complain(
            escape.line(f"wrote {path} ({budgets}); hold them with: mbcost check{'' if output is None else f' {path}'}")
        )


def _or_tighten(path: str) -> str:
    """What else can be done with a file that is there, if it has limits."""
    from mbcost.budgets.reading import read_budgets

    try:
        read_budgets(path)
    except MbcostError:
        return ""
    return f", or tighten its limits: mbcost check --update{'' if path == DEFAULT_FILE else f' {path[:200]}'}"


def _files(ctx: click.Context, paths: tuple[str, ...]) -> list[BudgetFile]:
    """The budgets files: those named, or the nearest one above."""
    given = [name for name in VARIANT if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT]
    if given:
        raise MbcostError(
            f"--{given[0]} goes with --max limits, not with budgets files",
            help="a budgets file says it itself: `at` has the points, `convention` the counting rule, `bits` the bit width",
        )
    from mbcost.budgets.reading import find_file, read_budgets

    return [_file(path, read_budgets) for path in dict.fromkeys(paths or (find_file(),))]


def _file(path: str, read: Callable[[str], BudgetFile]) -> BudgetFile:
    """A budgets file; in its place a model whose table states what it costs."""
    try:
        return read(path)
    except MbcostError:
        from mbcost.budgets.reading import expecting
        from mbcost.tables import load

        try:
            states = path != "-" and load(path).table.expect
        except MbcostError:
            states = ()
        if not states:
            raise
        return expecting((path,))


def _asked(models: tuple[str, ...], limits: list[Given], question: Question) -> BudgetFile:
    """The limits of the command line, as a budgets file that has no file."""
    if not models:
        raise MbcostError("no model is named", help="mbcost check MODEL... --max-mult-adds 300M")
    found = []
    for _, quantity, text in limits:
        amount, in_bytes = quantity.read(text, f"--max-{quantity.option}")
        found.append(Limit("max", quantity.name, amount, text.strip(), in_bytes))
    asked = map(question.at, models)
    budgets = [
        Budget(n, name, (Point(variant),), tuple(found), question.bits) for n, (name, variant) in enumerate(asked, 1)
    ]
    return BudgetFile("", "", budgets[0].points[0].variant.convention, tuple(budgets))


def _reports(reports: tuple[str, ...]) -> list[tuple[str, str]]:
    """``--report FORMAT=FILE``, each checked before anything is counted."""
    found = []
    for report in reports:
        kind, equals, path = report.partition("=")
        if not equals or not path:
            raise MbcostError(
                f"--report `{report[:60]}` is not FORMAT=FILE", help="write --report junit=build/mbcost.xml"
            )
        if kind == "badge":
            kind = f"badge.{path.rpartition('.')[2].lower()}"
            if kind not in {f"badge.{end}" for end in BADGES}:
                raise MbcostError(
                    f"`{report[:60]}` names no kind of badge", help="end the file in .svg, or .json for shields.io"
                )
            found.append((kind, path))
            continue
        found.append((Choice([*FORMATS, *OWN]).convert(kind, click.Option(["--report"]), None), path))
    return found


def _append(outcome: Outcome, path: str) -> None:
    """``--append``: this run as one more line, with its time, and its commit where there is one."""
    from time import gmtime, strftime

    from mbcost.budgets.git import Repository
    from mbcost.budgets.history import history_line

    commit = ""
    with suppress(MbcostError):
        commit = Repository(outcome.files[0].folder).commit("HEAD")
    append(history_line(outcome, strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()), commit), path)


def _headroom(ctx: click.Context, text: str, allow_raise: bool, update: bool) -> Any:
    if not update:
        if allow_raise or ctx.get_parameter_source("headroom") is not click.core.ParameterSource.DEFAULT:
            raise MbcostError(
                f"--{'allow-raise' if allow_raise else 'headroom'} goes with --update",
                help="add --update, or leave it out",
            )
        return None
    from mbcost.dims.amounts import parse_share

    return parse_share(text, "--headroom", zero=True)


def _updated(files: list[BudgetFile], outcome: Outcome, room: Any, allow_raise: bool) -> tuple[Any, dict[str, str]]:
    """What to rewrite, and the new texts by file; nothing where a limit would have to be raised."""
    from mbcost.budgets.update import edits, refused, rewritten

    if refused(outcome, allow_raise):
        return [], {}
    changes = edits(outcome, room, allow_raise=allow_raise)
    texts = {}
    for file in files:
        own = [edit for edit in changes if edit.place.file == file.path]
        if own:
            with open(file.path, "rb") as stream:
                mark = "\ufeff" if stream.read(3) == b"\xef\xbb\xbf" else ""
            texts[os.path.realpath(file.path)] = mark + rewritten(file, own)
    return changes, texts


def _ratchet(outcome: Outcome, changes: Any) -> str:
    """What ``--update`` did."""
    if changes is None:
        return ""
    params = click.get_current_context().params
    if not changes:
        why = "no limit is looser than asked"
        if outcome.failures:
            from mbcost.budgets.update import refused

            why = "a limit is exceeded, and is raised only with --allow-raise"
            if refused(outcome, allow_raise=True):
                why = "growth over the base, shares of layers, and what is not known are never raised"
            if any(r.limit.kind == "expect" for r in outcome.failures):
                why = "what a table expects is corrected in the table"
        return f"not updated: {why}\n"
    lines = [
        escape.line(f"{edit.place}: {edit.limit.kind} {edit.limit.quantity} {edit.limit.text} -> {edit.text}")
        for edit in changes
    ]
    limits = f"{len(changes)} limit{'' if len(changes) == 1 else 's'}"
    first = f"updated {limits} to what is used plus {params['headroom']}:"
    return "\n".join([first, *lines]) + "\n"


def _on_actions() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _on_github(outcome: Outcome, *, quiet: bool) -> None:
    """Under GitHub Actions: the job summary, and annotations where they are not in the output already."""
    if not _on_actions():
        return
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with open(summary, "a", encoding="utf-8") as stream:
                stream.write(render(verdict_of(outcome), "markdown"))
        except OSError as error:
            raise MbcostError(
                f"the job summary `{summary}` cannot be written: {error.strerror}",
                help="unset GITHUB_STEP_SUMMARY, or give a file",
            ) from None
    if not quiet and (lines := annotation_lines(outcome)):
        complain(lines.removesuffix("\n"))
