"""`mbcost check` starts lightly, and a thousand budgets cost little more than their networks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

import mbcost
from tests.budgets.budgets_world import TABLE

HEAVY = ("rich", "sympy", "numpy", "json", "xml", "subprocess", "dataclasses", "glob", "importlib.metadata")
PATH = os.pathsep.join([str(Path(mbcost.__file__).parents[1]), *[entry for entry in sys.path if entry]])


def loaded(program: str, folder: Path) -> set[str]:
    probe = f"import sys\n{program}\nprint(*[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", probe],
        cwd=folder,
        env={"PYTHONPATH": PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_a_check_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(TABLE, encoding="utf-8")
    (tmp_path / "mbcost-budgets.yaml").write_text(
        "format: 1\nbudgets: [{model: net.yaml, max: {mult_adds: 500K}}]\n", encoding="utf-8"
    )
    assert loaded("from mbcost.cli import run; assert run(['check']) == 1", tmp_path) == set()
    assert (
        loaded("from mbcost.cli import run; assert run(['check', 'net.yaml', '--max-params', '1M']) == 0", tmp_path)
        == set()
    )


def test_the_probe_would_notice(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(TABLE, encoding="utf-8")
    assert "json" in loaded(
        "from mbcost.cli import run; run(['check', 'net.yaml', '--max-params', '1M', '-f', 'json'])", tmp_path
    )
    assert "rich" in loaded("from mbcost.cli import run; run(['diff', 'net.yaml', 'mobilenet_v1'])", tmp_path)


def seconds(folder: Path, *args: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "mbcost", *args]
    done = subprocess.run(command, cwd=folder, env={"PYTHONPATH": PATH}, capture_output=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return time.perf_counter() - start


def ratio(folder: Path, args: list[str], against: list[str], rounds: int) -> float:
    """The median of pairwise ratios: the machine's mood concerns both."""
    return median(seconds(folder, *args) / seconds(folder, *against) for _ in range(rounds))


@pytest.mark.slow
def test_a_check_of_one_model_starts_as_fast_as_its_table(tmp_path: Path) -> None:
    table = ["table", "mobilenet_v1", "-f", "json"]
    (tmp_path / "one.yaml").write_text(
        "format: 1\nbudgets: [{model: mobilenet_v1, max: {mult_adds: 600M, params: 5M}}]\n", encoding="utf-8"
    )
    assert ratio(tmp_path, ["check", "one.yaml"], table, 15) <= 1.15
    assert ratio(tmp_path, ["check", "mobilenet_v1", "--max-mult-adds", "600M"], table, 15) <= 1.15


@pytest.mark.slow
@pytest.mark.parametrize("points", [1, 20], ids=["one point a model", "every budget a point of its own"])
def test_a_thousand_budgets_over_fifty_models(points: int, tmp_path: Path) -> None:
    text = (
        Path(mbcost.__file__).parents[1].joinpath("configs", "models", "mobilenet_v1.yaml").read_text(encoding="utf-8")
    )
    (tmp_path / "models").mkdir()
    for n in range(50):
        (tmp_path / "models" / f"net_{n}.yaml").write_text(text, encoding="utf-8")
    rows = "".join(
        f"  - {{model: models/net_{n % 50}.yaml, at: {{alpha: {50 + n // 50 % points}/50}}, max: {{mult_adds: 3G, params: 30M}}}}\n"
        for n in range(1000)
    )
    (tmp_path / "many.yaml").write_text(f"format: 1\nbudgets:\n{rows}", encoding="utf-8")
    assert ratio(tmp_path, ["check", "many.yaml"], ["table", "models/net_0.yaml", "-f", "json"], 3) <= 40


def test_a_network_is_loaded_once_and_costed_once_a_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mbcost.budgets import models
    from mbcost.budgets.evaluate import check
    from mbcost.budgets.reading import read_budgets
    from mbcost.network import Network

    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(TABLE, encoding="utf-8")
    rows = "".join(
        f"  - {{model: net.yaml, at: [{{alpha: 1}}, {{alpha: {1 + n % 2}}}], max: {{mult_adds: 9M}}}}\n"
        for n in range(30)
    )
    (tmp_path / "b.yaml").write_text(f"format: 1\nbudgets:\n{rows}", encoding="utf-8")
    counts = {"load": 0, "cost": 0}

    def counted(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def counting(*args: object, **keywords: object) -> object:
            counts[name] += 1
            return function(*args, **keywords)

        return counting

    monkeypatch.setattr(models, "load", counted("load", models.load))
    monkeypatch.setattr(Network, "count", counted("cost", Network.count))
    assert len(check([read_budgets("b.yaml")]).results) == 60
    assert counts == {"load": 1, "cost": 2}
