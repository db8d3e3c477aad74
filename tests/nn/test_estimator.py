"""scikit-learn's door: its own checks, and that behind it stands the trainer, bit for bit."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import check_estimator

from nn.data import Split
from nn.estimator import PARAMETERS, DigitClassifier
from nn.presets import assembled
from nn.specs import SPECS
from nn.trainer import Trainer
from tests.nn.test_arrows import ROOMS, imported_by

README = Path(__file__).parents[2] / "README.md"

EVERYTHING: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "dropout": 0.2,
    "normalization": "batch_norm",
    "skip": "residual",
    "hidden": (12, 12),
    "ema_decay": 0.9,
    "weight_decay": 1e-4,
    "clip_norm": 1.0,
    "label_smoothing": 0.1,
    "shift": 1,
    "elastic": 0.5,
}
"""All that leaves something behind from one step to the next."""


def blobs(n: int = 60, classes: int = 3, features: int = 16) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    labels = np.arange(n) % classes
    return rng.normal(size=(classes, features))[labels] + rng.normal(0, 0.3, (n, features)), labels


def same_bits(one: DigitClassifier, other: DigitClassifier) -> bool:
    """Parameters, what the optimiser remembers, averages and curves."""
    a, b = one.__getstate__()["_state"], other.__getstate__()["_state"]
    assert set(a["arrays"]) == set(b["arrays"])
    pairs = [(a["arrays"][name], b["arrays"][name]) for name in a["arrays"]]
    pairs += zip(a["judged"], b["judged"], strict=True)
    return one.history_ == other.history_ and all(np.array_equal(x, y) for x, y in pairs)


def outcomes(estimator: object) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {
        "passed": set(),
        "skipped": set(),
        "failed": set(),
        "xfail": set(),
    }
    for result in check_estimator(estimator, on_fail=None, on_skip=None):
        found[result["status"]].add(f"{result['check_name']}: {result['exception']}")
    return found


@pytest.mark.filterwarnings("ignore")
def test_it_is_an_estimator() -> None:
    ours, theirs = outcomes(DigitClassifier()), outcomes(MLPClassifier(max_iter=5))
    assert ours["failed"] == set()
    assert ours["xfail"] == set()
    assert ours["skipped"] <= theirs["skipped"]
    assert len(ours["passed"]) > 40


def test_its_parameters_are_the_hyperparameters() -> None:
    signature = inspect.signature(DigitClassifier).parameters
    defaults = {name: parameter.default for name, parameter in signature.items()}
    assert set(defaults) == {*PARAMETERS, "image_shape", "random_state"}
    assert set(SPECS) - set(PARAMETERS) == {
        *("dataset", "split", "extra_data", "seed", "pace", "threads")
    }
    for name in PARAMETERS:
        assert defaults[name] == SPECS[name].default
        assert re.search(rf"^    {name} : default=", DigitClassifier.__doc__ or "", re.M)
    assert set(DigitClassifier().get_params()) == set(defaults)


def test_nobody_else_waits_for_scikit_learn() -> None:
    others = imported_by(*(room for room in ROOMS if room != "nn.estimator"))
    assert "nn.trainer" in others
    assert others.isdisjoint({"sklearn", "nn.estimator"})


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        EVERYTHING,
        {
            "validation": 0.2,
            "keep": "best",
            "patience": 3,
            "momentum": 0.8,
            "optimizer": "nesterov",
        },
        {"validation": 0.1, "ema_decay": 0.9, "schedule": "one_cycle", "activation": "gelu"},
    ],
    ids=["plain", "everything", "best", "average"],
)
def test_it_is_the_trainer_bit_for_bit(
    make_split: Callable[..., Split], chosen: dict[str, Any]
) -> None:
    split = dataclasses.replace(make_split(), image_shape=(4, 4))
    h = assembled({**chosen, "epochs": 12, "batch_size": 16, "seed": 7})
    trainer = Trainer(h, split)
    list(trainer.run())

    X = np.multiply(split.train_images, np.float32(1 / 255))
    model = DigitClassifier(**chosen, epochs=12, batch_size=16, random_state=7)
    model.fit(X, np.array([f"class {label}" for label in split.train_labels]))

    with trainer.judged() as network:
        parameters, state = model.__getstate__()["_state"]["judged"]
        np.testing.assert_array_equal(parameters, network.parameters)
        np.testing.assert_array_equal(state, network.state)
        probabilities = network.at_precision(np.float64).predict_probabilities(X.astype(np.float64))
    np.testing.assert_array_equal(model.predict_proba(X), probabilities)
    assert model.loss_curve_ == [done.train_loss for done in trainer.history]
    assert model.n_iter_ == trainer.epochs_done
    validated = [done.validation_loss for done in trainer.history]
    assert model.history_.get("validation_loss", [None] * model.n_iter_) == validated


@pytest.mark.parametrize(
    "seed", [5, np.int64(5), np.random.RandomState(5)], ids=["int", "numpy", "state"]
)
def test_the_same_random_state_is_the_same_run(seed: Any) -> None:
    X, y = blobs()
    models = [DigitClassifier(epochs=3, random_state=seed) for _ in range(2)]
    if isinstance(seed, np.random.RandomState):
        models = [clone(models[0]), clone(models[0])]
    first, second = (model.fit(X, y) for model in models)
    assert same_bits(first, second)
    assert not same_bits(first, DigitClassifier(epochs=3, random_state=6).fit(X, y))
    assert not same_bits(*(DigitClassifier(epochs=3).fit(X, y) for _ in range(2)))


@pytest.mark.parametrize("optimizer", SPECS["optimizer"].choices)
def test_passes_are_the_epochs_of_one_fit(optimizer: str) -> None:
    X, y = blobs(50)
    chosen = {**EVERYTHING, "optimizer": optimizer, "batch_size": 16}
    whole = DigitClassifier(**chosen, epochs=4, random_state=np.random.RandomState(3)).fit(X, y)
    passes = clone(whole).set_params(random_state=np.random.RandomState(3), schedule="cosine")
    for _ in range(4):
        assert passes.partial_fit(X, y, classes=[0, 1, 2]) is passes
        passes = pickle.loads(pickle.dumps(passes))
    assert same_bits(whole, passes)
    six = clone(whole).set_params(random_state=np.random.RandomState(3), epochs=6).fit(X, y)
    assert same_bits(whole.partial_fit(X, y).partial_fit(X, y), six)


def test_passes_over_parts_learn_the_whole() -> None:
    X, y = blobs(120)
    model = DigitClassifier(random_state=0)
    with pytest.raises(ValueError, match="needs classes"):
        model.partial_fit(X, y)
    for _ in range(10):
        for part in np.array_split(np.argsort(y, kind="stable"), 9):
            model.partial_fit(X[part], y[part], classes=np.unique(y))
    assert model.score(X, y) > 0.95
    assert model.n_iter_ == len(model.loss_curve_) == 90


def test_a_knob_may_be_turned_between_two_passes() -> None:
    X, y = blobs()
    model = DigitClassifier(random_state=0).fit(X, y)
    before = model.predict_proba(X)
    model.set_params(learning_rate=1e-9, ema_decay=0.999, batch_size=60).partial_fit(X, y)
    assert model.history_["learning_rate"] == [0.05] * 60 + [1e-9]
    # The average that begins here is of what has been learnt, not of what was drawn first.
    np.testing.assert_allclose(model.predict_proba(X), before, atol=1e-6)


def test_passes_may_be_more_than_the_epochs_of_a_run() -> None:
    X, y = blobs()
    model = DigitClassifier().partial_fit(X, y, [0, 1, 2])
    words = model._state.words.model_copy(update={"epochs_done": 100_000})
    model._state = dataclasses.replace(model._state, words=words)
    model = pickle.loads(pickle.dumps(model.partial_fit(X, y)))
    assert model.partial_fit(X, y).n_iter_ == 100_002


@pytest.mark.parametrize(
    ("changes", "y", "classes", "sentence"),
    [
        ({"hidden": (5,)}, [0, 1], None, r"^Hidden layers cannot change between calls"),
        ({"optimizer": "adam"}, [0, 1], None, r"^Optimiser cannot change between calls"),
        ({"validation": 0.2}, [0, 1], None, r"^Validation needs a whole run"),
        ({}, [0, 7], None, r"^y has labels that are not among classes: 7\.$"),
        ({}, [0, 1], [0, 1], r"^classes 0, 1 are not those of the call before: 0, 1, 2\.$"),
    ],
)
def test_a_pass_that_cannot_be(
    changes: dict[str, Any], y: list[int], classes: list[int] | None, sentence: str
) -> None:
    X, labels = blobs()
    model = DigitClassifier(epochs=2, random_state=0).fit(X, labels)
    before = pickle.loads(pickle.dumps(model))
    with pytest.raises(ValueError, match=sentence):
        model.set_params(**changes).partial_fit(X[:2], y, classes)
    assert same_bits(model, before)


@pytest.mark.parametrize(
    "names",
    [
        np.array(["one", "two", "three"]),
        np.array([-5, 300, 7]),
        np.array([True, False]),
        np.array([0.0, 1.0, 2.0]),
        np.array(["b", "a"], dtype=object),
        np.arange(300),
        np.array([9]),
    ],
    ids=["text", "numbers", "truth", "floats", "objects", "many", "one"],
)
def test_labels_of_any_kind(names: np.ndarray) -> None:
    X, y = blobs(600, len(names), 64)
    model = DigitClassifier(epochs=20, optimizer="adam", learning_rate=0.01, random_state=0)
    model.fit(X, names[y])
    assert model.classes_.tolist() == sorted(names.tolist())
    assert model.predict(X).dtype == names.dtype
    assert model.score(X, names[y]) > 0.95
    assert model.predict_proba(X).shape == (600, len(names))


@settings(deadline=None, max_examples=40)
@given(data=st.data(), n=st.integers(1, 20), features=st.integers(1, 9), k=st.integers(1, 4))
def test_probabilities_of_any_rows(data: st.DataObject, n: int, features: int, k: int) -> None:
    kinds = st.sampled_from([np.float64, np.float32, np.int32, np.uint8])
    rows = hnp.arrays(data.draw(kinds), (n, features), elements=st.integers(0, 3))
    X, y = data.draw(rows), data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, k - 1)))
    model = DigitClassifier((4,), epochs=2, random_state=1).fit(X, y)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert set(model.predict(X)) <= set(y)
    order = data.draw(st.permutations(range(n)))
    np.testing.assert_allclose(model.predict_proba(X[order]), probabilities[order], rtol=1e-9)


def plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(plain(part) for pair in value.items() for part in pair)
    if isinstance(value, (tuple, list)):
        return all(plain(part) for part in value)
    return isinstance(value, (np.ndarray, str, int, float, type(None)))


def test_what_is_pickled_is_plain_and_goes_on(tmp_path: Path) -> None:
    X, y = blobs()
    model = DigitClassifier(**EVERYTHING, epochs=2, random_state=0).fit(X, y)
    assert plain(model.__getstate__())
    # No more than its arrays: the rows are not taken along.
    assert len(pickle.dumps(model)) < 60_000
    joblib.dump(model, tmp_path / "model")
    twin = joblib.load(tmp_path / "model")
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert same_bits(twin.partial_fit(X, y), model.partial_fit(X, y))
    assert not hasattr(clone(model), "classes_")


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_searches_find_the_same_everywhere(backend: str) -> None:
    X, y = blobs(120)
    grid = {
        "digitclassifier__hidden": [(4,), [16, 8]],
        "digitclassifier__epochs": np.array([1, 5]),
    }
    model = make_pipeline(MinMaxScaler(), DigitClassifier(shift=1, random_state=0))
    alone = GridSearchCV(model, grid, cv=3, n_jobs=1, error_score="raise").fit(X, y)
    with joblib.parallel_backend(backend):
        together = GridSearchCV(model, grid, cv=3, n_jobs=2, error_score="raise").fit(X, y)
    for name in ("params", "mean_test_score", "split0_test_score"):
        np.testing.assert_array_equal(together.cv_results_[name], alone.cv_results_[name])
    np.testing.assert_array_equal(together.predict_proba(X), alone.predict_proba(X))


def test_many_threads_may_ask_at_once() -> None:
    X, y = blobs(3000)
    model = DigitClassifier(epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    asked = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(model.predict_proba)(X) for _ in range(16)
    )
    for answer in asked:
        np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"learning_rate": 0}, r"^Learning rate must be greater than 0"),
        ({"activation": "swish"}, r"^Activation must be one of relu"),
        ({"hidden": (0,)}, r"^Hidden layers must have between"),
        ({"batch_size": 0}, r"^Batch size must be at least 1"),
        ({"patience": 3}, r"^Patience 3 needs validation digits"),
        ({"random_state": -1}, r"^Seed must be at least 0"),
        ({"random_state": "x"}, r"cannot be used to seed"),
        ({"image_shape": (3, 5)}, r"^image_shape must be .* 16 \(got \(3, 5\)\)\.$"),
        ({"image_shape": (-4, -4)}, r"^image_shape must be"),
        ({"image_shape": 4}, r"^image_shape must be"),
        (
            {"learning_rate": 100, "epochs": 500},
            r"^The run diverged at step \d+, learning_rate 100",
        ),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_used_is_said_in_fit(chosen: dict[str, Any], sentence: str) -> None:
    X, y = blobs()
    model = DigitClassifier(epochs=1).fit(X, y).set_params(**chosen)
    with pytest.raises(ValueError, match=sentence):
        model.fit(X * 1000 if "learning_rate" in chosen else X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_augmentation_needs_images() -> None:
    X, y = blobs(features=12)
    model = DigitClassifier(rotation=10, epochs=2, random_state=0)
    with pytest.raises(ValueError, match=r"12 features are no square: give image_shape"):
        model.fit(X, y)
    still = clone(model).set_params(augmentation=0).fit(X, y)
    assert same_bits(still, clone(model).set_params(rotation=0).fit(X, y))
    turned = clone(model).set_params(image_shape=np.array([3, 4])).fit(X, y)
    assert not same_bits(turned, still)


def test_few_rows_make_one_batch() -> None:
    X, y = blobs(20)
    models = [DigitClassifier(batch_size=b, epochs=3, random_state=0) for b in (20, 65536)]
    assert same_bits(*(model.fit(X, y) for model in models))
    held_out = DigitClassifier(batch_size=20, validation=0.5, epochs=3).fit(X, y)
    assert len(held_out.history_["validation_accuracy"]) == held_out.n_iter_ == 3
    with pytest.raises(ValueError, match=r"^Validation 0\.5 leaves no row of 1 to train on"):
        held_out.fit(X[:1], y[:1])


def test_the_readme_s_example_is_true() -> None:
    section = README.read_text("utf-8").partition("## In scikit-learn")[2]
    example = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert example is not None
    done = subprocess.run(
        [sys.executable, "-c", example[1]], capture_output=True, text=True, check=True, timeout=100
    )
    assert float(done.stdout) >= 0.96
