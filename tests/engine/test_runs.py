"""What is said of runs without asking their workers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nn.events import Diverged, EpochDone, RunFinished, RunStarted
from tui.engine.facts import Entry, Fact, Failed, Paused, Resumed, Stopped, TakenUp, encode
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.runs import TAIL, resumable, summaries, summary
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]

STARTED = RunStarted((64, 10), 650, 100, 50, 9, 4, 2.3, 0.1)
EPOCH = EpochDone(3, 12, 0.5, 0.4, 0.875, 0.05, 0.1, 1000.0)


def journal(run: RunDirectory, *facts: Fact) -> None:
    run.journal.write_bytes(b"".join(encode(Entry(1e9, fact)) for fact in facts))


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ((STARTED, EPOCH), "died"),
        ((STARTED, EPOCH, Stopped(12, 3, "")), "stopped"),
        ((STARTED, Stopped(1, 0, ""), TakenUp(1, 0, 0, 1.0, ""), EPOCH), "died"),
        ((STARTED, Diverged(5, 1, 9.9, 1.0)), "diverged"),
        ((Failed("No room.", ""),), "failed"),
        ((STARTED, RunFinished(9, 36, 0.1, 0.1, 0.96, 1.0, 10.0)), "finished"),
    ],
)
def test_a_run_without_a_worker(make_run: Make, facts: tuple[Fact, ...], state: str) -> None:
    run = make_run(epochs=9)
    journal(run, *facts)
    found = summary(run)
    assert found.state == state
    assert not found.live
    assert found.epochs == 9
    assert found.name == run.name


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ((), "preparing"),
        ((STARTED, EPOCH), "running"),
        ((STARTED, EPOCH, Paused(12, "")), "paused"),
        ((STARTED, Paused(1, ""), Resumed(1, "", "run"), EPOCH), "running"),
        ((STARTED, Stopped(1, 0, ""), TakenUp(1, 0, 0, 1.0, "")), "running"),
    ],
)
def test_a_live_run(make_run: Make, facts: tuple[Fact, ...], state: str) -> None:
    run = make_run()
    journal(run, *facts)
    with run.locked() as leave_word:
        assert summary(run).state == state
        assert summary(run).live
        leave_word("Training waits: No space left on device.", "")
        waiting = summary(run)
        assert waiting.state == "waiting"
        assert "No space" in waiting.sentence
        leave_word("", "")
        assert summary(run).state == state


def test_how_far_it_came_and_how_good_it_was(make_run: Make) -> None:
    run = make_run(epochs=2)
    list(Worker(run).run())
    found = summary(run)
    assert (found.state, found.epoch, found.epochs, found.step) == ("finished", 2, 2, 90)
    assert found.test_accuracy is not None
    assert 0.5 < found.test_accuracy < 1
    assert found.size == sum(path.stat().st_size for path in run.path.iterdir())


@pytest.mark.parametrize(
    ("finished", "epochs", "why"),
    [
        (RunFinished(9, 36, 0.1, 0.1, 0.9, 1.0, 9.0), 0, "has finished its 9 epochs"),
        (RunFinished(9, 36, 0.1, 0.1, 0.9, 1.0, 9.0, best_epoch=8), 19, ""),
        (
            RunFinished(9, 36, 0.1, 0.1, 0.9, 1.0, 9.0, best_epoch=7),
            19,
            "out of patience after 9 epochs; .* --patience 0 --epochs 19 goes on from there",
        ),
        (
            RunFinished(6, 24, 0.1, 0.1, 0.9, 1.0, 9.0, 4, True),
            0,
            "--patience 0 goes on from there",
        ),
    ],
)
def test_nothing_is_taken_up_to_be_over_at_once(
    make_run: Make, finished: RunFinished, epochs: int, why: str
) -> None:
    run = make_run(epochs=9, validation=0.2, patience=2)
    journal(run, STARTED, EPOCH, finished)
    if why:
        with pytest.raises(RunError, match=why):
            resumable(run, epochs)
    else:
        assert resumable(run, epochs) is run


def test_a_death_tells_what_is_kept(make_run: Make) -> None:
    run = make_run(epochs=2)
    list(Worker(run).run())
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join(lines[:-1]))
    now = time.time()
    os.utime(run.steps, (now, now))
    os.utime(run.journal, (now, now))
    os.utime(run.checkpoint, (now - 12, now - 12))
    assert summary(run).sentence == "died at epoch 2, step 90; last checkpoint 12 s before"
    run.checkpoint.unlink()
    assert summary(run).sentence == "died at epoch 2, step 90; there is no checkpoint yet"


def test_a_long_journal_is_read_at_its_end(make_run: Make) -> None:
    run = make_run(epochs=9)
    journal(run, *([EPOCH] * (TAIL // 100)), Paused(12, ""))
    assert run.journal.stat().st_size > 2 * TAIL
    with run.locked():
        assert summary(run).state == "paused"
        assert summary(run).epoch == 3


def test_what_cannot_be_read_is_a_line_too(make_run: Make, tmp_path: Path) -> None:
    good, bad, newer = make_run(), make_run(), make_run()
    bad.config_file.write_text("]")
    newer.config_file.write_text("format = 99\n")
    (good.path.parent / "notes.txt").write_text("no run")
    (good.path.parent / "empty").mkdir()
    found = {run.name: run for run in summaries(good.path.parent)}
    assert set(found) == {good.name, bad.name, newer.name}
    assert found[bad.name].state == "unreadable"
    assert "damaged" in found[bad.name].sentence
    assert "newer Inkling" in found[newer.name].sentence
    assert summaries(tmp_path / "nowhere") == []


def test_a_journal_of_garbage_is_no_exception(make_run: Make) -> None:
    run = make_run()
    run.journal.write_bytes(b"\x00\xff\n{}\n[1]\n" * 100)
    run.steps.write_bytes(b"x" * 31)
    assert summary(run).state == "died"
    assert summary(run).step == 0
