"""One HTML file out of the page's files: the modules in a row, the style, and a policy that allows nothing else."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from json import dumps
from typing import Any
from zlib import compressobj

from mbcost import __version__
from mbcost.conventions import available
from mbcost.errors import MbcostError
from mbcost.escape import html
from mbcost.explore.memory import recordable
from mbcost.explore.recording import HELD, Writer, counted, parts
from mbcost.memory.rules import available as memory_rules
from mbcost.network import PLAIN, Network, Variant, titled, variant_of
from mbcost.papers import Paper, papers
from mbcost.papers import load as load_paper
from mbcost.quantities import QUANTITIES, Quantity, limitable

__all__ = ["MODULES", "begun", "data", "module", "page", "placed", "shipped"]

MODULES = (
    "arithmetic", "numbers", "packed", "given", "networks", "steps", "drawing", "question", "costs", "copies", "profile", "curves", "explorer",
)  # fmt: skip
"""The modules of the page, each after those it imports; ``given`` is what :func:`data` writes."""

_LINKS = re.compile(r"^(?:import [^;]*;|export \{[^}]*\};)\n", re.MULTILINE)
_EXPORTS = re.compile(r"^export ", re.MULTILINE)
_REMARKS = re.compile(r"^ *(?://.*|/\*\*(?:[^*]|\*[^/])*\*/)\n", re.MULTILINE)
_SPACES = re.compile(r"(?<=[:;,{}]) | (?=[{}])")  # of a style sheet
_DELICATE = re.compile(r"['/\\]|[-+] [-+]|^[^`]*`[^`]*$")
_TEXTS = re.compile(r'(`.*`|"[^"]*")')
_AROUND = re.compile(r" ?([-=+*<>!?:&|{}(),;%]+) ?")
_INDENTS = re.compile(r"^ +|\n(?=\n)", re.MULTILINE)


def placed(
    models: Iterable[str | Network], load: Callable[[str], Network]
) -> tuple[list[tuple[str, Network]], dict[str, Variant]]:
    """The networks, each once, by the words that name them, and the points on them, at which the page opens."""
    from mbcost.tables.points import split_point

    networks: dict[str, Network] = {}
    points: dict[str, Variant] = {}
    for model in models:
        word, told = split_point(model) if isinstance(model, str) else (model.name, {})
        point = variant_of(told.get("alpha"), resolution=told.get("resolution"))
        if word not in networks:
            networks[word], points[word] = load(word) if isinstance(model, str) else model, point
        elif points[word] != point:
            raise MbcostError(
                f"`{word[:60]}` is given at two points, and the page opens at one",
                help="keep one of them: the sliders go to the other",
            )
    return list(networks.items()), points


def begun(limits: Iterable[tuple[Quantity, Any, str]]) -> dict[str, str]:
    """The limits that the page begins with, as texts by quantity; each is given with the word for it."""
    found = {}
    for quantity, value, word in limits:
        quantity.read(value, word)
        if not counted(quantity):
            raise MbcostError(
                f"the page does not have `{quantity.name}`: it cannot be recorded", help="`mbcost check` limits it"
            )
        found[quantity.name] = str(value)
    return found


def shipped() -> list[Paper]:
    """The papers whose accuracies the page shows."""
    return list(map(load_paper, papers()))


def page(
    networks: Iterable[tuple[str, Network]],
    papers: Sequence[Any] = (),
    *,
    variant: Variant = PLAIN,
    budgets: dict[str, str] | None = None,
    bits: int = 0,
    points: Mapping[str, Variant] | None = None,
    depths: Sequence[Fraction] = (),
    title: str = "",
) -> str:
    """The explorer of some networks, as the text of one HTML file.

    Parameters
    ----------
    networks
        The word that names each on the command line, and the network.
    papers
        Paper files whose published accuracies are shown.
    variant
        What is changed in every network, apart from alpha and the resolution.
    budgets, bits
        Limits to begin with, ``{"mult_adds": "300M"}``, and the bit width to begin with; 0 is each quantity's own.
    points
        Where the page opens, by the word that names a network.
    depths
        Depth multipliers that can be chosen, beside those of a network's scalings.
    """
    networks = list(networks)
    given = data(networks, papers, variant=variant, budgets=budgets, bits=bits, points=points, depths=depths)
    parts = [given if name == "given" else module(name) for name in MODULES]
    bare = "\n".join([_bare(_EXPORTS.sub("", _LINKS.sub("", part))) for part in parts])
    script = "\n" + "\n".join(map(_squeezed, bare.split("\n"))) + "\n"
    style = "\n" + _SPACES.sub("", _bare(_read("explorer.css"))) + "\n"
    filling = {
        "script hash": _hash(script), "style hash": _hash(style), "version": __version__,
        "title": html(title or f"{', '.join([network.title for _, network in networks][:3])} · mbcost explorer"),
    }  # fmt: skip
    text = re.sub(
        r"\{\{(script hash|style hash|version|title)\}\}", lambda match: filling[match[1]], _read("explorer.html")
    )
    head, middle, tail = re.split(r"\n\{\{(?:style|script)\}\}\n", _INDENTS.sub("", text))
    return f"{head}{style}{middle}{script}{tail}"


def data(
    networks: Iterable[tuple[str, Network]],
    papers: Sequence[Any] = (),
    *,
    variant: Variant = PLAIN,
    budgets: dict[str, str] | None = None,
    bits: int = 0,
    points: Mapping[str, Variant] | None = None,
    depths: Sequence[Fraction] = (),
) -> str:
    """The module ``given``: all that the page does not know by itself."""
    networks = list(networks)
    names = [network.name for _, network in networks]
    for name in names:
        if names.count(name) > 1:
            raise MbcostError(f"two networks are called `{name}`", help="give one of the tables another `name`")
    conventions = [rule for rule in available().values() if rule.whole]  # the page computes on integers
    rules = recordable(memory_rules().values())
    writer = Writer(conventions, papers, rules)
    titles = titled(network for _, network in networks)
    at = points or {}
    written = [
        writer.network(net, word, variant, titles.get(net.name, ""), at.get(word, PLAIN), depths)
        for word, net in networks
    ]
    facts = {
        "version": __version__,
        "conventions": [c.name for c in conventions],
        "quantities": [_quantity(one) for one in QUANTITIES.values() if counted(one)],
        "parts": [one.name for one in parts()],
        "held": HELD.name,
        "rules": [rule.name for rule in rules],
        "bits": bits,
        "options": variant.options(),
        "budgets": budgets or {},
        "texts": writer.texts,
        "patterns": writer.patterns,
        "networks": written,
    }
    walks = ",\n".join(writer.walks)
    return f'import {{ unpacked }} from "./packed.js";\nexport const given = await unpacked("{_packed(facts)}");\nexport const WALKS = [{walks}];\n'


def _packed(facts: dict[str, Any]) -> str:
    """Data as JSON, deflated and in base64: texts of others cannot end the script they stand in, whatever they are."""
    deflate = compressobj(9, wbits=-15)
    return b64encode(deflate.compress(dumps(facts, separators=(",", ":")).encode()) + deflate.flush()).decode()


def _quantity(one: Quantity) -> list[Any]:
    """A quantity as the page knows it: how it is called, counted, added up and limited."""
    limited = one.name in limitable("check")
    sized = "both" if one.holds == "both" else "bytes" if one.sized else ""
    return [one.name, one.heading, one.unit, one.base.adds, one.derived, one.factor, int(limited), one.bits, sized]


def module(name: str) -> str:
    """The text of one module of the page."""
    return _read(f"{name}.js")


def _read(name: str) -> str:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "page", name), encoding="utf-8") as file:
        return file.read()


def _bare(text: str) -> str:
    """A file without remarks that have a line of their own, and without indentation: no more is done to it."""
    return _INDENTS.sub("", _REMARKS.sub("", text))


def _squeezed(line: str) -> str:
    """A line of a module without the spaces around its signs, outside of texts; where more than texts stands, as it is."""
    if _DELICATE.search(line):
        return line
    return "".join([part if part[:1] in {'"', "`"} else _AROUND.sub(r"\1", part) for part in _TEXTS.split(line)])


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
