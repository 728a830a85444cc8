"""Wrong questions in processes of their own: exit 2, one message on stderr, nothing on stdout, no traceback, at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.conftest import Said
from tests.pace import within

Say = Callable[..., Said]
GOOD = "format: 1\ninput: {channels: 3, resolution: 32}\nlayers: [{op: depthwise}]\n"


def process(*args: str, stdin: bytes = b"", **kwargs: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "mbcost", *args], input=stdin, capture_output=True, check=False, timeout=60, **kwargs
    )  # type: ignore[call-overload, no-any-return]


V1 = ("table", "mobilenet_v1")


# ---- whole processes


@pytest.mark.parametrize(
    ("args", "stdin", "words"),
    [
        (["table", "mobilnet_v1"], b"", b"did you mean `mobilenet_v1`"),
        (["table", "-"], b"", b"<stdin>:1:1: the file is empty"),
        (["table", "-"], b"[" * 100_000, b"<stdin>:1:65: nested more than 64 levels deep"),
        (["table", "-"], b"\xff\xfe\0", b"<stdin>:1:1: byte 0xff is not UTF-8 text"),
        (
            ["table", "-"],
            GOOD.replace("depthwise", "depthwise, repeat: 1000000000000").encode(),
            b"more than 20,000 layers once repeats are unrolled",
        ),
        (["table", "mobilenet_v1", "-a", "1e30000000"], b"", b"alpha `1e30000000` is not a number"),
        (["table", "mobilenet_v1", "--rho", "1", "-r", "192"], b"", b"both given"),
    ],
)
def test_processes_end_with_two_and_one_message(args: list[str], stdin: bytes, words: bytes) -> None:
    begin = time.perf_counter()
    done = process(*args, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr
    assert b"Traceback" not in done.stderr
    assert within(time.perf_counter() - begin, 5)


def test_words_of_the_user_cannot_write_on_the_terminal() -> None:
    """An escape sequence in a name, a path or a value is shown, not obeyed."""
    evil = "\x1b[31mred\x1b]0;title\x07"
    for args in (["table", evil], [evil], ["table", f"{evil}.yaml"], [*V1, "-a", evil], [*V1, "--rounding", evil], [*V1, "--layer", evil],
                 [*V1, "--set", f"{evil}=1"], [*V1, "--set", f"conv_1.stride={evil}"], [*V1, "--without", evil], [*V1, "-f", evil],
                 [*V1, "-r", evil], [*V1, "-o", f"/no/{evil}"], [*V1, "--convention", evil]):  # fmt: skip
        done = process(*args)
        assert done.returncode == 2, args
        assert b"\x1b" not in done.stderr, args
        assert b"\x07" not in done.stderr, args
