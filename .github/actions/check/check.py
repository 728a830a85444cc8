"""Runs ``mbcost check`` as the Action's inputs say, in the folder of the repository that is checked.

Python is to be started with -I. Then neither that folder nor the environment has a say in what is imported: only the
standard library, this checkout, and the packages of requirements.txt, which the step before installed in a folder of its own.
"""

from __future__ import annotations

import os
import shlex
import sys
from typing import NoReturn

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments(inputs: dict[str, str]) -> list[str]:
    """The command line: options first, and behind ``--`` the budgets files, one a line, whatever their names look like."""
    base = inputs.get("BASE", "").strip()
    if not base and inputs.get("GITHUB_BASE_REF"):
        base = f"origin/{inputs['GITHUB_BASE_REF']}"
    files = [line.strip() for line in inputs.get("BUDGETS", "").splitlines() if line.strip()]
    try:
        options = shlex.split(inputs.get("ARGS", ""))
    except ValueError as error:
        refuse(f"error: `args` cannot be split into words: {error}\n  help: close every quote")
    return ["check", *([f"--base={base}"] if base and base != "none" else []), *options, "--", *files]


def refuse(message: str) -> NoReturn:
    """Exit as `mbcost` does where the question is wrong."""
    print(message, file=sys.stderr)
    sys.exit(2)


def main() -> None:
    """Run the program of this checkout."""
    if not sys.flags.isolated:
        refuse("error: Python is not isolated\n  help: start it with -I")
    sys.path[:0] = [os.path.join(HERE, *[os.pardir] * 3), os.path.join(os.environ["RUNNER_TEMP"], "mbcost")]
    from mbcost.cli import run

    sys.exit(run(arguments(dict(os.environ))))


if __name__ == "__main__":
    main()
