"""Runs made on the spot: directories, workers in this process, workers of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.hyperparameters import Hyperparameters
from tui.engine.client import RunClient
from tui.engine.facts import Fact, decode
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.tail import STEP


@pytest.fixture
def make_run(runs: Path) -> Callable[..., RunDirectory]:
    """`make_run(epochs=3, ...)`: a new run directory that no worker has seen."""

    def make(**values: Any) -> RunDirectory:
        return RunDirectory.create(runs, new_config(Hyperparameters(**values), None))

    return make


@pytest.fixture
def run(make_run: Callable[..., RunDirectory]) -> RunDirectory:
    """One with nothing special about it."""
    return make_run()


@pytest.fixture
def launch(runs: Path) -> Iterator[Callable[..., RunClient]]:
    """`launch(stint, epochs=3, ...)`: a worker process on a new run, killed after the test."""
    clients: list[RunClient] = []

    def start(stint: str = "run", **values: Any) -> RunClient:
        clients.append(RunClient.start(Hyperparameters(**values), runs, stint=stint))
        return clients[-1]

    yield start
    for client in clients:
        assert client._process is not None
        client._process.kill()
        client._process.wait()


@pytest.fixture(scope="session")
def facts_of() -> Callable[[RunDirectory], list[Fact]]:
    """`facts_of(run)`: what its journal says; every line must be a fact."""

    def read(run: RunDirectory) -> list[Fact]:
        lines = run.journal.read_bytes().split(b"\n") if run.journal.exists() else [b""]
        entries = [decode(line) for line in lines[:-1]]
        return [entry.fact for entry in entries if entry is not None]

    return read


@pytest.fixture(scope="session")
def steps_of() -> Callable[[RunDirectory], np.ndarray]:
    """`steps_of(run)`: the whole records of its steps.bin."""

    def read(run: RunDirectory) -> np.ndarray:
        data = run.steps.read_bytes() if run.steps.exists() else b""
        return np.frombuffer(data[: len(data) - len(data) % STEP.itemsize], STEP)

    return read
