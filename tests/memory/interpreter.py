"""TFLite Micro's own interpreter, asked for the size of its arena."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

ARENA = 64_000_000

PROGRAM = """
import gzip, sys
from tflite_micro import runtime
interpreter = runtime.Interpreter.from_bytes(gzip.decompress(open(sys.argv[1], "rb").read()), arena_size=int(sys.argv[2]))
interpreter.print_allocations()
"""


def head_of(path: Path) -> int:
    """The bytes of the arena head that the interpreter prints for a packed file; in a process of its own, since it aborts on errors."""
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(ARENA)], capture_output=True, text=True, check=True
    )
    printed = re.search(r"Arena allocation head (\d+) bytes", found.stdout + found.stderr)
    if printed is None:
        raise ValueError(f"no arena head in {found.stderr[-200:]!r} of {len(gzip.decompress(path.read_bytes()))} bytes")
    return int(printed[1])
