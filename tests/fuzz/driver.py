"""The fuzzer: cases in worker processes with a memory limit and a deadline, and cases as whole processes.

    python tests/fuzz/driver.py --cases 20000 --processes 500 --seed 1

Of every case: an exit code of 0, 1 or 2 and never a traceback, at most 2 seconds of processor time (of the machine of
tests/pace.py), at most 300 MB; with an exit code of 2 something on standard error and, but for the reports of lint,
nothing on standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import selectors
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

HERE = Path(__file__).parent
SECONDS = 2.0
MEGABYTES = 300
HANG = 120.0  # by the clock, of a machine that may have other things to do
RESTART = 250  # a worker's peak memory is that of its worst case: new workers keep the cases apart


class Failure(NamedTuple):
    """A case that did what no case may do."""

    seed: int
    number: int
    what: str
    kind: str = "tables"

    def __str__(self) -> str:
        from cases import make

        args, data, files = make(self.kind, self.seed, self.number)
        parts = [("stdin", data), *files.items()]
        texts = "".join([f"\n  {name} {text[:400]!r}" for name, text in parts if text])
        return f"{self.kind}, seed {self.seed}, case {self.number}: {self.what}\n  args {args!r}{texts}"


class Outcome(NamedTuple):
    """What a run of the fuzzer came to."""

    cases: int
    codes: Counter[Any]
    failures: list[Failure]
    slowest: float
    largest: int


def verdict(line: dict[str, Any]) -> str:
    """What is wrong with the outcome of one case, or nothing."""
    if line["code"] not in {0, 1, 2} or isinstance(line["code"], bool):
        return f"exit {line['code']}"
    if line["seconds"] > SECONDS:
        from tests.pace import within

        if not within(line["seconds"], SECONDS):
            return f"{line['seconds']:.1f} s"
    if line["peak"] > MEGABYTES * 10**6:
        return f"{line['peak'] / 1e6:.0f} MB"
    if line["code"] == 2 and not line["complaint"].strip():
        return "exit 2 without a word"
    if line["code"] == 2 and line["printed"] and not line["report"]:
        return "exit 2 with a result on standard output"
    if "too large for this machine" in line["complaint"]:
        return "out of memory"
    return ""


def fuzz(cases: int, seed: int, start: int = 0, kind: str = "tables") -> Outcome:
    """Run cases of a kind one after the other in worker processes, each in a folder of its own."""
    failures: list[Failure] = []
    codes: Counter[Any] = Counter()
    slowest, largest, number, stop = 0.0, 0, start, start + cases
    while number < stop:
        end = min(stop, number - number % RESTART + RESTART)
        environment = {**os.environ, "MBCOST_FUZZ_PATH": os.pathsep.join(map(os.path.abspath, sys.path))}
        command = [sys.executable, str(HERE / "worker.py"), str(seed), str(number), str(end), kind]
        with (
            TemporaryDirectory() as folder,
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=folder
            ) as worker,
        ):
            for line in _lines(worker):
                if "begins" in line:
                    number = line["begins"]
                    continue
                codes[line["code"] if isinstance(line["code"], int) else "traceback"] += 1
                slowest, largest = max(slowest, line["seconds"]), max(largest, line["peak"])
                what = verdict(line)
                if what:
                    failures.append(Failure(seed, number, what, kind))
                number += 1
                if line["peak"] > MEGABYTES * 10**6:
                    worker.kill()  # or every case after it would look as large
                    break
            else:
                if number < end:
                    worker.kill()
                    errors = worker.stderr.read().decode("utf-8", "replace") if worker.stderr else ""
                    failures.append(
                        Failure(seed, number, f"hangs for {HANG:.0f} s, or kills its process {errors[-500:]}", kind)
                    )
                    number += 1
    return Outcome(cases, codes, failures, slowest, largest)


def _lines(worker: subprocess.Popen[bytes]) -> Any:
    """The lines of a worker, until it ends or says nothing for too long."""
    assert worker.stdout is not None
    with selectors.DefaultSelector() as waiting:
        waiting.register(worker.stdout, selectors.EVENT_READ)
        rest = b""
        while waiting.select(HANG):
            data = os.read(worker.stdout.fileno(), 1 << 16)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                yield json.loads(line)


def whole(processes: int, seed: int, start: int = 0) -> Outcome:
    """Run cases as whole processes: start-up, streams and exit code as a user has them."""
    from cases import case, is_report

    failures: list[Failure] = []
    codes: Counter[Any] = Counter()
    slowest = 0.0
    for number in range(start, start + processes):
        args, data, _ = case(seed, number)
        args = [arg for arg in args if "\0" not in arg]  # no process can be given these
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "mbcost", *[os.fsencode(arg.encode("utf-8", "surrogatepass")) for arg in args]],
                input=data, capture_output=True, timeout=HANG, preexec_fn=_limit, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            failures.append(Failure(seed, number, f"hangs for {HANG:.0f} s"))
            continue
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        slowest = max(slowest, seconds)
        codes[done.returncode] += 1
        errors = done.stderr.decode("utf-8", "replace")
        line = {
            "code": done.returncode,
            "seconds": seconds,
            "peak": 0,
            "complaint": errors[:300],
            "printed": len(done.stdout),
            "report": is_report(args),
        }
        what = f"traceback {errors[-600:]}" if "Traceback" in errors else verdict(line)
        if what:
            failures.append(Failure(seed, number, what))
    return Outcome(processes, codes, failures, slowest, 0)


def _limit() -> None:
    """A process that needs more memory than the limit runs out of it, and says so."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEGABYTES * 10**6, MEGABYTES * 10**6))


def main() -> int:
    """Fuzz as asked, print what came of it, exit with 1 if a case failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=int(os.environ.get("MBCOST_FUZZ", "2000")))
    options.add_argument("--processes", type=int, default=int(os.environ.get("MBCOST_FUZZ_PROCESSES", "20")))
    options.add_argument("--seed", type=int, default=int(os.environ.get("MBCOST_FUZZ_SEED", "1")))
    options.add_argument("--start", type=int, default=0)
    asked = options.parse_args()
    failed = False
    runs = (
        ("tables", fuzz, asked.cases),
        ("files", partial(fuzz, kind="files"), asked.cases),
        ("processes", whole, asked.processes),
    )
    for name, run, count in runs:
        began = time.monotonic()
        outcome = run(count, asked.seed, asked.start)
        for failure in outcome.failures[:40]:
            print(failure)
        codes = ", ".join(f"exit {code}: {amount}" for code, amount in sorted(outcome.codes.items(), key=str))
        print(
            f"{count} {name}, seed {asked.seed}: {len(outcome.failures)} failures; {codes}; slowest {outcome.slowest:.2f} s, "
            f"largest {outcome.largest / 1e6:.0f} MB; {time.monotonic() - began:.0f} s in all"
        )
        failed = failed or bool(outcome.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parents[1])]
    sys.exit(main())
