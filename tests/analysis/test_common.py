"""What two sequences have in common, in their order: against the plain table of all pairs of positions."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from mbcost.analysis.diff import common
from tests.pace import within


def by_table(a: str, b: str) -> list[tuple[int, int]]:
    """The longest common subsequence that takes what is alike where it stands, and else leaves out of ``a`` first."""
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]  # of what follows each pair of positions
    for i in reversed(range(len(a))):
        for j in reversed(range(len(b))):
            alike = longest[i + 1][j + 1] + 1
            longest[i][j] = alike if a[i] == b[j] else max(longest[i + 1][j], longest[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


@given(st.text("abc", max_size=30), st.text("abcd", max_size=30), st.booleans())
def test_the_longest_common_subsequence(a: str, b: str, framed: bool) -> None:
    """Whole sequences, and such that neither begin nor end alike."""
    if framed:
        a, b = f"x{a}x", f"y{b}y"
    found = common(a, b)
    assert len(found) == len(by_table(a, b))
    assert all(a[i] == b[j] for i, j in found)
    assert found == sorted(set(found))
    assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)
    if framed:
        assert found == by_table(a, b)


def test_what_stands_everywhere_takes_no_longer() -> None:
    """Twenty thousand alike against some hundreds of them with others between: a search for long matches takes minutes."""
    a, b = "x" + "a" * 20_000 + "x", "y" + "ab" * 450 + "y"
    start = time.process_time()
    assert len(common(a, b)) == 450
    assert within(time.process_time() - start, 2)
