"""Each bad input gives one clear sentence, exit status 2, and nothing half-started."""

from __future__ import annotations

import gzip
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Refused = Callable[..., str]
WriteMnist = Callable[..., Path]

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


@pytest.fixture
def data(write_mnist: WriteMnist, tmp_path: Path) -> Path:
    """A good data set, to be spoilt."""
    return write_mnist(tmp_path / "data")


def train_on(refused: Refused, data: Path | str, *more: str) -> str:
    return refused("train", "--dataset", "mnist", "--data-dir", str(data), *more)


def test_the_data_that_the_others_spoil_can_be_trained_on(
    data: Path, inkling: Callable[..., Any]
) -> None:
    options = ("--dataset", "mnist", "--epochs", "1", "--data-dir", str(data))
    done = inkling("train", *options)
    assert done.status == 0, done


def test_a_data_directory_that_is_missing(refused: Refused, tmp_path: Path) -> None:
    sentence = train_on(refused, tmp_path / "gone")
    assert "--data-dir" in sentence
    assert "not a folder" in sentence


def test_a_data_directory_that_is_a_file(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "not a folder" in train_on(refused, tmp_path / "file")


def test_a_data_directory_without_the_files(refused: Refused, tmp_path: Path) -> None:
    assert "train-images-idx3-ubyte" in train_on(refused, tmp_path)


def test_a_data_directory_with_a_wild_name(refused: Refused) -> None:
    train_on(refused, "~nobody-of-this-name/data")
    train_on(refused, "/tmp/\x1b[2J[bold]x[/bold]")
    train_on(refused, "x" * 5000)
    sentence = refused("train", "--dataset", "mnist", "--data-dir", b"/tmp/\xff\xfe")
    assert "not UTF-8" in sentence


def test_gzip_that_is_cut_short(refused: Refused, data: Path) -> None:
    whole = (data / "mnist" / IMAGES).read_bytes()
    (data / "mnist" / IMAGES).write_bytes(whole[: len(whole) // 2])
    sentence = train_on(refused, data)
    assert IMAGES in sentence
    assert "cut short" in sentence


def test_gzip_that_is_damaged(refused: Refused, data: Path) -> None:
    whole = bytearray((data / "mnist" / IMAGES).read_bytes())
    whole[200:210] = b"0123456789"
    (data / "mnist" / IMAGES).write_bytes(whole)
    assert IMAGES in train_on(refused, data)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_header_that_promises_a_million_million_bytes(
    zipped: bool, refused: Refused, data: Path
) -> None:
    header = bytes((0, 0, 8, 3)) + struct.pack(">3I", 10**8, 100, 100)
    path = data / "mnist" / IMAGES
    path.write_bytes(gzip.compress(header + b"x" * 100) if zipped else header + b"x" * 100)
    sentence = train_on(refused, data)
    assert "promises 1000000000000 bytes" in sentence


def test_more_images_than_labels(
    refused: Refused, data: Path, to_idx: Callable[[np.ndarray], bytes]
) -> None:
    labels = to_idx(np.zeros(299, np.uint8))
    (data / "mnist" / LABELS).write_bytes(gzip.compress(labels))
    sentence = train_on(refused, data)
    assert "300 images" in sentence
    assert "299 labels" in sentence


def test_a_label_that_is_no_digit(
    refused: Refused, data: Path, to_idx: Callable[[np.ndarray], bytes]
) -> None:
    labels = to_idx(np.full(300, 10, np.uint8))
    (data / "mnist" / LABELS).write_bytes(gzip.compress(labels))
    assert "label 10" in train_on(refused, data)


def test_a_batch_larger_than_the_data(refused: Refused, data: Path) -> None:
    assert "1,437" in refused("train", "--batch-size", "1438")
    assert "300" in train_on(refused, data, "--batch-size", "301")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--hidden", "0", "between 1 and 8192"),
        ("--hidden", "-3", "between 1 and 8192"),
        ("--hidden", "128;64", "whole numbers with commas"),
        ("--hidden", ",".join(["1"] * 17), "16 at most"),
        ("--hidden", "9" * 5000, "Hidden layers"),
        ("--learning-rate", "nan", "finite"),
        ("--learning-rate", "inf", "finite"),
        ("--learning-rate", "0", "greater than 0"),
        ("--learning-rate", "", "it is empty"),
        ("--learning-rate", "fast", "must be a number"),
        ("--learning-rate", "1e9", "at most 100"),
        ("--learning-rate", "\x1b[31mred", "must be a number"),
        ("--learning-rate", "[red]1[/]", "must be a number"),
        ("--momentum", "1", "less than 1"),
        ("--warmup", "nan", "from 0 to below 1"),
        ("--pace", "-1", "at least 0"),
        ("--pace", "nan", "finite"),
        ("--batch-size", "0", "at least 1"),
        ("--batch-size", "1.5", "whole number"),
        ("--batch-size", "1" * 5000, "Batch size"),
        ("--epochs", "0", "at least 1"),
        ("--seed", "-1", "at least 0"),
        ("--seed", str(2**32), "at most"),
        ("--threads", "-1", "at least 0"),
        ("--dataset", "letters", "one of digits, mnist, fashion-mnist"),
        ("--dataset", "\x1b]0;title\x07", "one of"),
        ("--dataset", "[@click=app.bell]x[/]", "one of"),
        ("--activation", "step", "one of relu"),
        ("--optimizer", "lion", "one of sgd"),
        ("--schedule", "weekly", "one of constant"),
        ("--split", "nonsense", "official, a share"),
        ("--split", "0", "official, a share"),
        ("--split", "1.5", "official, a share"),
        ("--split", "nan", "official, a share"),
        ("--split", "official", "no official split"),
        ("--preset", "magic", "one of first-light, quick, tutorial"),
        ("--preset", "\x1b[2J", "one of"),
    ],
)
def test_a_value_that_will_not_do(option: str, value: str, says: str, refused: Refused) -> None:
    sentence = refused("train", option, value)
    assert says in sentence
    assert len(sentence) < 400
    if option in ("--learning-rate", "--preset"):
        # The app checks the same options, and before it looks for a terminal.
        assert says in refused(option, value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--colour", "red"],
        ["train", "--hid", "3"],
        ["train", "--\x1b[2J"],
        ["train", "--epochs"],
        ["train", "stray"],
        ["train", b"\xff\xfe"],
        ["levitate"],
        ["\x1b]0;title\x07"],
        ["[bold]levitate[/bold]"],
        ["--levitate"],
        ["--levitate", "3"],
        ["--seed", "-1", "stray"],
        ["stray", "--json", "runs"],
        ["--json"],
        ["attach", "a", "b"],
        ["attach", "--epochs", "1"],
        ["x" * 5000],
    ],
)
def test_what_the_command_line_does_not_know(arguments: list[str], refused: Refused) -> None:
    sentence = refused(*arguments)
    assert "--help" in sentence
    assert ("--levitate" in sentence) == ("--levitate" in arguments)
    assert ("no option" in sentence) == (arguments == ["--levitate", "3"])
    assert len(sentence) < 600


