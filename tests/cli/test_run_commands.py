"""`inkling runs|pause|stop|resume|rm`, with workers that are real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nn.presets import resolve
from tui.cli import main
from tui.engine.client import RunClient
from tui.engine.run_directory import RunDirectory


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INKLING_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def background(runs: Path, **given: object) -> RunDirectory:
    """A run whose worker trains, slowly enough to be met alive."""
    client = RunClient.start(resolve(None, {"pace": 400, "epochs": 1000, **given}), runs)
    wait_until(
        lambda: client.run.journal.exists() and b"epoch_done" in client.run.journal.read_bytes()
    )
    return client.run


def wait_until(happened: object) -> None:
    deadline = time.monotonic() + 60
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.usefixtures("runs")
def test_no_runs_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs"]) == 0
    assert "no runs" in capsys.readouterr().out
    assert main(["runs", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_pause_resume_stop(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = background(runs)

    def state() -> str:
        capsys.readouterr()
        main(["runs", "--json"])
        (line,) = capsys.readouterr().out.splitlines()
        return str(json.loads(line)["state"])

    assert state() == "running"
    assert main(["pause", "latest"]) == 0
    assert state() == "paused"
    assert main(["resume", run.name[:12]]) == 0
    assert state() == "running"
    assert main(["rm", run.name, "--yes"]) == 2
    assert "is live" in capsys.readouterr().err
    assert main(["resume", run.name, "--epochs", "+1"]) == 2
    assert main(["stop", run.name]) == 0
    wait_until(lambda: not run.is_live())
    assert state() == "stopped"
    assert main(["stop", run.name]) == 2
    assert "not live" in capsys.readouterr().err
    assert main(["rm", run.name]) == 2
    assert main(["rm", run.name, "--yes"]) == 0
    assert not run.path.exists()


def test_a_killed_run_is_listed_and_taken_up(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = background(runs)
    note = run.note()
    assert note is not None
    os.kill(note.pid, signal.SIGKILL)
    wait_until(lambda: not run.is_live())
    assert main(["runs"]) == 0
    told = capsys.readouterr().out
    assert "died at epoch" in told
    assert f"inkling resume {run.name}" in told
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", "resume", run.name, "--epochs", "30", "--json"],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "run_finished"
    assert last["epochs"] == 30
    assert run.guesses.stat().st_size == 31 * 360
    epochs = [
        json.loads(line)["epoch"]
        for line in run.journal.read_text().splitlines()
        if '"epoch_done"' in line
    ]
    assert epochs == list(range(1, 31))


def test_more_epochs_after_the_end(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--epochs", "2", "--json"]) == 0
    assert main(["resume", "latest"]) == 2
    assert "--epochs +10" in capsys.readouterr().err
    assert main(["resume", "latest", "--epochs", "+x"]) == 2
    assert main(["resume", "latest", "--epochs", "+1", "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], last["epochs"]) == ("run_finished", 3)
    (run,) = runs.iterdir()
    steps = np.fromfile(run / "steps.bin", np.dtype([("step", "<u8"), ("rest", "V24")]))
    assert list(steps["step"]) == list(range(1, 3 * 45 + 1))


@pytest.mark.parametrize("every", ["0", "-1", "nan", "x"])
def test_checkpoint_every_is_checked(every: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "--checkpoint-every", every])
    assert left.value.code == 2
    assert "seconds" in capsys.readouterr().err


@pytest.mark.usefixtures("runs")
def test_an_unknown_run_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "--epochs", "1", "--json"])
    for command in (["stop"], ["pause"], ["resume"], ["rm", "--yes"]):
        assert main([*command, "no-such-run"]) == 2
        assert "No run begins with" in capsys.readouterr().err
