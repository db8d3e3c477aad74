"""Memory that a step computes in: where it begins, and that it is taken once."""

from __future__ import annotations

import numpy as np
import pytest

from nn.buffers import CACHE_LINE, Buffers, zeros
from nn.network import Network
from nn.optimizers import Adam


def begins_with_a_line(array: np.ndarray) -> bool:
    return array.ctypes.data % CACHE_LINE == 0


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("shape", [0, 1, 7, 100_000, (3, 5), (128, 784), (0, 4)])
def test_zeros_begin_with_a_cache_line(shape: int | tuple[int, ...], dtype: str) -> None:
    for array in [zeros(shape, dtype) for _ in range(3)]:
        assert np.array_equal(array, np.zeros(shape, dtype))
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.size == 0 or begins_with_a_line(array)


def test_so_does_all_that_a_step_goes_through() -> None:
    network = Network.build((784, 128, 64, 10), "relu", np.random.default_rng(0))
    optimizer = Adam(network.parameters)
    assert begins_with_a_line(network.parameters)
    assert begins_with_a_line(network.gradients)
    assert all(map(begins_with_a_line, optimizer.arrays().values()))
    assert begins_with_a_line(network.forward(zeros((32, 784), np.float32)))


def test_a_buffer_is_made_once_a_size() -> None:
    buffers = Buffers(5, np.float32, fill=1)
    first = buffers(3)
    assert first.tolist() == [[1] * 5] * 3
    first[...] = 2
    assert buffers(3) is first
    assert buffers(4).shape == (4, 5)
