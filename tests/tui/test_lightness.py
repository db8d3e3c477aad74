"""What the app does without until somebody asks for it, in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

from tui.ahead import MODULES

OPENED = """
import asyncio, sys
from pathlib import Path
from tui.app import InklingApp
from tui.screens.train import TrainScreen
from tui.session import Session

furnish = TrainScreen._furnish

async def noted(screen):
    print(*sys.modules)
    await furnish(screen)

TrainScreen._furnish = noted

async def open_it():
    app = InklingApp(Session(Path("nowhere")))
    async with app.run_test(size=(120, 40)) as pilot:
        while not (app.train.furnished and app.train.form.furnished):
            await pilot.pause(0.01)

asyncio.run(open_it())
print(*sys.modules)
"""

BEHIND = {
    "numpy", "nn.events", "tui.screens.train_panes", "tui.widgets.strips", "tui.widgets.run_chart",
    "tui.widgets.hyperparameter_form",
}  # fmt: skip
"""What the first paint does without; imported right after it."""

LATER = {
    "pydantic", "plotext", "textual_plotext", "sklearn", "scipy", "PIL", "pooch", "requests",
    "tomli_w", "threadpoolctl", "nn.network", "nn.trainer", "nn.data", *MODULES,
}  # fmt: skip


def test_the_app_opens_without_what_nobody_has_asked_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPENED], capture_output=True, text=True, check=True, timeout=60
    )
    at_first, in_the_end = (set(line.split()) for line in done.stdout.splitlines())
    assert {"textual", "tui.screens.train", "tui.widgets.status_line"} <= at_first
    assert at_first & {*BEHIND, *LATER} == set()
    assert in_the_end >= BEHIND
    assert in_the_end & LATER == set()


def test_what_is_imported_ahead_is_all_there_and_brings_nothing_that_can_wait() -> None:
    code = "import sys, tui.ahead as a; a._import_all(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    modules = set(done.stdout.split())
    assert set(MODULES) <= modules
    assert modules.isdisjoint({"sklearn", "scipy", "plotext", "pooch", "requests"})
