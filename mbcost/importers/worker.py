"""The process that traces: the user's interpreter with :mod:`mbcost.importers.tracer`, a request and an answer at a time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, suppress
from threading import Thread, Timer
from typing import IO, TYPE_CHECKING, Any, Self, cast

from mbcost.errors import MbcostError
from mbcost.process import held, undone

if TYPE_CHECKING:
    from io import BufferedReader

__all__ = ["Worker", "interpreter"]

BYTES = 1 << 26
TIMEOUT = 120


def interpreter(given: str | None = None) -> str:
    """The Python that has the framework: as given, else of the active virtual environment, else on PATH, else our own."""
    if given is not None:
        found = shutil.which(given)
        if found is None:
            raise MbcostError(
                f"--python: there is no program {given[:200]}", help="give the path of a Python interpreter"
            )
        return found
    active = os.environ.get("VIRTUAL_ENV")
    if active:
        for name in ("bin/python", "Scripts/python.exe"):
            path = os.path.join(active, name)
            if os.path.isfile(path):
                return path
    return shutil.which("python") or sys.executable


class Worker:
    """A running tracer.

    It is limited in time (all its answers together) and in what it answers; it is ended with its children when the block
    is left.
    """

    def __init__(self, code: str, *, python: str, framework: str | None = None, timeout: float = TIMEOUT) -> None:
        self.code, self.python, self.framework, self.timeout = code, python, framework, timeout
        self.late = False
        self.said = b""
        self.cleanup = ExitStack()

    def __enter__(self) -> Self:
        tracer = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tracer.py")
        try:
            with held():
                self.process = subprocess.Popen(  # noqa: S603  (the interpreter that the user names, and our own file)
                    [self.python, tracer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    start_new_session=True,
                )  # fmt: skip
                self.cleanup.enter_context(undone(self._end))  # no Ctrl-C reaches a session of its own
        except OSError as error:
            raise MbcostError(
                f"{self.python} does not run: {error.strerror}", help="--python names the interpreter"
            ) from None
        self.requests = cast("IO[bytes]", self.process.stdin)
        self.answers = cast("IO[bytes]", self.process.stdout)
        self.noise = cast("BufferedReader", self.process.stderr)
        self.listener = Thread(target=self._listen, daemon=True)
        self.listener.start()
        self.timer = Timer(self.timeout, self._expire)
        self.timer.daemon = True
        self.timer.start()
        self._send({"code": self.code, "framework": self.framework, "limits": {"bytes": BYTES}})
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()
        self._end()
        self.cleanup.close()
        self.process.wait()
        self.listener.join(timeout=5)
        for stream in (self.requests, self.answers, self.noise):
            with suppress(OSError):  # a request that it never read
                stream.close()

    def ask(self, args: dict[str, Any], inputs: list[list[list[int]]]) -> Any:
        """The graph of the network with some arguments, traced at some lists of input shapes: parsed JSON, unchecked.

        Raises
        ------
        MbcostError
            If the process takes too long, dies, or answers with what is no JSON.
        """
        self._send({"args": args, "inputs": inputs})
        line = self.answers.readline(BYTES + 1024)
        if self.late:
            raise MbcostError(
                f"{self.code} took more than {self.timeout:g} seconds",
                help="--timeout SECONDS gives it more; does it train or download?",
            )
        if not line.endswith(b"\n"):
            if len(line) > BYTES:
                raise MbcostError(
                    f"the graph of {self.code} takes more than {BYTES:,} bytes", help="trace a smaller network"
                )
            self.process.wait()
            self.listener.join(timeout=5)
            last = next(
                (text for text in reversed(self.said.decode("utf-8", "replace").splitlines()) if text.strip()), ""
            )
            fact = f"tracing {self.code} ended with code {self.process.returncode}"
            raise MbcostError(
                f"{fact}: {last.strip()[:300]}" if last else fact, help=f"the interpreter was {self.python}"
            )
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise MbcostError("the tracer's answer is no JSON", help=f"the interpreter was {self.python}") from None

    def _send(self, request: dict[str, Any]) -> None:
        try:
            self.requests.write(json.dumps(request).encode() + b"\n")
            self.requests.flush()
        except OSError:
            pass  # it died; reading its answer says how

    def _listen(self) -> None:
        """What the code prints, the last of it kept."""
        while chunk := self.noise.read1(65_536):
            self.said = (self.said + chunk)[-65_536:]

    def _expire(self) -> None:
        self.late = True
        self._end()

    def _end(self) -> None:
        import signal

        try:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        except OSError:
            pass  # it has ended
