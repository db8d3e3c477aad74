"""Samples of one's own come behind the training digits, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nn.data import DataError, Split, load, split
from nn.data.dataset import make_dataset
from nn.data.extra import read_samples, scaled, with_extra, without_extra

RNG = np.random.default_rng(3)
INK = RNG.integers(0, 256, (6, 8, 8), dtype=np.uint8)
LABELS = np.array([7, 7, 1, 0, 9, 7], np.uint8)


@pytest.fixture
def digits() -> Split:
    return split(load("digits"), "0.2", 42)


def saved(path: Path, n: int = 6, **other: np.ndarray) -> str:
    np.savez(path, **({"x": INK[:n], "y": LABELS[:n]} | other))
    return str(path)


def test_they_are_trained_on_and_not_tested_on(digits: Split, tmp_path: Path) -> None:
    more = with_extra(digits, saved(tmp_path / "own.npz"))
    n = len(digits.train_images)
    np.testing.assert_array_equal(more.train_images[:n], digits.train_images)
    np.testing.assert_array_equal(more.train_images[n:].reshape(6, 8, 8), np.rint(INK * (16 / 255)))
    np.testing.assert_array_equal(more.train_labels[n:], LABELS)
    for name in ("test_images", "test_labels", "test_indices"):
        assert getattr(more, name) is getattr(digits, name)
    assert not more.train_images.flags.writeable
    assert more.fingerprint != digits.fingerprint
    assert (
        without_extra(more.fingerprint) == digits.fingerprint == without_extra(digits.fingerprint)
    )


def test_a_run_goes_on_with_those_it_began_with(digits: Split, tmp_path: Path) -> None:
    began = with_extra(digits, saved(tmp_path / "own.npz", 4))
    place = saved(tmp_path / "own.npz", 6)
    again = with_extra(digits, place, began.fingerprint)
    assert again.fingerprint == began.fingerprint
    np.testing.assert_array_equal(again.train_images, began.train_images)
    assert with_extra(digits, place).fingerprint != began.fingerprint


@pytest.mark.parametrize("now", [{"x": INK[::-1], "y": LABELS}, {"x": INK[:3], "y": LABELS[:3]}])
def test_or_not_at_all(digits: Split, tmp_path: Path, now: dict[str, np.ndarray]) -> None:
    began = with_extra(digits, saved(tmp_path / "own.npz", 4))
    place = saved(tmp_path / "own.npz", **now)
    with pytest.raises(DataError, match=r"not those that the run began with.* the 4 samples"):
        with_extra(digits, place, began.fingerprint)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (
            {"x": INK[:, :7]},
            r"samples in .*own.npz' are 7x8 pixels, but the digits of 'digits' .*8x8",
        ),
        ({"y": LABELS + 1}, r"labelled 10, but 'digits' has only 10 classes.* 0 to 9"),
        ({"y": LABELS[:2]}, r"6 images in x but 2 labels"),
        ({"z": LABELS}, r"member called 'z.npy'"),
        ({"x": INK[:0], "y": LABELS[:0]}, r"holds no images"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    digits: Split, tmp_path: Path, members: dict[str, np.ndarray], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        with_extra(digits, saved(tmp_path / "own.npz", **members))


def test_no_file_and_a_whole_set_are_refused(digits: Split, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        with_extra(digits, str(tmp_path / "none.npz"))
    whole = {"x_train": INK, "y_train": LABELS, "x_test": INK, "y_test": LABELS}
    np.savez(tmp_path / "set.npz", **whole)
    with pytest.raises(DataError, match="nothing but x and y"):
        with_extra(digits, str(tmp_path / "set.npz"))


def test_one_class_and_few_greys_will_do(tmp_path: Path) -> None:
    place = saved(tmp_path / "own.npz", x=INK // 16, y=LABELS * 0)
    images, labels = read_samples(Path(place))
    assert images.max() == 255
    assert set(labels.tolist()) == {0}


def test_scaling_there_and_back_loses_no_step_of_grey() -> None:
    greys = np.arange(17, dtype=np.uint8)
    up = np.rint(greys * (255 / 16)).astype(np.uint8)
    np.testing.assert_array_equal(scaled(up, 16), greys)
    np.testing.assert_array_equal(scaled(up, 255), up)


def test_it_needs_no_scaling_where_ink_goes_up_to_255(tmp_path: Path) -> None:
    own = make_dataset("mine", INK, LABELS, class_names=tuple("0123456789"))
    more = with_extra(split(own, "0.5", 1), saved(tmp_path / "own.npz"))
    np.testing.assert_array_equal(more.train_images[3:].reshape(6, 8, 8), INK)
