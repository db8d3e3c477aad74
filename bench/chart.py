"""Does a long run open and draw as fast as a short one? And what do a key and a frame cost?

    python bench/chart.py [--repeats 9]

Two runs are made up: 10 epochs of 500 steps, and 1,000 epochs of 500 steps. Both are measured in
turn, so that the noise of the machine falls on both. `plan` and `draw` happen at every refresh: to
sample the curves on the event loop, and to draw them in the chart's thread. To read the files of a
whole run into its curves happens once, in pieces, while the screen is there already. Opened in the
app is a run from `attach` until the chart shows its first picture, and until it shows its last
step. Times are of the processor, but for those two, which are the wall's.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.style import Style

from nn.events import EpochDone, RunFinished, RunStarted
from nn.presets import resolve
from tui.app import InklingApp
from tui.engine.chart_view import SCOPES, ChartView
from tui.engine.facts import Entry, encode
from tui.engine.overlays import Overlay, overlay
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.tail import STEP
from tui.session import Session
from tui.widgets.chart_cursor import laid
from tui.widgets.chart_inks import STYLES
from tui.widgets.chart_picture import draw
from tui.widgets.chart_plan import plan
from tui.widgets.chart_sheet import ChartPlan

STEPS_PER_EPOCH = 500
SHORT, LONG = 10, 1000
SIZE = (100, 25)
PALETTE = (Style(),) * STYLES


def made_up(runs: Path, epochs: int) -> RunDirectory:
    """A finished run's files, with a loss that falls and is noisy."""
    run = RunDirectory.create(runs, new_config(resolve("first-light", {"epochs": epochs}), None))
    steps = np.arange(1, epochs * STEPS_PER_EPOCH + 1)
    records = np.zeros(len(steps), STEP)
    records["step"], records["seconds"] = steps, steps / 900
    noise = np.random.default_rng(42).random(len(steps))
    records["loss"] = 2.3 * np.exp(-steps / len(steps) * 5) + 0.2 * noise
    records["learning_rate"], records["gradient_norm"] = 0.05, 1 + noise
    records["epoch"] = (steps - 1) // STEPS_PER_EPOCH + 1
    records.tofile(run.steps)
    started = RunStarted((64, 10), 650, 16_000, 360, epochs, STEPS_PER_EPOCH, 2.3, 0.1)
    facts = [Entry(1e9, started)]
    for epoch in range(1, epochs + 1):
        step = epoch * STEPS_PER_EPOCH
        done = EpochDone(epoch, step, 0.3, 1 / epoch, 1 - 1 / (epoch + 1), 0.05, 0.5, 3e4)
        facts.append(Entry(1e9 + epoch, done))
    end = RunFinished(epochs, epochs * STEPS_PER_EPOCH, 0.1, 0.1, 0.98, 1.0, 3e4)
    run.journal.write_bytes(b"".join(encode(entry) for entry in [*facts, Entry(2e9, end)]))
    return run


def seconds(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def planned(read: Overlay, view: ChartView) -> ChartPlan:
    found = plan(read.history, *SIZE, PALETTE, view=view)
    assert isinstance(found, ChartPlan), found
    return found


async def open_app(run: RunDirectory, epochs: int) -> tuple[float, float, float]:
    """Seconds from nothing until the app shows a run's chart, and until its last step is in it; and
    what that took of the processor."""
    begun, worked = time.perf_counter(), time.process_time()
    app = InklingApp(Session(run.path.parent), attach=run)
    async with app.run_test(size=(120, 40)):
        while not app.train.furnished:
            await asyncio.sleep(0.005)
        while not (app.train.chart.planned and not app.train.chart.drawing):
            await asyncio.sleep(0.005)
        first = time.perf_counter() - begun
        while app.train.chart.planned.stretch[1] < epochs * STEPS_PER_EPOCH:
            await asyncio.sleep(0.005)
        return first, time.perf_counter() - begun, time.process_time() - worked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    rows: dict[str, dict[int, list[float]]] = {}

    def note(what: str, epochs: int, took: float) -> None:
        rows.setdefault(what, {}).setdefault(epochs, []).append(1000 * took)

    with tempfile.TemporaryDirectory() as folder:
        runs = {epochs: made_up(Path(folder), epochs) for epochs in (SHORT, LONG)}
        read = {epochs: overlay(run, 0) for epochs, run in runs.items()}
        for repeat in range(options.repeats + 1):
            for epochs, run in runs.items():
                for scope in SCOPES:
                    view = ChartView(scope=scope, smoothing=3, axis="time")
                    sheet = planned(read[epochs], view)
                    timed = {
                        f"plan, {scope}": lambda e=epochs, v=view: planned(read[e], v),
                        f"draw, {scope}": lambda s=sheet: draw(s),
                    }
                    for what, work in timed.items():
                        took = seconds(work)
                        if repeat:
                            note(what, epochs, took)
                picture = draw(sheet)
                took = seconds(lambda p=picture, s=sheet: laid(p, s, 100.0, None).strips)
                if repeat:
                    note("move the cursor", epochs, took)
                    note("read the files", epochs, seconds(lambda r=run: overlay(r, 0)))
                first, last, worked = asyncio.run(open_app(run, epochs))
                if repeat:
                    note("app, first sight", epochs, first)
                    note("app, last step", epochs, last)
                    note("the same, worked", epochs, worked)
    print(f"chart of {SIZE[0]}x{SIZE[1]}; medians of {options.repeats} interleaved rounds, ms")
    print(f"  {'':18}{f'{SHORT} epochs':>12}{f'{LONG:,} epochs':>14}{'ratio':>8}")
    for what, own in rows.items():
        ratio = statistics.median(b / a for a, b in zip(own[SHORT], own[LONG], strict=True))
        short, long = (statistics.median(own[epochs]) for epochs in (SHORT, LONG))
        print(f"  {what:18}{short:12.2f}{long:14.2f}{ratio:8.2f}")


if __name__ == "__main__":
    main()
