"""Cases for the fuzzer whose input is a file beside the command: budgets, conventions, saved reports and papers' files.

Like those for tables they are functions of their seed and number. Every generator begins with a file that is right, and breaks
it by bytes, by words of its grammar, or by its structure.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

from cases import Case
from words import NUMBERS, TOKENS, WORDS

from mbcost.budgets.limits import LAYER_KEYS
from mbcost.budgets.points import POINT_KEYS
from mbcost.budgets.reading import BUDGET_KEYS, FILE_KEYS
from mbcost.conventions import PARTS
from mbcost.conventions.reading import KEYS
from mbcost.conventions.reading import WORDS as NARROWER
from mbcost.quantities import QUANTITIES, limitable
from mbcost.tables import configs_folder

CONFIGS = Path(configs_folder())
TABLE = b"""\
format: 1
name: net
input: {channels: 3, resolution: 32}
rounding: divisor:8
layers:
  - {op: conv, name: stem, kernel_size: 3, out_channels: 16, stride: 2}
  - {op: separable, out_channels: 32}
  - {op: inverted_residual, expansion: 6, out_channels: 32, se: 1/4, activation: hard_swish}
  - {op: global_pool}
  - {op: linear, name: classifier, out_channels: 10, width: fixed}
"""
PAPERS = [path.read_text(encoding="utf-8") for path in sorted((CONFIGS / "papers").glob("*.yaml"))]
CONVENTIONS = (CONFIGS / "conventions.yaml").read_text(encoding="utf-8").replace("- name: ", "- name: my-")
AMOUNTS = [
    "300M",
    "1.5G",
    "50k",
    "10000",
    "999",
    "4MiB",
    "256KB",
    "20%",
    "0%",
    "100%",
    "101%",
    "+2%",
    "+0",
    "+50k",
    "-1%",
    "+",
    "%",
    ".5%",
    "1e9M",
    "9" * 25,
]
GLOBS = ["net.yaml", "*.yaml", "**/*.yaml", "./n*.yaml", "[n]et.yaml", "../**/*.yaml", "/**/*.yaml", "/*/*/*/*", "mobilenet_v*", "mobilenet_v1", "nope",
         "budgets.yaml", "*", "**", "[", "", "-", "/dev/null", "a\0b", "x" * 5000, "~/net.yaml", "loop/**/*.yaml", "*[*[*"]  # fmt: skip
LAYERS = ["*", "*/pointwise", "stem", "nothing*", "[", "*a*a*a*a*a*b", "?" * 200, "**", ""]
POINTS = {
    "alpha": ["1", "0.5", "3/4", "64", "65", "0", "1/0", "1e9"], "rho": ["1", "6/7", "0", "2"], "resolution": ["32", "16x24", "[8, 8]", "0", "65536", "x"],
    "batch": ["1", "8", "1000001", "0"], "rounding": ["floor", "none", "divisor:8", "divisor:0", "x"], "standard": ["true", "false", "maybe"],
    "classes": ["2", "0", "9999999999"], "set": ["{stem.stride: 1}", "{stem.out_channels: 9}", "{x.y: 1}", "{}", "{stem.name: x}"],
    "without": ["[global_pool]", "['*']", "[]", "[nothing]"],
}  # fmt: skip
PAPER_WORDS = ["expect", "erratum", "variant", "truncated", "match", "measured", "unexplained", "undefined", "reason", "evidence", "right", "wrong", "slip", "swapped",
               "columns", "rows", "title", "unit", "quantity", "tables", "number", "cells", "as", "set", "without", "alpha", "digits", "M", "%", "mult_adds"]  # fmt: skip


def file_case(seed: int, number: int) -> Case:
    """The case of a seed and a number."""
    random = Random(f"files/{seed}/{number}")
    return random.choice([budgets_case, budgets_case, conventions_case, report_case, paper_case])(random)


def broken(random: Random, text: str, words: list[str]) -> bytes:
    """A text with some of its words exchanged for others of its grammar; more rarely lines or bytes are broken."""
    for _ in range(random.choice([0, 0, 1, 1, 2, 4])):
        if random.random() < 0.8:
            spans = [match.span() for match in re.finditer(r"[\w.%+/*-]+", text)]
            start, end = random.choice(spans or [(0, 0)])
            text = text[:start] + random.choice([*words, *words, *TOKENS]) + text[end:]
            continue
        lines = text.splitlines(keepends=True) or [""]
        at = random.randrange(len(lines))
        lines[at : at + 1] = random.choice(
            [[], [lines[at]] * 2, [lines[at]] * 50, ["  " + lines[at]], [lines[at].lstrip()]]
        )
        text = "".join(lines)
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if random.random() < 0.1:
        at = random.randrange(len(data) + 1)
        junk = [b"", b"\x00", b"\xff", b"\x1b[31m", b"\xed\xa0\x80", b"\t", b"[" * 90, b"&a ", b"*a"]
        data[at : at + random.choice([0, 1, 9])] = random.choice(junk)
    return bytes(data if random.random() < 0.95 else data[: random.randrange(len(data) + 1)])


def options(random: Random) -> list[str]:
    """Options of `check`, few at a time."""
    found: list[str] = []
    for _ in range(random.choice([0, 0, 1, 1, 2])):
        found += random.choice([
            ["-f", "json"], ["-f", "markdown"], ["-f", "github"], ["-f", "junit"], ["--show-passed"], ["--fail-on", "warn"], ["--exit-zero"], ["--update"],
            ["--update", "--allow-raise"], ["--update", "--headroom", random.choice(["0%", "0.0%", "10%", "x", "-1%"])], ["--report", "junit=out.xml"],
            ["--report", "markdown=out.md"], [*random.choice([["--report", "junit="], ["--report", "json=/nowhere/x"], ["--base", "HEAD"], ["--base", "x" * 2000], []])],
        ])  # fmt: skip
    return found


def budgets_case(random: Random) -> Case:
    """`check` of a budgets file, sometimes with a base."""
    if random.random() < 0.5:
        data = broken(random, budgets(random, random.choice([0.0, 0.02, 0.1])), [*BUDGET_KEYS, *FILE_KEYS, *AMOUNTS])
    else:
        data = budgets(random, random.choice([0.0, 0.05, 0.2])).encode("utf-8", "surrogatepass")
    files = {"budgets.yaml": data, "net.yaml": TABLE, "rules.yaml": RULES.encode()}
    if random.random() < 0.3:
        files["base.json"] = json.dumps(REPORT).encode()
        return Case(["check", "budgets.yaml", "--base", "base.json", *options(random)], b"", files)
    if random.random() < 0.2:
        return Case(["check", "-", *options(random)], data, files)
    return Case(["check", "budgets.yaml", *options(random)], b"", files)


def budgets(random: Random, wildness: float) -> str:
    """A budgets file of a few budgets, from one that fits together to one of which nothing fits."""

    def pick(usual: list[str], wild: list[str]) -> str:
        return quoted(random.choice(wild if random.random() < wildness else usual))

    def limits(amounts: list[str], growth: bool = False) -> str:
        known = [*QUANTITIES, "macs"] if random.random() < wildness else list(limitable("check"))
        found = []
        for name in random.sample(known, random.choice([1, 1, 2, 4])):
            usual = ["10MiB", "3KB"] if name == "model_bytes" and amounts[0][-1] != "%" else amounts
            found.append(f"{name}: {pick(amounts if growth else usual, [*AMOUNTS, *WORDS, *NUMBERS])}")
        return "{" + ", ".join(found) + "}"

    rows = []
    for _ in range(random.choice([1, 1, 2, 5])):
        parts = [f"model: {pick(['net.yaml', 'n*.yaml', 'mobilenet_v1', './*et.yaml'], GLOBS)}"]
        if random.random() < 0.5:
            points = [
                "{" + ", ".join(f"{key}: {random.choice(values[: 8 if random.random() < 0.1 + wildness else 2])}" for key, values in
                                random.sample(list(POINTS.items()), random.choice([0, 1, 1, 2]))) + "}"
                for _ in range(random.choice([1, 1, 3]))
            ]  # fmt: skip
            parts.append(f"at: {points[0] if len(points) == 1 else '[' + ', '.join(points) + ']'}")
        if random.random() < 0.8 or len(parts) == 1:
            parts.append(f"max: {limits(['300M', '1.5G', '700K', '10K'])}")
        if random.random() < 0.3:
            parts.append(f"warn: {limits(['10K', '600K'])}")
        if random.random() < 0.3:
            kind = random.choice([*LAYER_KEYS])
            amounts = ["20%", "99.5%"] if "share" in kind else ["300K", "2M"]
            parts.append(
                f"layers: {{{quoted(random.choice(LAYERS[: 9 if random.random() < wildness else 3]))}: {{{kind}: {limits(amounts)}}}}}"
            )
        if random.random() < 0.4:
            parts.append(f"vs_base: {limits(['+2%', '+0'], growth=True)}")
        if random.random() < 0.2:
            parts.append(f"bits: {pick(['8', '32'], NUMBERS)}")
        if random.random() < 0.2:
            parts.append(f"message: {quoted(random.choice(WORDS))}")
        if random.random() < wildness:
            parts.append(random.choice([f"{random.choice([*BUDGET_KEYS, *POINT_KEYS])}: {{}}", "x: 1", "max: []"]))
        rows.append("  - {" + ", ".join(parts) + "}")
    convention = random.choice(["", "", "convention: torch\n", "convention: thop\n", "convention: rules.yaml:own\n"])
    if random.random() < wildness:
        convention = f"convention: {quoted(random.choice(['nope', 'rules.yaml:', ':', 'net.yaml:x', '/dev/null:x', '..:x', 'rules.yaml:gone']))}\n"
    return f"format: 1\n{convention}budgets:\n" + "\n".join(rows) + "\n"


def quoted(text: str) -> str:
    """A text as a YAML scalar."""
    plain = text and all(c.isalnum() or c in "._/+%-" for c in text) and text.isascii()
    return text if plain and text[0] not in "-%+" else json.dumps(text)


RULES = """\
format: 1
conventions:
- {name: own, unit: mult_adds, source: here, mult_adds: {weight_mults: 1, bias_adds: 1}, params: {weights: 1, biases: 1}}
- {name: other, unit: flops, scale: 2, source: here, mult_adds: {weight_mults: 1, activated.relu: 2, norm_elements.batch: 4}, params: {weights.conv: 1}}
"""


def conventions_case(random: Random) -> Case:
    """A conventions file of one's own, and something counted under it."""
    words = [
        *KEYS,
        *PARTS,
        *(f"{random.choice(list(PARTS))}.{word}" for word in sorted(NARROWER)[:40]),
        "-1",
        "99999999",
        "1.5",
        "torch",
        "own",
    ]
    data = broken(random, random.choice([RULES, RULES, CONVENTIONS]), words)
    name = random.choice(["own", "other", "torch", "paper", "nope"])
    args = random.choice([
        ["table", "net.yaml", "--conventions", "rules.yaml", "--convention", name], ["conventions", "net.yaml", "--conventions", "rules.yaml"],
        ["table", "net.yaml", "--convention", f"rules.yaml:{name}"], ["check", "net.yaml", "--max-params", "9M", "--convention", f"rules.yaml:{name}"],
        ["conventions", "net.yaml", "--conventions", "rules.yaml", "--explain", "torch", "--as", name],
    ])  # fmt: skip
    form = [] if args[0] == "check" else random.choice([[], ["-f", "json"], ["-f", "csv"]])
    return Case([*args, *form], b"", {"rules.yaml": data, "net.yaml": TABLE})


