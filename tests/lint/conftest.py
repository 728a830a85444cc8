"""What the tests of lint share: a table from a few rows, and what lint says of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mbcost import loads
from mbcost.lint import Report, inspect
from mbcost.network import variant_of

Linted = Callable[..., Report]


@pytest.fixture
def linted() -> Linted:
    """Lint the rows of a table; the keys above `layers` and the variant may be given too."""

    def look(rows: str, head: str = "rounding: floor", size: int = 32, channels: int = 16, **variant: object) -> Report:
        text = f"format: 1\nname: t\ninput: {{channels: {channels}, resolution: {size}}}\n{head}\nlayers:\n{rows}"
        return inspect(loads(text, "t.yaml"), variant_of(**variant))

    return look


@pytest.fixture
def tables() -> Path:
    """The folder of the test tables."""
    return Path(__file__).parent / "tables"
