"""Words from outside, made to command a terminal: on a real one, none of them does.

Run names, class names, file names, errors and what a worker left behind, each with control
sequences that nothing of ours ever sends, and with markup that would be alive in a careless widget.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.hyperparameters import Hyperparameters
from tui.engine.facts import Entry, Failed, Paused, Preparing, encode
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.worker import Worker

Open = Callable[..., Any]

EVIL = "\x1b]0;pwned\x07\x1b[5i\x9b31m\x90q\x9c[/foo][@click=app.bell]x[/][b]\x1bc\r\x08"
"""A title, a printer, C1 in one byte and more, closed and clickable markup, a full reset."""

NAME = EVIL.replace("/", "")
"""The same for a file, whose name may not have a slash."""

NEVER = (b"\x1b]0;", b"pwned\x07", b"\x1b[5i", b"\xc2\x9b", b"\xc2\x90", b"\x1bc", b"\x9b31m")


def harmless(app: Any) -> None:
    for sequence in NEVER:
        assert sequence not in app.raw, sequence


@pytest.fixture
def finished(runs: Path) -> RunDirectory:
    """A run whose directory has a name that somebody chose with care."""
    config = new_config(Hyperparameters(epochs=2, batch_size=100), None)
    run = RunDirectory.create(runs, config)
    list(Worker(run).run())
    return RunDirectory(run.path.rename(runs / f"a{NAME}"))


def test_a_run_s_name_and_what_is_said_of_it(open_app: Open, finished: RunDirectory) -> None:
    finished.worker_log.write_text(f"words {EVIL}\n")
    finished.journal.write_bytes(
        b"".join(
            encode(Entry(1e9, fact))
            for fact in (Preparing(EVIL, 1, 2), Paused(3, EVIL), Failed(f"It {EVIL} so.", EVIL))
        )
    )
    config = finished.read_config()
    finished.write_config(config.model_copy(update={"data_dir": f"/{EVIL}", "fingerprint": EVIL}))
    listing = open_app("runs", painted=False)
    assert listing.wait() == 0
    listing.expect("failed", "It ?]0;pwned")
    harmless(listing)
    app = open_app("attach", "a", columns=200, rows=60)
    app.expect("failed", "[@click=app.bell]")
    app.press("g", "d", "?")
    app.expect("Every key")
    app.press("\x1b")
    app.until(lambda: not app.shows("Write the log"), "help is gone")
    app.press("q")
    assert app.wait() == 0
    assert app.restored()
    harmless(app)


def test_a_death_and_its_last_words(open_app: Open, finished: RunDirectory) -> None:
    lines = finished.journal.read_bytes().splitlines(keepends=True)
    finished.journal.write_bytes(b"".join(lines[:-1]))
    finished.worker_log.write_text(f"words {EVIL}\n")
    app = open_app("attach", "latest")
    # The pane folds what is too long for it.
    app.expect("died", "Its last words: words", "?]0;pwned")
    app.press("q")
    assert app.wait() == 0
    harmless(app)
    for command in (("stop", "a"), ("pause", "a"), ("resume", "nothing" + NAME)):
        said = open_app(*command, painted=False)
        assert said.wait() == 2
        assert "Traceback" not in said.text
        harmless(said)
    # Killed before it had begun, so that it is begun now, with all that is said then.
    for path in (finished.journal, finished.checkpoint, finished.guesses, finished.steps):
        path.unlink()
    resumed = open_app("resume", "a", painted=False)
    assert resumed.wait() == 0
    resumed.expect("finished")
    harmless(resumed)
    removed = open_app("rm", "a", painted=False)
    removed.expect("[y/N]")
    removed.press("y\r")
    assert removed.wait() == 0
    harmless(removed)


def test_file_names_and_class_names(open_app: Open, tmp_path: Path) -> None:
    from PIL import Image

    rng = np.random.default_rng(3)
    folder = tmp_path / "set[@click=app.bell][b]"
    for label in (f"one{NAME}", "two[@click=app.bell]"):
        (folder / label).mkdir(parents=True)
        for number in range(20):
            ink = rng.integers(0, 255, (8, 8)).astype(np.uint8)
            Image.fromarray(ink).save(folder / label / f"{number}.png")
    options = ("--dataset", f"images:{folder}", "--batch-size", "5", "--epochs", "3")
    plain = open_app("train", *options, painted=False)
    assert plain.wait() == 0, plain.text
    assert "Traceback" not in plain.text
    harmless(plain)
    app = open_app(*options, "--pace", "0", columns=200, rows=60)
    app.press(" ")
    app.expect("finished", "two[@click")
    app.press("w", "n", "q")
    assert app.wait() == 0
    harmless(app)
    for missing in (folder / f"gone{NAME}", Path(f"/{EVIL}")):
        broken = open_app("train", "--dataset", f"images:{missing}", painted=False)
        assert broken.wait() == 2
        assert "Traceback" not in broken.text
        harmless(broken)
