"""The bundled digits: scikit-learn's own, and no scikit-learn from the second start on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nn.data.dataset import DataError
from nn.data.digits import load_digits


def test_they_are_scikit_learns_digits(tmp_path: Path) -> None:
    from sklearn import datasets

    bunch = datasets.load_digits()
    dataset = load_digits(tmp_path)
    assert dataset.images.shape == (1797, 8, 8)
    assert dataset.images.dtype == dataset.labels.dtype == np.uint8
    np.testing.assert_array_equal(dataset.images, bunch.images)
    np.testing.assert_array_equal(dataset.labels, bunch.target)
    assert (dataset.name, dataset.pixel_max, dataset.n_official_train) == ("digits", 16, None)
    assert dataset.images.max() == 16
    assert dataset.class_names == tuple("0123456789")


SECOND_START = """
import sys
from pathlib import Path
from nn.data.digits import load_digits
dataset = load_digits(Path(sys.argv[1]))
print("sklearn" in sys.modules, len(dataset.labels), dataset.fingerprint)
"""


def test_the_second_start_imports_no_scikit_learn(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SECOND_START, str(tmp_path)]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    )
    assert first[0] == "True"
    assert second[0] == "False"
    assert first[1:] == second[1:]


def test_another_scikit_learn_gets_another_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_digits(tmp_path)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "99.0")
    load_digits(tmp_path)
    assert len(list((tmp_path / "arrays").iterdir())) == 2


def test_without_scikit_learn_the_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentence
) -> None:
    from importlib.metadata import PackageNotFoundError

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr("importlib.metadata.version", missing)
        with pytest.raises(DataError) as caught:
            load_digits(tmp_path)
        assert "pip install scikit-learn" in sentence(caught)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DataError) as caught:
        load_digits(tmp_path)
    assert "pip install scikit-learn" in sentence(caught)


def test_a_scikit_learn_without_its_files_is_said_to_be_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentence
) -> None:
    def broken() -> None:
        raise FileNotFoundError(2, "No such file", "digits.csv.gz")

    monkeypatch.setattr("sklearn.datasets.load_digits", broken)
    with pytest.raises(DataError) as caught:
        load_digits(tmp_path)
    assert "install scikit-learn again" in sentence(caught)
