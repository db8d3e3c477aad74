"""The network of a run is loaded once for every checkpoint, and not once more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tui.engine.newest_network import NewestNetwork
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]


def test_it_is_as_new_as_the_checkpoint(make_run: Make) -> None:
    run = make_run(epochs=4, batch_size=100, hidden=(12, 9))
    newest = NewestNetwork(run)
    with pytest.raises(RunError, match="no checkpoint yet"):
        newest.look()
    facts = Worker(run).run()
    while not run.checkpoint.exists():
        next(facts)
    early = newest.look()
    assert newest.look() is early
    list(facts)
    late = newest.look()
    assert late is not early
    assert (late.epoch, newest.network) == (4, late)
    assert newest.look() is late
