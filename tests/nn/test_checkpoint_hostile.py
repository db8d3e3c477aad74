"""Checkpoints that no trainer has written: each is refused in a sentence, and costs nothing.

The files here are whole, with checksums that are right; what they say is not. (For files that are
not whole see `test_archive_hostile`.)
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import MakeSplit, everything, square

from nn import archive
from nn.archive import ArchiveError
from nn.checkpoint import KIND, VERSION, load, save
from nn.data import Split
from nn.events import EpochDone
from nn.state import capture
from nn.trainer import Trainer

MB = 2**20
Words = dict[str, Any]
Arrays = dict[str, np.ndarray]
Change = Callable[[Words, Arrays], None]


@pytest.fixture(scope="module")
def digits(make_split: MakeSplit) -> Split:
    return square(make_split(90, 40))


@pytest.fixture(scope="module")
def genuine(digits: Split) -> tuple[Words, Arrays]:
    """A run in the midst of its second epoch: 5 steps behind the first's end, 2 into the next."""
    trainer = Trainer(everything(), digits)
    for event in trainer.run():
        if trainer.step == 7 and not isinstance(event, EpochDone):
            break
    state = capture(trainer)
    return state.words.model_dump(mode="json"), {k: v.copy() for k, v in state.arrays.items()}


def written(path: Path, genuine: tuple[Words, Arrays], change: Change) -> None:
    words, arrays = copy.deepcopy(genuine[0]), {k: v.copy() for k, v in genuine[1].items()}
    change(words, arrays)
    archive.save(path, words, arrays, kind=KIND, version=VERSION)


def refusal(path: Path, digits: Split) -> str:
    """The sentence with which the file is refused, for less than a megabyte."""
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError) as caught:
            load(path, digits)
        assert tracemalloc.get_traced_memory()[1] < MB
    finally:
        tracemalloc.stop()
    sentence = str(caught.value)
    assert path.name in sentence
    assert sentence.isprintable()
    assert sentence.endswith(".")
    assert "..." in sentence or ".;" not in sentence
    assert len(sentence) < 500
    assert caught.value.__cause__ is None
    return sentence


def test_the_genuine_one_is_accepted(
    tmp_path: Path, genuine: tuple[Words, Arrays], digits: Split
) -> None:
    """Or everything below would be refused for a reason that nobody meant."""
    written(tmp_path / "run.npz", genuine, lambda *_: None)
    trainer = load(tmp_path / "run.npz", digits)
    assert (trainer.step, trainer.epochs_done, trainer.position) == (7, 1, 32)


def setting(name: str, value: object, *others: Any) -> Change:
    """Words with another value; a name with a dot goes into the words below."""

    def change(words: Words, _arrays: Arrays) -> None:
        for path, new in zip((name, *others[::2]), (value, *others[1::2]), strict=True):
            *outer, last = path.split(".")
            place = words
            for key in outer:
                place = place[key]
            place[last] = new

    return change


def cell(name: str, index: tuple[int, ...], value: float) -> Change:
    def change(_words: Words, arrays: Arrays) -> None:
        arrays[name][index] = value

    return change


def resized(name: str, *shape: int, dtype: str | None = None) -> Change:
    def change(_words: Words, arrays: Arrays) -> None:
        arrays[name] = np.ones(shape, dtype or arrays[name].dtype)

    return change


def without(name: str) -> Change:
    return lambda words, arrays: [part.pop(name, None) for part in (words, arrays)] and None


