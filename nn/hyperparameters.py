"""Every knob of a run, defined once.

The command line, the form, the validation, the saved `config.toml` and the README's table are all
made from the one class below. A hyperparameter is a field with a type, bounds, a default, a line of
help, and a word on whether it may change while the network trains. This room imports neither NumPy
nor pydantic, so that `inkling --help` is quick and there is soon something to see.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from nn.checks import (
    NO_EXTRA,
    OWN_EXTRA,
    as_text,
    check_extra_data,
    check_pace,
    check_split,
    check_warmup,
    check_widths,
    widths_from_text,
)
from nn.knobs import After, Before, KnobSet, knob
from nn.knobs import HyperparameterError as HyperparameterError
from nn.knobs import Value as Value
from nn.names import (
    ActivationName,
    InitializerName,
    NormalizationName,
    OptimizerName,
    ScheduleName,
    SkipName,
)
from nn.sources import DATASET_FORMS, DATASET_STARTS, check_dataset


@dataclasses.dataclass(frozen=True)
class Live:
    """Marks a field that `Trainer.set` may change between two steps."""


@dataclasses.dataclass(frozen=True)
class Fixed:
    """Marks a field that not even a fork of a run may change (`nn.fork`), with why not."""

    why: str


_SHAPE = Fixed("the parameters have the shape that it gave them")
_DIGITS = Fixed("what was learnt from would be tested on")


@dataclasses.dataclass(frozen=True)
class Offer:
    """Marks a text field with what may be typed there, and with beginnings to choose from."""

    forms: tuple[str, ...]
    starts: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Group:
    """Marks the first field of a group; those behind it belong to the group as well."""

    title: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hyperparameters(KnobSet):
    """What a run is made of. The defaults are the recipe for scikit-learn's 8x8 digits."""

    dataset: Annotated[
        str,
        After(check_dataset),
        Offer(forms=DATASET_FORMS, starts=DATASET_STARTS),
        Fixed("the network knows these digits, and no others"),
        Group("Data"),
    ] = knob(
        default="digits",
        title="Data set",
        description="which digits to learn: a name, or where your own are",
    )
    split: Annotated[str, After(check_split), _DIGITS] = knob(
        default="auto",
        title="Split",
        description="official, the share to test on, or auto: official, else 0.2",
    )
    validation: Annotated[float, _DIGITS] = knob(
        default=0.0,
        ge=0,
        le=0.5,
        title="Validation",
        description="share of the training digits held out to judge epochs by",
    )
    extra_data: Annotated[
        str,
        After(check_extra_data),
        Offer(forms=(NO_EXTRA, OWN_EXTRA, "FILE"), starts=(NO_EXTRA, OWN_EXTRA)),
        Fixed("steps and epochs are counted by the digits there are"),
    ] = knob(
        default=NO_EXTRA,
        title="Extra data",
        description="samples to train on too, never to test on: own, kept in Draw, or an npz file",
    )

    hidden: Annotated[
        tuple[int, ...],
        Before(widths_from_text),
        After(check_widths),
        _SHAPE,
        Group("Network"),
    ] = knob(
        default=(128, 64),
        title="Hidden layers",
        description="units in each hidden layer, first to last, such as 128,64",
    )
    activation: ActivationName = knob(
        default="relu", title="Activation", description="the bend after every hidden layer"
    )
    initializer: Annotated[InitializerName, Fixed("the weights are drawn already")] = knob(
        default="auto",
        title="Initialiser",
        description="how weights are drawn; auto: the one that suits the activation",
    )
    normalization: Annotated[NormalizationName, _SHAPE] = knob(
        default="none",
        title="Normalisation",
        description="batch_norm rescales every unit's sums to the batch, before the bend",
    )
    skip: Annotated[SkipName, _SHAPE] = knob(
        default="none",
        title="Skip",
        description="residual adds a hidden layer's input to its output, the first's aside",
    )

    optimizer: Annotated[OptimizerName, Group("Learning")] = knob(
        default="sgd", title="Optimiser", description="what is done with each gradient"
    )
    learning_rate: Annotated[float, Live()] = knob(
        default=0.05,
        gt=0,
        le=100,
        title="Learning rate",
        description="the size of a step; the peak of the schedule",
    )
    momentum: Annotated[float, Live()] = knob(
        default=0.9,
        ge=0,
        lt=1,
        title="Momentum",
        description="how much of the last step is kept; Adam's beta 1",
    )
    schedule: ScheduleName = knob(
        default="constant", title="Schedule", description="how the learning rate moves over the run"
    )
    warmup: Annotated[str, Before(as_text), After(check_warmup)] = knob(
        default="auto",
        title="Warm-up",
        description="share of the run that climbs to the peak; auto: 0.25 for one_cycle, else 0",
    )
    decay: float = knob(
        default=0.1,
        gt=0,
        le=1,
        title="Decay",
        description="step: the factor of each drop; exponential: the factor at the end",
    )
    drops: int = knob(
        default=2, ge=1, le=1000, title="Drops", description="how often the step schedule drops"
    )
    batch_size: Annotated[int, Fixed("steps and epochs are counted by it")] = knob(
        default=32,
        ge=1,
        le=65536,
        title="Batch size",
        description="digits averaged into one gradient",
    )
    epochs: Annotated[int, Live()] = knob(
        default=60,
        ge=1,
        le=100_000,
        title="Epochs",
        description="passes over the training set; the schedule stretches to them",
    )
    seed: Annotated[int, _DIGITS] = knob(
        default=42, ge=0, le=2**32 - 1, title="Seed", description="same seed, same run, bit for bit"
    )

    dropout: Annotated[float, Live(), Group("Regularisation")] = knob(
        default=0.0,
        ge=0,
        le=0.95,
        title="Dropout",
        description="share of hidden units switched off at random in each step",
    )
    weight_decay: Annotated[float, Live()] = knob(
        default=0.0,
        ge=0,
        le=10,
        title="Weight decay",
        description="pull of the weights to zero: L2, or decoupled with adamw",
    )
    label_smoothing: Annotated[float, Live()] = knob(
        default=0.0,
        ge=0,
        le=0.5,
        title="Smoothing",
        description="share of the truth spread over all classes, against overconfidence",
    )
    clip_norm: Annotated[float, Live()] = knob(
        default=0.0,
        ge=0,
        le=1e6,
        title="Clip norm",
        description="the longest gradient allowed, longer ones are shortened; 0: any",
    )
    ema_decay: Annotated[float, Live()] = knob(
        default=0.0,
        ge=0,
        lt=1,
        title="EMA decay",
        description="test a moving average of the parameters, such as 0.999; 0: as they are",
    )
    patience: int = knob(
        default=0,
        ge=0,
        le=100_000,
        title="Patience",
        description="stop after so many epochs without a better validation loss; 0: never",
    )
    keep: Annotated[Literal["last", "best"], Fixed("the best so far was kept, or was not")] = knob(
        default="last",
        title="Keep",
        description="end with the last epoch's parameters, or the best's by validation loss",
    )

    shift: Annotated[float, Live(), Group("Augmentation")] = knob(
        default=0.0,
        ge=0,
        le=1000,
        title="Shift",
        description="training digits move by up to so many pixels",
    )
    rotation: Annotated[float, Live()] = knob(
        default=0.0,
        ge=0,
        le=180,
        title="Rotation",
        description="training digits turn by up to so many degrees",
    )
    scaling: Annotated[float, Live()] = knob(
        default=0.0,
        ge=0,
        le=0.9,
        title="Scaling",
        description="training digits grow or shrink by up to this share",
    )
    shear: Annotated[float, Live()] = knob(
        default=0.0,
        ge=0,
        le=5,
        title="Shear",
        description="training digits lean over by up to this share of their height",
    )
    elastic: Annotated[float, Live()] = knob(
        default=0.0,
        ge=0,
        le=1000,
        title="Elastic",
        description="training digits are warped by so many pixels (standard deviation)",
    )
    elastic_sigma: Annotated[float, Live()] = knob(
        default=4.0,
        ge=0.5,
        le=1000,
        title="Elastic sigma",
        description="how smooth the warp is, in pixels",
    )
    augmentation: Annotated[float, Live()] = knob(
        default=1.0,
        ge=0,
        le=10,
        title="Strength",
        description="multiplies all augmentation; 0 switches it off",
    )

    pace: Annotated[float, Live(), After(check_pace), Group("Machine")] = knob(
        default=0.0, ge=0, le=1e6, title="Pace", description="steps a second at most; 0 is flat out"
    )
    threads: int = knob(
        default=0,
        ge=0,
        le=256,
        title="Threads",
        description="BLAS threads; 0 measures which number is fastest",
    )

    def layer_sizes(self, n_inputs: int, n_outputs: int) -> tuple[int, ...]:
        """How many numbers go into the network, from one dense layer to the next, and out."""
        return (n_inputs, *self.hidden, n_outputs)

    @property
    def warmup_share(self) -> float:
        """The share of the run in which the learning rate climbs."""
        if self.warmup != "auto":
            return float(self.warmup)
        return 0.25 if self.schedule == "one_cycle" else 0.0

    def check_together(self) -> None:
        """Look at the fields that lean on one another.

        Raises:
            HyperparameterError: one that cannot stand without another, by name.
        """
        if not self.validation:
            for name, value, off in (("patience", self.patience, 0), ("keep", self.keep, "last")):
                if value != off:
                    title = self.KNOBS[name].title
                    raise HyperparameterError(
                        name,
                        f"{title} {value} needs validation digits to judge by: set Validation, "
                        f"such as 0.1, or {title} to {off}.",
                    )


Hyperparameters.find_knobs()
