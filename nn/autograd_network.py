"""The whole network once more, in the operations of `autograd`.

Every part of the network has a second life here: the forward pass only, as its equation. The way
back is left to `Tensor.backward`. Where the gradients of the two lives agree, the backward passes
written by hand in `layers` and `losses` are right.

    loss, gradient = loss_and_gradient(network.at_precision(np.float64), x, labels)

`through` says how each kind of layer is rebuilt. To add a kind is to register a few lines:

    @through.register
    def _(layer: MyLayer, x: Tensor, parameters: Sequence[Tensor], training: bool) -> Tensor: ...
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.activations import LEAK
from nn.autograd import Tensor, exp, log_softmax, maximum, relu, sigmoid, sqrt, tanh, where
from nn.batch_norm import EPSILON, BatchNorm
from nn.layers import Activation, Dense, Dropout, Layer
from nn.losses import Labels
from nn.network import Network
from nn.residual import Residual

Array = NDArray[Any]


def leaky_relu(z: Tensor) -> Tensor:
    """max(z, 0.01 z)."""
    return maximum(z, LEAK * z)


def elu(z: Tensor) -> Tensor:
    """z where z > 0, else exp(z) - 1."""
    positive = z.value > 0
    return where(positive, z, exp(where(positive, 0, z)) - 1)


def gelu(z: Tensor) -> Tensor:
    """z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3)))."""
    return 0.5 * z * (1 + tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "relu": relu,
        "leaky_relu": leaky_relu,
        "elu": elu,
        "tanh": tanh,
        "sigmoid": sigmoid,
        "gelu": gelu,
    }
)
"""The bends of `activations`, by the same names."""


def standardize(x: Tensor) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon), feature by feature, of a batch x (n, width).

    Mean and variance are the batch's own, the variance divided by n (Ioffe and Szegedy 2015): they
    are made from x too, and gradients go through both.
    """
    centred = x - x.mean(axis=0)
    return centred / sqrt((centred * centred).mean(axis=0) + EPSILON)


def cross_entropy(logits: Tensor, labels: Labels, label_smoothing: float = 0.0) -> Tensor:
    """L = -mean over samples of sum_k t_k log p_k, in nats, from logits (n, n_classes).

    With s the label smoothing, the target t gives 1 - s to the true class and s spread evenly over
    all classes (Szegedy et al. 2016). Raises ValueError for labels that do not suit the logits.
    """
    n, n_classes = logits.shape
    if labels.shape != (n,):
        raise ValueError(f"labels of shape {labels.shape} do not suit logits of {logits.shape}")
    if n == 0 or labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(f"there must be labels, and all in 0..{n_classes - 1}")
    log_p = log_softmax(logits)
    surprise = -log_p[np.arange(n), labels].mean()
    if label_smoothing == 0:
        return surprise
    return (1 - label_smoothing) * surprise - label_smoothing * log_p.mean()


@singledispatch
def through(layer: Layer, _x: Tensor, _parameters: Sequence[Tensor], _training: bool) -> Tensor:
    """The output of a layer for x (n, n_inputs), given its parameters in the order of
    `parameter_shapes`. Raises ValueError for a kind of layer that is not registered."""
    raise ValueError(f"autograd has no rule for a layer of kind {type(layer).__name__}")


@through.register
def _(_layer: Dense, x: Tensor, parameters: Sequence[Tensor], _training: bool) -> Tensor:
    weights, *biases = parameters
    return x @ weights + biases[0] if biases else x @ weights


@through.register
def _(layer: Activation, x: Tensor, _parameters: Sequence[Tensor], _training: bool) -> Tensor:
    return ACTIVATIONS[layer.function.name](x)


@through.register
def _(layer: Dropout, x: Tensor, _parameters: Sequence[Tensor], training: bool) -> Tensor:
    if not training or layer._factors is None:
        return x
    if layer._factors.shape != x.shape:
        raise ValueError(
            f"dropout last saw a batch of shape {layer._factors.shape}, not {x.shape}: "
            "run the network's forward on this batch first"
        )
    return x * layer._factors.copy()


@through.register
def _(layer: BatchNorm, x: Tensor, parameters: Sequence[Tensor], training: bool) -> Tensor:
    gains, shifts = parameters
    if training:
        return gains * standardize(x) + shifts
    return gains * (x - layer.running_mean) / np.sqrt(layer.running_variance + EPSILON) + shifts


@through.register
def _(layer: Residual, x: Tensor, parameters: Sequence[Tensor], training: bool) -> Tensor:
    if layer.projection is None:
        return through_all(layer.block, x, parameters, training) + x
    *inner, projection = parameters
    around = through(layer.projection, x, [projection], training)
    return through_all(layer.block, x, inner, training) + around


def through_all(
    layers: Sequence[Layer], x: Tensor, parameters: Sequence[Tensor], training: bool
) -> Tensor:
    """The output of layers in a row, given the parameters of all of them in order."""
    remaining = iter(parameters)
    for layer in layers:
        x = through(layer, x, [next(remaining) for _ in layer.parameter_shapes()], training)
    return x


def loss_and_gradient(
    network: Network,
    x: Array,
    labels: Labels,
    *,
    training: bool = False,
    label_smoothing: float = 0.0,
) -> tuple[float, Array]:
    """The loss of a batch, and dL/d(parameters) as a new vector laid out like
    `network.gradients`, by autograd and in the network's own precision.

    x is (n, n_inputs), labels (n,). The network is only read. With `training`, BatchNorm goes by
    the batch's statistics, and Dropout drops what it dropped in the network's last
    `forward(x, training=True)`, which must have been for this batch. Raises ValueError for shapes
    or labels that do not suit the network, or a kind of layer without a rule.
    """
    if x.ndim != 2 or x.shape[1] != network.n_inputs:
        raise ValueError(f"x of shape {x.shape} does not suit {network.n_inputs} inputs a sample")
    stretches = [
        (slice(start, start + math.prod(shape)), shape)
        for layer, starts in zip(network.layers, network.places, strict=True)
        for start, shape in zip(starts, layer.parameter_shapes(), strict=True)
    ]
    leaves = [Tensor(network.parameters[stretch].reshape(shape)) for stretch, shape in stretches]
    logits = through_all(network.layers, Tensor(x.astype(network.dtype)), leaves, training)
    loss = cross_entropy(logits, labels, label_smoothing)
    loss.backward()
    gradient = np.zeros_like(network.parameters)
    for (stretch, _), leaf in zip(stretches, leaves, strict=True):
        # A parameter that a rule left out has no influence on this loss: zeros, as they are.
        if leaf.grad is not None:
            gradient[stretch] = leaf.grad.ravel()
    return float(loss.value), gradient
