"""What several of these tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.graphs_of import StandIn


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    """An interpreter that needs no framework."""
    return StandIn(tmp_path)
