"""Guesses are read as they grow, and a run's mistakes are put together from files that agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nn.analysis.learning_history import LearningHistory
from tui.engine import guesses, mistakes_reader
from tui.engine.facts import Entry, Fact, MistakesChanged, TakenUp, encode
from tui.engine.guesses import GuessReader
from tui.engine.mistakes_reader import MistakesReader
from tui.engine.recorder import Recorder
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]
N = 5
LABELS = np.array([0, 1, 2, 3, 4], np.uint8)
ROWS = np.random.default_rng(0).integers(0, 5, (9, N), dtype=np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guesses.u8"


def same(one: LearningHistory, other: LearningHistory) -> bool:
    names = LearningHistory.__dataclass_fields__
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_rows_count_once_they_are_whole(path: Path) -> None:
    reader = GuessReader(path, LABELS)
    assert not reader.poll()
    data = ROWS.tobytes()
    for size in range(1, len(data) + 1):
        path.write_bytes(data[:size])
        assert reader.poll() == (size % N == 0)
        assert reader.rows == size // N
    assert same(reader.history, LearningHistory.of(ROWS, LABELS))
    assert not reader.poll()


def test_a_row_is_read_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(ROWS.tobytes())
    reader = GuessReader(path, LABELS)
    reader.poll()
    before = reader.history
    # What has been read is not looked at again, whatever becomes of it.
    path.write_bytes(bytes(len(ROWS) * N) + ROWS[0].tobytes())
    reader.poll()
    assert same(reader.history, before.after(ROWS[0]))
    monkeypatch.setattr(guesses, "BLOCK", 2 * N)
    piecewise = GuessReader(path, LABELS)
    assert piecewise.poll()
    assert (piecewise.rows, piecewise.behind) == (2, True)
    assert piecewise.read_all().epoch == len(ROWS)
    assert not piecewise.behind


def test_a_file_that_became_shorter_is_another_history(path: Path) -> None:
    path.write_bytes(ROWS.tobytes())
    reader = GuessReader(path, LABELS)
    reader.poll()
    path.write_bytes(ROWS[:3].tobytes())
    assert reader.poll()
    assert same(reader.history, LearningHistory.of(ROWS[:3], LABELS))
    path.write_bytes(b"")
    assert reader.poll()
    assert reader.rows == 0


def test_the_history_of_a_few_digits(path: Path) -> None:
    path.write_bytes(ROWS.tobytes() + b"\x01")
    reader = GuessReader(path, LABELS)
    assert reader.of_digits(np.array([1])).shape == (0, 1), "nothing is taken in yet"
    reader.poll()
    assert (reader.of_digits(np.array([3, 0])) == ROWS[:, [3, 0]]).all()
    path.write_bytes(ROWS[:2].tobytes())
    assert reader.of_digits(np.array([4])).shape == (2, 1)
    path.unlink()
    assert reader.of_digits(np.array([4])).shape == (0, 1)
    for bad in (-1, N):
        with pytest.raises(IndexError, match="go from 0 to 4"):
            reader.of_digits(np.array([bad]))


def test_an_empty_test_set_has_no_history(path: Path) -> None:
    path.write_bytes(b"\x01\x02")
    reader = GuessReader(path, LABELS[:0])
    assert not reader.poll()
    assert reader.of_digits(np.empty(0, np.intp)).shape == (0, 0)


# A whole run's.


@pytest.fixture
def finished(make_run: Make) -> RunDirectory:
    run = make_run(epochs=4, batch_size=100)
    list(Worker(run).run())
    return run


def test_a_finished_run(finished: RunDirectory) -> None:
    reader = MistakesReader(finished)
    mistakes = reader.read_all()
    p = mistakes.predictions
    assert (p.probabilities == np.load(finished.predictions)).all()
    assert p.epoch == 4
    rows = np.fromfile(finished.guesses, np.uint8).reshape(5, 360)
    assert mistakes.history is not None
    assert same(mistakes.history, LearningHistory.of(rows, p.labels))
    assert mistakes.doubtful.tolist() == []
    assert (reader.of_digits(np.array([359])) == rows[:, [359]]).all()
    assert not reader.poll(), "nothing is new"
    assert reader.latest is mistakes


def test_an_epoch_later_there_are_other_mistakes(finished: RunDirectory) -> None:
    reader = MistakesReader(finished)
    before = reader.read_all()
    probabilities = np.eye(10, dtype=np.float32)[before.predictions.labels]
    with open(finished.guesses, "ab") as file:
        file.write(2 * before.predictions.labels.tobytes())
    assert not reader.poll(), "guesses of an epoch do not go with the predictions of another"
    assert reader.latest is before
    with Recorder(finished) as pen:
        pen.predictions(5, probabilities)
    assert reader.poll()
    assert reader.latest is not None
    assert reader.latest.accuracy == 1
    assert reader.latest.history is not None
    assert reader.latest.history.epoch == reader.latest.predictions.epoch == 5, "and no further"
    assert MistakesReader(finished).read_all().predictions.epoch == 5
    assert before.accuracy < 1


def test_predictions_of_an_epoch_that_is_yet_to_come_again(finished: RunDirectory) -> None:
    """A worker has taken the run up at an earlier epoch than its last one came to."""
    rows = finished.guesses.read_bytes()
    finished.guesses.write_bytes(rows[: 3 * 360])
    reader = MistakesReader(finished)
    assert not reader.poll()
    finished.guesses.write_bytes(rows[: 4 * 360] + bytes(360))
    assert not reader.poll(), "it went another way"
    finished.guesses.write_bytes(rows)
    assert reader.poll()
    assert reader.latest is not None
    assert reader.latest.predictions.epoch == 4


def test_predictions_that_do_not_say_of_which_epoch_they_are(finished: RunDirectory) -> None:
    """As an older Inkling left them: they are of the last row, or of none."""
    np.save(finished.predictions, np.load(finished.predictions))
    assert MistakesReader(finished).read_all().predictions.epoch == 4
    with open(finished.guesses, "ab") as file:
        file.write(bytes(360))
    assert not MistakesReader(finished).poll()


def test_no_predictions_yet(make_run: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mistakes_reader, "RETRY_EVERY", 0)
    reader = MistakesReader(make_run())
    assert not reader.poll()
    assert reader.latest is None
    with pytest.raises(RunError, match="has no predictions yet"):
        reader.read_all()


def test_predictions_that_are_gone(finished: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mistakes_reader, "RETRY_EVERY", 0)
    finished.predictions.write_bytes(b"x" * 20_000)
    with pytest.raises(RunError, match="missing or damaged"):
        MistakesReader(finished).read_all()


# What the log says of them.


def changes(facts: list[Fact]) -> list[MistakesChanged]:
    return [fact for fact in facts if isinstance(fact, MistakesChanged)]


def expected(run: RunDirectory) -> list[MistakesChanged]:
    labels = MistakesReader(run).digits.labels
    rows = np.fromfile(run.guesses, np.uint8).reshape(-1, len(labels))
    right = rows == labels
    return [
        MistakesChanged(
            epoch,
            int((right[epoch] & ~right[epoch - 1]).sum()),
            int((~right[epoch] & right[epoch - 1]).sum()),
            int((~right[1 : epoch + 1].any(axis=0)).sum()),
        )
        for epoch in range(1, len(rows))
    ]


def test_every_epoch_says_what_it_fixed_and_broke(
    finished: RunDirectory, facts_of: Callable[[RunDirectory], list[Fact]]
) -> None:
    told = changes(facts_of(finished))
    assert len(told) == 4
    assert told == expected(finished)


def test_a_run_that_is_taken_up_tells_each_epoch_once(
    make_run: Make, facts_of: Callable[[RunDirectory], list[Fact]]
) -> None:
    run = make_run(epochs=6, batch_size=100)
    worker = Worker(run)
    for entry in worker.run():
        if isinstance(entry.fact, MistakesChanged) and entry.fact.epoch == 3:
            # As if it were killed here, in the next epoch's first step.
            worker.stop("a test")
    list(Worker(run).run())
    facts = facts_of(run)
    assert any(isinstance(fact, TakenUp) for fact in facts)
    assert [fact.epoch for fact in changes(facts)] == [1, 2, 3, 4, 5, 6]
    assert changes(facts) == expected(run)


def test_an_older_checkpoint_tells_nothing_twice(
    make_run: Make, facts_of: Callable[[RunDirectory], list[Fact]]
) -> None:
    run = make_run(epochs=5, batch_size=100)
    kept = b""
    for entry in Worker(run).run():
        if isinstance(entry.fact, MistakesChanged) and entry.fact.epoch == 3:
            kept = run.checkpoint.read_bytes()
    run.checkpoint.write_bytes(kept)
    with open(run.journal, "rb") as journal:
        lines = journal.readlines()
    # The last one is RunFinished.
    run.journal.write_bytes(b"".join(lines[:-1]))
    list(Worker(run).run())
    assert [fact.epoch for fact in changes(facts_of(run))] == [1, 2, 3, 4, 5]
    assert changes(facts_of(run)) == expected(run)


def test_a_journal_from_before_is_read(make_run: Make) -> None:
    run = make_run()
    with Recorder(run) as pen:
        told = MistakesChanged(1, 37, 12, 121)
        pen.fact(told)
        pen.flush()
        line = encode(Entry(1.0, told)).replace(b"mistakes_changed", b"something_new")
        run.journal.write_bytes(run.journal.read_bytes() + line)
        told_before, _ = pen.take_up(0, N)
        assert told_before == {MistakesChanged(1, 0, 0, 0)}
