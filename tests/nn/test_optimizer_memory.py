"""What an optimiser remembers: all there is to it, bit for bit, and nothing too small to count."""

from __future__ import annotations

import itertools
import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_steps import every_optimiser, gradients_for, seeds, take

from nn.buffers import STRETCH
from nn.names import OptimizerName
from nn.optimizers import OPTIMIZERS, Momentum, Optimizer

names = st.sampled_from(sorted(OPTIMIZERS))


@settings(deadline=None, max_examples=80)
@given(
    name=names,
    before=st.integers(0, 140),
    after=st.integers(1, 70),
    weight_decay=st.sampled_from([0.0, 0.01]),
    seed=seeds,
)
def test_a_run_that_was_stopped_goes_on_with_the_same_bits(
    name: OptimizerName, before: int, after: int, weight_decay: float, seed: int
) -> None:
    gradients = gradients_for(before + after, 30, seed, "float32")
    # Some units die, and their memory comes to what is rounded away.
    gradients[: before // 2, :10] *= np.float32(1e-25)
    gradients[before // 2 :, 10:15] = 0

    def fresh(parameters: np.ndarray) -> Optimizer:
        return OPTIMIZERS[name](parameters, 0.8, weight_decay, 20)

    through = np.random.default_rng(seed).standard_normal(30).astype(np.float32)
    uninterrupted = fresh(through)
    take(uninterrupted, through, gradients[:before])
    resumed = through.copy()
    restored = fresh(resumed)
    for array_name, array in uninterrupted.arrays().items():
        restored.arrays()[array_name][...] = array
    restored.set_numbers(uninterrupted.numbers())
    take(uninterrupted, through, gradients[before:])
    take(restored, resumed, gradients[before:])
    assert through.tobytes() == resumed.tobytes()
    assert uninterrupted.numbers() == restored.numbers()


@every_optimiser
def test_the_memory_is_all_there_is(name: OptimizerName) -> None:
    parameters = np.ones(5)
    optimiser = OPTIMIZERS[name](parameters)
    settings_of = {"momentum", "weight_decay", "n_decayed", "_scratch"}
    memory = optimiser.arrays().keys() | optimiser.numbers().keys()
    assert memory == vars(optimiser).keys() - settings_of
    assert all(not array.any() for array in optimiser.arrays().values())
    assert all(array is getattr(optimiser, key) for key, array in optimiser.arrays().items())


@every_optimiser
def test_numbers_that_cannot_be_are_refused(name: OptimizerName) -> None:
    optimiser = OPTIMIZERS[name](np.ones(5))
    take(optimiser, np.ones(5), gradients_for(3, 5, 0))
    before = optimiser.numbers()
    with pytest.raises(ValueError, match=r"expected .*steps"):
        optimiser.set_numbers({})
    with pytest.raises(ValueError, match=r"expected .*momentum"):
        optimiser.set_numbers({**before, "momentum": 1.0})
    for number in (math.nan, math.inf, -1.0):
        with pytest.raises(ValueError, match="finite"):
            optimiser.set_numbers({**before, "steps": number})
    assert optimiser.numbers() == before


@pytest.mark.parametrize("name", ["momentum", "nesterov", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_memory_of_a_dead_unit_never_comes_to_subnormal_numbers(
    name: OptimizerName, dtype: str
) -> None:
    tiny = np.finfo(dtype).tiny
    parameters = np.ones(64, dtype)
    optimiser = OPTIMIZERS[name](parameters, 0.9)
    alive = np.random.default_rng(0).standard_normal(64).astype(dtype)
    optimiser.step(parameters, alive.copy(), 0.01)
    for array in optimiser.arrays().values():
        array *= np.geomspace(1, float(tiny) * 1e6, 64).astype(dtype)
    dead = np.zeros(64, dtype)
    for _ in range(2000 if dtype == "float32" else 8000):
        optimiser.step(parameters, dead, 0.01)
        dead.fill(0)
        for array in optimiser.arrays().values():
            assert not ((array != 0) & (np.abs(array) < tiny)).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_rounded_away_is_far_below_what_counts(dtype: str) -> None:
    least = np.finfo(dtype).tiny * 1e8
    kept = np.array([1, -0.3, 1e-20, 3 * least, -least, least / 1e7], dtype)
    optimiser = Momentum(kept, momentum=1.0)
    optimiser.velocity[...] = kept
    take(optimiser, np.zeros(6, dtype), np.zeros((64, 6), dtype))
    relative = np.abs(optimiser.velocity[:-1] / kept[:-1] - 1)
    assert (relative[:3] < 1e-6).all()
    assert (relative < 0.5).all()
    assert optimiser.velocity[-1] == 0


@pytest.mark.parametrize("name", get_args(OptimizerName))
def test_a_long_vector_done_in_stretches_is_the_vector_done(name: OptimizerName) -> None:
    rng = np.random.default_rng(3)
    n, n_decayed = 2 * STRETCH + 5, STRETCH + 3
    whole = rng.standard_normal(n, dtype=np.float32)
    cuts = (0, 1000, STRETCH + 3, n)
    alone = [whole[a:b].copy() for a, b in itertools.pairwise(cuts)]
    of_all = OPTIMIZERS[name](whole, 0.9, 0.1, n_decayed)
    of_each = [
        OPTIMIZERS[name](part, 0.9, 0.1, min(len(part), max(0, n_decayed - start)))
        for part, start in zip(alone, cuts, strict=False)
    ]
    for _ in range(2):
        gradients = rng.standard_normal(n, dtype=np.float32)
        pieces = [gradients[a:b].copy() for a, b in itertools.pairwise(cuts)]
        of_all.step(whole, gradients, 0.01)
        for optimizer, part, piece in zip(of_each, alone, pieces, strict=True):
            optimizer.step(part, piece, 0.01)
    np.testing.assert_array_equal(whole, np.concatenate(alone))
