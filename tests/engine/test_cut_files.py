"""Every file of a run, cut short anywhere: it opens, goes on, or says why not in a sentence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import checkpoint
from nn.archive import ArchiveError
from nn.events import RunFinished
from tui.engine import test_set
from tui.engine.facts import Entry, Failed
from tui.engine.guesses import GuessReader
from tui.engine.log_lines import log_text
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.runs import summary
from tui.engine.state import RunState
from tui.engine.tail import RunTail, StepsRecorded
from tui.engine.test_set import load_split
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]

FILES = (
    "config.toml", "journal.jsonl", "steps.bin", "checkpoint.npz", "best.npz", "predictions.npy",
    "guesses.u8", "lock",
)  # fmt: skip

MOST_CUTS = 20
"""Of a large file, as everything is read that there is; what reads this very file is asked at every
seventh byte."""


def cuts(size: int) -> list[int]:
    every = range(0, size, 7)
    if len(every) <= MOST_CUTS * 3:
        return [*every]
    return sorted({*every[:MOST_CUTS], *every[:: len(every) // MOST_CUTS], *every[-MOST_CUTS:]})


@pytest.fixture
def whole(make_run: Make) -> RunDirectory:
    run = make_run(
        hidden=(4,), epochs=2, batch_size=100, validation=0.2, keep="best", optimizer="adam"
    )
    list(Worker(run).run())
    assert all((run.path / name).stat().st_size for name in FILES)
    return run


def look(run: RunDirectory) -> Iterator[str]:
    """As every reader of a run does; yields what there is to say."""
    yield summary(run).sentence
    try:
        h = run.read_config().hyperparameters
    except RunError as error:
        yield str(error)
        return
    state, tail = RunState(run.name, h), RunTail(run)
    while not tail.ended:
        for news in tail.poll():
            state.apply(news)
    yield state.status.sentence
    yield from log_text(run)
    try:
        test_set.TestSet.of_run(run).predictions(run)
    except RunError as error:
        yield str(error)
    run.note()


@pytest.mark.parametrize("name", FILES)
def test_a_run_with_a_file_cut_short_is_read(name: str, whole: RunDirectory) -> None:
    path = whole.path / name
    data = path.read_bytes()
    for cut in cuts(len(data)):
        path.write_bytes(data[:cut])
        for sentence in look(whole):
            assert sentence.rstrip("\n").isprintable() or not sentence
            assert "Traceback" not in sentence
    path.unlink()
    if name != "journal.jsonl":
        list(look(whole))


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_at_every_seventh_byte(name: str, whole: RunDirectory) -> None:
    """Whoever reads it finds what is whole of it, or says in a sentence that it is not."""
    path = whole.path / name
    reader = reading(whole, name)
    complete = reader()
    for cut in reversed(range(0, path.stat().st_size, 7)):
        os.truncate(path, cut)
        found = reader()
        if isinstance(found, str):
            assert found.isprintable()
            assert found.endswith(".")
        else:
            assert found is None or found == complete[: len(found)], cut
    assert not isinstance(complete, str)


def reading(run: RunDirectory, name: str) -> Callable[[], Any]:
    """Reads one file as its readers do: what it holds, in order, or None, or a sentence."""
    digits = test_set.TestSet.of_run(run)
    split = load_split(run.read_config().hyperparameters, "")

    def whole_or_none() -> Any:
        found = digits.predictions(run)
        return found and (found.epoch, found.probabilities.tobytes())

    def told() -> list[Any]:
        news, tail = [], RunTail(run)
        while not tail.ended:
            news += tail.poll()
        return [item for item in news if isinstance(item, Entry)]

    def recorded() -> bytes:
        (news, *_) = RunTail(run).poll()
        return news.records.tobytes() if isinstance(news, StepsRecorded) else b""

    def rows() -> bytes:
        guesses = GuessReader(run.guesses, digits.labels)
        guesses.read_all()
        return guesses.of_digits(np.arange(len(digits.labels))).tobytes()

    def or_sentence(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (ArchiveError, RunError) as error:
            return str(error)

    def loaded() -> tuple[Any, ...]:
        return (checkpoint.load(run.path / name, split).step,)

    readers: dict[str, Callable[[], Any]] = {
        # What it does not say is as usual: an older Inkling knew fewer hyperparameters.
        "config.toml": lambda: run.read_config() and None,
        "journal.jsonl": told,
        "steps.bin": recorded,
        "checkpoint.npz": loaded,
        "best.npz": loaded,
        "predictions.npy": whole_or_none,
        "guesses.u8": rows,
        "lock": lambda: (note,) if (note := run.note()) else None,
    }
    return lambda: or_sentence(readers[name])


@pytest.mark.parametrize("name", FILES)
def test_a_run_with_a_file_cut_short_goes_on_or_says_why_not(
    name: str, whole: RunDirectory, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    size = (whole.path / name).stat().st_size
    data = (whole.path / name).read_bytes()
    journal = b"".join(whole.journal.read_bytes().splitlines(keepends=True)[:-1])
    good: dict[str, Any] = {n: (whole.path / n).read_bytes() for n in FILES}
    for number, cut in enumerate(cuts(size)[:: max(1, len(cuts(size)) // 8)]):
        run = RunDirectory(tmp_path / f"{name}-{number}")
        shutil.copytree(whole.path, run.path)
        run.journal.write_bytes(journal)
        (run.path / name).write_bytes(data[:cut])
        last = [entry.fact for entry in Worker(run).run()][-1]
        assert isinstance(last, (RunFinished, Failed)), last
        if name in ("checkpoint.npz", "config.toml"):
            continue
        assert isinstance(last, RunFinished), last
        assert len(run.guesses.read_bytes()) == len(good["guesses.u8"])
        if name != "guesses.u8":
            assert run.guesses.read_bytes() == good["guesses.u8"]
    assert "Traceback" not in capfd.readouterr().err
