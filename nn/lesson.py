"""One step of training, overheard: every number on the way forward and on the way back.

    lesson = Lesson.of_trainer(trainer, x, labels)
    lesson.heard[0].y            # what the first layer made of x, for every sample
    lesson.after                 # the parameters as the trainer's own next step would leave them

Nothing is computed a second time for show. The layers, the loss and the optimiser that train are
run once, on copies, and each layer is listened to while it works: so the numbers are those of
training bit for bit, and the run that they were copied from does not notice.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.batch_norm import BatchNorm
from nn.layers import Activation, Array, Dropout, Layer, Shape
from nn.losses import Labels, SoftmaxCrossEntropy
from nn.network import Network
from nn.optimizers import Optimizer, clip
from nn.residual import Residual
from nn.trainer import Trainer

_in_words = np.errstate(over="ignore", invalid="ignore", divide="ignore")


class Probe(Layer):
    """A layer with an ear at it: it does what `layer` does, and remembers what went through.

    `nudge`, if there is one, is added to what the layer is given: the question "what if this number
    were a little larger?", put to a value that is no parameter.
    """

    def __init__(self, layer: Layer, place: tuple[int, ...]) -> None:
        """`place` is the number of the layer, inside a Residual followed by that of the part."""
        super().__init__(layer.n_inputs, layer.n_outputs)
        self.layer = layer
        self.place = place
        self.parameter_names = layer.parameter_names
        self.nudge: Array | None = None
        self.normalized: Array | None = None
        self.factors: Array | None = None
        self.x = self.y = self.d_y = np.empty(0)
        self.d_x: Array | None = None

    def at_precision(self, dtype: DTypeLike) -> Probe:
        return Probe(self.layer.at_precision(dtype), self.place)

    def parts(self) -> Sequence[Layer]:
        return (self.layer,)

    def parameter_shapes(self) -> Sequence[Shape]:
        return self.layer.parameter_shapes()

    def state_shapes(self) -> Sequence[Shape]:
        return self.layer.state_shapes()

    def forward(self, x: Array, *, training: bool = False) -> Array:
        if self.nudge is not None:
            x = x + self.nudge
        y = self.layer.forward(x, training=training)
        # Copies: on the way back a layer may write over what the next one was given.
        self.x, self.y = x.copy(), y.copy()
        if isinstance(self.layer, BatchNorm) and training:
            self.normalized = self.layer._normalized(len(x)).copy()
        if isinstance(self.layer, Dropout) and self.layer._factors is not None:
            self.factors = self.layer._factors.copy()
        return y

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        self.d_y = d_output.copy()
        d_x = self.layer.backward(d_output, need_d_input=need_d_input)
        self.d_x = None if d_x is None else d_x.copy()
        return d_x


P = TypeVar("P", bound=Probe)


def overhear(network: Network, kind: type[P]) -> list[P]:
    """Put a probe around every layer of a network, and around every part of a Residual; in the
    order in which they run, a Residual after its parts. What is bound stays bound."""
    return list(_wrapped(network.layers, (), kind))


def _wrapped(layers: list[Layer], place: tuple[int, ...], kind: type[P]) -> Iterator[P]:
    for i, layer in enumerate(layers):
        if isinstance(layer, Residual):
            yield from _wrapped(layer.block, (*place, i), kind)
            if layer.projection is not None:
                around = layer.projection = kind(layer.projection, (*place, i, len(layer.block)))
                yield around
        probe = layers[i] = kind(layer, (*place, i))
        yield probe


@dataclass(frozen=True, eq=False)
class Heard:
    """What one layer did with one mini-batch, n samples.

    Attributes:
        layer: the layer itself, to ask what it is; its numbers may have moved on.
        place: its number in the network, inside a Residual followed by that of the part.
        x: what it was given, (n, n_inputs). y: what it made of it, (n, n_outputs).
        d_y: dL/dy as it came back. d_x: dL/dx, by way of this layer alone.
        stretches: where in the flat vectors its parameters are, with their shapes.
        slope: of an Activation, f'(x). factors: of a Dropout that drops, 0 or 1 / (1 - rate).
        normalized: of a BatchNorm, X^ (n, width). mean, inverse_spread: what made it, (width,).
    """

    layer: Layer
    place: tuple[int, ...]
    x: Array
    y: Array
    d_y: Array
    d_x: Array
    stretches: tuple[tuple[slice, Shape], ...]
    slope: Array | None = None
    factors: Array | None = None
    normalized: Array | None = None
    mean: Array | None = None
    inverse_spread: Array | None = None

    def of(self, vector: Array, parameter: int) -> Array:
        """Its parameter's share of a vector that has an entry for each parameter, in its shape."""
        stretch, shape = self.stretches[parameter]
        return vector[stretch].reshape(shape)


