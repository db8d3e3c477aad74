"""Does anything grow that should not? An epoch's time with its digits, a step's with the past.

    python bench/growth.py                                  # some two minutes
    python bench/growth.py --repeats 3 --epochs 1000

The first table trains epochs on a part of MNIST in turn, so that all sizes meet the same weather,
and compares the time per digit. The second is a long run on the small digits by a worker process,
with journal, steps.bin, predictions and guesses as in any run; the clock is the wall's, read off
the journal, so that everything a step or an epoch costs is counted.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from threadpoolctl import threadpool_limits
from throughput import load_digits

from nn.data import Split
from nn.events import EpochDone
from nn.presets import resolve
from nn.trainer import Trainer
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory

SIZES = (7_500, 15_000, 30_000, 60_000)
PARTS = 10


def main() -> None:
    options = _options()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with threadpool_limits(1, "blas"):
        epoch_against_digits(options.repeats)
    step_against_history(options.epochs)


def epoch_against_digits(repeats: int) -> None:
    """Seconds of an epoch for each size, and how they compare to those of the smallest."""
    digits, what = load_digits()
    runs = {size: _epochs(_part(digits, size)) for size in SIZES}
    seconds: dict[int, list[float]] = {size: [] for size in SIZES}
    for count in range(repeats + 1):
        for size, run in runs.items():
            taken = next(run)
            if count:
                seconds[size].append(taken)
    smallest = SIZES[0]
    print(f"\nan epoch against its digits: {what}, 784-128-64-10, batch 128, Adam, one BLAS thread")
    print(f"medians of {repeats} interleaved rounds; testing is not on the clock")
    print(f"  {'digits':>8}{'s/epoch':>10}{'ratio':>8}{'digits':>10}{'us a digit':>12}")
    for size, own in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(own, seconds[smallest], strict=True))
        each = statistics.median(own) / size
        print(
            f"  {size:8,}{statistics.median(own):10.3f}{ratio:8.2f}"
            f"{size / smallest:10.2f}{each * 1e6:12.2f}"
        )


def _part(digits: Split, size: int) -> Split:
    """The same split with so many digits to learn, and few to be tested on."""
    return dataclasses.replace(
        digits,
        train_images=digits.train_images[:size],
        train_labels=digits.train_labels[:size],
        test_images=digits.test_images[:500],
        test_labels=digits.test_labels[:500],
    )


def _epochs(digits: Split) -> Iterator[float]:
    """Seconds spent training, epoch by epoch."""
    h = resolve("quick", {"epochs": 1000, "schedule": "constant", "learning_rate": 0.001})
    for event in Trainer(h, digits).run():
        if isinstance(event, EpochDone):
            yield len(digits.train_images) / event.samples_per_second


def step_against_history(epochs: int) -> None:
    """Steps a second in each tenth of a long run, and compared to the first tenth."""
    h = resolve(None, {"epochs": epochs, "pace": 0, "learning_rate": 0.01})
    with tempfile.TemporaryDirectory() as folder:
        run = RunDirectory.create(Path(folder), new_config(h, None))
        command = [sys.executable, "-P", "-m", "tui.engine.worker", str(run.path)]
        subprocess.run(command, check=True)
        facts = [json.loads(line) for line in run.journal.read_bytes().splitlines()]
        journal, records = run.journal.stat().st_size, run.steps.stat().st_size
    done = [fact for fact in facts if fact["event"] == "epoch_done"]
    per_epoch = done[0]["step"]
    seconds = [b["time"] - a["time"] for a, b in itertools.pairwise(done)]
    print(f"\na step against history: digits, 64-128-64-10, batch 32, {epochs:,} epochs")
    print(
        f"{done[-1]['step']:,} steps; at the end {journal / 1e6:.1f} MB of journal and "
        f"{records / 1e6:.1f} MB of steps.bin; by the wall's clock, writing and testing included"
    )
    print(f"  {'epochs':>16}{'steps/s':>10}{'ratio':>8}")
    length = len(seconds) // PARTS
    speeds = [per_epoch * length / sum(seconds[i * length :][:length]) for i in range(PARTS)]
    for i, speed in enumerate(speeds):
        span = f"{i * length + 2:,} to {(i + 1) * length + 1:,}"
        print(f"  {span:>16}{speed:10,.0f}{speed / speeds[0]:8.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=9, help="rounds of one epoch of each size")
    parser.add_argument("--epochs", type=int, default=3000, help="of the long run")
    return parser.parse_args()


if __name__ == "__main__":
    main()
