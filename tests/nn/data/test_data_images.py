"""A folder of pictures per class: read, centred, split; whatever is no picture is refused."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nn.data import images as images_module
from nn.data import load, split
from nn.data.dataset import DataError, Dataset
from nn.data.images import find_images, read_images

RNG = np.random.default_rng(3)


def drawing(seed: int) -> np.ndarray:
    """A (28, 28) digit-like blob that is centred already."""
    from nn.data.centre import centred

    grey = np.zeros((50, 50), np.uint8)
    at = np.random.default_rng(seed).integers(5, 40, (6, 2))
    for y, x in at:
        grey[y : y + 6, x : x + 6] = 255
    return centred(centred(grey))


def put(path: Path, pixels: np.ndarray, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def make(folder: Path, names: tuple[str, ...] = ("cat", "dog"), n: int = 3) -> Path:
    for label, name in enumerate(names):
        for i in range(n):
            put(folder / name / f"{i}.png", drawing(10 * label + i))
    return folder


def read(folder: Path) -> Dataset:
    return read_images(find_images(folder), "mine")


def refusal(folder: Path, sentence: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(folder)
    text: str = sentence(caught)
    return text


def test_folders_are_classes(tmp_path: Path) -> None:
    dataset = read(make(tmp_path, ("dog", "10", "9", "cat")))
    assert dataset.class_names == ("9", "10", "cat", "dog")
    assert dataset.labels.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert dataset.images.shape == (12, 28, 28)
    assert (dataset.n_official_train, dataset.pixel_max) == (None, 255)
    np.testing.assert_array_equal(dataset.images[9], drawing(0))


def test_train_and_test_folders_are_an_official_split(tmp_path: Path) -> None:
    make(tmp_path / "train", n=4)
    make(tmp_path / "test", n=2)
    dataset = read(tmp_path)
    assert dataset.n_official_train == 8
    assert dataset.class_names == ("cat", "dog")
    got = split(dataset, "official", 0)
    assert got.train_labels.tolist() == [0] * 4 + [1] * 4
    assert got.test_labels.tolist() == [0, 0, 1, 1]


def test_the_two_halves_need_the_same_classes(tmp_path: Path, sentence: Any) -> None:
    make(tmp_path / "train", ("cat", "dog", "owl"))
    make(tmp_path / "test")
    assert "the class 'owl' in train/ but not in test/" in refusal(tmp_path, sentence)


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "tiff", "webp", "pgm", "JPG"])
@pytest.mark.parametrize("bright", [False, True])
def test_formats_and_papers(tmp_path: Path, suffix: str, bright: bool) -> None:
    make(tmp_path)
    pixels = np.pad(drawing(7), 4)
    if suffix == "JPG":
        # A photograph has many pixels to a stroke, and JPEG its ripples beside each.
        pixels = np.kron(pixels > 100, np.full((8, 8), 255)).astype(np.uint8)
    options = {"webp": {"lossless": True}, "JPG": {"quality": 75}}.get(suffix, {})
    put(tmp_path / "cat" / f"a.{suffix}", 255 - pixels if bright else pixels, **options)
    got = read(tmp_path).images[3].astype(int)
    if suffix == "JPG":
        from nn.data.centre import centred

        assert np.abs(got - centred(pixels)).mean() < 4
    else:
        np.testing.assert_array_equal(got, drawing(7))


def ink_on_nothing(colour: int) -> np.ndarray:
    grey = drawing(7)
    return np.dstack([np.full_like(grey, colour)] * 3 + [grey])


@pytest.mark.parametrize(
    "pixels",
    [
        np.dstack([drawing(7)] * 3),
        drawing(7).astype(np.uint16) * 257,
        drawing(7).astype(np.int32) * 257,
        ink_on_nothing(0),
        ink_on_nothing(255),
    ],
    ids=["colour", "16 bits", "32 bits", "black on nothing", "white on nothing"],
)
def test_kinds_of_pixels(tmp_path: Path, pixels: np.ndarray) -> None:
    make(tmp_path)
    put(
        tmp_path / "cat" / "a.png" if pixels.dtype != np.int32 else tmp_path / "cat" / "a.tiff",
        pixels,
    )
    np.testing.assert_array_equal(read(tmp_path).images[3], drawing(7))


def test_names_are_cleaned_and_a_name_may_occur_in_two_classes(tmp_path: Path) -> None:
    dataset = read(make(tmp_path, ("a\x1b[2J", "x" * 100, "\u202eevil", "[bold]y")))
    assert all(name.isprintable() and len(name) <= 40 for name in dataset.class_names)
    assert "[bold]y" in dataset.class_names
    assert len(dataset.labels) == 12


def test_hidden_files_are_no_pictures_and_no_matter(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "cat" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "dog" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.txt").write_text("about")
    assert len(read(tmp_path).labels) == 6


def huge_png() -> bytes:
    """A PNG of 30,000 x 30,000 pixels in 100 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    start = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + start
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


