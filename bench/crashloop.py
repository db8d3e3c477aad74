"""Kill -9, again and again: what is lost? The answer has to be nothing.

    python bench/crashloop.py [--kills 200] [--seed 1] [--interval 0.5]

One small run, whose worker is killed at a random moment and taken up again, until it has been
killed so often; the last worker may finish. Moments are of all kinds: while Python starts, while
the digits load, between two steps, between two files, in the midst of a write. Every third time or
so the app on a terminal is killed too, and the worker must not notice. After every kill each file
is read; at the end parameters, curve, journal and guesses are compared, bit for bit, with those of
a run that nobody disturbed. Any difference ends the loop with a sentence and exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent))

from app_in_pty import AppInPty, stop_workers

from nn import checkpoint
from nn.events import EpochDone, RunStarted
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer
from tui.engine.client import RunClient
from tui.engine.commands import Set
from tui.engine.facts import TakenUp, decode
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.runs import summary
from tui.engine.tail import STEP
from tui.engine.test_set import load_split
from tui.engine.worker import Worker

BITS = ("step", "loss", "learning_rate", "gradient_norm", "epoch")
"""What of a step is the same in every run of the same seed; its seconds are not."""

SLACK = 0.25
"""Seconds over the interval: the step, the test or the write during which it was due."""


EARLY, SCREENS = 0.25, 0.3
"""Shares: of workers that are killed while they start, and of those whose app is killed first."""


class Lost(Exception):
    """Something is not as it would have been; `str()` says what."""


@dataclass
class Tally:
    """What was seen on the way; `recomputed` is in seconds of the run."""

    kills: int = 0
    screens: int = 0
    before_the_first_step: int = 0
    torn: int = 0
    leftovers: int = 0
    recomputed: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        again = sorted(self.recomputed) or [0.0]
        return (
            f"{self.kills} workers and {self.screens} apps killed; "
            f"{self.before_the_first_step} before a step was done, {self.torn} in the midst of a "
            f"record or a line, {self.leftovers} in the midst of a checkpoint; done again: median "
            f"{again[len(again) // 2]:.3f} s, at most {again[-1]:.3f} s; nothing lost, "
            "all bits equal"
        )


def hyperparameters(epochs: int, pace: float) -> Hyperparameters:
    """Everything that has a memory: Adam, averages, dropout, augmentation, a best epoch."""
    return Hyperparameters(
        hidden=(16,), batch_size=100, epochs=epochs, optimizer="adam", learning_rate=0.003,
        schedule="cosine", validation=0.2, keep="best", ema_decay=0.99, dropout=0.1, shift=0.5,
        normalization="batch_norm", threads=1, pace=pace, seed=11,
    )  # fmt: skip


def new_run(runs: Path, h: Hyperparameters, interval: float) -> RunDirectory:
    config = new_config(h, None).model_copy(update={"checkpoint_every": interval})
    return RunDirectory.create(runs, config)


def parameters(run: RunDirectory, h: Hyperparameters) -> Trainer:
    return checkpoint.load(run.checkpoint, load_split(h, ""))


def steps(run: RunDirectory) -> NDArray[np.void]:
    """Whole records of steps.bin, as they were written: what was done again is there again."""
    data = run.steps.read_bytes() if run.steps.exists() else b""
    return np.frombuffer(data[: len(data) - len(data) % STEP.itemsize], STEP)


def curve(run: RunDirectory) -> NDArray[np.void]:
    """Every step once.

    Raises:
        Lost: a step is missing, or was another when it was done again.
    """
    records = steps(run)
    order, first = np.unique(records["step"], return_index=True)
    if order.tolist() != list(range(1, len(order) + 1)):
        raise Lost(f"steps.bin has a gap: {len(order)} steps up to {order[-1]}")
    once = records[first]
    for name in BITS:
        if once[name][records["step"].astype(int) - 1].tobytes() != records[name].tobytes():
            raise Lost(f"a step that was done again has another {name}")
    return once


def epochs_told(run: RunDirectory) -> list[int]:
    facts = [entry.fact for line in run.journal.open("rb") if (entry := decode(line))]
    if sum(isinstance(fact, RunStarted) for fact in facts) > 1:
        raise Lost("the run has begun twice")
    return [fact.epoch for fact in facts if isinstance(fact, EpochDone)]


def look(run: RunDirectory, tally: Tally) -> None:
    """Is everything that a dead worker left fit to be read?

    Raises:
        Lost: it is not.
    """
    once = curve(run)
    if not len(once):
        tally.before_the_first_step += 1
    told = epochs_told(run) if run.journal.exists() else []
    if told != list(range(1, len(told) + 1)):
        raise Lost(f"epochs are missing from the journal, or told twice: {told}")
    kept = 0
    h = run.read_config().hyperparameters
    for path in (run.checkpoint, run.best):
        if path.exists():
            trainer = checkpoint.load(path, load_split(h, ""))
            kept = trainer.step if path == run.checkpoint else kept
    if len(once) < kept:
        raise Lost(f"the checkpoint knows of step {kept}, steps.bin of {len(once)}")
    found = summary(run)
    if found.state not in ("died", "finished"):
        raise Lost(f"the run is {found.state}: {found.sentence}")
    torn = run.steps.exists() and run.steps.stat().st_size % STEP.itemsize != 0
    tally.torn += torn or (run.journal.exists() and run.journal.read_bytes()[-1:] not in b"\n")
    tally.leftovers += any(run.path.glob(".*.part"))


def recomputed(run: RunDirectory, pace: float) -> list[float]:
    """Seconds of the run that each new worker did again."""
    facts = [entry.fact for line in run.journal.open("rb") if (entry := decode(line))]
    return [fact.recomputed / pace for fact in facts if isinstance(fact, TakenUp)]


def crash_loop(
    folder: Path, kills: int, seed: int, *, interval: float, epochs: int, pace: float,
    longest: float, screens: bool, say: Callable[[str], None],
) -> Tally:  # fmt: skip
    """Kill the worker of one run so often.

    Raises:
        Lost: anything was.
    """
    h = hyperparameters(epochs, pace)
    luck, tally = random.Random(seed), Tally()
    run = new_run(folder / "runs", h, interval)
    while tally.kills < kills:
        client = RunClient.resume(run)
        assert client._process is not None
        if luck.random() < EARLY:
            time.sleep(luck.uniform(0, 2.0))
        elif goes_on(run, client._process):
            if screens and luck.random() < SCREENS:
                kill_a_screen(run, luck)
                tally.screens += 1
                if not run.is_live():
                    raise Lost("the worker went with its app")
            time.sleep(luck.uniform(0, longest))
        client._process.kill()
        ended = client._process.wait()
        if ended not in (-signal.SIGKILL, 0):
            raise Lost(f"a worker ended with {ended}: {run.worker_log.read_text()[-500:]}")
        tally.kills += ended != 0
        look(run, tally)
        if ended == 0:
            say("  finished before it was killed")
            break
        say(f"  kill {tally.kills}: step {len(curve(run))}")
    last = RunClient.resume(run)
    assert last._process is not None
    if goes_on(run, last._process):
        asyncio.run(last.ask(Set("pace", 0)))
    if last._process.wait(timeout=600) != 0:
        raise Lost(f"the last worker failed: {run.worker_log.read_text()[-500:]}")
    tally.recomputed = recomputed(run, pace)
    if max(tally.recomputed, default=0.0) > interval + SLACK:
        raise Lost(f"{max(tally.recomputed):.2f} s were done again, the interval is {interval} s")
    compare(run, undisturbed(folder, h, interval), h)
    left = list((Path(os.environ["XDG_RUNTIME_DIR"]) / "inkling").iterdir())
    if left or run.control.is_symlink() or any(run.path.glob(".*")):
        raise Lost(f"left behind: {left or list(run.path.glob('.*'))}")
    return tally


def undisturbed(folder: Path, h: Hyperparameters, interval: float) -> RunDirectory:
    still = new_run(folder / "still", h.model_copy(update={"pace": 0.0}), interval)
    for _ in Worker(still).run():
        pass
    return still


def compare(run: RunDirectory, still: RunDirectory, h: Hyperparameters) -> None:
    """
    Raises:
        Lost: a bit is another.
    """
    ours, theirs = checkpoint.capture(parameters(run, h)), checkpoint.capture(parameters(still, h))
    for name, array in theirs.arrays.items():
        # Of an epoch's history, times are the weather's.
        if name != "history" and ours.arrays[name].tobytes() != array.tobytes():
            raise Lost(f"{name} is another than in the undisturbed run")
    for name in BITS:
        if curve(run)[name].tobytes() != curve(still)[name].tobytes():
            raise Lost(f"the curve's {name} is another")
    if epochs_told(run) != epochs_told(still):
        raise Lost("the journal tells of other epochs")
    for name in ("guesses.u8", "predictions.npy"):
        if (run.path / name).read_bytes() != (still.path / name).read_bytes():
            raise Lost(f"{name} is another")


def goes_on(run: RunDirectory, worker: subprocess.Popen[bytes]) -> bool:
    """Wait for steps that are new; are there any?"""
    before = len(steps(run))
    while worker.poll() is None and len(steps(run)) == before:
        time.sleep(0.01)
    return worker.poll() is None


def kill_a_screen(run: RunDirectory, luck: random.Random) -> None:
    """Open the app on the run, and kill it somewhere between its first line and its paint."""
    with AppInPty(run.path.parent, ["attach", run.name], leave=True) as app:
        app.read_for(luck.uniform(0.2, 2.0))
        app.process.kill()
        app.process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", type=float, default=0.5, help="seconds between checkpoints")
    parser.add_argument("--no-screens", action="store_true", help="kill workers only")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ink") as name:
        folder = Path(name)
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        try:
            tally = crash_loop(
                folder, options.kills, options.seed, interval=options.interval,
                epochs=options.kills * 60, pace=500, longest=1.5,
                screens=not options.no_screens, say=lambda line: print(line, flush=True),
            )  # fmt: skip
        except Lost as loss:
            print(f"LOST: {loss}")
            return 1
        finally:
            stop_workers(folder / "runs")
    print(f"{tally} ({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
