"""t-SNE is drawn by a process that is gone as soon as nobody wants its map."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from processes import of_this_test

from tui.engine import embedding
from tui.engine.embedding import embed, embedded
from tui.engine.hidden import RunNetwork
from tui.engine.looking import hidden_values
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.tsne import message, stints
from tui.engine.worker import Worker


def clusters(n: int) -> np.ndarray:
    """Three of them, far from each other, in turn."""
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(3, 8)) * 20
    return (middles[np.arange(n) % 3] + rng.normal(size=(n, 8))).astype(np.float32)


def drawing() -> set[int]:
    """The processes of this test that draw."""
    return {
        pid
        for pid, line in of_this_test().items()
        if "tui.engine.tsne" in line
        and int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1]) == os.getpid()
    }


def test_it_comes_in_stints_says_how_far_it_is_and_keeps_neighbours() -> None:
    told: list[float] = []
    maps = list(stints(clusters(60), told.append))
    assert [done for _, done in maps] == [0.25, 0.5, 0.75, 1.0]
    assert len(set(told)) > 10
    assert told == sorted(told)
    points = maps[-1][0]
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (apart.argmin(axis=1) % 3 == np.arange(60) % 3).mean() > 0.95
    assert [points.shape for points, _ in stints(clusters(3))] == [(3, 2)]


def test_the_map_of_a_network(make_run: Callable[..., RunDirectory]) -> None:
    run = make_run(epochs=1, batch_size=100, hidden=(1,))
    list(Worker(run).run())
    asked = RunNetwork.of_run(run)
    with contextlib.closing(embed(asked)) as maps:
        chart, done = next((chart, done) for chart, done in maps if chart is not None)
    assert 0 < done < 1
    assert np.isfinite(chart.points).all()
    assert (chart.guesses == hidden_values(asked, chart.indices)[1]).all()
    assert chart.place_of(int(chart.indices[3])) == 3
    assert not drawing()


def test_whoever_closes_it_has_ended_it() -> None:
    """Of so many digits a single stint takes minutes."""
    reports = embedded(np.zeros((60_000, 50), np.float32))
    assert next(reports) == (None, 0)
    assert len(drawing()) == 1
    reports.close()
    assert not drawing()


def test_one_that_ends_too_soon_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = embedded(clusters(3000))
    next(reports)
    (pid,) = drawing()
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(RunError, match="ended before it was done"):
        list(reports)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(embedding.subprocess, "Popen", refuse)
    with pytest.raises(RunError, match="cannot be started"):
        next(embedded(clusters(9)))


def test_it_ends_with_whoever_started_it() -> None:
    """However that comes about, killed included: what is closed then is its standard input."""
    command = [sys.executable, "-P", "-m", "tui.engine.tsne"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        process.stdin.write(message(0.0, np.zeros((60_000, 50), np.float32)))
        process.stdin.close()
        assert process.wait(60) == 0