GIANT = [8192] * 16
HYPERPARAMETERS: list[tuple[str, Change, str]] = [
    ("a giant", setting("hyperparameters.hidden", GIANT), "is needed"),
    ("a giant batch", setting("hyperparameters.batch_size", 65536), "Batch size must be at most"),
    ("wider", setting("hyperparameters.hidden", [9, 8]), "is needed"),
    ("no batch norm", setting("hyperparameters.normalization", "none"), "is needed"),
    ("another optimiser", setting("hyperparameters.optimizer", "rmsprop"), "no use"),
    ("no average", setting("hyperparameters.ema_decay", 0), "average where there should be none"),
    ("no keeping", setting("hyperparameters.keep", "last"), "no use"),
    ("other shares", setting("hyperparameters.validation", 0.3), "is needed"),
    ("no validation", setting("hyperparameters.validation", 0), "is needed"),
    ("another seed", setting("hyperparameters.seed", 6), "order of the training digits"),
    ("fewer epochs", setting("hyperparameters.epochs", 0), "'hyperparameters.epochs'"),
    ("nobody's", setting("hyperparameters.colour", 3), "'hyperparameters.colour'"),
    ("no number", setting("hyperparameters.learning_rate", "x"), "hyperparameters.learning_rate"),
    ("out of bounds", setting("hyperparameters.dropout", 1.0), "'hyperparameters.dropout'"),
    ("a tiny sigma", setting("hyperparameters.elastic_sigma", 1e-9), "hyperparameters.elastic_s"),
    ("none", setting("hyperparameters", None), "'hyperparameters'"),
    ("escapes", setting("hyperparameters.\x1b[31m", 1), "x1b[31m"),
]
WORDS: list[tuple[str, Change, str]] = [
    ("other digits", setting("fingerprint", "f" * 64), "other digits than these"),
    ("another split", setting("test_rows", "0" * 64), "another split of these digits"),
    ("midst of a batch", setting("position", 33), "where no batch ends"),
    ("past the end", setting("position", 96, "step", 11), "where no batch ends"),
    ("far past the end", setting("position", 10**30), "where no batch ends"),
    ("a batch on", setting("position", 48), "do not fit together"),
    ("a huge step", setting("step", 2**63), "do not fit together"),
    ("a huger step", setting("step", 10**300), "do not fit together"),
    ("a negative step", setting("step", -1), "'step'"),
    ("half a step", setting("step", 7.5), "'step'"),
    ("a step as a float", setting("step", 7.0), "'step'"),
    ("a step as a text", setting("step", "7"), "'step'"),
    ("a step that is true", setting("step", True), "'step'"),
    ("negative epochs", setting("epochs_done", -1), "'epochs_done'"),
    ("more epochs", setting("epochs_done", 2), "is needed"),
    ("epochs without end", setting("epochs_done", 10**40), "is needed"),
    ("a best epoch to come", setting("best_epoch", 2), "more epochs behind it than there are"),
    ("no best epoch", setting("best_epoch", 0), "no use"),
    ("no best loss", setting("best_loss", None), "best epoch that cannot be"),
    ("a long average", setting("average_updates", 8), "average of more steps than there were"),
    ("a negative average", setting("average_updates", -1), "'average_updates'"),
    ("no average", setting("average_updates", None), "no use"),
    ("never tested", setting("test", None), "steps behind it but no test"),
    ("tested thrice", setting("test", [0.1, 0.2, 0.3]), "'test"),
    ("no seconds", setting("training_seconds", 0.0, "epoch_began", [0.0, 0.0]), "times"),
    ("before time", setting("seconds", -1.0), "times that cannot be"),
    ("beyond time", setting("seconds", 1e300, "training_seconds", 1e300), "times that cannot be"),
    ("begun later", setting("epoch_began", [0.0, 1e6]), "times that cannot be"),
    ("begun earlier", setting("epoch_began", [-1.0, 0.0]), "times that cannot be"),
    ("one beginning", setting("epoch_began", [0.0]), "'epoch_began"),
    ("another optimiser's", setting("optimizer", {}), "that cannot be"),
    ("negative steps", setting("optimizer.steps", -1.0), "that cannot be"),
    ("a text", setting("optimizer.steps", "many"), "'optimizer.steps'"),
    ("no luck", setting("rng", {}), "random numbers that cannot be"),
    ("another's luck", setting("rng.bit_generator", "MT19937"), "random numbers that cannot be"),
    ("odd luck", setting("dropout_rng.state", []), "random numbers that cannot be"),
    ("luck of words", setting("dropout_rng.state.state", "x"), "random numbers that cannot be"),
    ("negative luck", setting("rng.state.state", -1), "random numbers that cannot be"),
    ("too much luck", setting("rng.state.inc", 2**200), "random numbers that cannot be"),
    ("half luck", setting("rng.uinteger", 2**40), "random numbers that cannot be"),
    ("fractional luck", setting("rng.state.state", 0.5), "random numbers that cannot be"),
    ("a word too many", setting("more", 1), "'more'"),
    ("a word too few", without("epoch_loss"), "'epoch_loss'"),
]
ARRAYS: list[tuple[str, Change, str]] = [
    ("a NaN weight", cell("parameters", (3,), np.nan), "'parameters' that are not finite"),
    ("an infinite moment", cell("optimizer.square_sum", (0,), np.inf), "not finite"),
    ("a NaN average", cell("average.parameters", (0,), np.nan), "not finite"),
    ("a NaN best", cell("best.state", (0,), -np.inf), "not finite"),
    ("a row twice", cell("permutation", (0,), 5), "order of the training digits"),
    ("no row", cell("permutation", (0,), -1), "order of the training digits"),
    ("a row of nobody's", cell("permutation", (0,), 2**62), "order of the training digits"),
    ("no order", without("permutation"), "without an order"),
    ("a short order", resized("permutation", 71), "is needed"),
    ("an order of floats", resized("permutation", 72, dtype="f8"), "is needed"),
    ("a long history", resized("history", 2, 10), "is needed"),
    ("no history", resized("history", 0, 10), "is needed"),
    ("another epoch", cell("history", (0, 0), 2), "history that cannot be"),
    ("half an epoch", cell("history", (0, 0), 0.5), "history that cannot be"),
    ("a NaN epoch", cell("history", (0, 0), np.nan), "history that cannot be"),
    ("an infinite step", cell("history", (0, 1), np.inf), "history that cannot be"),
    ("an infinite loss", cell("history", (0, 3), np.inf), "history that cannot be"),
    ("an unknown loss", cell("history", (0, 2), np.nan), "history that cannot be"),
    ("double weights", resized("parameters", 3, dtype="f8"), "is needed"),
    ("no weights", without("parameters"), "lacks the array 'parameters'"),
    ("no state", without("state"), "lacks the array 'state'"),
    ("no moments", without("optimizer.square_sum"), "lacks the array 'optimizer.square_sum'"),
    ("one too many", lambda _, arrays: arrays.update(more=np.ones(3)), "no use"),
]