def cut(format: str) -> bytes:
    import io

    stream = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (80, 80), dtype=np.uint8)).save(stream, format)
    return stream.getvalue()[: stream.tell() // 2]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello, world\n", "is not a picture, whatever its name says"),
        (b"", "is empty, not a picture"),
        (huge_png(), "is too large: more than 40 million pixels"),
        (
            huge_png().replace(struct.pack(">I", 30_000), struct.pack(">I", 7_000)),
            "is not a picture",
        ),
        (cut("PNG"), "damaged or cut short"),
        (cut("JPEG"), "damaged or cut short"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture"),
    ],
    ids=["text", "empty", "huge", "damaged", "half-png", "half-jpeg", "eps"],
)
def test_what_is_called_a_picture_and_is_none(
    tmp_path: Path, sentence: Any, content: bytes, says: str
) -> None:
    make(tmp_path)
    (tmp_path / "dog" / "1.png").write_bytes(content)
    text = refusal(tmp_path, sentence)
    assert says in text
    assert repr(str(tmp_path / "dog" / "1.png")) in text


def test_a_picture_below_pillows_own_limit_but_above_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentence: Any
) -> None:
    monkeypatch.setattr(images_module, "MOST_PIXELS", 700)
    assert "too large: 28x28 pixels" in refusal(make(tmp_path), sentence)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda d: (d / "cat" / "notes.txt").write_text("x"),
            "'notes.txt"[1:] + "' is not a picture",
        ),
        (lambda d: (d / "cat" / "loop").symlink_to(d), "loop' is not a picture"),
        (lambda d: (d / "cat" / "a.png").symlink_to(d), "not a regular file"),
        (lambda d: (d / "cat" / "a.png").symlink_to("a.png"), "Cannot read"),
        (lambda d: os.mkfifo(d / "cat" / "a.png"), "not a regular file"),
        (lambda d: (d / "owl").mkdir(), "holds no pictures"),
        (lambda d: (d / "owl").symlink_to(d), "is not a picture"),
    ],
)
def test_a_folder_that_holds_something_else(
    tmp_path: Path, sentence: Any, change: Any, says: str
) -> None:
    change(make(tmp_path / "set"))
    assert says in refusal(tmp_path / "set", sentence)


def test_a_link_to_itself_is_no_class(tmp_path: Path) -> None:
    (make(tmp_path) / "self").symlink_to("self")
    assert read(tmp_path).class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("classes", "says"),
    [(0, "holds no folders"), (1, "only 1 class ('c0')"), (257, "257 classes; 256 is the most")],
)
def test_how_many_classes(tmp_path: Path, sentence: Any, classes: int, says: str) -> None:
    for i in range(classes):
        (tmp_path / f"c{i}").mkdir()
    assert says in refusal(tmp_path, sentence)


def test_256_classes(tmp_path: Path) -> None:
    dataset = read(make(tmp_path, tuple(f"c{i}" for i in range(256)), n=1))
    assert len(dataset.class_names) == 256
    assert dataset.labels.max() == 255


@pytest.mark.parametrize("name", ["missing", "file", "\0"])
def test_what_is_no_folder(tmp_path: Path, sentence: Any, name: str) -> None:
    (tmp_path / "file").touch()
    assert "Cannot look into the folder" in refusal(tmp_path / name, sentence)


def test_pictures_that_change_while_they_are_read(tmp_path: Path, sentence: Any) -> None:
    found = find_images(make(tmp_path))
    put(tmp_path / "cat" / "0.png", drawing(99))
    with pytest.raises(DataError) as caught:
        read_images(found, "mine")
    assert "changed while they were read" in sentence(caught)


def test_it_is_cached_until_a_byte_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "set")
    first = load(f"images:{tmp_path}/set")
    real = images_module._grey
    monkeypatch.setattr(images_module, "_grey", None)
    second = load(f"images:{tmp_path}/set")
    assert first.fingerprint == second.fingerprint
    assert second.class_names == ("cat", "dog")
    monkeypatch.setattr(images_module, "_grey", real)
    path = tmp_path / "set" / "cat" / "0.png"
    before = path.stat()
    content = path.read_bytes()
    put(path, drawing(55))
    path.write_bytes(path.read_bytes().ljust(len(content), b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    np.testing.assert_array_equal(load(f"images:{tmp_path}/set").images[0], drawing(55))
    (tmp_path / "set" / "cat").rename(tmp_path / "set" / "ape")
    assert load(f"images:{tmp_path}/set").class_names == ("ape", "dog")


def test_progress_is_told_and_cancels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images_module, "_REPORT_EVERY", 2)
    make(tmp_path / "set")
    told: list[tuple[str, int, int | None]] = []

    def progress(*what: Any) -> None:
        told.append(what)
        if len(told) == 5:
            raise OSError("cancelled")

    with pytest.raises(OSError, match="cancelled"):
        load(f"images:{tmp_path}/set", progress=progress)
    looking = [("Looking at 'set'", i, 6) for i in (0, 2, 4)]
    assert told == [*looking, ("Reading 'set'", 0, 6), ("Reading 'set'", 2, 6)]