def test_a_runs_directory_that_cannot_be(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for place in (str(tmp_path / "file" / "runs"), "/proc/inkling", "/dev/null", "x" * 300):
        assert "Runs cannot be kept in" in refused("train", "--runs-dir", place)
        with monkeypatch.context() as patch:
            patch.setenv("INKLING_RUNS", place)
            assert "INKLING_RUNS" in refused("train")
    refused("train", "--runs-dir", "/dev/null/\x1b[2J")
    refused("train", "--runs-dir", b"/dev/null/\xff")
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_runs_directory_that_may_not_be_written(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "Permission denied" in refused("train", "--runs-dir", str(tmp_path / "closed"))


@pytest.mark.parametrize("name", ["latest", "2020", "", "../..", "\x1b[2J", "[bold]"])
def test_no_run_to_attach_to(name: str, refused: Refused) -> None:
    assert "There are no runs" in refused("attach", name)


@pytest.mark.parametrize(
    ("text", "says"), [("format = 99", "newer Inkling"), ("\0", "damaged"), ("", "damaged")]
)
def test_a_run_that_cannot_be_read(
    text: str, says: str, inkling: Callable[..., Any], runs: Path
) -> None:
    (runs / "2026").mkdir(parents=True)
    (runs / "2026" / "config.toml").write_text(text)
    done = inkling("attach", "2026")
    assert done.status == 2, done
    assert says in done.err
    assert done.err.count("\n") == 1


def test_the_app_needs_a_terminal(inkling: Callable[..., Any], runs: Path) -> None:
    done = inkling()
    assert done.status == 2, done
    assert done.out == ""
    assert "needs a terminal" in done.err
    assert "inkling train" in done.err
    assert not runs.exists()


def test_the_process_says_no_more_than_the_function(inkling: Callable[..., Any]) -> None:
    """The others ask the function; nothing is added on the way out of a real process."""
    done = inkling("train", "--batch-size", "1438")
    assert done.status == 2, done
    assert done.err.count("\n") == 1
    assert "1,437" in done.err