@pytest.mark.parametrize(
    ("change", "said"),
    [pytest.param(c, s, id=name) for name, c, s in (*HYPERPARAMETERS, *WORDS, *ARRAYS)],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, genuine: tuple[Words, Arrays], digits: Split, change: Change, said: str
) -> None:
    written(tmp_path / "run.npz", genuine, change)
    assert said in refusal(tmp_path / "run.npz", digits)


def test_other_digits_another_version_another_kind_and_no_file(
    tmp_path: Path, genuine: tuple[Words, Arrays], digits: Split
) -> None:
    path = tmp_path / "run.npz"
    written(path, genuine, lambda *_: None)
    other = dataclasses.replace(digits, fingerprint="another")
    assert "other digits than these" in refusal(path, other)
    # Digits of another shape, too: it is the digits that do not fit, not the arrays.
    wider = dataclasses.replace(other, train_images=np.zeros((90, 25), np.uint8))
    assert "other digits than these" in refusal(path, wider)
    moved = dataclasses.replace(digits, test_indices=digits.test_indices[::-1])
    assert "another split of these digits" in refusal(path, moved)
    archive.save(path, *genuine, kind=KIND, version=VERSION + 1)
    assert "newer Inkling" in refusal(path, digits)
    archive.save(path, *genuine, kind="model", version=VERSION)
    assert "of the kind 'model'" in refusal(path, digits)
    path.unlink()
    assert "No such file" in refusal(path, digits)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def places(words: Words, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    here = [(*above, key) for key in words]
    deeper = [places(v, (*above, k)) for k, v in words.items() if isinstance(v, dict)]
    return here + [place for below in deeper for place in below]


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_any_junk_anywhere_is_refused_or_makes_a_run_that_runs(
    tmp_path_factory: pytest.TempPathFactory,
    genuine: tuple[Words, Arrays],
    digits: Split,
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.npz"
    place = data.draw(st.sampled_from(places(genuine[0])))
    junk = data.draw(JUNK)

    def change(words: Words, _arrays: Arrays) -> None:
        for key in place[:-1]:
            words = words[key]
        words[place[-1]] = junk

    written(path, genuine, change)
    try:
        trainer = load(path, digits)
    except ArchiveError as error:
        assert str(error).endswith(".")
        assert str(error).isprintable()
    else:
        # Such as another learning rate: a run all the same, which must not break.
        trainer.hyperparameters = trainer.hyperparameters.model_copy(update={"epochs": 2})
        for _ in itertools.islice(trainer.run(), 20):
            pass


def test_a_file_that_cannot_be_written_is_said_and_the_old_one_stays(
    tmp_path: Path, digits: Split
) -> None:
    trainer = Trainer(everything(), digits)
    save(tmp_path / "run.npz", trainer)
    with pytest.raises(ArchiveError, match="Cannot write"):
        save(tmp_path / "nowhere" / "run.npz", trainer)
    assert load(tmp_path / "run.npz", digits).step == 0
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
