"""`inkling errors`: the same figures as on the screen, in plain text, JSON, CSV and PNG."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics

from tui.cli import main
from tui.engine.mistakes_reader import MistakesReader
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.sorts import SORTS
from tui.engine.worker import Worker

Printed = Callable[..., str]


def trained(runs: Path, **values: Any) -> RunDirectory:
    from nn.hyperparameters import Hyperparameters

    folder = values.pop("folder", None)
    h = Hyperparameters(**{"epochs": 3, "batch_size": 100, **values})
    run = RunDirectory.create(runs, new_config(h, folder))
    list(Worker(run).run())
    return run


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """`printed("--limit", "3")`: what `inkling errors` prints with status 0, and no escape code."""

    def call(*arguments: str) -> str:
        capsys.readouterr()
        assert main(["errors", *arguments]) == 0
        done = capsys.readouterr()
        assert done.err == ""
        assert all(line.isprintable() for line in done.out.split("\n"))
        return done.out

    return call


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Printed:
    def call(*arguments: str) -> str:
        capsys.readouterr()
        try:
            status: object = main(["errors", *arguments])
        except SystemExit as end:
            status = end.code
        done = capsys.readouterr()
        assert (status, done.out) == (2, "")
        assert done.err.startswith("inkling: ")
        assert done.err.count("\n") == 1
        assert done.err.rstrip("\n").endswith(".")
        return done.err

    return call


def test_the_figures_are_scikit_learn_s(runs: Path, printed: Printed) -> None:
    run = trained(runs)
    summary, *digits = map(json.loads, printed(run.name, "--json", "--limit", "0").splitlines())
    labels = MistakesReader(run).digits.labels
    probabilities = np.load(run.predictions)
    guess = probabilities.argmax(axis=1)
    assert summary["event"] == "summary"
    assert summary["epoch"] == 3
    assert summary["accuracy"] == pytest.approx(metrics.accuracy_score(labels, guess))
    assert summary["loss"] == pytest.approx(metrics.log_loss(labels, probabilities), rel=1e-5)
    assert summary["macro_f1"] == pytest.approx(metrics.f1_score(labels, guess, average="macro"))
    assert summary["accuracy_without_doubtful"] is None, "these are not the digits of MNIST"
    assert summary["wrong"] == summary["matches"] == len(digits)
    wrong = np.flatnonzero(guess != labels)
    assert sorted(digit["index"] for digit in digits) == wrong.tolist()
    losses = [digit["loss"] for digit in digits]
    assert losses == sorted(losses, reverse=True)
    matrix = metrics.confusion_matrix(labels, guess)
    first = summary["most_confused"][0]
    np.fill_diagonal(matrix, 0)
    assert first["count"] == matrix.max()
    assert matrix[int(first["true"]), int(first["predicted"])] == first["count"]


def test_a_person_reads_a_table(runs: Path, printed: Printed) -> None:
    run = trained(runs)
    text = printed(run.name, "--limit", "2".zfill(30))
    assert text.startswith(f"run {run.name}, after epoch 3\nright ")
    assert max(map(len, text.splitlines())) < 100
    head, first, second, more = text.splitlines()[-4:]
    assert head.split() == ["index", "true", "taken", "for", "sure", "loss", "history"]
    assert first.split()[0].isdecimal()
    assert second.split()[0].isdecimal()
    assert more.endswith("--limit 0 lists all")
    assert printed("latest", "--limit", "2") == printed("--limit", "2") == text
    assert "never right" in printed("--filter", "never")
    assert "No digits are true:4 right wrong." in printed("--filter", "true:4 right wrong")
    everything = printed("--filter", "", "--limit", "9" * 5000, "--sort", "index")
    assert [line.split()[0] for line in everything.splitlines()[-360:]] == list(
        map(str, range(360))
    )


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_can_be_asked_for(runs: Path, printed: Printed, sort: str) -> None:
    trained(runs, epochs=1)
    assert SORTS[sort] in printed("--sort", sort)  # type: ignore[index]


def test_all_of_the_filter_is_written(runs: Path, printed: Printed, tmp_path: Path) -> None:
    run = trained(runs)
    table, sheet = tmp_path / "out.csv", tmp_path / "sheet.png"
    text = printed(
        "--filter", "wrong", "--limit", "1", "--csv", str(table), "--png", str(sheet)
    )  # fmt: skip
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    guesses = np.fromfile(run.guesses, np.uint8).reshape(-1, 360)
    assert len(rows) > 1
    assert text.endswith(f"{len(rows)} digits in {table}.\n{len(rows)} digits in {sheet}.\n")
    for row in rows:
        assert row["history"].split() == [str(k) for k in guesses[:, int(row["index"])]]
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
    lines = printed("--json", "--csv", str(table)).splitlines()
    assert json.loads(lines[-1]) == {"event": "exported", "path": str(table), "digits": len(rows)}


def test_against_another_run(runs: Path, printed: Printed, refused: Printed) -> None:
    one, other = trained(runs, epochs=2), trained(runs, epochs=6, learning_rate=0.2)
    labels = MistakesReader(one).digits.labels
    right = [np.load(run.predictions).argmax(axis=1) == labels for run in (one, other)]
    summary = json.loads(printed(one.name, "--against", other.name, "--json").splitlines()[0])
    said = summary["against"]
    assert said["only_this_right"] == np.flatnonzero(right[0] & ~right[1]).tolist()
    assert said["only_that_right"] == np.flatnonzero(right[1] & ~right[0]).tolist()
    assert "McNemar" in printed(one.name, "--against", other.name)
    elsewhere = trained(runs, split="0.3", epochs=1)
    assert "not tested on the same digits" in refused(one.name, "--against", elsewhere.name)


def test_what_is_wrong_is_said_in_a_sentence(runs: Path, refused: Printed, tmp_path: Path) -> None:
    assert "There are no runs" in refused()
    run = trained(runs, epochs=1)
    assert "does not know tru:4" in refused("--filter", "tru:4")
    assert "the classes are 0, 1, 2" in refused("--filter", "true:ten")
    assert "invalid choice" in refused("--sort", "size")
    assert "whole number" in refused("--limit", "-1")
    assert "No run begins with" in refused("nobody")
    assert "No run begins with" in refused(run.name, "--against", "nobody")
    assert "cannot be written" in refused_after_output(run, tmp_path)


def refused_after_output(run: RunDirectory, tmp_path: Path) -> str:
    import contextlib
    import io

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(["errors", run.name, "--csv", str(tmp_path / "no" / "out.csv")]) == 2
    assert out.getvalue().startswith("run ")
    return err.getvalue()


def test_a_run_without_predictions_another_data_set_and_none(
    runs: Path, refused: Printed, write_mnist: Callable[..., Path], tmp_path: Path
) -> None:
    from nn.hyperparameters import Hyperparameters

    RunDirectory.create(runs, new_config(Hyperparameters(), None))
    assert "has no predictions yet" in refused()
    folder = write_mnist(tmp_path / "data")
    run = trained(runs, dataset="mnist", epochs=1, folder=folder)
    write_mnist(folder, seed=8)
    assert "has changed since" in refused(run.name)
    for path in (folder / "mnist").iterdir():
        path.unlink()
    assert "cannot be shown" in refused(run.name)


def test_one_test_digit_that_is_not_square(runs: Path, printed: Printed, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (40, 3, 5), dtype=np.uint8), np.arange(40) % 2
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    run = trained(runs, dataset=f"npz:{tmp_path / 'own.npz'}", split="0.01", batch_size=4, epochs=2)
    sheet = tmp_path / "sheet.png"
    text = printed(run.name, "--filter", "", "--png", str(sheet))
    assert "of 1 wrong" in text
    assert "1 digit in " in text
    assert sheet.exists()


def test_no_escape_codes_and_a_reader_that_leaves(runs: Path, inkling: Callable[..., Any]) -> None:
    trained(runs, epochs=1)
    done = inkling("errors", INKLING_RUNS=str(runs), TERM="xterm-256color", COLORTERM="truecolor")
    assert done.status == 0
    assert "\x1b" not in done.out
    assert "errors" in inkling("--help").out
    assert "--against" in inkling("errors", "--help").out
