"""Closed forms as text: for people, for Python, for LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sympy import Add, latex
from sympy.printing.str import StrPrinter

__all__ = ["PYTHON_HEAD", "folded", "function_names", "latex", "needed", "plain", "python_function"]

PYTHON_HEAD = """
import math
from fractions import Fraction


def floor(x):
    return Fraction(math.floor(x))


def ceiling(x):
    return Fraction(math.ceil(x))"""
"""What the functions of :func:`python_function` need above them."""


def plain(expression: Any) -> str:
    """An expression for people: what rho multiplies first, powers with ^, products with a blank.

    >>> from mbcost.symbolic import alpha, rho
    >>> plain(1024000 * alpha + rho**2 * (539492352 * alpha**2 + 28224000 * alpha))
    'rho^2 (539492352 alpha^2 + 28224000 alpha) + 1024000 alpha'
    """
    terms = [str(term) for term in expression.as_ordered_terms()] if isinstance(expression, Add) else [str(expression)]
    terms.sort(key=lambda term: not re.match(r"(?:\d+\*)?rho\*\*", term))
    text = " + ".join(terms).replace("+ -", "- ")
    return re.sub(r"(?<=[\w)])\*(?=[\w(])", " ", text.replace("**", "^"))


def folded(text: str, width: int) -> list[str]:
    """A sum in lines of at most so many characters, broken where a term of the outermost sum begins; a longer term stays whole.

    >>> folded("a + (b + c) - d", 11)
    ['a + (b + c)', '- d']
    >>> folded("x^2", 1)
    ['x^2']
    """
    terms, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and at and text.startswith((" + ", " - "), at):
            terms.append(text[start:at])
            start = at + 1
    lines = [""]
    for term in [*terms, text[start:]]:
        if lines[-1] and len(lines[-1]) + 1 + len(term) > width:
            lines.append("")
        lines[-1] += f" {term}" if lines[-1] else term
    return lines


class _Exact(StrPrinter):  # type: ignore[misc]
    """Python without floats: rationals are Fractions."""

    def _print_Rational(self, expr: Any) -> str:  # noqa: N802
        return f"Fraction({expr.p}, {expr.q})"

    def _print_Half(self, expr: Any) -> str:  # noqa: N802
        return self._print_Rational(expr)

    def _print_Max(self, expr: Any) -> str:  # noqa: N802
        return f"max({', '.join(self._print(arg) for arg in expr.args)})"

    def _print_Piecewise(self, expr: Any) -> str:  # noqa: N802
        (value, condition), (other, _) = expr.args
        return f"({self._print(value)} if {self._print(condition)} else {self._print(other)})"

    def _print_Relational(self, expr: Any) -> str:  # noqa: N802
        return f"{self._print(expr.lhs)} {expr.rel_op} {self._print(expr.rhs)}"


def python_function(name: str, expression: Any, definitions: dict[Any, Any]) -> str:
    """A Python function of alpha and rho, exact for ints and Fractions, that needs :data:`PYTHON_HEAD`.

    >>> from mbcost.symbolic import alpha
    >>> print(python_function("weights", 1024000 * alpha, {}))
    def weights(alpha=Fraction(1), rho=Fraction(1)):
        alpha, rho = Fraction(alpha), Fraction(rho)
        return 1024000*alpha
    """
    write = _Exact().doprint
    lines = [f"def {name}(alpha=Fraction(1), rho=Fraction(1)):", "    alpha, rho = Fraction(alpha), Fraction(rho)"]
    used = needed(definitions, expression)
    lines += [f"    {symbol.name} = {write(definition)}" for symbol, definition in used.items()]
    return "\n".join([*lines, f"    return {write(expression)}"])


def function_names(texts: Iterable[str]) -> list[str]:
    """A name for a Python function from each text, in which letters and digits stay; no two alike.

    >>> function_names(["idealised_block_1/conv", "idealised_block_1_conv", "größe"])
    ['idealised_block_1_conv', 'idealised_block_1_conv_2', 'gr__e']
    """
    found: dict[str, None] = {}
    for text in texts:
        name = plain = re.sub("[^A-Za-z0-9]", "_", text)
        number = 1
        while name in found:
            number += 1
            name = f"{plain}_{number}"
        found[name] = None
    return list(found)


def needed(definitions: dict[Any, Any], *expressions: Any) -> dict[Any, Any]:
    """The definitions that expressions use, and those that these use, in their order."""
    found: set[Any] = set()
    todo = [expression for expression in expressions if hasattr(expression, "free_symbols")]
    while todo:
        for symbol in todo.pop().free_symbols - found:
            if symbol in definitions:
                found.add(symbol)
                todo.append(definitions[symbol])
    return {symbol: definition for symbol, definition in definitions.items() if symbol in found}
