"""What the worker's pen writes, a reader reads: whole, in order, whenever it happens to look."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nn.events import RunFinished, StepDone
from tui.engine.facts import Entry, Fact, Failed, Paused, Stopped, encode
from tui.engine.recorder import Recorder
from tui.engine.run_directory import EPOCH, RunDirectory
from tui.engine.tail import CHUNK, MOST_ENTRIES, STEP, Died, News, RunTail, StepsRecorded


def line(fact: Fact) -> bytes:
    return encode(Entry(1.0, fact))


def append(path: Path, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)


def records(first: int, count: int) -> np.ndarray:
    made = np.zeros(count, STEP)
    made["step"] = np.arange(first, first + count)
    made["loss"] = 1 / made["step"]
    return made


def facts(news: list[News]) -> list[Fact]:
    return [item.fact for item in news if isinstance(item, Entry)]


def test_a_journal_line_counts_once_its_end_is_there(run: RunDirectory) -> None:
    tail = RunTail(run)
    with run.locked():
        whole = line(Paused(7, "me"))
        for byte in range(len(whole) - 1):
            append(run.journal, whole[byte : byte + 1])
            assert tail.poll() == []
        append(run.journal, b"\n" + whole[:5])
        assert facts(tail.poll()) == [Paused(7, "me")]
        append(run.journal, whole[5:])
        assert facts(tail.poll()) == [Paused(7, "me")]
        assert tail.poll() == []


def test_a_step_counts_once_its_record_is_whole(run: RunDirectory) -> None:
    tail = RunTail(run)
    with run.locked():
        data = records(1, 3).tobytes()
        append(run.steps, data[:40])
        (first,) = tail.poll()
        assert isinstance(first, StepsRecorded)
        assert first.records["step"].tolist() == [1]
        append(run.steps, data[40:50])
        assert tail.poll() == []
        append(run.steps, data[50:])
        (rest,) = tail.poll()
        assert isinstance(rest, StepsRecorded)
        assert rest.records["step"].tolist() == [2, 3]
        assert rest.records["loss"].tolist() == records(2, 2)["loss"].tolist()


def test_the_pen_and_the_tail_agree(run: RunDirectory) -> None:
    tail = RunTail(run)
    with run.locked(), Recorder(run) as pen:
        for step in range(1, 6):
            pen.step(StepDone(step, 1, 0.5 / step, 0.1, 2.0), seconds=step / 4)
        entry = pen.fact(Paused(5, "me"))
        steps, told = tail.poll()
    assert isinstance(steps, StepsRecorded)
    assert steps.records["step"].tolist() == [1, 2, 3, 4, 5]
    assert steps.records["seconds"].tolist() == [0.25, 0.5, 0.75, 1.0, 1.25]
    assert steps.records["loss"].tolist() == [np.float32(0.5 / s) for s in range(1, 6)]
    assert set(steps.records["epoch"].tolist()) == {1}
    assert isinstance(told, Entry)
    assert told.fact == entry.fact


def test_steps_come_before_the_facts_that_came_after_them(run: RunDirectory) -> None:
    """Whoever looks at whatever moment: a fact of step n is told when n steps have been."""
    tail = RunTail(run)
    seen = 0

    def look() -> None:
        nonlocal seen
        for item in tail.poll():
            if isinstance(item, StepsRecorded):
                seen = int(item.records["step"][-1])
            elif isinstance(item, Entry):
                assert isinstance(item.fact, Paused)
                assert seen >= item.fact.step

    with run.locked(), Recorder(run) as pen:
        for step in range(1, 400):
            pen.step(StepDone(step, 1, 1.0, 0.1, 1.0), seconds=1.0)
            if step % 7 == 0:
                pen.fact(Paused(step, ""))
            if step % 3 == 0:
                look()
    look()
    assert seen == 399


def test_a_long_history_arrives_in_pieces_and_in_order(run: RunDirectory) -> None:
    count = 500_000
    append(run.steps, records(1, count).tobytes())
    append(run.journal, line(Paused(count, "")) + line(Stopped(count, 1, "")))
    tail = RunTail(run)
    pieces: list[int] = []
    told: list[Fact] = []
    while not tail.ended:
        news = tail.poll()
        for item in news:
            if isinstance(item, StepsRecorded):
                assert item.records.nbytes <= CHUNK
                assert int(item.records["step"][0]) == sum(pieces) + 1
                pieces.append(len(item.records))
                assert not told
        told += facts(news)
        assert tail.ended or tail.behind
    assert sum(pieces) == count
    assert told == [Paused(count, ""), Stopped(count, 1, "")]


def test_a_long_journal_arrives_whole(run: RunDirectory) -> None:
    many = [Paused(step, "x" * 90) for step in range(20_000)]
    append(run.journal, b"".join(map(line, many)))
    assert run.journal.stat().st_size > 2 * CHUNK
    append(run.journal, line(Stopped(1, 1, "")))
    tail = RunTail(run)
    told: list[Fact] = []
    while not tail.ended:
        told += facts(tail.poll())
    assert told == [*many, Stopped(1, 1, "")]


def test_garbage_between_the_lines_is_stepped_over(run: RunDirectory) -> None:
    with run.locked():
        tail = RunTail(run)
        append(run.journal, b"\0\xff\xfe\n{}\n\n" + line(Paused(1, "")) + b"[" * 50_000 + b"\n")
        assert facts(tail.poll()) == [Paused(1, "")]
        append(run.journal, line(Paused(2, "")))
        assert facts(tail.poll()) == [Paused(2, "")]


def test_megabytes_without_a_line_end_are_stepped_over(run: RunDirectory) -> None:
    with run.locked():
        tail = RunTail(run)
        append(run.journal, b"x" * (3 * CHUNK + 17) + b"\n" + line(Paused(1, "")))
        told: list[Fact] = []
        for _ in range(6):
            told += facts(tail.poll())
        assert told == [Paused(1, "")]
        assert not tail.behind


@pytest.mark.parametrize("ending", [Stopped(1, 1, ""), Failed("No.", "")])
def test_a_run_has_ended_when_its_journal_says_so(run: RunDirectory, ending: Fact) -> None:
    tail = RunTail(run)
    with run.locked():
        assert tail.poll() == []
        append(run.journal, line(ending))
        assert facts(tail.poll()) == [ending]
        # Somebody holds the run: it may be the worker that takes it up again.
        assert not tail.ended
    assert tail.poll() == []
    assert tail.ended


def test_a_worker_that_finishes_between_two_looks_has_not_died(run: RunDirectory) -> None:
    finished = RunFinished(1, 9, 0.1, 0.1, 0.9, 1.0, 100.0)

    class Looker(RunDirectory):
        """Its run ends right after it was seen not to be live any more, or before."""

        def is_live(self) -> bool:
            live = super().is_live()
            if not self.journal.exists():
                append(self.steps, records(1, 9).tobytes())
                append(self.journal, line(finished))
            return live

    tail = RunTail(Looker(run.path))
    news = tail.poll() + tail.poll() + tail.poll()
    assert facts(news) == [finished]
    assert not any(isinstance(item, Died) for item in news)


def test_a_worker_without_an_ending_has_died(run: RunDirectory) -> None:
    tail = RunTail(run)
    with run.locked():
        append(run.steps, records(1, 3).tobytes())
        append(run.journal, line(Paused(3, ""))[:-4])
        assert len(tail.poll()) == 1
        assert tail.poll() == []
    assert tail.poll() == [Died("")]
    assert tail.ended
    assert tail.poll() == []


def test_what_a_dead_worker_left_is_read_before_its_death_is_told(run: RunDirectory) -> None:
    append(run.steps, records(1, 2).tobytes())
    append(run.journal, line(Paused(2, "")))
    tail = RunTail(run)
    told = facts(tail.poll())
    assert told == [Paused(2, "")]
    assert not tail.ended
    assert tail.poll() == [Died("")]


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (b"", ""),
        (b"Traceback:\n  File\nValueError: no digits\n\n", "ValueError: no digits"),
        (b"x" * 5_000_000 + b"\nlast words", "last words"),
        (b"\n" * 10, ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_its_last_words_are_its_log_s_last_line(run: RunDirectory, log: bytes, words: str) -> None:
    run.worker_log.write_bytes(log)
    assert RunTail(run).poll() == [Died(words)]


def test_a_directory_that_vanishes_is_a_death_not_an_exception(run: RunDirectory) -> None:
    tail = RunTail(run)
    with run.locked():
        append(run.journal, line(Paused(1, "")))
        assert facts(tail.poll()) == [Paused(1, "")]
        shutil.rmtree(run.path)
        assert tail.poll() == [Died("")]
    assert tail.ended


def test_predictions_and_guesses(run: RunDirectory) -> None:
    first = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    second = first[::-1]
    with Recorder(run) as pen:
        pen.predictions(0, first)
        pen.flush()
        assert run.guesses.read_bytes() == bytes([0, 1, 0])
        assert EPOCH.unpack(run.predictions.read_bytes()[-EPOCH.size :]) == (0,)
        pen.predictions(1, second)
        pen.flush()
        assert EPOCH.unpack(run.predictions.read_bytes()[-EPOCH.size :]) == (0,), "too soon"
    assert EPOCH.unpack(run.predictions.read_bytes()[-EPOCH.size :]) == (1,)
    assert run.guesses.read_bytes() == bytes([0, 1, 0, 0, 1, 0])
    kept = np.load(run.predictions, allow_pickle=False)
    assert kept.dtype == np.float32
    assert kept.tolist() == second.astype(np.float32).tolist()
    assert not [p for p in run.path.iterdir() if p.name.startswith(".predictions")]


def test_a_disk_that_fills_up_is_noticed_at_the_first_byte_that_is_lost(
    run: RunDirectory,
) -> None:
    """The system writes what fits and says how much; whoever does not listen goes on to write
    records that no longer begin where a record begins."""
    script = """
