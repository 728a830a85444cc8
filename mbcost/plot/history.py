"""The mult-adds of networks, run after run, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mbcost.budgets.history import Entry
from mbcost.escape import figure
from mbcost.plot import COLOURS, COLUMN, MARKERS, MILLION, Form, picture

__all__ = ["draw"]

MOST_LINES = 6


def draw(entries: Sequence[Entry], form: Form) -> bytes:
    """A line a network and point, in steps, for between two runs nothing is known; of many those that changed most."""
    lines: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        lines.setdefault((entry.model, entry.at), []).append(entry)

    def moved(line: list[Entry]) -> Any:
        costs = [entry.mult_adds for entry in line]
        return (max(costs) - min(costs)) / (max(costs) or 1)

    shown = sorted(lines.items(), key=lambda item: -moved(item[1]))[:MOST_LINES]

    def fill(canvas: Any) -> None:
        axes = canvas.subplots()
        for number, ((model, at), line) in enumerate(shown):
            axes.plot(
                [entry.run for entry in line], [float(entry.mult_adds) / MILLION for entry in line], marker=MARKERS[number],
                color=COLOURS[number], drawstyle="steps-post", markersize=3, label=figure(f"{model}, {at}"),
            )  # fmt: skip
        axes.set_xlabel("run")
        axes.set_ylabel("mult-adds (millions)")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=5)
        left_out = len(lines) - len(shown)
        if left_out:
            axes.set_title(f"and {left_out} more that changed less", fontsize=6)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)

    return picture(fill, COLUMN[1], form, "Mult-adds, run after run", "the amounts")
