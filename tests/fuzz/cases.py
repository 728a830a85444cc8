"""Cases for the fuzzer: tables broken by bytes, by tokens and by structure, and options nobody should type.

A case is a function of its seed and number (and of the commands, kinds and shipped tables there are), so that a failure
can be run again by naming both.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

from bombs import bomb
from words import COMMANDS, FIELDS, KEYS, NEEDED, NUMBERS, OPS, OPTIONS, OWN, SHARED, SIZES, TOKENS, WORDS

from mbcost.layers import KINDS
from mbcost.tables import configs_folder

MODELS = sorted(Path(configs_folder(), "models").glob("*.yaml"))
SEEDS = [path.read_bytes() for path in MODELS]
NAMES = [path.stem for path in MODELS]


class Case(NamedTuple):
    """Arguments of one call of the program, what it gets on standard input, and the files in its folder."""

    args: list[str]
    data: bytes
    files: dict[str, bytes] = {}  # noqa: RUF012  (never written to)


def make(kind: str, seed: int, number: int) -> Case:
    """The case of a kind (`tables`, or `files` beside the command), a seed and a number."""
    if kind == "tables":
        return case(seed, number)
    from files import file_case

    return file_case(seed, number)


def case(seed: int, number: int) -> Case:
    """The case of a seed and a number."""
    random = Random(f"{seed}/{number}")
    make = random.choice([by_bytes, by_tokens, by_tokens, *[by_structure] * 5, bomb])
    data = make(random)
    return Case(arguments(random), data)


def is_report(args: list[str]) -> bool:
    """Whether errors belong to the result: `lint` in any format for machines."""
    return args[:1] == ["lint"] and bool({"json", "csv", "markdown", "latex"} & set(args))


def arguments(random: Random) -> list[str]:
    """A command, mostly on standard input, with a few options."""
    command = random.choices(list(COMMANDS), list(COMMANDS.values()))[0]
    if command == "conv":
        args = [
            command,
            random.choice(NUMBERS),
            random.choice(NUMBERS),
            "--size",
            random.choice(NUMBERS),
            "-k",
            random.choice(NUMBERS),
        ]
    elif command in {"list", "schema"}:
        args = [command]
    elif command == "diff":
        args = [command, *random.choice([["-", "mobilenet_v1"], ["mobilenet_v2", "-"], ["-", "-"]])]
    elif random.random() < 0.12:
        args = [
            command,
            random.choice([*NAMES, "mobilenet", "", "/", "/dev/null", "\x00", "..", "no.yaml", "x" * 5000, "-", "--"]),
        ]
    else:
        args = [command, "-"]
    if command in NEEDED and random.random() < 0.7:
        args += NEEDED[command]
    known = SHARED + OWN.get(command, [])
    for _ in range(random.choice([0, 0, 1, 1, 2, 3])):
        option = random.choice(known if random.random() < 0.95 else list(OPTIONS))
        value = random.choice(OPTIONS[option])
        args += [option] if value is None else [option, value]
    return args


def by_bytes(random: Random) -> bytes:
    """A shipped table with bytes flipped, cut, doubled or put in."""
    data = bytearray(random.choice(SEEDS))
    for _ in range(random.choice([1, 1, 2, 4, 16])):
        at = random.randrange(len(data) + 1)
        length = random.choice([1, 1, 2, 8, 40])
        way = random.randrange(5)
        if way == 0:
            data[at : at + length] = b""
        elif way == 1:
            data[at:at] = random.randbytes(length)
        elif way == 2:
            data[at : at + length] = bytes(byte ^ (1 << random.randrange(8)) for byte in data[at : at + length])
        elif way == 3:
            data[at:at] = data[at : at + length * 10]
        else:
            data[at:at] = random.choice(
                [b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"\x85", b"\xed\xa0\x80", b"\x1b[31m", b"\x7f"]
            )
    return bytes(data[: random.choice([len(data), len(data), random.randrange(len(data) + 1)])])


def by_tokens(random: Random) -> bytes:
    """A shipped table with words exchanged for other words of the grammar."""
    text = random.choice(SEEDS).decode()
    for _ in range(random.choice([1, 1, 2, 3, 8])):
        starts = [i for i, c in enumerate(text) if c.isalnum() and (i == 0 or not text[i - 1].isalnum())]
        at = random.choice(starts or [0])
        end = at
        while end < len(text) and (text[end].isalnum() or text[end] in "_./"):
            end += 1
        if random.random() < 0.3:
            end = at
        text = text[:at] + random.choice(TOKENS) + text[end:]
    return text.encode("utf-8", "surrogatepass")


class Wild(Random):
    """A random source with a measure of how often a value should not fit."""

    wildness = 0.1


def by_structure(random: Random) -> bytes:
    """A table made row by row, from one that fits together to one of which nothing fits."""
    wild = Wild(random.random())
    wild.wildness = random.choice([0.0, 0.0, 0.01, 0.05, 0.2])
    return _structure(wild)


def _structure(random: Wild) -> bytes:
    names: list[str] = []
    blocks = [f"b{i}" for i in range(random.choice([0, 0, 1, 2, 4]))]
    lines = [
        "format: 1",
        f"input: {{channels: {random.choice(['3', _number(random)])}, resolution: {_number(random)}}}",
    ]
    if random.random() < 0.7:
        lines.append(f"rounding: {_value(random, random.choice(['floor', 'divisor:8', 'floor+divisor:8']))}")
    if random.random() < random.wildness:
        op = random.choice([*OPS, "*"])
        lines.append(f"defaults: {{{_quoted(op)}: {{{_fields(random, op, [])}}}}}")
    if random.random() < 0.05 + random.wildness:
        lines.append(
            f"base: {{model: {random.choice(NAMES)}, without: [{random.choice(['softmax_*', 'classifier', '*', 'conv_1'])}]}}"
        )
    if random.random() < 0.1:
        lines.append(f"errata: [{{row: {random.choice(['conv_1', 'x'])}, field: stride, printed: 2, why: x}}]")
    if blocks:
        lines.append("blocks:")
        for name in blocks:
            inputs = "inputs: [a, b], " if random.random() < random.wildness else ""
            inner = blocks if random.random() < random.wildness else blocks[blocks.index(name) + 1 :]
            rows = ", ".join(_row(random, [], inner, 1) for _ in range(random.choice([1, 1, 2, 3])))
            lines.append(
                f"  {name}: {{params: {{p: {random.choice(['1', '8', _number(random)])}, stride: 1}}, {inputs}layers: [{rows}]}}"
            )
    lines.append("layers:")
    lines += [f"  - {_row(random, names, blocks, 0)}" for _ in range(random.choice([1, 2, 3, 5, 9]))]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _row(random: Wild, names: list[str], blocks: list[str], depth: int) -> str:
    if depth < 4 and random.random() < 0.08:
        rows = ", ".join(_row(random, names, blocks, depth + 1) for _ in range(random.choice([1, 2])))
        return f"{{repeat: {_repeat(random, ['1', '2', '3', '5'])}, layers: [{rows}]}}"
    joins = {"add", "concat", "multiply", "linear"}
    op = random.choice([*OPS, "conv", "separable", "inverted_residual", *blocks, *blocks])
    if op in joins and random.random() > 0.2 + random.wildness:
        op = "conv"
    parts = [f"op: {op}"]
    if random.random() < 0.3:
        names.append(f"n{len(names)}")
        parts.append(f"name: {names[-1]}")
    if random.random() < 0.05 + random.wildness:
        many = random.choice([2, 2, 3]) if op in joins or random.random() < random.wildness else 1
        strays = ["conv_1", "a", "b", "n9"] if random.random() < random.wildness else []
        sources = [random.choice([*names[:-1], "input", *strays]) for _ in range(many)]
        parts.append(f"from: [{', '.join(sources)}]")
    if random.random() < 0.1:
        parts.append(f"repeat: {_repeat(random, ['2', '3', '8' if depth else '50'])}")
    if random.random() < 0.15:
        parts.append(
            f"{random.choice(['input', 'output'])}: {_value(random, random.choice(SIZES if random.random() < random.wildness else SIZES[:5]))}"
        )
    if random.random() < 0.05:
        parts.append(f"cost: {_value(random, 'unknown')}")
    if op in joins - {"linear"} and depth < 4 and not any(part.startswith("from") for part in parts):
        rows = [
            ", ".join(_row(random, names, blocks, depth + 1) for _ in range(random.choice([0, 1, 2])))
            for _ in range(random.choice([2, 2, 3]))
        ]
        parts.append(f"branches: [{', '.join(f'[{row}]' for row in rows)}]")
    fields = _fields(random, op, blocks)
    return "{" + ", ".join(parts + ([fields] if fields else [])) + "}"


def _fields(random: Wild, op: str, blocks: list[str]) -> str:
    known = list(KINDS[op].fields) if op in KINDS else ["p", "stride"]
    likely = {
        "kernel_size": "3",
        "out_channels": "16",
        "expansion": "6",
        "groups": "1",
        "parts": "2",
        "take": "1",
        "factor": "2",
        "mult_adds": "100",
        "params": "9",
    }
    parts = []
    for name in known:
        if name in likely and not (
            name == "expansion" and "out_channels" in KINDS.get(op, KINDS["conv"]).fields and "expanded" not in known
        ):
            value = _value(random, likely[name])
        elif random.random() < random.wildness:
            value = _value(random, random.choice([*NUMBERS, *WORDS]))
        else:
            continue
        parts.append(f"{name}: {value}")
    if random.random() < random.wildness / 4:
        parts.append(f"{random.choice([*FIELDS, *KEYS])}: {_value(random, '1')}")
    return ", ".join(parts)


def _value(random: Wild, usual: str) -> str:
    if random.random() >= random.wildness:
        return usual if usual.startswith("[") and usual.endswith("]") else _quoted(usual)
    return random.choice(
        [
            "$p",
            "[1, 2]",
            "[3, 3]",
            "[0, 1, 0, 1]",
            "[[1]]",
            "{a: 1}",
            "[]",
            "~",
            _quoted(random.choice(TOKENS)),
            _number(random),
        ]
    )


def _quoted(text: str) -> str:
    plain = text.replace("_", "").replace(".", "").replace("/", "").isalnum() or text in {"~", "$p"}
    return (
        text
        if plain
        else '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'
    )


def _repeat(random: Wild, usual: list[str]) -> str:
    """How often a row repeats: few times, since every copy is a row, or as often as no table may."""
    if random.random() < random.wildness:
        return random.choice(["0", "-1", "1.5", "1000001", "999999999999", "9" * 30, "~", "$p", "[2]"])
    return random.choice(usual)


def _number(random: Wild) -> str:
    if random.random() < random.wildness:
        return _quoted(random.choice(NUMBERS))
    return random.choice(["1", "2", "3", "8", "32", "224", "225"])
