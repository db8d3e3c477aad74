"""The log in words, on the screen and in a file."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from nn.events import RunFinished
from nn.hyperparameters import Hyperparameters
from tui.engine.facts import Entry, Failed, Preparing, encode
from tui.engine.log_lines import HEADER, log_text, seconds, words
from tui.engine.run_directory import RunDirectory
from tui.engine.state import LONGEST_LOG, RunState
from tui.engine.tail import RunTail
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.000"), (0.004, "0.004"), (0.0994, "0.099"), (0.0999, "0.10"), (0.34, "0.34"),
        (9.994, "9.99"), (9.996, "10.0"), (12.1, "12.1"), (99.94, "99.9"), (99.96, "100"),
        (340, "340"), (4321, "4321"),
    ],
)  # fmt: skip
def test_seconds_have_three_figures(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(("epochs", "text"), [(1, "1 epoch in"), (2, "2 epochs in")])
def test_one_epoch_is_one(epochs: int, text: str) -> None:
    assert text in words(RunFinished(epochs, 9, 0.1, 0.1, 0.9, 1.0, 100.0))


def test_a_saved_log_says_what_the_screen_says(make_run: Make) -> None:
    run = make_run(epochs=2, batch_size=100)
    with open(run.journal, "wb") as journal:
        journal.write(encode(Entry(1e9, Preparing("Reading", 1, 2))))
    list(Worker(run).run())
    with open(run.journal, "ab") as journal:
        journal.write(encode(Entry(1e9, Failed("x" * 1000 + "\x1b", ""))))
        journal.write(b"garbage\n" + encode(Entry(1e9, Preparing("Reading", 2, 2)))[:20])
    state = RunState("a run", Hyperparameters())
    for news in RunTail(run).poll():
        state.apply(news)
    header, *lines = log_text(run)
    assert header == HEADER + "\n"
    assert lines == [line + "\n" for line in state.book.lines]
    assert len(lines) == 7
    told = [re.search(r" \+\d+ fixed, -\d+ broken, \d+ never right\n$", line) for line in lines]
    assert [place for place, found in enumerate(told) if found] == [2, 4]
    assert not any("Reading" in line for line in lines)


def test_a_saved_log_is_whole(make_run: Make) -> None:
    run = make_run()
    line = encode(Entry(1e9, Failed("No.", "")))
    run.journal.write_bytes(line * (LONGEST_LOG + 100))
    assert len(list(log_text(run))) == LONGEST_LOG + 101
