"""The fuzzer, as tests: a few cases in an ordinary run, 2,000 in CI, as many as are asked for on demand.

MBCOST_FUZZ=20000 MBCOST_FUZZ_PROCESSES=500 python -m pytest tests/fuzz
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import cases
import driver
import worker

SEED = int(os.environ.get("MBCOST_FUZZ_SEED", "1"))


def test_no_case_ends_in_a_traceback_or_takes_too_much() -> None:
    outcome = driver.fuzz(int(os.environ.get("MBCOST_FUZZ", "200")), SEED)
    assert outcome.failures == [], "\n".join(map(str, outcome.failures[:10]))
    assert sum(outcome.codes.values()) == outcome.cases
    assert outcome.codes[0] > outcome.cases / 20  # tables that fit together are among them
    assert outcome.codes[2] > outcome.cases / 20


def test_no_file_beside_the_command_does_either() -> None:
    """Budgets, conventions, saved reports and papers' files."""
    outcome = driver.fuzz(int(os.environ.get("MBCOST_FUZZ", "200")), SEED, kind="files")
    assert outcome.failures == [], "\n".join(map(str, outcome.failures[:10]))
    assert sum(outcome.codes.values()) == outcome.cases
    assert outcome.codes[0] > outcome.cases / 20  # files that are right are among them
    assert outcome.codes[2] > outcome.cases / 20
    assert outcome.codes[1] > 0  # and limits that do not hold


def test_no_whole_process_does_either() -> None:
    outcome = driver.whole(int(os.environ.get("MBCOST_FUZZ_PROCESSES", "4")), SEED)
    assert outcome.failures == [], "\n".join(map(str, outcome.failures[:10]))


def test_a_case_is_made_of_its_seed_and_number_alone() -> None:
    assert [cases.case(3, number) for number in range(40)] == [cases.case(3, number) for number in range(40)]
    assert cases.case(3, 1) != cases.case(4, 1)
    made = [cases.make("files", 3, number) for number in range(400)]
    assert made == [cases.make("files", 3, number) for number in reversed(range(400))][::-1]  # whatever was made before
    assert {case.args[0] for case in made} >= {"check", "reproduce", "table"}


FINE = {"code": 0, "seconds": 0.1, "peak": 10**8, "complaint": "", "printed": 10, "report": False}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""), ({"code": 2, "complaint": "x", "printed": 0}, ""), ({"code": 1}, ""),
        ({"code": "Traceback ..."}, "exit Traceback ..."), ({"code": 3}, "exit 3"), ({"code": None}, "exit None"), ({"seconds": 2.1}, "2.1 s"),
        ({"peak": 301 * 10**6}, "301 MB"), ({"code": 2, "printed": 0}, "exit 2 without a word"),
        ({"code": 2, "complaint": "x"}, "exit 2 with a result on standard output"), ({"code": 2, "complaint": "x", "report": True}, ""),
        ({"code": 2, "printed": 0, "complaint": "error: the question is too large for this machine"}, "out of memory"),
    ],
)  # fmt: skip
def test_the_fuzzer_would_notice(change, said) -> None:
    assert driver.verdict({**FINE, **change}) == said


def test_the_worker_reports_what_escapes(monkeypatch) -> None:
    monkeypatch.setattr("mbcost.cli.run", lambda args: 1 // 0)
    code, _, _ = worker.run_case(["table", "-"], b"")
    assert "ZeroDivisionError" in str(code)


def test_a_worker_that_dies_is_a_failure_and_the_next_case_runs(monkeypatch, tmp_path) -> None:
    (tmp_path / "worker.py").write_text(
        "import os, sys, json\n"
        "for n in range(int(sys.argv[2]), int(sys.argv[3])):\n"
        "    print(json.dumps({'begins': n}), flush=True)\n"
        "    if n == 1: os._exit(9)\n"
        f"    print(json.dumps({FINE!r} | {{'number': n}}), flush=True)\n"
    )
    monkeypatch.setattr(driver, "HERE", tmp_path)
    outcome = driver.fuzz(4, 1)
    assert [failure.number for failure in outcome.failures] == [1]
    assert outcome.codes[0] == 3