class Lesson:
    """One mini-batch: forward, loss, backward and the optimiser's step, all of it kept.

    Attributes:
        x, labels: the batch, (n, n_inputs) and (n,).
        before: the network as it was; nobody else computes with it.
        heard: every layer in the order of the way forward.
        logits, exponentials, row_sums, probabilities: softmax on the way, all (n, n_classes) but
            row_sums (n, 1). loss: the mean loss in nats, label smoothing included.
        d_logits: dL/dlogits. gradients: dL/d(parameters), flat; gradient_norm: how long that is.
        clipped: the gradients as the optimiser got them.
        after: the parameters after the optimiser's step, flat; `optimizer` and `optimizer_after`
            are its memory before and after.
        loss_after: the same batch's loss with these, and with the same units dropped.
        said, said_after: the probabilities if the network is asked and not taught, (n, n_classes):
            nothing dropped, batch norm by its running averages.
    """

    @_in_words
    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        x: Array,
        labels: Labels,
        *,
        learning_rate: float,
        smoothing: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        """Copies what it is given. Raises ValueError for an empty batch."""
        if not len(labels):
            raise ValueError("a lesson needs at least one digit")
        self.x, self.labels = x.copy(), np.array(labels)
        self.learning_rate, self.smoothing, self.clip_norm = learning_rate, smoothing, clip_norm
        self.before = twin(network)
        self.optimizer = copy.deepcopy(optimizer)
        self.said = self.before.predict_probabilities(self.x)

        learner = twin(self.before)
        probes = overhear(learner, Probe)
        loss = SoftmaxCrossEntropy(learner.n_classes, learner.dtype, smoothing)
        logits = learner.forward(self.x, training=True)
        self.logits = logits.copy()
        self.loss = loss.forward(logits, self.labels)
        self.exponentials, self.row_sums = loss._exponentials.copy(), loss._row_sums.copy()
        self.probabilities = self.exponentials / self.row_sums
        d_logits = loss.backward()
        self.d_logits = d_logits.copy()
        # How the loss would change with the pixels is worth knowing; training does not ask.
        learner.backward(d_logits, need_d_input=True)
        self.gradients = learner.gradients.copy()
        self.gradient_norm = math.sqrt(np.dot(learner.gradients, learner.gradients))
        self.heard = _heard(learner, probes)

        # As in `Trainer`: clip, then step.
        clip(learner.gradients, self.gradient_norm, clip_norm)
        self.clipped = learner.gradients.copy()
        self.optimizer_after = copy.deepcopy(self.optimizer)
        self.optimizer_after.step(learner.parameters, learner.gradients, learning_rate)
        self.after = learner.parameters.copy()

        self._learnt = twin(self.before)
        self._learnt.parameters[...] = self.after
        # A twin draws what the original drew: the same units are dropped.
        logits_after = self._learnt.forward(self.x, training=True)
        self.loss_after = loss.forward(logits_after, self.labels)
        self._learnt.state[...] = learner.state
        self.said_after = self._learnt.predict_probabilities(self.x)

    @classmethod
    def of_trainer(
        cls, trainer: Trainer, x: Array, labels: Labels, learning_rate: float | None = None
    ) -> Lesson:
        """What the trainer's next step would be with this mini-batch; the trainer is left alone.

        `learning_rate` is by default that of its next step, and at the end of a run, where its
        schedule has none left, the one that was set.
        """
        h = trainer.hyperparameters
        if learning_rate is None:
            learning_rate = h.learning_rate if trainer.finished else trainer.learning_rate
        return cls(
            trainer.network,
            trainer.optimizer,
            x,
            labels,
            learning_rate=learning_rate,
            smoothing=h.label_smoothing,
            clip_norm=h.clip_norm,
        )

    def again(
        self,
        x: Array | None = None,
        labels: Labels | None = None,
        learning_rate: float | None = None,
    ) -> Lesson:
        """The same network and memory, before the step, with another batch or learning rate."""
        return self._next(self.before, self.optimizer, x, labels, learning_rate)

    def applied(self) -> Lesson:
        """The next step on the same batch: of the network and the memory that this one leaves."""
        return self._next(self._learnt, self.optimizer_after, None, None, None)

    @property
    def finite(self) -> bool:
        """Whether a trainer would take this step; it stops where numbers have overflowed."""
        return math.isfinite(self.loss) and math.isfinite(self.gradient_norm)

    def targets(self) -> Array:
        """The truth that the loss compares with, float64 (n, n_classes): 1 - s for the true class,
        and s / n_classes for every class, s the label smoothing."""
        n_classes = self.before.n_classes
        truth = np.full((len(self.labels), n_classes), self.smoothing / n_classes)
        truth[np.arange(len(self.labels)), self.labels] += 1 - self.smoothing
        return truth

    def _next(
        self,
        network: Network,
        optimizer: Optimizer,
        x: Array | None,
        labels: Labels | None,
        learning_rate: float | None,
    ) -> Lesson:
        return Lesson(
            network,
            optimizer,
            self.x if x is None else x,
            self.labels if labels is None else labels,
            learning_rate=self.learning_rate if learning_rate is None else learning_rate,
            smoothing=self.smoothing,
            clip_norm=self.clip_norm,
        )


