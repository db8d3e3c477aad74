"""`load`: where it looks and in which order, and what it says when it does not find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn.data
from nn.data import DATASETS, DataError, default_split, load, split
from nn.data import folder as folder_module
from nn.data.published import FILES


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever would download fails the test instead."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a download was begun")

    monkeypatch.setattr(nn.data, "fetch_set", refuse)


@pytest.fixture
def no_decoding(monkeypatch: pytest.MonkeyPatch):
    def forbid() -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("a file was decoded")

        monkeypatch.setattr(folder_module, "read_idx", refuse)

    return forbid


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("by_variable", [False, True])
def test_a_named_folder_is_read_and_cached(
    tmp_path: Path, monkeypatch, write_set, no_decoding, own_cache, name: str, by_variable: bool
) -> None:
    images, labels = write_set(tmp_path / "data" / name)
    if by_variable:
        monkeypatch.setenv("INKLING_DATA", str(tmp_path / "data"))
        options = {}
    else:
        options = {"data_dir": tmp_path / "data"}
    first = load(name, **options)
    no_decoding()
    second = load(name, **options)
    for dataset in (first, second):
        np.testing.assert_array_equal(dataset.images, images)
        np.testing.assert_array_equal(dataset.labels, labels)
        assert (dataset.name, dataset.n_official_train, dataset.pixel_max) == (name, 30, 255)
        assert dataset.class_names == DATASETS[name].class_names
        assert default_split(dataset) == DATASETS[name].default_split == "official"
    assert first.fingerprint == second.fingerprint
    assert len(list((own_cache / "arrays").iterdir())) == 1


def test_the_argument_goes_before_the_variable(tmp_path: Path, monkeypatch, write_set) -> None:
    images, _ = write_set(tmp_path / "a", seed=1)
    write_set(tmp_path / "b", seed=2)
    monkeypatch.setenv("INKLING_DATA", str(tmp_path / "b"))
    np.testing.assert_array_equal(load("mnist", data_dir=tmp_path / "a").images, images)


def test_changed_files_are_read_anew(tmp_path: Path, write_set) -> None:
    write_set(tmp_path, seed=1)
    before = load("mnist", data_dir=tmp_path)
    images, _ = write_set(tmp_path, seed=2)
    after = load("mnist", data_dir=tmp_path)
    assert before.fingerprint != after.fingerprint
    np.testing.assert_array_equal(after.images, images)


def test_cache_dir_takes_the_place_of_the_users_cache(
    tmp_path: Path, write_set, own_cache: Path
) -> None:
    write_set(tmp_path / "data")
    load("mnist", data_dir=tmp_path / "data", cache_dir=tmp_path / "mine")
    assert (tmp_path / "mine" / "arrays").is_dir()
    assert not own_cache.exists()


@pytest.mark.parametrize("by_variable", [False, True])
@pytest.mark.parametrize("exists", [False, True])
def test_a_named_folder_without_the_set_is_an_error_and_no_download(
    tmp_path: Path, monkeypatch, write_set, by_variable: bool, exists: bool, sentence
) -> None:
    folder = tmp_path / "data"
    if exists:
        write_set(folder / "mnist")
    if by_variable:
        monkeypatch.setenv("INKLING_DATA", str(folder))
    with pytest.raises(DataError) as caught:
        load("fashion-mnist", data_dir=None if by_variable else folder)
    text = sentence(caught)
    assert text.startswith("INKLING_DATA points" if by_variable else "--data-dir points")
    assert repr(str(folder)) in text
    assert "fashion-mnist" in text
    assert ("does not hold" if exists else "not a folder") in text


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_DATA", "")
    with pytest.raises(AssertionError, match="a download was begun"):
        load("mnist")


@pytest.mark.parametrize("name", ["", "MNIST", "cifar\x1b[2J", "a" * 10_000])
def test_an_unknown_name_is_answered_with_the_known_ones(name: str, sentence) -> None:
    with pytest.raises(DataError) as caught:
        load(name)
    text = sentence(caught)
    assert all(known in text for known in DATASETS)
    assert len(text) < 400


def test_without_a_folder_the_set_is_fetched_once_and_then_kept(
    monkeypatch, write_set, own_cache: Path, no_decoding
) -> None:
    seen: list[tuple[str, Path]] = []
    kept: list[tuple[np.ndarray, np.ndarray]] = []

    def deliver(name: str, folder: Path, *, progress) -> None:
        seen.append((name, folder))
        kept.append(write_set(folder))
        progress("Downloading", 1, 1)

    told: list[str] = []

    def progress(what: str, _done: int, _total: int | None) -> None:
        told.append(what)

    monkeypatch.setattr(nn.data, "fetch_set", deliver)
    first = load("mnist", progress=progress)
    no_decoding()
    second = load("mnist", progress=progress)
    assert seen == [("mnist", own_cache / "downloads" / "mnist")]
    assert told[0] == "Downloading"
    assert "Reading 'train-images-idx3-ubyte.gz'" in told
    for dataset in (first, second):
        np.testing.assert_array_equal(dataset.images, kept[0][0])
        np.testing.assert_array_equal(dataset.labels, kept[0][1])


def test_a_cancelled_load_leaves_no_entry(tmp_path: Path, write_set, own_cache: Path) -> None:
    write_set(tmp_path / "data")

    class StopError(Exception):
        pass

    def progress(*_: object) -> None:
        raise StopError

    with pytest.raises(StopError):
        load("mnist", data_dir=tmp_path / "data", progress=progress)
    assert not own_cache.exists()
    assert load("mnist", data_dir=tmp_path / "data").n_official_train == 30


def test_files_that_change_while_they_are_read_are_not_cached(
    tmp_path: Path, monkeypatch, write_set, own_cache: Path, sentence
) -> None:
    write_set(tmp_path / "data", seed=1)
    real = nn.data.read_set

    def slow(*args: object):
        dataset = real(*args)
        write_set(tmp_path / "data", seed=2)
        return dataset

    monkeypatch.setattr(nn.data, "read_set", slow)
    with pytest.raises(DataError) as caught:
        load("mnist", data_dir=tmp_path / "data")
    assert "changed while they were read" in sentence(caught)
    assert not own_cache.exists()


def test_one_set_is_not_taken_for_another(tmp_path: Path, monkeypatch, write_set, sentence) -> None:
    write_set(tmp_path)
    as_mnist = load("mnist", data_dir=tmp_path)
    monkeypatch.setattr(nn.data, "PUBLISHED_FINGERPRINTS", {"mnist": as_mnist.fingerprint})
    assert load("mnist", data_dir=tmp_path).fingerprint == as_mnist.fingerprint
    with pytest.raises(DataError) as caught:
        load("fashion-mnist", data_dir=tmp_path)
    assert "given for fashion-mnist are those of mnist" in sentence(caught)


def test_the_digits_need_no_folder(tmp_path: Path) -> None:
    dataset = load("digits", data_dir=tmp_path / "nowhere")
    assert len(dataset.labels) == 1797
    assert default_split(dataset) == DATASETS["digits"].default_split == "0.2"
    assert len(split(dataset, default_split(dataset), 0).test_labels) == 360


def test_the_registry_describes_every_set() -> None:
    assert list(DATASETS) == ["digits", "mnist", "fashion-mnist"]
    for name, info in DATASETS.items():
        assert info.name == name
        assert len(info.class_names) == 10
        assert info.description.isprintable()
        assert len(info.description) < 90
    assert DATASETS["fashion-mnist"].class_names[0] == "T-shirt/top"
    assert DATASETS["fashion-mnist"].class_names[9] == "Ankle boot"


LIGHT = """
import sys
import nn.data
heavy = {"sklearn", "pooch", "requests", "urllib3", "platformdirs", "scipy", "pydantic"}
print(sorted(heavy & set(sys.modules)))
"""


def test_importing_the_package_is_light() -> None:
    result = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_sets(real_data: Path, no_decoding, name: str) -> None:
    first = load(name, data_dir=real_data)
    no_decoding()
    dataset = load(name, data_dir=real_data)
    assert first.fingerprint == dataset.fingerprint == nn.data.PUBLISHED_FINGERPRINTS[name]
    assert dataset.images.shape == (70_000, 28, 28)
    assert dataset.n_official_train == 60_000
    got = split(dataset, "official", 0)
    train, test = np.bincount(got.train_labels).tolist(), np.bincount(got.test_labels).tolist()
    if name == "mnist":
        assert (train, test) == (TRAIN_COUNTS, TEST_COUNTS)
    else:
        assert (train, test) == ([6000] * 10, [1000] * 10)
    assert got.train_images.shape == (60_000, 784)
    assert np.shares_memory(got.train_images, dataset.images)


def test_a_real_set_under_the_wrong_name_is_noticed(real_data: Path, sentence) -> None:
    with pytest.raises(DataError) as caught:
        load("fashion-mnist", data_dir=real_data / "mnist")
    assert "those of mnist" in sentence(caught)


def test_real_files_as_downloads_are_taken_as_they_are(
    real_data: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_cache / "downloads" / "mnist"
    folder.mkdir(parents=True)
    for file in FILES["mnist"]:
        (folder / file.name).symlink_to(real_data / "mnist" / file.name)
    monkeypatch.undo()
    monkeypatch.delenv("INKLING_DATA", raising=False)
    dataset = load("mnist", cache_dir=own_cache)
    assert dataset.fingerprint == nn.data.PUBLISHED_FINGERPRINTS["mnist"]


def test_without_leave_to_download_a_missing_set_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: object, **_named: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr("nn.data.fetch_set", never)
    monkeypatch.delenv("INKLING_DATA", raising=False)
    with pytest.raises(DataError, match="mnist are not on this machine"):
        load("mnist", cache_dir=tmp_path, download=False)