def _saved() -> dict[str, Any]:
    """The report of the small table that the cases are held against, made as the program makes it."""
    from tempfile import TemporaryDirectory

    from mbcost.cli import run

    with TemporaryDirectory() as folder:
        net, out = Path(folder, "net.yaml"), Path(folder, "base.json")
        net.write_bytes(TABLE)
        assert run(["check", str(net), "--max-params", "9M", "-f", "json", "-o", str(out)]) == 0
        made = json.loads(out.read_text(encoding="utf-8"))
    assert isinstance(made, dict)
    made["models"][0]["model"] = "net.yaml"
    return made


REPORT = _saved()
VALUES: list[Any] = [[], {}, [[]], [1, 2], [1, 2, 3, 4], -1, 0, 1.5, 1e300, True, None, "", "x", "1/2", "1/0", "٣", "\ud800", "\0", "\x1b[31m", "9" * 5000, 10**30, 10**250, "net.yaml",
                     "lower bound", {"a": {"b": []}}]  # fmt: skip


def report_case(random: Random) -> Case:
    """A saved report as a base: values exchanged, keys dropped, bytes flipped."""
    document = json.loads(json.dumps(REPORT))
    for _ in range(random.choice([0, 1, 1, 2, 5])):
        here: Any = document if random.random() < 0.1 else document["models"]
        for _ in range(random.choice([1, 2, 3, 4, 5, 6])):  # some way down
            if not isinstance(here, dict | list) or not here:
                break
            key = random.choice(list(here) if isinstance(here, dict) else range(len(here)))
            if random.random() < 0.25 or not isinstance(here[key], dict | list):
                if isinstance(here, dict) and random.random() < 0.3:
                    del here[key]
                else:
                    here[key] = deepcopy(random.choice(VALUES))  # a later round may go into it
                break
            here = here[key]
        if not isinstance(document.get("models"), list):
            break
    data = json.dumps(document).encode("utf-8", "surrogatepass")
    if random.random() < 0.3:
        at = random.randrange(len(data))
        junk = [
            b"",
            b"[" * 3000,
            b'{"a":' * 3000,
            b"NaN",
            b"-Infinity",
            b"9" * 5000,
            b"\x00",
            b"\xff",
            b'"',
            b",",
            b"1e999",
            b'"\\ud800"',
        ]
        data = data[:at] + random.choice(junk) + data[at + random.choice([0, 1, 20]) :]
    text = "format: 1\nbudgets: [{model: net.yaml, max: {params: 9M}, vs_base: {mult_adds: +2%, params: +0, largest_activation: +0}}]\n"
    files = {"base.json": data, "net.yaml": TABLE, "budgets.yaml": text.encode()}
    return Case(["check", "budgets.yaml", "--base", "base.json", *options(random)], b"", files)


def paper_case(random: Random) -> Case:
    """A paper's file of which one table is left, with the notes it uses, broken: a whole paper takes too long."""
    lines = random.choice(PAPERS).splitlines(keepends=True)
    starts = [*[n for n, line in enumerate(lines) if line.startswith("- id: ")], len(lines)]
    first = random.randrange(len(starts) - 1)
    table = "".join(lines[starts[first] : starts[first + 1]])
    head: list[str] = []
    part, kept = "", True
    for line in lines[: starts[0]]:
        if not line.startswith(" "):
            part, kept = line.strip(), True
        elif part == "notes:" and re.match(r"  \w", line):
            kept = re.search(rf"\b{line.strip().rstrip(':')}\b", table) is not None
        head += [line] if kept else []
    text = "".join(head).replace("notes:\ntables:", "tables:") + table.split("figures:")[0]
    args = [
        "reproduce",
        "paper.yaml",
        *random.choice([[], ["-f", "json"], ["-f", "csv"], ["--only", "erratum,unexplained"]]),
    ]
    return Case(args, b"", {"paper.yaml": broken(random, text, PAPER_WORDS)})
