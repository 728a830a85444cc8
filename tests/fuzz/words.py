"""The words the fuzzer puts into tables and onto the command line: of the grammar, and such as nobody should type."""

from __future__ import annotations

from mbcost.cli import COMMANDS as KNOWN
from mbcost.layers import KINDS

NUMBERS = ["0", "1", "2", "3", "7", "8", "16", "64", "224", "-1", "010", "1_000", "1e9", "1e400", "0.75", "3/4", "1/0", "6/7", "64/16", "0.1", ".5", "5.",
           "nan", "inf", "99999999", "10000000", "65536", "65537", "9" * 19, "9" * 21, "9" * 300, "0x10", "1.0", "+1", "''", "~"]  # fmt: skip
WORDS = ["true", "false", "yes", "no", "off", "none", "null", "same", "valid", "floor", "divisor:8", "floor+divisor:8", "divisor:0", "divisor:99999",
         "fixed", "grow", "scale", "relu", "hard_swish", "softmax", "batch", "layer", "unknown", "module", "function", "input", "$p", "$", "$$p", "$out",
         "<<", "*x", "&x", "!!python/object", "!x", "?", "|", ">", "%", "@", "`", "'", '"', "\t", "é", "\u2028", "\U0001f600", "a" * 400]  # fmt: skip
KEYS = ["op", "name", "from", "repeat", "branches", "input", "output", "cost", "layers", "blocks", "params", "inputs", "defaults", "columns", "base",
        "errata", "rounding", "format", "coded", "source", "model", "set", "without", "channels", "resolution"]  # fmt: skip
FIELDS = sorted({field for kind in KINDS.values() for field in kind.fields})
OPS = sorted(KINDS)
SIZES = ["224x224x3", "112^2 x 16", "1x1x1024", "[3, 224, 224]", "7x7", "0x0x0", "x", "9999999x1x1"]
SIGNS = [": ", ", ", "- ", "[", "]", "{", "}", "\n", "  ", "#", "---", "..."]
TOKENS = [*NUMBERS, *WORDS, *KEYS, *FIELDS, *OPS, *SIZES, *SIGNS]
OPTIONS = {
    "--alpha": [
        *NUMBERS,
        "1e30000000",
        "abc",
        "",
        " ",
        "0,75",
        "٣",
        "0.25,1",
        "0.5:1:0.25",
        "1:0:0.1",
        "0:1:0",
        "0:64:1e-9",
    ],
    "--rho": [*NUMBERS, "abc"],
    "--resolution": [*NUMBERS, "192x256", "0x0", "x", "225", "300", "65536x65536", "1x1", "-5"],
    "--batch": ["1", "0", "-1", "1000000", "1000001", "x", "9" * 30],
    "--convention": ["torch", "keras", "paper", "fvcore", "onnx-tool", "nope", "", ":", "/dev/null:x", "torch:torch"],
    "--conventions": ["no/such.yaml", "-", "", "/", "/dev/null", "\x00"],
    "--as": ["torch", "thop", "openvino", "ptflops-pytorch", "nope", ""],
    "--max-mult-adds": ["1", "300M", "1.5G", "0", "-1", "x", "9" * 40, "1e9"],
    "--max-params": ["1", "4M", "50k", "2.6", "", "nan"],
    "--min-mult-adds": ["1M", "100G", "x"],
    "--max-model-bytes": ["4MiB", "1", "1 GB", "-1"],
    "--form": ["both", "idealised", "realised", "x"],
    "--sensitivity": [None],
    "--gap": [None],
    "--unit": ["flops", "mult_adds", "macs"],
    "--rounding": ["floor", "none", "divisor:8", "floor+divisor:8", "divisor:", "+", "divisor:999999", "x" * 2000],
    "--classes": ["1", "0", "10000000", "-1", "9" * 25, "x"],
    "--set": [
        "conv_1.stride=2",
        "conv_1.stride=[1,2]",
        "conv_1.stride=[",
        "conv_1.stride=",
        "=",
        ".",
        "a.b",
        "a.b=c",
        "conv_1.out_channels=$p",
        "classifier.out_channels=~",
        "conv_1.x=" + "9" * 5000,
        "*.stride=2",
        "conv_1.kernel_size=" + "[" * 70,
        "conv_1.activation=\x00",
    ],
    "--without": [
        "*",
        "conv_1",
        "classifier",
        "**",
        "*a*a*a*a*a*a*a*a*b",
        "[",
        "[!",
        "[a-",
        "?" * 200,
        "*" * 500,
        "[" * 200,
        "\ud800",
        "softmax_*",
    ],
    "--format": ["json", "csv", "markdown", "latex", "table", "xml"],
    "--standard": [None],
    "--by": ["kind", "block", "layer", "x"],
    "--sort": ["mult_adds", "params", "name", "order"],
    "--top": ["1", "0", "-3", "999999999999"],
    "--layer": ["conv_1", "x", "separable_1/depthwise", "*", ""],
    "--strict": [None],
    "--explain": ["MB101", "MB", "", "x" * 3000, "torch", "thop", "onnx-tool"],
    "--ignore": ["MB101", "x"],
    "--codes": [None],
    "--expanded": [None],
}
COMMANDS = {name: {"table": 8, "lint": 8, "compare": 3, "show": 2}.get(name, 1) for name in KNOWN}
SHARED = [
    "--alpha",
    "--rho",
    "--resolution",
    "--batch",
    "--convention",
    "--conventions",
    "--unit",
    "--rounding",
    "--standard",
    "--classes",
    "--set",
    "--without",
    "--format",
]
OWN = {
    "table": ["--by", "--sort", "--top", "--layer"],
    "lint": ["--strict", "--explain", "--ignore", "--codes"],
    "show": ["--expanded"],
    "conventions": ["--explain", "--as"],
    "formula": ["--by", "--form", "--sensitivity"],
    "sweep": ["--gap"],
    "solve": ["--max-mult-adds", "--max-params", "--min-mult-adds"],
    "check": ["--max-mult-adds", "--max-params", "--max-model-bytes"],
}
NEEDED = {
    "solve": ["--max-mult-adds", "300M"],
    "check": ["--max-params", "4M"],
    "sweep": ["--alpha", "0.25:1:0.25", "--resolution", "96:225:43"],
    "conventions": ["--explain", "torch", "--as", "ptflops-pytorch"],
}
"""Options without which a command has little to say; most of its cases have them."""
