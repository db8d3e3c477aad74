"""What does it cost that nothing can be lost? Journal, steps, predictions, checkpoints: on, or off.

    python bench/keeping.py [--rounds 4] [--times 12] [--dataset mnist]

Three equal trainings in one process, an epoch (or, where epochs are short, forty) each in turn: the
worker with all that it writes, forces to the disk and listens to; the bare trainer, iterated and no
more; and that once again, for where in memory a training happens to lie makes it some percent
faster or slower, which only shows between two that are the same. So all three are built anew
several times, in an order that chance decides, and it is the median over those that counts. Each
time is the sum over its rounds, so that a checkpoint counts whenever it falls.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nn.events import EpochDone
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.test_set import load_split
from tui.engine.worker import Worker


def kept(h: Hyperparameters, folder: Path) -> Iterator[None]:
    """The worker, handing over after each epoch."""
    for entry in Worker(RunDirectory.create(folder, new_config(h, None))).run():
        if isinstance(entry.fact, EpochDone):
            yield


def bare(h: Hyperparameters) -> Iterator[None]:
    """The trainer, handing over after each epoch."""
    for event in Trainer(h, load_split(h, os.environ.get("INKLING_DATA", ""))).run():
        if isinstance(event, EpochDone):
            yield


def seconds(epoch: Iterator[None], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        next(epoch)
    return time.perf_counter() - began


def compare(h: Hyperparameters, rounds: int, count: int, rng: random.Random) -> dict[str, float]:
    """Seconds of each contender, all rounds together."""
    with tempfile.TemporaryDirectory(prefix="ink") as folder:
        contenders: dict[str, Callable[[], Iterator[None]]] = {
            "kept": lambda: kept(h, Path(folder)),
            "bare": lambda: bare(h),
            "bare again": lambda: bare(h),
        }
        order = list(contenders)
        rng.shuffle(order)
        running = {what: contenders[what]() for what in order}
        for epochs in running.values():
            seconds(epochs, 2 * count)
        spent = dict.fromkeys(order, 0.0)
        for _ in range(rounds):
            rng.shuffle(order)
            for what in order:
                spent[what] += seconds(running[what], count)
        for epochs in running.values():
            epochs.close()  # type: ignore[attr-defined]
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--times", type=int, default=12, help="that all is built anew")
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--folder", type=Path, help="on the disk to measure (else a temporary one)")
    options = parser.parse_args()
    count = 40 if options.dataset == "digits" else 1
    rng = random.Random(42)
    tempfile.tempdir = options.folder
    with tempfile.TemporaryDirectory(prefix="ink") as name:
        os.environ.setdefault("XDG_RUNTIME_DIR", name)
        ratios: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for turn in range(options.times):
            for optimizer, batch in (("sgd", 128), ("adam", 128), ("adam", 32)):
                h = Hyperparameters(
                    dataset=options.dataset, optimizer=optimizer, learning_rate=0.001,
                    batch_size=batch, epochs=100_000, pace=0, threads=1,
                )  # fmt: skip
                spent = compare(h, options.rounds, count, rng)
                of_bare = (spent["bare"] + spent["bare again"]) / 2
                found = ratios.setdefault((optimizer, batch), [])
                found.append((of_bare / spent["kept"], spent["bare"] / spent["bare again"]))
                as_fast, control = np.transpose(found)
                print(
                    f"{turn + 1:2} {optimizer:5} batch {batch:3}: "
                    f"{of_bare / count / options.rounds:.4f} s an epoch; kept is "
                    f"{as_fast[-1]:.3f} times as fast as bare, median {np.median(as_fast):.3f}, "
                    f"quartiles {np.quantile(as_fast, 0.25):.3f} to "
                    f"{np.quantile(as_fast, 0.75):.3f}; one bare against the other "
                    f"{control.min():.3f} to {control.max():.3f}",
                    flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
