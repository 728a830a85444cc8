"""One worker of the fuzzer: runs cases in this process, one line of JSON a case on standard output.

The lines are: the number of the case before it runs, then what came of it. Memory is limited for the whole process.
"""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import sys
import time
import traceback

HARD_LIMIT = 1 << 30


class Pipe(io.TextIOWrapper):
    """Standard input or output that holds bytes."""

    def __init__(self, data: bytes = b"") -> None:
        self.raw_bytes = io.BytesIO(data)
        super().__init__(self.raw_bytes, encoding="utf-8", errors="surrogateescape", newline="")


def run_case(args: list[str], data: bytes) -> tuple[object, str, str]:
    """Exit code (or the traceback), what was printed, and what was complained about."""
    from mbcost.cli import run

    kept = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = Pipe(data), Pipe(), Pipe()
    code: object
    try:
        code = run(list(args))
    except SystemExit as stop:
        code = stop.code
    except BaseException:  # noqa: BLE001  (whatever gets out is what the fuzzer looks for)
        code = traceback.format_exc()
    finally:
        streams = sys.stdout, sys.stderr
        sys.stdin, sys.stdout, sys.stderr = kept
    texts = []
    for stream in streams:
        try:
            stream.flush()
            texts.append(stream.raw_bytes.getvalue().decode("utf-8", "replace"))  # type: ignore[union-attr]
        except ValueError:
            texts.append("")
    return code, texts[0], texts[1]


def place(folder: str, files: dict[str, bytes]) -> None:
    """The files of a case and no others in the folder it runs in; beside them a link that leads back to it."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    if files:
        os.symlink(".", os.path.join(folder, "loop"))


def peak() -> int:
    """The most memory this process has had, in bytes.

    ``ru_maxrss`` would not do: across fork and exec it begins with that of the process that started this one.
    """
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def main() -> None:
    """Run the cases from one number up to another."""
    sys.path[:0] = [
        os.path.dirname(os.path.abspath(__file__)),
        *os.environ.get("MBCOST_FUZZ_PATH", "").split(os.pathsep),
    ]
    from cases import is_report, make

    seed, start, stop = (int(word) for word in sys.argv[1:4])
    kind = sys.argv[4]
    folder = os.getcwd()
    resource.setrlimit(resource.RLIMIT_AS, (HARD_LIMIT, HARD_LIMIT))
    report = os.fdopen(os.dup(1), "w")
    for number in range(start, stop):
        args, data, files = make(kind, seed, number)
        place(folder, files)
        print(json.dumps({"begins": number}), file=report, flush=True)
        before = time.process_time()
        code, out, err = run_case(args, data)
        used = time.process_time() - before
        line = {
            "number": number,
            "code": code,
            "seconds": used,
            "peak": peak(),
            "complaint": err[:300],
            "printed": len(out),
            "report": is_report(args),
        }
        print(json.dumps(line), file=report, flush=True)


if __name__ == "__main__":
    main()
