"""The command line: one module a command, imported when the command is asked for.

Exit codes are a contract: 0 done or within limits, 1 a check said no, 2 the question or a file is wrong, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from mbcost import __version__, escape
from mbcost.cli.output import complain, hush
from mbcost.errors import MbcostError, nearest
from mbcost.process import INTERRUPTED

__all__ = ["COMMANDS", "run"]

COMMANDS = {
    "list": "list_",
    "import": "import_",
    "show": "show",
    "table": "table",
    "compare": "compare",
    "conv": "conv",
    "formula": "formula",
    "sweep": "sweep",
    "solve": "solve",
    "check": "check",
    "diff": "diff",
    "history": "history",
    "reproduce": "reproduce",
    "explore": "explore",
    "conventions": "conventions",
    "memory": "memory",
    "roofline": "roofline",
    "lint": "lint",
    "schema": "schema",
    "help": "help_",
}
"""Every command and the module of this package that has it."""

COMMANDS_MEANT = {
    **dict.fromkeys(("summary", "info", "profile", "count", "stats", "flops", "macs", "params"), "table"),
    **dict.fromkeys(("plot", "pareto"), "sweep"), "validate": "lint", "models": "list", "roof": "roofline",
}  # fmt: skip
"""What other tools call our commands."""

OPTIONS_MEANT = {
    **dict.fromkeys(("--width", "--width-mult", "--width-multiplier", "--multiplier"), "the width multiplier is -a, --alpha"),
    **dict.fromkeys(("--depth-mult", "--depth-multiplier"), "the depth multiplier is --depth"),
    **dict.fromkeys(
        ("--input", "--input-size", "--input-res", "--input-shape", "--image-size", "--img-size", "--size", "--res"),
        "the size of the input is -r, --resolution: 192, or 192x256 (height x width)",
    ),
    **dict.fromkeys(("--macs", "--madds", "--mult-adds"), "mult-adds are always shown; --columns adds other quantities"),
    **dict.fromkeys(("--flops", "--gflops"), "--unit flops shows two FLOPs for every mult-add"),
    **dict.fromkeys(("--max-macs", "--max-madds", "--max-flops"), "the limit on mult-adds is --max-mult-adds"),
    **dict.fromkeys(("--max-size", "--max-parameters"), "the limits are --max-params and --max-model-bytes"),
    **dict.fromkeys(
        ("--max-arena", "--min-arena"),
        "an arena is the plan of a greedy planner and no polynomial: `table`, `memory` and `check` have it, `solve` has --max-peak-memory",
    ),
    **dict.fromkeys(
        ("--max-intensity", "--min-intensity", "--max-model-time", "--max-time-bound"),
        "what depends on bytes and mult-adds together takes no limit: `sweep --columns` has it over a grid",
    ),
    **dict.fromkeys(("--max-ram", "--max-memory"), "the limit on memory is --max-peak-memory"),
    **dict.fromkeys(("--batch-size", "--bs"), "images a pass are --batch"), "--num-classes": "the outputs of the classifier are --classes",
    **dict.fromkeys(("--json", "--csv", "--markdown", "--latex"), "the form of the result is -f json, -f csv, -f markdown or -f latex"),
    **dict.fromkeys(("--out", "--out-file", "--save"), "the file of the result is -o, --output"),
}  # fmt: skip
"""What other tools call our options."""


class _Commands(click.Group):
    """A group that imports a command's module only when that command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"mbcost.cli.{COMMANDS[cmd_name]}")
        command = module.command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = COMMANDS_MEANT.get(args[0].lower()) or nearest(args[0], list(COMMANDS))
            hint = f"did you mean {close}?" if close else f"the commands are {', '.join(COMMANDS)}"
            raise MbcostError(f"there is no command `{args[0][:60]}`", help=hint)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"mbcost {__version__}")
        ctx.exit(0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version and exit."
)
def cli() -> None:
    """What does this network cost? Exact mult-adds and params, layer by layer, at any alpha and rho.

    \b
    mbcost table mobilenet_v1 -a 0.75 -r 192         where the mult-adds sit
    mbcost compare mobilenet_v1                      separable against standard convolution
    mbcost conv 512 512 --size 14                    one convolution (MobileNets, Table 3)
    mbcost formula mobilenet_v2                      the closed form in alpha and rho
    mbcost solve mobilenet_v1 --max-mult-adds 300M   the widest network within a budget
    mbcost check --base origin/main                  limits in CI
    mbcost import mypkg.nets:build -o net.yaml       the table of what your code builds
    mbcost reproduce mobilenet_v1                    published tables, cell by cell
    mbcost explore mobilenet_v1 mobilenet_v2         sliders in one HTML file

    Exit codes: 0 done, 1 a check said no, 2 the question or a file is wrong, 130 interrupted.
    """


def run(args: list[str]) -> int:
    """Run the program and give its exit code; errors become one message on stderr and the exit code 2."""
    try:
        return _run(args)
    except MbcostError as error:
        return _fail(str(error) if error.place is not None else f"error: {error}")
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption) and error.option_name in OPTIONS_MEANT:
            option = error.option_name
            return _fail(f"error: there is no option `{option}`\n  help: {OPTIONS_MEANT[option]}")
        from io import StringIO

        said = StringIO()
        error.show(said)
        return _fail(said.getvalue().rstrip("\n"))
    except BrokenPipeError:
        hush(sys.stdout)
        return 0
    except OSError as error:
        return _fail(_trouble(error))
    except (MemoryError, RecursionError):
        return _fail("error: the question is too large for this machine\n  help: ask for fewer rows or points")


def _run(args: list[str]) -> int:
    """One command, without what Click's own main adds: an empty line on Ctrl-C, and a 1 where nobody reads the help."""
    completing = os.environ.get("_MBCOST_COMPLETE")
    if completing:
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, "mbcost", "_MBCOST_COMPLETE", completing)
    with cli.make_context("mbcost", args) as context:
        result = cli.invoke(context)
        return result if isinstance(result, int) else 0


def _trouble(error: OSError) -> str:
    """What nobody nearer to it has put into words: it is the machine's, not the question's."""
    hush(sys.stdout)
    if error.filename is not None:
        what, help = f"`{error.filename}` cannot be used: {error.strerror}", "check the path and its permissions"
    elif isinstance(error, FileNotFoundError):
        what, help = "the current folder does not exist any more", "change to one that does"
    else:
        what, help = f"standard output cannot be written: {error.strerror}", "write it to a file, or to a terminal"
    return f"error: {what}\n  help: {help}"


def _fail(message: str) -> int:
    complain("\n".join(escape.line(line[:1000]) for line in message.split("\n")))
    return 2
