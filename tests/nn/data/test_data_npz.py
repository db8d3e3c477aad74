"""NumPy archives: the usual layouts are read, the hostile ones refused before they cost much."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nn.data.dataset import DataError
from nn.data.npz import read_npz

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 5, 4), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 3


def npy(array: np.ndarray[Any, Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def archive(path: Path, members: list[tuple[str, bytes]], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


def refusal(path: Path, sentence: Any) -> str:
    """The sentence with which `path` is refused, and refused cheaply."""
    tracemalloc.start()
    with pytest.raises(DataError) as caught:
        read_npz(path, "mine")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6
    text: str = sentence(caught)
    assert repr(str(path)) in text
    return text


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "names", ["x_train y_train x_test y_test", "train_images train_labels test_images test_labels"]
)
def test_the_layout_of_keras_has_an_official_split(tmp_path: Path, save: Any, names: str) -> None:
    parts = (IMAGES[:8], LABELS[:8], IMAGES[8:], LABELS[8:])
    save(tmp_path / "a.npz", **dict(zip(names.split(), parts, strict=True)))
    dataset = read_npz(tmp_path / "a.npz", "mine")
    np.testing.assert_array_equal(dataset.images, IMAGES)
    np.testing.assert_array_equal(dataset.labels, LABELS)
    assert (dataset.n_official_train, dataset.pixel_max) == (8, 255)
    assert (dataset.name, dataset.class_names) == ("mine", ("0", "1", "2"))


@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("X", "labels"), ("images", "y")])
@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i2", "<f4", ">f8"])
def test_plain_pairs_of_any_numbers(tmp_path: Path, x: str, y: str, dtype: str) -> None:
    np.savez(tmp_path / "a.npz", **{x: IMAGES.astype(dtype), y: LABELS.astype(dtype)[:, None]})
    dataset = read_npz(tmp_path / "a.npz", "mine")
    np.testing.assert_array_equal(dataset.images, IMAGES)
    np.testing.assert_array_equal(dataset.labels, LABELS)
    assert dataset.n_official_train is None


@pytest.mark.parametrize(
    "images",
    [
        IMAGES[:, :4, :].reshape(12, 16) / 255,
        IMAGES[:, :4, :, None],
        np.asfortranarray(IMAGES[:, :4, :]),
    ],
    ids=["flat shares of 1", "one channel", "Fortran order"],
)
def test_other_shapes_of_the_same_images(tmp_path: Path, images: Any) -> None:
    np.savez(tmp_path / "a.npz", x=images, y=LABELS)
    np.testing.assert_array_equal(read_npz(tmp_path / "a.npz", "mine").images, IMAGES[:, :4, :])


def test_few_greys_are_full_ink(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.minimum(IMAGES, 16), y=LABELS)
    assert read_npz(tmp_path / "a.npz", "mine").pixel_max == 16


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x": IMAGES.astype(float) + np.nan}, "NaN"),
        ({"x": IMAGES.astype(float) - 1}, "has the pixel -1"),
        ({"x": IMAGES.astype(np.int64) * 300}, "whole number from 0 to 255"),
        ({"x": np.zeros((12, 5))}, "5 pixels, which is not a square number"),
        ({"x": np.zeros((12, 4, 4, 3))}, "grey images"),
        ({"x": np.zeros((0, 4, 4))}, "no images"),
        ({"x": IMAGES[:5]}, "5 images in x but 12 labels in y"),
        ({"x": IMAGES.astype("U3")}, "plain numbers"),
        ({"x": IMAGES.astype("c16")}, "plain numbers"),
        ({"y": np.zeros(12, np.uint8)}, "only one class (every label is 0)"),
        ({"y": np.full((12, 3), 1)}, "one number per image"),
        ({"y": np.full(12, 256)}, "has the label 256"),
        ({"y": LABELS + 0.5}, "has the label 0.5"),
        ({"evil": LABELS}, "a member called 'evil.npy'"),
        ({"x_train": IMAGES}, "holds x, x_train, y; it must hold"),
    ],
)
def test_what_cannot_be_images_with_labels(
    tmp_path: Path, sentence: Any, change: Any, says: str
) -> None:
    np.savez_compressed(tmp_path / "a.npz", **{"x": IMAGES, "y": LABELS, **change})
    assert says in refusal(tmp_path / "a.npz", sentence)


def test_train_and_test_of_two_sizes(tmp_path: Path, sentence: Any) -> None:
    parts = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:, 1:], "y_test": LABELS}
    np.savez(tmp_path / "a.npz", **parts)
    assert "one size" in refusal(tmp_path / "a.npz", sentence)


class Boom:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("unpickled",))


def test_pickled_objects_are_not_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentence: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "a.npz", x=np.array([Boom()], dtype=object), y=LABELS)
    assert "pickled" in refusal(tmp_path / "a.npz", sentence)
    assert not (tmp_path / "unpickled").exists()


def header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text = text.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (header("(1000000, 2000, 2000)") + b"\0" * 100, "promises 4,000,000,000,000 bytes"),
        (header("(2, 2, 2)") + b"\0" * 9, "promises 8 bytes of data, but the archive has 9"),
        (header("(-2, 2, -2)") + b"\0" * 8, "does not begin as a NumPy array"),
        (header("(2, 2, 2)", "'|O'") + b"\0" * 64, "pickled"),
        (header("[" * 90 + "]" * 90), "does not begin as a NumPy array"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 5000, "does not begin as a NumPy array"),
        (b"", "does not begin as a NumPy array"),
        (b"plain text", "does not begin as a NumPy array"),
    ],
)
def test_a_header_that_lies(tmp_path: Path, sentence: Any, x: bytes, says: str) -> None:
    path = archive(tmp_path / "a.npz", [("x.npy", x), ("y.npy", npy(LABELS))])
    assert says in refusal(path, sentence)


def test_a_bomb_is_not_unpacked(tmp_path: Path, sentence: Any) -> None:
    bomb = npy(np.zeros((200, 1000, 1000), np.uint8))
    path = archive(tmp_path / "a.npz", [("x.npy", bomb), ("y.npy", npy(np.zeros(200)))])
    assert path.stat().st_size < 300_000
    assert "too much for a file of" in refusal(path, sentence)


@pytest.mark.parametrize("name", ["../../evil.npy", "/etc/passwd", "x.npy\x1b[2J", "x/y.npy"])
def test_a_name_that_is_not_on_the_list(tmp_path: Path, sentence: Any, name: str) -> None:
    path = archive(tmp_path / "a.npz", [("x.npy", npy(IMAGES)), (name, npy(LABELS))])
    assert "a member called" in refusal(path, sentence)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["x.npy", "images.npy"])
def test_a_name_that_comes_twice(tmp_path: Path, sentence: Any, second: str) -> None:
    members = [("x.npy", npy(IMAGES)), (second, npy(IMAGES)), ("y.npy", npy(LABELS))]
    assert "holds x twice" in refusal(archive(tmp_path / "a.npz", members), sentence)


def test_twenty_thousand_members(tmp_path: Path, sentence: Any) -> None:
    path = archive(tmp_path / "a.npz", [(f"x{i}.npy", b"") for i in range(20_000)])
    assert "too many members" in refusal(path, sentence)


def test_what_is_no_archive_at_all(tmp_path: Path, sentence: Any) -> None:
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "empty.npz").touch()
    for name in ("text.npz", "empty.npz"):
        assert "not a NumPy archive" in refusal(tmp_path / name, sentence)
    os.mkfifo(tmp_path / "fifo.npz")
    for name in ("fifo.npz", "", "missing.npz"):
        assert "Cannot read" in refusal(tmp_path / name, sentence)
    path = archive(
        tmp_path / "lzma.npz", [("x.npy", npy(IMAGES)), ("y.npy", b"")], zipfile.ZIP_LZMA
    )
    assert "NumPy does not use" in refusal(path, sentence)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_flipped_and_lost_bytes_are_a_sentence_or_harmless(tmp_path: Path, data: Any) -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, x=IMAGES, y=LABELS)
    spoilt = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(spoilt) - 1))
        spoilt[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "spoilt.npz"
    path.write_bytes(spoilt[: data.draw(st.integers(len(spoilt) // 2, len(spoilt)))])
    try:
        dataset = read_npz(path, "mine")
    except DataError as error:
        assert str(error).endswith(".")
    else:
        np.testing.assert_array_equal(dataset.images, IMAGES)


def test_progress_is_told_and_cancels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    told: list[str] = []

    def progress(what: str, *_: int | None) -> None:
        told.append(what)
        if len(told) == 2:
            raise OSError("cancelled")

    with pytest.raises(OSError, match="cancelled"):
        read_npz(tmp_path / "a.npz", "mine", progress)
    assert told[0] == "Reading x in 'a.npz'"
