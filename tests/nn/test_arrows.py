"""Which room may import which: checked in a fresh interpreter, by what has been imported."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import nn
import nn.data

ROOMS = sorted(
    m.name
    for package in (nn, nn.data)
    for m in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
)


def imported_by(*names: str) -> set[str]:
    """The names of all modules in a fresh interpreter that imports these."""
    code = f"import sys; [__import__(n) for n in {names!r}]; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_all_rooms_are_looked_at() -> None:
    assert {"nn.trainer", "nn.inspect", "nn.hyperparameters", "nn.data.idx"} <= set(ROOMS)


def test_the_hyperparameters_need_no_numpy() -> None:
    modules = imported_by("nn.hyperparameters")
    assert "nn.hyperparameters" in modules
    assert modules.isdisjoint({"numpy", "scipy", "sklearn", "nn.data", "nn.trainer"})


def test_the_network_knows_nothing_of_the_terminal() -> None:
    modules = imported_by(*ROOMS)
    assert set(ROOMS) <= modules
    roots = {name.partition(".")[0] for name in modules}
    assert roots.isdisjoint({"tui", "textual", "rich", "plotext", "textual_plotext", "curses"})


def test_training_waits_for_no_library_it_does_not_use() -> None:
    roots = {name.partition(".")[0] for name in imported_by("nn.trainer")}
    assert roots.isdisjoint({"sklearn", "scipy", "pooch", "asyncio", "multiprocessing"})
