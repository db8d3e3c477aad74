"""The same network behind scikit-learn's door.

    model = make_pipeline(MinMaxScaler(), DigitClassifier(optimizer="adam", learning_rate=0.005))
    cross_val_score(model, X, y, n_jobs=2)

`DigitClassifier` is a classifier as scikit-learn's people know them (Buitinck et al. 2013), for
pipelines, cross-validation and searches on any of joblib's backends. All training is the
`Trainer`'s: with the same seed and the same numbers, the parameters are the same bits. The
parameters of the constructor are the hyperparameters, with their defaults; checked, as is the
custom there, when `fit` is called. To import this room imports scikit-learn: no other room does.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin  # type: ignore[import-untyped]
from sklearn.utils import check_random_state  # type: ignore[import-untyped]
from sklearn.utils.multiclass import (  # type: ignore[import-untyped]
    check_classification_targets,
    unique_labels,
)
from sklearn.utils.validation import (  # type: ignore[import-untyped]
    check_is_fitted,
    validate_data,
)

from nn.data.dataset import Split
from nn.estimator_parameters import PARAMETERS, documented, plain
from nn.events import Diverged
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.metrics import CHUNK
from nn.network import Network
from nn.presets import assembled
from nn.specs import SPECS
from nn.state import State, Words, capture, pass_on
from nn.supply import n_held_out
from nn.trainer import Trainer

Array = NDArray[Any]

_DEFAULT = Hyperparameters()

_FOR_GOOD = (*(name for name in PARAMETERS if SPECS[name].group == "Network"), "optimizer")
"""What cannot change between two calls of `partial_fit`."""

_PAST = ("history", "best.")
_CURVES = ("train_loss", "learning_rate", "validation_loss", "validation_accuracy")


@dataclass(eq=False, repr=False)
class DigitClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network of dense layers for digits, or for any rows of numbers (n_samples, n_features).

    The numbers are used as they are, in float32: scale them to about 1 first, pixels to 0..1, with
    a scaler in a pipeline. Labels may be of any kind that can be sorted, and 1 or more in number.
    Where there are fewer rows than `batch_size`, all of them make one batch.

    After `fit` and `partial_fit`:

    classes_ : the labels in the order of the columns of `predict_proba`, (n_classes,)
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn; names if `X` has them
    n_iter_ : epochs done
    loss_curve_ : the mean training loss of each epoch, in nats
    history_ : for each epoch `train_loss`, `learning_rate` and, with `validation`,
        `validation_loss` and `validation_accuracy`: a list each
    """

    hidden: tuple[int, ...] = _DEFAULT.hidden
    _: KW_ONLY
    activation: str = _DEFAULT.activation
    initializer: str = _DEFAULT.initializer
    normalization: str = _DEFAULT.normalization
    skip: str = _DEFAULT.skip
    optimizer: str = _DEFAULT.optimizer
    learning_rate: float = _DEFAULT.learning_rate
    momentum: float = _DEFAULT.momentum
    schedule: str = _DEFAULT.schedule
    warmup: str | float = _DEFAULT.warmup
    decay: float = _DEFAULT.decay
    drops: int = _DEFAULT.drops
    batch_size: int = _DEFAULT.batch_size
    epochs: int = _DEFAULT.epochs
    dropout: float = _DEFAULT.dropout
    weight_decay: float = _DEFAULT.weight_decay
    label_smoothing: float = _DEFAULT.label_smoothing
    clip_norm: float = _DEFAULT.clip_norm
    ema_decay: float = _DEFAULT.ema_decay
    validation: float = _DEFAULT.validation
    patience: int = _DEFAULT.patience
    keep: str = _DEFAULT.keep
    shift: float = _DEFAULT.shift
    rotation: float = _DEFAULT.rotation
    scaling: float = _DEFAULT.scaling
    shear: float = _DEFAULT.shear
    elastic: float = _DEFAULT.elastic
    elastic_sigma: float = _DEFAULT.elastic_sigma
    augmentation: float = _DEFAULT.augmentation
    image_shape: tuple[int, int] | None = None
    random_state: int | np.random.RandomState | None = None

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train anew on `X` (n_samples, n_features) with the labels `y` (n_samples,).

        Raises:
            ValueError: a parameter that cannot be used, by its name; rows or labels that cannot;
                or the loss has become infinite.
        """
        if hasattr(self, "_state"):
            del self._state
        rows, y = validate_data(self, X, y, dtype=np.float32, order="C")
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        self._train(self._hyperparameters(self._seed()), rows, labels, classes)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """One pass over the given rows, with what has been learnt so far, or from the beginning.

        It goes on with the parameters as the last step left them, the optimiser's memory and the
        moving average. `classes`, all labels that will ever come, is needed in the first call.
        Where the run will end is not known, so the learning rate is the constant one, whatever
        `schedule` says. Calls with the same rows are as good as the epochs of one `fit` with a
        constant schedule: the same bits.

        Raises:
            ValueError: as for `fit`; a label that is none of the classes; `validation` is set; the
                layers or the optimiser are not those of the call before.
        """
        before: State | None = getattr(self, "_state", None)
        rows, y = validate_data(self, X, y, dtype=np.float32, order="C", reset=before is None)
        check_classification_targets(y)
        known = self._known_classes(classes, first=before is None)
        unknown = np.setdiff1d(y, known)
        if len(unknown):
            raise ValueError(f"y has labels that are not among classes: {_some(unknown)}.")
        h = self._hyperparameters(before.words.hyperparameters.seed if before else self._seed())
        if h.validation:
            sentence = "Validation needs a whole run, not partial_fit: set it to 0, or use fit."
            raise HyperparameterError("validation", sentence)
        earlier = before.words.hyperparameters if before else h
        for name in _FOR_GOOD:
            if getattr(h, name) != getattr(earlier, name):
                sentence = f"{SPECS[name].label} cannot change between calls of partial_fit."
                raise HyperparameterError(name, sentence)
        self._train(h, rows, np.searchsorted(known, y), known, before, passes=1)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """The most probable label of each row of `X` (n_samples, n_features): (n_samples,)."""
        probabilities = self.predict_proba(X)
        labels: Array = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def predict_proba(self, X: ArrayLike) -> Array:
        """Probabilities (n_samples, n_classes) float64, columns in the order of `classes_`.

        Of the network as it is judged: with the average of the parameters if `ema_decay` is set,
        with the best epoch's if `keep` is "best". May be called from several threads at once.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float32, reset=False)
        # A twin has buffers of its own, so that no other thread writes into them. And at float64 a
        # row's probabilities do not depend, but for the last digits, on the rows that come with it.
        network = self._network.at_precision(np.float64)
        probabilities = np.empty((len(rows), network.n_classes))
        for start in range(0, len(rows), CHUNK):
            chunk = slice(start, start + CHUNK)
            probabilities[chunk] = network.predict_probabilities(rows[chunk].astype(np.float64))
        return probabilities

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    def _train(
        self,
        h: Hyperparameters,
        rows: Array,
        labels: NDArray[np.intp],
        classes: Array,
        before: State | None = None,
        passes: int = 0,
    ) -> None:
        """Train to the end of the run, or, from `before` on, so many passes at a constant rate."""
        n_train = len(rows) - n_held_out(len(rows), h)
        if not n_train:
            sentence = f"Validation {h.validation:g} leaves no row of {len(rows)} to train on."
            raise HyperparameterError("validation", sentence)
        changes: dict[str, Any] = {"batch_size": min(h.batch_size, n_train)}
        if passes:
            done = before.words.epochs_done if before else 0
            changes |= {"schedule": "constant", "warmup": "0", "epochs": done + passes}
        # All rows are for training, none for the test.
        split = Split(
            train_images=rows,
            train_labels=labels,
            test_images=rows[:0],
            test_labels=labels[:0],
            test_indices=np.empty(0, np.int64),
            image_shape=self._image_shape(h, rows.shape[1]),
            pixel_max=1,
            class_names=tuple(map(str, range(len(classes)))),
            dataset_name="X",
            fingerprint="",
        )
        trainer = Trainer(h.model_copy(update=changes), split)
        if before is not None:
            pass_on(before, trainer)
        diverged = any(isinstance(event, Diverged) for event in trainer.run())
        if diverged or not np.isfinite(trainer.network.parameters).all():
            raise ValueError(
                f"The run diverged at step {trainer.step + 1}, learning_rate {h.learning_rate:g}: "
                "scale X to about 1, lower learning_rate, or set clip_norm, such as 1."
            )
        earlier = self.history_ if before is not None else {}
        self.classes_ = classes
        self.history_: dict[str, list[float]] = {
            name: earlier.get(name, []) + [getattr(done, name) for done in trainer.history]
            for name in _CURVES
            if h.validation or not name.startswith("validation")
        }
        self.loss_curve_ = self.history_["train_loss"]
        self.n_iter_ = trainer.epochs_done
        state = capture(trainer)
        # The history is above, and the best parameters, if there are any, are those judged.
        arrays = {name: a for name, a in state.arrays.items() if not name.startswith(_PAST)}
        # As given, for what a pass has changed of them need not lie within their bounds.
        words = state.words.model_copy(update={"hyperparameters": h})
        self._state = State(words, arrays)
        with trainer.judged() as network:
            self._network = network.at_precision(np.float32)

    def _hyperparameters(self, seed: int) -> Hyperparameters:
        """
        Raises:
            HyperparameterError: one that cannot be used, or not beside another.
        """
        given = {name: SPECS[name].parse(plain(getattr(self, name))) for name in PARAMETERS}
        return assembled({**given, "seed": seed})

    def _seed(self) -> int:
        """`random_state` as a seed: a whole number is one, the others are asked for one."""
        if isinstance(self.random_state, (int, np.integer)):
            seed = SPECS["seed"].parse(int(self.random_state))
        else:
            seed = check_random_state(self.random_state).randint(2**32, dtype=np.uint32)
        return int(seed)  # type: ignore[arg-type]

    def _known_classes(self, classes: ArrayLike | None, first: bool) -> Array:
        if classes is None and first:
            raise ValueError("The first call of partial_fit needs classes, all that will come.")
        known: Array = self.classes_ if classes is None else unique_labels(classes)
        if not first and not np.array_equal(known, self.classes_):
            before = _some(self.classes_)
            raise ValueError(f"classes {_some(known)} are not those of the call before: {before}.")
        return known

    def _image_shape(self, h: Hyperparameters, n_features: int) -> tuple[int, int]:
        if self.image_shape is not None:
            match plain(self.image_shape):
                case (int(height), int(width)) if height * width == n_features and height > 0:
                    return height, width
            raise ValueError(
                "image_shape must be a height and a width whose product is the number of "
                f"features, {n_features} (got {ascii(self.image_shape)[:60]})."
            )
        side = math.isqrt(n_features)
        if side * side == n_features:
            return side, side
        if h.augmentation and any((h.shift, h.rotation, h.scaling, h.shear, h.elastic)):
            raise ValueError(
                f"Augmentation needs images, and {n_features} features are no square: give "
                "image_shape=(height, width), or set augmentation to 0."
            )
        return 1, n_features

    def __getstate__(self) -> dict[str, Any]:
        """Plain arrays and numbers: no network, no class of ours but this one."""
        values: dict[str, Any] = dict(super().__getstate__())
        if hasattr(self, "_state"):
            state, network = self._state, values.pop("_network")
            values["_state"] = {
                "words": state.words.model_dump(mode="json"),
                "arrays": dict(state.arrays),
                "judged": (network.parameters, network.state),
            }
        return values

    def __setstate__(self, values: dict[str, Any]) -> None:
        super().__setstate__(values)
        if "_state" in values:
            plain = values["_state"]
            self._state = State(Words.model_validate(plain["words"]), plain["arrays"])
            h = self._state.words.hyperparameters
            self._network = Network.build(
                h.layer_sizes(self.n_features_in_, len(self.classes_)),
                h.activation,
                np.random.default_rng(),
                normalization=h.normalization,
                skip=h.skip,
            )
            self._network.parameters[...], self._network.state[...] = plain["judged"]


def _some(labels: Array) -> str:
    """The first few labels, for a message."""
    shown = ", ".join(ascii(label)[:40] for label in labels[:5].tolist())
    return f"{shown}, ..." if len(labels) > 5 else shown


if DigitClassifier.__doc__:
    DigitClassifier.__doc__ += documented()
