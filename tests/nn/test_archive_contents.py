"""Hostile arrays or words in a sound ZIP archive: refused in a sentence, and never unpickled."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_npz import MB, WORDS, crafted, header, npy, npy_by_hand, refusal

from nn import archive
from nn.archive import ArchiveError, load, save


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hostile.npz"


@pytest.fixture
def small(path: Path) -> bytes:
    """A small file as it should be."""
    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array([True, False])}
    save(path, {"epoch": 3, "loss": 0.25}, arrays, kind="checkpoint", version=1)
    return path.read_bytes()


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.place,)


def test_nothing_is_ever_unpickled(path: Path, tmp_path: Path) -> None:
    canary = tmp_path / "sang"
    objects = npy(np.array([Canary(canary)], dtype=object))
    assert "type |O" in refusal(path, crafted(("w.npy", objects)))
    refusal(path, crafted(("w.npy", pickle.dumps(Canary(canary)))))
    refusal(path, pickle.dumps(Canary(canary)))
    assert not canary.exists()
    pickle.loads(pickle.dumps(Canary(canary)))
    assert canary.exists(), "the canary cannot sing"


@pytest.mark.parametrize(
    "content",
    [
        npy(np.ones(1, "c8")), npy(np.ones(1, "g")), npy(np.array(["a"])), npy(np.array([b"a"])),
        npy(np.ones(1, ">f4")), npy(np.array(["2020"], "M8[D]")), npy(np.ones(1, "f4,i4")),
        npy(np.zeros(1, "V4")), npy_by_hand(header("'<f3'"), b"\0\0\0"),
        npy_by_hand(header("'<U99999'")), npy_by_hand(header("('<f4', (4,))"), bytes(16)),
        npy_by_hand(header("'|b1'"), b"\x07"),
        npy_by_hand(header(), b"\0\0\0\0", version=b"\x02\x00"),
        npy_by_hand(header(), b"\0\0\0\0", version=b"\x09\x00"),
        npy_by_hand(header(), b"\0\0\0"), npy_by_hand(header(), b"\0\0\0\0\0"),
        npy_by_hand(header(shape="(-1,)")), npy_by_hand(header(shape="(1.0,)"), b"\0\0\0\0"),
        npy_by_hand(header(shape="(1L,)"), b"\0\0\0\0"), npy_by_hand(header(shape="[1]")),
        npy_by_hand(header(shape=f"({'9' * 5000},)")), npy_by_hand(header(shape="(007,)")),
        npy_by_hand(header(shape=f"({'1, ' * 70}1)"), b"\0\0\0\0"),
        npy_by_hand(header(order="0"), b"\0\0\0\0"), npy_by_hand(header("'\\d'")),
        npy_by_hand("(" * 900), npy_by_hand("-" * 900 + "1"), npy_by_hand("{'descr': '<f4'}"),
        npy_by_hand("'''"), npy_by_hand("\xff\0"), npy_by_hand(header() + " " * 2000, bytes(4)),
        b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff", b"\0" * 64,
    ],
    ids=lambda content: ascii(content[10:60]),
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_arrays_that_are_no_plain_numbers(path: Path, content: bytes) -> None:
    refusal(path, crafted(("w.npy", content)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_weights_that_are_no_numbers(path: Path, value: float, dtype: str) -> None:
    array = np.zeros((3, 5), dtype)
    array[1, 2] = value
    content = crafted(("w.npy", npy(array)))
    assert "'w' that are not finite" in refusal(path, content, finite=["w"])
    assert not np.isfinite(load(path, kind="checkpoint", version=1).arrays["w"]).all()


def test_arrays_that_are_not_those_expected(path: Path, small: bytes) -> None:
    right: dict[str, Any] = {"w": (np.float32, (2, 3)), "n": (bool, (2,))}
    load(path, kind="checkpoint", version=1, shapes=right, finite=["w", "n"])
    for wrong, said in (
        ({**right, "w": ("f4", (3, 2))}, r"has 'w' as float32 (2, 3), where float32 (3, 2) is"),
        ({**right, "w": ("f8", (2, 3))}, "where float64 (2, 3) is needed"),
        ({**right, "w": ("f4", (6,))}, "where float32 (6,) is needed"),
        ({**right, "v": ("f4", ())}, "lacks the array 'v'"),
        ({"w": right["w"]}, "has an array 'n', for which there is no use"),
        ({}, "for which there is no use"),
    ):
        assert said in refusal(path, small, shapes=wrong)
    assert "lacks the array 'v'" in refusal(path, small, finite=["v"])


def test_a_wrong_shape_is_seen_before_anything_is_read(path: Path) -> None:
    save(path, {}, {"w": np.zeros(4 * MB)}, kind="checkpoint", version=1)
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError, match="is needed"):
            load(path, kind="checkpoint", version=1, shapes={"w": ("f8", (3,))})
        assert tracemalloc.get_traced_memory()[1] < MB
        tracemalloc.reset_peak()
        load(path, kind="checkpoint", version=1, finite=["w"])
        assert tracemalloc.get_traced_memory()[1] < 32 * MB + 4 * MB
    finally:
        tracemalloc.stop()


def test_another_kind_and_a_newer_version(path: Path, small: bytes) -> None:
    said = refusal(path, small, kind="model")
    assert "is of the kind 'checkpoint', not 'model'; use another model" in said
    save(path, {}, {}, kind="checkpoint", version=3)
    said = refusal(path, path.read_bytes(), version=2)
    assert "was written by a newer Inkling (format 3, this one reads up to 2)" in said


@pytest.mark.parametrize(
    "words",
    [
        "", "[]", "{}", "null", "3", "\ufeff" + WORDS, WORDS + "x", WORDS.replace("1", "1, 2"),
        WORDS.replace("1", "true"), WORDS.replace("1", "1.0"), WORDS.replace("1", "0"),
        WORDS.replace("1", "-1"), WORDS.replace("1", '"1"'), WORDS.replace("1", "9" * 4000),
        WORDS.replace("1", "9" * 9000), WORDS.replace("{}", "[]"), WORDS.replace("{}", "null"),
        WORDS.replace("{}", '{"a": NaN}'), WORDS.replace("{}", '{"a": -Infinity}'),
        WORDS.replace("{}", '{"a": 1e999}'), WORDS.replace("{}", '{"a": 1, "a": 2}'),
        WORDS.replace("{}", '{}, "words": {}'), WORDS.replace("{}", '{}, "more": {}'),
        WORDS.replace('"checkpoint"', '"\\u001b[31m\\u0000evil"'),
        WORDS.replace('"checkpoint"', "[" * 900 + "]" * 900), WORDS.replace("{}", '{"a": "\xe9"}'),
        WORDS.encode("utf-16"), b"\xff\xfe\xfd",
    ],
    ids=lambda words: ascii(words)[-50:],
)  # fmt: skip
def test_words_that_are_no_words(path: Path, words: str | bytes) -> None:
    refusal(path, crafted(words=words))


def test_a_name_from_outside_is_shown_harmless(tmp_path: Path) -> None:
    said = refusal(tmp_path / "a\x1b[31m\n\udcff.npz", b"x")
    assert "\\x1b[31m\\n\\udcff.npz" in said


def test_words_that_are_a_bomb(path: Path) -> None:
    """Objects are larger than their JSON, so it is short; the rest of the limit is for arrays."""
    deep = '{"":' * 400 + "0" + "}" * 400
    start = '{"kind": "checkpoint", "format": 1, "words": {"a": ['
    fits = start + ",".join([deep] * (archive.LARGEST_WORDS // len(deep) - 1)) + "]}}"
    path.write_bytes(crafted(words=fits))
    tracemalloc.start()
    try:
        load(path, kind="checkpoint", version=1)
        assert tracemalloc.get_traced_memory()[1] < 48 * MB
    finally:
        tracemalloc.stop()
    assert "bytes of words" in refusal(path, crafted(words=fits + " " * MB))
    refusal(path, crafted(words=start + "[" * 200_000))


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(MemoryError(), "does not fit into memory"), (OSError(5, "Input/output error"), "output err")],
)
def test_what_fails_while_reading_is_said(
    path: Path, small: bytes, monkeypatch: pytest.MonkeyPatch, trouble: Exception, said: str
) -> None:
    def fails(*_: Any) -> None:
        raise trouble

    monkeypatch.setattr(archive.npz, "read_body", fails)
    assert said in refusal(path, small)