import resource, sys
from pathlib import Path
from nn.events import StepDone
from tui.engine.recorder import Recorder
from tui.engine.run_directory import RunDirectory
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    with Recorder(RunDirectory(Path(sys.argv[1]))) as pen:
        for step in range(1, 101):
            pen.step(StepDone(step, 1, 1.0, 1.0, 1.0), 1.0)
        pen.flush()
        print("all is well")
except OSError as error:
    print(error.strerror)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(run.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "File too large\n"
    assert run.steps.stat().st_size == 1000
    (news, death) = (tail := RunTail(run)).poll() + tail.poll()
    assert isinstance(news, StepsRecorded)
    assert news.records["step"].tolist() == list(range(1, 32))
    assert isinstance(death, Died)


def test_a_history_of_many_facts_is_told_in_turns(run: RunDirectory) -> None:
    count = 3 * MOST_ENTRIES + 7
    append(run.steps, records(1, count).tobytes())
    append(run.journal, b"".join(line(Paused(step, "")) for step in range(1, count)))
    append(run.journal, line(Stopped(count, 1, "")))
    tail = RunTail(run)
    told: list[Fact] = []
    turns = 0
    while not tail.ended:
        news = tail.poll()
        assert isinstance(news[0], StepsRecorded) == (turns == 0)
        assert len(facts(news)) <= MOST_ENTRIES
        assert tail.ended != tail.behind
        told += facts(news)
        turns += 1
    assert turns == 4
    assert told == [*(Paused(step, "") for step in range(1, count)), Stopped(count, 1, "")]


def test_a_death_is_told_after_many_facts(run: RunDirectory) -> None:
    count = 2 * MOST_ENTRIES
    append(run.journal, b"".join(line(Paused(step, "")) for step in range(count)))
    tail = RunTail(run)
    news: list[News] = []
    while not tail.ended:
        news += tail.poll()
    assert len(facts(news)) == count
    assert news[-1] == Died("")
