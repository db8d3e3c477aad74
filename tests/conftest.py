"""A world of its own for every test: nothing is read from or left in the user's directories."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

# Before NumPy is there: as many test processes as cores, each with as many BLAS threads again, wait
# for each other forty times longer than they compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

# A red CI shall mean that something changed; the search for new counterexamples is for developers,
# and for those with more time there is --hypothesis-profile=thorough.
settings.register_profile("quick", max_examples=40)
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True)
settings.register_profile("thorough", max_examples=500)
settings.load_profile("ci" if os.environ.get("CI") else "quick")


def pytest_xdist_auto_num_workers() -> int:
    """What -n auto means: twice as many as there are cores, for a test of the app or of a run waits
    for other processes, and for what is drawn at its own pace, almost half of its time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return 2 * (cores or 1)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all, so that scikit-learn is imported once and not by every worker."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_world(
    tmp_path: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Runs, data and sockets below temporary directories; no data set but the bundled digits."""
    # A socket's path may have 107 bytes, and pytest's own directories are long.
    runtime = tempfile.mkdtemp(prefix="ink")
    monkeypatch.setenv("INKLING_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config-home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    monkeypatch.delenv("INKLING_DATA", raising=False)
    yield
    _end_workers(tmp_path / "runs")
    shutil.rmtree(runtime, ignore_errors=True)


def _end_workers(runs: Path) -> None:
    """Whatever a test left training; the lock says who holds it."""
    from tui.engine.run_directory import RunDirectory

    for lock in runs.glob("*/lock"):
        run = RunDirectory(lock.parent)
        if run.is_live():
            note = run.note()
            assert note, f"{lock} is held, and does not say by whom"
            if note.pid != os.getpid():
                os.kill(note.pid, signal.SIGKILL)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Where INKLING_RUNS points; nothing is there yet."""
    return tmp_path / "runs"


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., None]:
    """`wait_for(condition, what)`: returns once the condition holds; fails if it never does."""

    def wait(condition: Callable[[], object], what: str = "", seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, f"never came true: {what or condition}"
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def to_idx() -> Callable[[np.ndarray], bytes]:
    """`to_idx(array)`: the IDX file that holds a uint8 array."""

    def make(array: np.ndarray) -> bytes:
        header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
        return header + array.tobytes()

    return make


@pytest.fixture(scope="session")
def write_mnist(to_idx: Callable[[np.ndarray], bytes]) -> Callable[..., Path]:
    """`write_mnist(folder, n_train, n_test)`: a set named mnist of noisy patterns, easily learnt;
    returns the folder to name as the data directory."""

    def write(folder: Path, n_train: int = 300, n_test: int = 60, seed: int = 7) -> Path:
        rng = np.random.default_rng(seed)
        patterns = rng.integers(0, 200, (10, 6, 6))
        (folder / "mnist").mkdir(parents=True, exist_ok=True)
        for part, n in (("train", n_train), ("t10k", n_test)):
            labels = rng.integers(0, 10, n, dtype=np.uint8)
            images = (patterns[labels] + rng.integers(0, 56, (n, 6, 6))).astype(np.uint8)
            for name, array in (("images-idx3", images), ("labels-idx1", labels)):
                path = folder / "mnist" / f"{part}-{name}-ubyte.gz"
                path.write_bytes(gzip.compress(to_idx(array), mtime=0))
        return folder

    return write
