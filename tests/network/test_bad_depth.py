"""Text nested too deeply is refused at its 65th level, whatever YAML's own parsers do with it."""

from __future__ import annotations

import pytest
import yaml

from mbcost.documents import nodes
from mbcost.errors import MbcostError

LOADERS = [name for name in ("CSafeLoader", "SafeLoader") if hasattr(yaml, name)]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[" * 65, 1, 65),
        ("[" * 999, 1, 65),
        ("[" * 100_000, 1, 65),  # libyaml looks ahead for a colon, and from 0.2.6 on stops at 1,000 levels itself
        ("x: [1,\n" + "[" * 2000, 2, 63),
        ("{a: " * 2000, 1, 64 * 4 + 1),
        ("[{a: " * 2000, 1, 32 * 5 + 1),
        ("- " * 2000, 1, 129),
        ("a: 1\na: 2\nb: " + "[" * 2000, 3, 67),
    ],
    ids=lambda value: value[:14] if isinstance(value, str) else None,
)
def test_the_65th_level_is_refused(
    text: str, line: int, column: int, loader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "_Loader", getattr(yaml, loader))
    with pytest.raises(MbcostError, match="nested more than 64 levels deep") as caught:
        nodes.parse_document(text, "net.yaml")
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.place.column) == (line, column)


@pytest.mark.parametrize("loader", LOADERS)
def test_64_levels_are_read(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_Loader", getattr(yaml, loader))
    node = nodes.parse_document("[" * 64 + "]" * 64, "net.yaml").root
    depth = 0
    while isinstance(node, nodes.Sequence):
        depth, node = depth + 1, (node.items or [None])[0]
    assert depth == 64
