"""Skip connections: a way around a block of layers.

A block F need not learn all that its output should be, only what is to be added to its input (He et
al. 2016): Y = F(X) + X. Going back, the gradient comes through the block and around it, so that it
reaches the first layers of a deep network undiminished.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from nn.buffers import Buffers
from nn.layers import Array, Dense, Layer, Shape


class Residual(Layer):
    """Y = F(X) + X; where F changes the width, Y = F(X) + X P with a learnt projection P.

    Going back, dX = F's answer to dY + dY (or dY P^T): the two ways add up, as the chain rule says
    of a value that is used twice.
    """

    def __init__(self, block: Sequence[Layer], dtype: DTypeLike = np.float32) -> None:
        for before, after in itertools.pairwise(block):
            if before.n_outputs != after.n_inputs:
                raise ValueError("the layers of a residual block do not fit together")
        super().__init__(block[0].n_inputs, block[-1].n_outputs)
        self.block = list(block)
        fits = self.n_inputs == self.n_outputs
        self.projection: Layer | None = (
            None if fits else Dense(self.n_inputs, self.n_outputs, dtype, biases=False)
        )
        self._y = Buffers(self.n_outputs, dtype)
        self._around = Buffers(self.n_outputs, dtype)
        self._d_x = Buffers(self.n_inputs, dtype)
        self.parameter_names = [
            f"{number}.{name}"
            for number, layer in enumerate(self.parts())
            for name in layer.parameter_names
        ]

    def at_precision(self, dtype: DTypeLike) -> Residual:
        return Residual([layer.at_precision(dtype) for layer in self.block], dtype)

    def parts(self) -> Sequence[Layer]:
        return [*self.block, *([self.projection] if self.projection else [])]

    def parameter_shapes(self) -> Sequence[Shape]:
        return [shape for layer in self.parts() for shape in layer.parameter_shapes()]

    def state_shapes(self) -> Sequence[Shape]:
        return [shape for layer in self.parts() for shape in layer.state_shapes()]

    def bind(
        self, parameters: Sequence[Array], gradients: Sequence[Array], state: Sequence[Array]
    ) -> None:
        views = iter(zip(parameters, gradients, strict=True))
        states = iter(state)
        for layer in self.parts():
            own = list(itertools.islice(views, len(layer.parameter_shapes())))
            layer.bind(
                [parameter for parameter, _ in own],
                [gradient for _, gradient in own],
                list(itertools.islice(states, len(layer.state_shapes()))),
            )

    def forward(self, x: Array, *, training: bool = False) -> Array:
        inner = x
        for layer in self.block:
            inner = layer.forward(inner, training=training)
        around = x if self.projection is None else self.projection.forward(x, training=training)
        return np.add(inner, around, out=self._y(len(x)))

    def backward(self, d_output: Array, *, need_d_input: bool = True) -> Array | None:
        # A copy, since the block may write over the array that it is given.
        around = self._around(len(d_output))
        around[...] = d_output
        d_inner: Array | None = d_output
        for layer in reversed(self.block):
            assert d_inner is not None
            first = layer is self.block[0]
            d_inner = layer.backward(d_inner, need_d_input=need_d_input or not first)
        d_around: Array | None = around
        if self.projection is not None:
            d_around = self.projection.backward(around, need_d_input=need_d_input)
        if d_inner is None or d_around is None:
            return None
        return np.add(d_inner, d_around, out=self._d_x(len(d_output)))
