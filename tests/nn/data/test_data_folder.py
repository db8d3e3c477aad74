"""The four files of a set: every usual name is found, every mismatch has its sentence."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from nn.data.dataset import DataError
from nn.data.folder import FILE_NAMES, files_key, find_files, read_set

NAMES = tuple("0123456789")


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("below", ["mnist", "."])
def test_every_usual_layout_is_found_and_read(
    tmp_path: Path, write_set, zipped: bool, dotted: bool, below: str
) -> None:
    images, labels = write_set(tmp_path / below, zipped=zipped, dotted=dotted)
    dataset = read_set(find_files(tmp_path, "mnist", "--data-dir"), "mnist", NAMES)
    np.testing.assert_array_equal(dataset.images, images)
    np.testing.assert_array_equal(dataset.labels, labels)
    assert dataset.n_official_train == 30
    assert (dataset.name, dataset.class_names, dataset.pixel_max) == ("mnist", NAMES, 255)


def test_plain_and_zipped_have_one_fingerprint_but_two_keys(tmp_path: Path, write_set) -> None:
    write_set(tmp_path / "plain", zipped=False)
    write_set(tmp_path / "zipped", zipped=True)
    plain, zipped = (find_files(tmp_path / each, "x", "o") for each in ("plain", "zipped"))
    assert read_set(plain, "a", NAMES).fingerprint == read_set(zipped, "b", NAMES).fingerprint
    assert files_key(plain) != files_key(zipped)


def test_the_key_tells_apart_which_file_holds_what(tmp_path: Path, write_set) -> None:
    write_set(tmp_path, n_train=12, n_test=12)
    files = find_files(tmp_path, "x", "o")
    before = files_key(files)
    swapped = files.train_images.read_bytes()
    files.train_images.write_bytes(files.test_images.read_bytes())
    files.test_images.write_bytes(swapped)
    assert files_key(files) != before


def test_the_folder_below_goes_before_the_folder_itself(tmp_path: Path, write_set) -> None:
    write_set(tmp_path, seed=1)
    images, _ = write_set(tmp_path / "mnist", seed=2)
    dataset = read_set(find_files(tmp_path, "mnist", "o"), "mnist", NAMES)
    np.testing.assert_array_equal(dataset.images, images)


@pytest.mark.parametrize("below", ["mnist", "."])
def test_a_missing_file_is_named_with_the_place(
    tmp_path: Path, write_set, below: str, sentence
) -> None:
    write_set(tmp_path / below)
    (tmp_path / below / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError) as caught:
        find_files(tmp_path, "mnist", "--data-dir")
    text = sentence(caught)
    assert "t10k-labels-idx1-ubyte (plain or .gz) not found" in text
    assert not any(name in text for name in FILE_NAMES[:3])
    assert text.startswith("--data-dir points at ")
    assert f"not found in {str(tmp_path / below)!r}" in text


def test_an_empty_folder_lacks_all_four(tmp_path: Path, sentence) -> None:
    with pytest.raises(DataError) as caught:
        find_files(tmp_path, "mnist", "INKLING_DATA")
    text = sentence(caught)
    assert all(name in text for name in FILE_NAMES)
    assert f"not found in {str(tmp_path / 'mnist')!r}" in text


@pytest.mark.parametrize("name", ["nowhere\x07", "file", "nul\0"])
def test_what_is_not_a_folder_is_said_to_be_none(tmp_path: Path, name: str, sentence) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError) as caught:
        find_files(tmp_path / name, "mnist", "--data-dir")
    assert "not a folder" in sentence(caught)


def spoiled(tmp_path: Path, write_set, sentence, name: str, content: bytes) -> str:
    write_set(tmp_path)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    with pytest.raises(DataError) as caught:
        read_set(find_files(tmp_path, "mnist", "o"), "mnist", NAMES)
    text = sentence(caught)
    assert f"{name}.gz" in text
    return text


@pytest.mark.parametrize(("part", "n"), [("train", 30), ("t10k", 12)])
def test_images_and_labels_must_be_as_many(
    tmp_path: Path, write_set, idx_bytes, sentence, part: str, n: int
) -> None:
    content = idx_bytes(np.zeros(n + 1, np.uint8))
    text = spoiled(tmp_path, write_set, sentence, f"{part}-labels-idx1-ubyte", content)
    assert f"{n} images" in text
    assert f"{n + 1} labels" in text
    assert f"{part}-images-idx3-ubyte.gz" in text


@pytest.mark.parametrize(("part", "n"), [("train", 30), ("t10k", 12)])
def test_a_label_without_a_class_is_refused(
    tmp_path: Path, write_set, idx_bytes, sentence, part: str, n: int
) -> None:
    labels = np.zeros(n, np.uint8)
    labels[7] = 10
    text = spoiled(tmp_path, write_set, sentence, f"{part}-labels-idx1-ubyte", idx_bytes(labels))
    assert "the label 10 (row 7)" in text


def test_training_and_test_images_must_be_of_one_size(
    tmp_path: Path, write_set, idx_bytes, sentence
) -> None:
    content = idx_bytes(np.zeros((12, 4, 5), np.uint8))
    text = spoiled(tmp_path, write_set, sentence, "t10k-images-idx3-ubyte", content)
    assert "are 5x4" in text
    assert "are 4x5" in text


def test_labels_in_the_place_of_images_are_refused(
    tmp_path: Path, write_set, idx_bytes, sentence
) -> None:
    content = idx_bytes(np.zeros(30, np.uint8))
    text = spoiled(tmp_path, write_set, sentence, "train-images-idx3-ubyte", content)
    assert "1 dimension(s) where 3 are expected" in text


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path, write_set, sentence) -> None:
    write_set(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").unlink()
    (tmp_path / "train-images-idx3-ubyte.gz").mkdir()
    with pytest.raises(DataError) as caught:
        files_key(find_files(tmp_path, "mnist", "o"))
    assert "not a regular file" in sentence(caught)
