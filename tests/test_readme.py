"""The README is run: every ``console`` block is a session whose printed output must be what the program prints now.

``pytest tests/test_readme.py --rewrite-goldens`` writes the outputs anew. A line ``...`` stands for lines left out.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import Said

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def sessions(text: str) -> list[tuple[str, str]]:
    """Each command of the console blocks with the output printed below it."""
    found = []
    for block in BLOCK.findall(text):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def agrees(printed: str, now: str) -> bool:
    """Whether the lines shown are the lines printed, ``...`` standing for any number of them."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + r"[ ]*\n"
        for line in printed.splitlines()
    )
    return re.fullmatch(pattern, now if now.endswith("\n") else now + "\n") is not None


def shortened(printed: str, now: str) -> str:
    """New output in the place of old, keeping as many lines before and after each ``...`` as the old one had."""
    lines = now.splitlines()
    old = printed.splitlines()
    if "..." not in [line.strip() for line in old]:
        return now if now.endswith("\n") else now + "\n"
    cut = [line.strip() for line in old].index("...")
    after = len(old) - cut - 1
    return "\n".join([*lines[:cut], "...", *(lines[-after:] if after else [])]) + "\n"


COMMANDS = sessions(README.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[command[:60] for command, _ in COMMANDS])
def test_readme_shows_what_the_program_prints(
    command: str, output: str, say, rewriting: bool, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(README.parent)
    words = shlex.split(command)
    assert words[0] == "mbcost", command
    said: Said = say(*words[1:])
    now = said.out + said.err
    if rewriting:
        text = README.read_text(encoding="utf-8")
        README.write_text(
            text.replace(f"$ {command}\n{output}", f"$ {command}\n{shortened(output, now)}"), encoding="utf-8"
        )
        return
    assert agrees(output, now), f"$ {command}\nprints\n{now}"


def test_there_are_sessions_and_a_changed_digit_is_seen() -> None:
    assert len(COMMANDS) >= 5
    command, output = COMMANDS[0]
    digit = re.search(r"[1-9]", output)
    assert digit is not None, command
    wrong = output[: digit.start()] + "0" + output[digit.end() :]
    assert agrees(output, output)
    assert not agrees(wrong, output)


def test_python_examples_run() -> None:
    text = README.read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert examples
    for example in examples:
        spoken: list[str] = []

        def say(*words: object, heard: list[str] = spoken) -> None:
            heard.append(" ".join(map(str, words)))

        exec(compile(example, "README.md", "exec"), {"print": say})
        expected = re.findall(r"# (\S.*)$", example, re.MULTILINE)
        assert [line.strip() for line in expected] == spoken


def test_the_yaml_example_is_a_table() -> None:
    from mbcost import loads

    examples = re.findall(r"```yaml\n(format: 1\nname.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    for example in examples:
        assert loads(example).cost().mult_adds > 0


def test_it_stays_a_five_minute_read() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 330
