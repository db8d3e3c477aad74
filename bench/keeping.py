"""What does it cost that nothing can be lost? Journal, steps, predictions, checkpoints: on, or off.

    python bench/keeping.py [--rounds 20] [--dataset mnist]

Two equal trainings in one process, an epoch (or, where epochs are short, forty) each in turn: the
worker with all that it writes, forces to the disk and listens to, and the bare trainer, iterated
and no more. The ratio is of the sums, so that a checkpoint counts whenever it falls; half of the
rounds begin with the one, half with the other.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nn.events import EpochDone
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer
from tui.engine.client import new_config
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


def seconds(epoch: Iterator[None], count: int) -> tuple[float, float]:
    """By the wall's clock, and of processor time: a busy machine spoils the first."""
    began, worked = time.perf_counter(), time.process_time()
    for _ in range(count):
        next(epoch)
    return time.perf_counter() - began, time.process_time() - worked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--folder", type=Path, help="on the disk to measure (else a temporary one)")
    options = parser.parse_args()
    count = 40 if options.dataset == "digits" else 1
    with tempfile.TemporaryDirectory(prefix="ink", dir=options.folder) as name:
        os.environ.setdefault("XDG_RUNTIME_DIR", name)
        for optimizer, batch in (("sgd", 128), ("adam", 128), ("adam", 32)):
            h = Hyperparameters(
                dataset=options.dataset, optimizer=optimizer, learning_rate=0.001,
                batch_size=batch, epochs=100_000, pace=0, threads=1,
            )  # fmt: skip
            contenders: dict[str, Callable[[], Iterator[None]]] = {
                "kept": lambda h=h: kept(h, Path(name)),
                "bare": lambda h=h: bare(h),
            }
            running = {what: begin() for what, begin in contenders.items()}
            spent: dict[str, list[tuple[float, float]]] = {what: [] for what in running}
            for epochs in running.values():
                seconds(epochs, 2 * count)
            for turn in range(options.rounds):
                for what in sorted(running, reverse=turn % 2 == 0):
                    spent[what].append(seconds(running[what], count))
            for epochs in running.values():
                epochs.close()  # type: ignore[attr-defined]
            (wall, worked), each = np.sum(spent["kept"], 0), count * options.rounds
            bare_wall, bare_worked = np.sum(spent["bare"], 0)
            medians = np.median(spent["bare"], 0)[0] / np.median(spent["kept"], 0)[0]
            print(
                f"{options.dataset:7} {optimizer:5} batch {batch:3}: {wall / each:.4f} s an epoch; "
                f"kept is {bare_wall / wall:.3f} times as fast as bare by the clock (medians "
                f"{medians:.3f}), {bare_worked / worked:.3f} by processor time", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