def twin(network: Network) -> Network:
    """A copy that shares nothing with the network, and draws the same luck: its Dropout layers go
    on with one generator, as those of the network do."""
    made = network.at_precision(network.dtype)
    generators: dict[int, np.random.Generator] = {}
    for layer, original in zip(made.walk(), network.walk(), strict=True):
        if isinstance(layer, Dropout) and isinstance(original, Dropout):
            layer.rng = generators.setdefault(id(original.rng), copy.deepcopy(original.rng))
    return made


def _heard(network: Network, probes: Sequence[Probe]) -> tuple[Heard, ...]:
    """Everything, in the order of the way forward, after the way back."""
    stretches = iter(
        [
            (slice(start, start + math.prod(shape)), shape)
            for layer, starts in zip(network.layers, network.places, strict=True)
            for start, shape in zip(starts, layer.parameter_shapes(), strict=True)
        ]
    )
    heard = []
    for probe in probes:
        layer, n = probe.layer, len(probe.x)
        mean: NDArray[Any] | None = None
        if isinstance(layer, BatchNorm):
            mean = layer._ones(n)[:, 0] @ probe.x / n
        assert probe.d_x is not None
        # A Residual holds the parameters of its parts, which have been heard by themselves.
        own = () if isinstance(layer, Residual) else layer.parameter_shapes()
        heard.append(
            Heard(
                layer,
                probe.place,
                probe.x,
                probe.y,
                probe.d_y,
                probe.d_x,
                tuple(next(stretches) for _ in own),
                slope=layer._slope(n).copy() if isinstance(layer, Activation) else None,
                factors=probe.factors,
                normalized=probe.normalized,
                mean=mean,
                inverse_spread=layer._inverse_spread if isinstance(layer, BatchNorm) else None,
            )
        )
    return tuple(heard)
