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
import surroundings
import worker

PROCESSES = int(os.environ.get("MBCOST_FUZZ_PROCESSES", "4"))
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
    outcome = driver.whole(PROCESSES, SEED)
    assert outcome.failures == [], "\n".join(map(str, outcome.failures[:10]))


def test_no_surroundings_of_a_process_do_either() -> None:
    """Languages, terminals, closed descriptors, limits of files, memory and descriptors."""
    assert surroundings.strange(PROCESSES, SEED) == []


def test_a_signal_at_any_moment_leaves_the_old_file_or_the_new_one() -> None:
    assert surroundings.interrupted(PROCESSES // 2, SEED) == []


WRITER = "import sys, time; out = open('out', 'w'); out.write('half'); out.flush(); time.sleep(%s); print(file=out); sys.exit(%d)"


@pytest.mark.parametrize(("seconds", "code", "said"), [(0.6, 0, "a piece of a file"), (0, 3, "exit 3, nothing new")])
def test_half_a_file_would_be_noticed(monkeypatch, seconds: float, code: int, said: str) -> None:
    monkeypatch.setattr(surroundings, "PROGRAM", [sys.executable, "-c", WRITER % (seconds, code)])
    monkeypatch.setattr(surroundings, "WRITING", {"table": ("table",)})
    assert any(said in failure.what for failure in surroundings.interrupted(2, SEED))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise ValueError('x')", "Traceback"),
        ("import sys; sys.exit(3)", "exit 3"),
        ("import os, sys; open('out', 'w'); sys.exit(2 if 'FSIZE' in os.environ else 0)", "the old file is gone"),
        ("import os, sys; open('.mbcost-1', 'w')", "is left"),
        ("import os, sys; sys.exit(2 if 'FSIZE' in os.environ else 0)", "exit 2 without a word"),
        ("import os, sys; sys.exit(0 if 'FSIZE' in os.environ else 1)", "exit 0 where it is 1"),
        ("import os; print('TERM' in os.environ and 'FSIZE' in os.environ)", "another output than usual"),
    ],
)
def test_the_surroundings_would_be_noticed(monkeypatch, program: str, said: str) -> None:
    monkeypatch.setattr(surroundings, "PROGRAM", [sys.executable, "-c", program])
    output = ("-o", "out") if "out" in program else ()
    environment = {} if "usual" in said else {"FSIZE": "1"}
    case = surroundings.Surroundings(("table", *output), environment, (), {}, "pipe")
    if "usual" in said:
        monkeypatch.setattr(surroundings, "_ordinary", lambda args, folder: (0, b"something else", b""))
    assert [said in failure.what for failure in surroundings._strange(case)] == [True]


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
        ({"code": "Traceback ..."}, "exit Traceback ..."), ({"code": 3}, "exit 3"), ({"code": None}, "exit None"), ({"seconds": 210.0}, "210.0 s"),
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
