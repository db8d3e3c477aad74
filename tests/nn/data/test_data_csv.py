"""Tables of digits: read fast and slowly alike; what is wrong is said with the line it is in."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nn.data import csv_file
from nn.data.csv_file import read_csv
from nn.data.dataset import DataError

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(0, 256, (9, 3, 3), dtype=np.uint8)
LABELS = np.arange(9, dtype=np.uint8) % 4
ROWS = np.hstack([LABELS[:, None], IMAGES.reshape(9, 9)])
HEADINGS = "label," + ",".join(f"pixel{i}" for i in range(9)) + "\n"


def table(rows: Any = ROWS, comma: str = ",", end: str = "\n") -> str:
    return "".join(comma.join(map(str, row)) + end for row in rows)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "digits.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        table(),
        HEADINGS + table(),
        HEADINGS.replace("label", '"label"') + table(),
        "\ufeff" + HEADINGS + table(),
        "\ufeff" + table(),
        table(end="\r\n"),
        table().rstrip("\n"),
        table(comma=", "),
        table(ROWS.astype(float)),
        "ID," + HEADINGS + "".join(f"{1000 + i},{row}\n" for i, row in enumerate(table().split())),
        gzip.compress(table().encode(), mtime=0),
    ],
    ids=[
        "bare",
        "headings",
        "quoted",
        "mark",
        "mark-bare",
        "crlf",
        "no-last-end",
        "blanks",
        "floats",
        "ids",
        "gzip",
    ],
)
@pytest.mark.parametrize("block", [7, 1 << 22])
def test_every_usual_spelling_is_the_same_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | bytes, block: int
) -> None:
    monkeypatch.setattr(csv_file, "_BLOCK", block)
    dataset = read_csv(written(tmp_path, content), "mine")
    np.testing.assert_array_equal(dataset.images, IMAGES)
    np.testing.assert_array_equal(dataset.labels, LABELS)
    assert (dataset.name, dataset.class_names) == ("mine", ("0", "1", "2", "3"))
    assert (dataset.n_official_train, dataset.pixel_max) == (None, 255)


@given(
    rows=st.integers(1, 4).flatmap(
        lambda side: st.lists(
            st.lists(st.integers(0, 255), min_size=1 + side**2, max_size=1 + side**2),
            min_size=1,
            max_size=6,
        )
    )
)
def test_the_fast_road_reads_what_python_reads(rows: list[list[int]]) -> None:
    parsed = csv_file._parse_block(table(rows).encode(), len(rows), len(rows[0]))
    assert parsed is not None
    assert parsed.tolist() == rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text(alphabet="0123456789,\n\r .-xé\0", min_size=1, max_size=60))
def test_any_text_is_a_set_or_a_sentence(tmp_path: Path, text: str) -> None:
    try:
        dataset = read_csv(written(tmp_path, text), "mine")
    except DataError as error:
        assert str(error).endswith(".")
        assert str(error).isprintable()
    else:
        lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
        assert len(dataset.labels) in (len(lines), len(lines) - 1)


def spoilt(row: int, column: int, value: str) -> str:
    lines = [line.split(",") for line in table().splitlines()]
    lines[row][column] = value
    return "\n".join(map(",".join, lines)) + "\n"


WRONG: list[tuple[str | bytes, str]] = [
    (spoilt(3, 5, "300"), "Line 4 of {}, column 6, has the pixel '300'"),
    (spoilt(3, 5, "-1"), "Line 4 of {}, column 6, has the pixel '-1'"),
    (spoilt(3, 5, "1.5"), "Line 4 of {}, column 6, has the pixel '1.5'"),
    (spoilt(3, 5, "nan"), "column 6, has the pixel 'nan'"),
    (spoilt(3, 5, "inf"), "column 6, has the pixel 'inf'"),
    (spoilt(3, 5, ""), "column 6, has the pixel ''"),
    (spoilt(8, 9, "abc"), "Line 9 of {}, column 10, has the pixel 'abc'"),
    (spoilt(2, 0, "seven"), "Line 3 of {}, column 1, has the label 'seven'"),
    (spoilt(2, 0, "256"), "column 1, has the label '256'"),
    (HEADINGS + spoilt(3, 5, "\x1b[2J"), r"Line 5 of {}, column 6, has the pixel '\x1b[2J'"),
    (spoilt(3, 5, "1,2"), "Line 4 of {} has 11 numbers where 10 are expected"),
    (table(ROWS[:, :9])[:-2], "has 9 columns"),
    (table() + "1,2,3\n", "Line 10 of {} has 3 numbers where 10 are expected"),
    (table() + "\n", "Line 10 of {} is empty"),
    (table().replace("\n", "\n\n", 1), "Line 2 of {} is empty"),
    (table().encode() + b"1,\xff,3\n", "Line 10 of {} is not UTF-8"),
    (table().encode("utf-16"), "Line 1 of {} is not UTF-8"),
    (HEADINGS, "holds no images"),
    ("", "is empty"),
    ("hello\n", "has 1 columns"),
    (table([[5, 1], [5, 2]]), "only one class (every label is 5)"),
    ("id," + HEADINGS + "".join(f"7,{row}\n" for row in table().split()), "id as line 2"),
    (gzip.compress(table().encode(), mtime=0)[:-9], "cut short"),
    (b"\x1f\x8b nonsense", "gzip"),
]


@pytest.mark.parametrize("block", [64, 1 << 22])
@pytest.mark.parametrize(("content", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sentence: Any,
    content: str | bytes,
    says: str,
    block: int,
) -> None:
    monkeypatch.setattr(csv_file, "_BLOCK", block)
    path = written(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_csv(path, "mine")
    assert says.replace("{}", repr(str(path))) in sentence(caught)


def refused_cheaply(path: Path) -> str:
    tracemalloc.start()
    with pytest.raises(DataError) as caught:
        read_csv(path, "mine")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * csv_file.LONGEST_LINE
    return str(caught.value)


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "LONGEST_LINE", 1 << 20)
    monkeypatch.setattr(csv_file, "_BLOCK", 1 << 18)
    content = table().encode() + b"1," * 20_000_000
    assert "Line 10 of" in refused_cheaply(written(tmp_path, content))
    text = refused_cheaply(written(tmp_path, gzip.compress(content, 1)))
    assert "is longer than 1 MB" in text


def test_a_gzip_bomb_of_good_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "_FREE_EXPANSION", 1 << 20)
    monkeypatch.setattr(csv_file, "_BLOCK", 1 << 18)
    content = gzip.compress(b"1,0,0,0,0\n" * 3_000_000)
    assert "unpacks to more than" in refused_cheaply(written(tmp_path, content))


def test_what_is_no_file(tmp_path: Path, sentence: Any) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("fifo", "missing", ""):
        with pytest.raises(DataError) as caught:
            read_csv(tmp_path / name, "mine")
        assert "Cannot read" in sentence(caught)


def test_progress_is_told_and_cancels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "_BLOCK", 64)
    path = written(tmp_path, table())
    told: list[int] = []

    def progress(what: str, done: int, total: int | None) -> None:
        assert (what, total) == ("Reading 'digits.csv'", path.stat().st_size)
        told.append(done)
        if len(told) == 3:
            raise OSError("cancelled")

    with pytest.raises(OSError, match="cancelled"):
        read_csv(path, "mine", progress)
    assert told == [0, 64, 128]
