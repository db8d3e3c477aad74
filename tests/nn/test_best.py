"""The best epoch and patience, against a search through the whole list."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nn.best import Best, out_of_patience
from nn.network import Network


def network() -> Network:
    return Network.build([3, 4, 2], "relu", np.random.default_rng(0), normalization="batch_norm")


@given(
    losses=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 1e300]), min_size=1, max_size=12),
    patience=st.integers(0, 6),
)
def test_the_first_lowest_loss_is_the_best(losses: list[float], patience: int) -> None:
    best = Best(keep=False)
    for epoch, loss in enumerate(losses, start=1):
        best.meet(loss, epoch, network())
        lowest = min(losses[:epoch])
        assert (best.loss, best.epoch) == (lowest, losses.index(lowest) + 1)
        waited = epoch - best.epoch
        ran_out = out_of_patience(patience, epoch, best.epoch)
        assert ran_out == (patience > 0 and waited >= patience)
    assert best.parameters is None
    assert best.state is None


def test_the_best_network_is_kept_as_it_was() -> None:
    net, best = network(), Best(keep=True)
    kept = None
    for epoch, loss in enumerate([3.0, 2.0, 2.0, 1.5, 4.0], start=1):
        net.parameters[...] = net.state[...] = epoch
        best.meet(loss, epoch, net)
        if epoch == 4:
            kept = best.parameters
    assert best.epoch == 4
    assert best.parameters is kept
    np.testing.assert_array_equal(best.parameters, 4)
    np.testing.assert_array_equal(best.state, 4)


def test_a_nan_is_never_the_best() -> None:
    best = Best(keep=True)
    best.meet(float("nan"), 1, network())
    assert (best.epoch, best.parameters) == (0, None)


def test_before_any_epoch_patience_has_not_run_out() -> None:
    assert not out_of_patience(1, 0, Best(keep=True).epoch)
