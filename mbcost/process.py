"""How the process begins and ends: three standard streams that exist, and signals that leave nothing half-written.

A signal ends the process from inside its handler, so that no code between here and there can swallow it or print a
traceback about it: what is still to be undone (a temporary file, a hidden cursor) is undone first. Only the program
itself takes signals; a library that is imported leaves them alone.
"""

import atexit
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

__all__ = ["INTERRUPTED", "end", "end_on_signals", "held", "open_streams", "undone"]

INTERRUPTED = 130

_UNDO: list[Callable[[], object]] = []
_HELD: list[bool] = []


def end(code: int) -> NoReturn:
    """End the process, with what is printed and what was to be done at its end, and nothing else.

    Python would first take apart all that was imported, a sixth of the time of a query. It does so under a profiler or a
    debugger, which has something to say after the program.
    """
    if sys.gettrace() is None and sys.getprofile() is None:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def end_on_signals() -> None:
    """Let Ctrl-C, ``kill`` and a closed terminal end the process at once, quietly, with 130; ignored ones stay ignored."""
    import signal

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    if _HELD:
        _HELD.append(True)
        return
    for undo in reversed(_UNDO):
        with suppress(Exception):  # whatever it is: the process ends here
            undo()
    os._exit(INTERRUPTED)


@contextmanager
def held() -> Iterator[None]:
    """Let a signal wait until this is over: what is begun in here has not said yet how it is undone."""
    _HELD.append(False)
    try:
        yield
    finally:
        waiting = any(_HELD)
        _HELD.clear()
        if waiting:
            _end(0, None)


@contextmanager
def undone(undo: Callable[[], object]) -> Iterator[None]:
    """Have something undone if a signal ends the process in here."""
    _UNDO.append(undo)
    try:
        yield
    finally:
        _UNDO.remove(undo)


def open_streams() -> None:
    """Put something in the place of a standard stream that was closed, before a file gets its number and its output.

    Reading or writing it fails as it does on any stream that fails (standard error: it is silent). No stream ever fails
    on a character it cannot encode.
    """
    for number, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # gets the lowest number there is: this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115  (open as long as the process is)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
