"""Digits of one's own, from the text that names them: what all kinds have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nn.data import DataError, Dataset, load
from nn.data import own as own_module
from nn.sources import SOURCE_KINDS

RNG = np.random.default_rng(9)
N, SIDE = 12, 5
IMAGES = RNG.integers(17, 256, (N, SIDE, SIDE), dtype=np.uint8)
LABELS = np.arange(N, dtype=np.uint8) % 3

Write = Callable[[Path, np.ndarray], str]
"""Writes the images, with LABELS, somewhere below a folder; returns the place after the colon."""


def as_npz(folder: Path, images: np.ndarray) -> str:
    np.savez(folder / "digits.npz", x=images, y=LABELS)
    return "digits.npz"


def as_csv(folder: Path, images: np.ndarray) -> str:
    rows = np.hstack([LABELS[:, None], images.reshape(N, -1)])
    np.savetxt(folder / "digits.csv", rows, fmt="%d", delimiter=",")
    return "digits.csv"


def as_pictures(folder: Path, images: np.ndarray) -> str:
    for i, image in enumerate(images):
        place = folder / "pictures" / str(LABELS[i])
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{i:02}.png")
    return "pictures"


FILE_KINDS = ("idx", "npz", "csv", "images")


@pytest.fixture(params=FILE_KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def write(kind: str, idx_bytes: Callable[..., bytes]) -> Write:
    def as_idx(folder: Path, images: np.ndarray) -> str:
        (folder / "idx").mkdir(exist_ok=True)
        for part, rows in (("train", slice(0, 9)), ("t10k", slice(9, N))):
            for name, array in (("images-idx3", images), ("labels-idx1", LABELS)):
                (folder / "idx" / f"{part}-{name}-ubyte").write_bytes(idx_bytes(array[rows]))
        return "idx"

    return {"idx": as_idx, "npz": as_npz, "csv": as_csv, "images": as_pictures}[kind]


def test_every_kind_but_the_one_from_the_network_is_here() -> None:
    assert {*FILE_KINDS, "openml"} == set(SOURCE_KINDS)


def test_a_relative_place_is_meant_from_here_and_a_tilde_from_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, write: Write
) -> None:
    place = write(tmp_path, IMAGES)
    absolute = load(f"{kind}:{tmp_path}/{place}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for spelling in (place, f"~/{place}", f"./{place}"):
        dataset = load(f"{kind}:{spelling}")
        assert dataset.fingerprint == absolute.fingerprint
        assert dataset.name == f"{kind}:{spelling}"
    assert (absolute.n_official_train is not None) == (kind == "idx")
    assert absolute.class_names == ("0", "1", "2")
    # Pictures that are not 28x28 are centred anew.
    if kind != "images":
        np.testing.assert_array_equal(absolute.images, IMAGES)
        np.testing.assert_array_equal(absolute.labels, LABELS)


def test_the_second_load_reads_the_cache_until_a_byte_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, write: Write
) -> None:
    place = f"{kind}:{tmp_path / write(tmp_path, IMAGES)}"
    first = load(place)

    def refuse(*_: object, **__: object) -> Dataset:
        raise AssertionError("it was read again")

    with monkeypatch.context() as patch:
        patch.setattr(own_module, "_FILE_READERS", {"npz": refuse, "csv": refuse})
        patch.setattr(own_module, "read_set", refuse)
        patch.setattr(own_module, "read_images", refuse)
        second = load(place)
    assert second.fingerprint == first.fingerprint
    assert second.class_names == first.class_names

    changed = IMAGES.copy()
    changed[4, 2, 2] ^= 1
    write(tmp_path, changed)
    third = load(place)
    assert third.fingerprint != first.fingerprint
    if kind != "images":
        np.testing.assert_array_equal(third.images, changed)


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    tmp_path: Path, own_cache: Path, sentence: Callable[[Any], str], kind: str, write: Write
) -> None:
    place = f"{kind}:{tmp_path / write(tmp_path, IMAGES)}"
    changed = IMAGES.copy()
    changed[:, 2, 2] ^= 1
    (tmp_path / "new").mkdir()
    write(tmp_path / "new", changed)

    def progress(what: str, _done: int, _total: int | None) -> None:
        if what.startswith("Reading"):
            for path in filter(Path.is_file, (tmp_path / "new").rglob("*")):
                path.replace(tmp_path / path.relative_to(tmp_path / "new"))

    with pytest.raises(DataError) as caught:
        load(place, progress=progress)
    assert "changed while" in sentence(caught)
    assert not list(own_cache.rglob("*.npy"))
    assert len(load(place).class_names) == 3


def test_a_place_that_is_not_there_is_named(
    tmp_path: Path, sentence: Callable[[Any], str], kind: str
) -> None:
    for place in (tmp_path / "nowhere", Path("~nobody-of-this-name/x"), tmp_path / ("n" * 300)):
        with pytest.raises(DataError) as caught:
            load(f"{kind}:{place}")
        assert str(place)[:12] in sentence(caught)
