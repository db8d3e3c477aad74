"""What does it cost that nothing can be lost? Journal, steps, predictions, checkpoints: on, or off.

    python bench/keeping.py [--turns 40] [--times 12] [--dataset mnist]

Three equal trainings in one process, a hundred steps each in turn, so that all of them meet the
same weather: the worker with all that it writes, forces to the disk and listens to; the bare
trainer, iterated and no more; and that once again, for where in memory a training happens to lie
makes it some percent faster or slower, which only shows between two that are the same. So all three
are built anew several times, in an order that chance decides, and the median over those counts.

What falls due by the clock (a flush, a checkpoint) goes by the time of the kept training's own
turns, or it would fall due while the others train, three times as often as in a run alone.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import tui.engine.making_ready
import tui.engine.recorder
from nn.events import Event, StepDone
from nn.hyperparameters import Hyperparameters
from nn.trainer import Trainer
from tui.engine.keeping import Keeper
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.test_set import load_split
from tui.engine.worker import Worker

STEPS = 100
"""That one contender takes before it is the next one's turn."""

WARM = 5
"""Turns that do not count."""


class Contender(threading.Thread):
    """A training that waits for its turns, and knows what they took."""

    mine: Contender
    """Whose trainer is being made; they are made one at a time."""

    def __init__(self, train: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._train = train
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._over = False
        self._began = 0.0
        self.spent = 0.0
        self.clock = 0.0
        """What its turns took until now, those that do not count included."""

    def run(self) -> None:
        self._go.acquire()
        self._train()

    def take_turn(self) -> None:
        self._began = time.perf_counter()
        Contender.mine = self
        self._go.release()
        self._done.acquire()
        took = time.perf_counter() - self._began
        self.spent += took
        self.clock += took

    @staticmethod
    def now() -> float:
        """By the clock of the one whose turn it is."""
        mine = Contender.mine
        return mine.clock + time.perf_counter() - mine._began

    def hand_over(self) -> None:
        self._done.release()
        self._go.acquire()
        if self._over:
            raise SystemExit  # Of a thread, that is an end without a word.

    def leave(self) -> None:
        """Let go of its digits and its network: three of them take 180 MB."""
        self._over = True
        self._go.release()
        self.join()


class TakingTurns(Trainer):
    """A trainer that lets the others train, too."""

    def run(self) -> Iterator[Event]:
        contender = Contender.mine
        contender.hand_over()  # All is loaded; what comes now counts.
        for event in super().run():
            yield event
            if isinstance(event, StepDone) and event.step % STEPS == 0:
                contender.hand_over()


def kept(h: Hyperparameters, folder: Path) -> None:
    for _ in Worker(RunDirectory.create(folder, new_config(h, None))).run():
        pass


def bare(h: Hyperparameters) -> None:
    for _ in TakingTurns(h, load_split(h, os.environ.get("INKLING_DATA", ""))).run():
        pass


def compare(h: Hyperparameters, turns: int, rng: random.Random) -> tuple[float, float, float]:
    """Seconds of the kept training, of the bare one, and of the other bare one."""
    with tempfile.TemporaryDirectory(prefix="ink", ignore_cleanup_errors=True) as folder:
        contenders = [
            Contender(lambda: kept(h, Path(folder))),
            Contender(lambda: bare(h)),
            Contender(lambda: bare(h)),
        ]
        order = rng.sample(contenders, 3)
        for contender in order:
            contender.start()
            contender.take_turn()
        for turn in range(-WARM, turns):
            if turn == 0:
                for contender in contenders:
                    contender.spent = 0.0
            rng.shuffle(order)
            for contender in order:
                contender.take_turn()
        for contender in contenders:
            contender.leave()
        first, second, third = (contender.spent for contender in contenders)
    return first, second, third


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=40, help=f"of {STEPS} steps")
    parser.add_argument("--times", type=int, default=12, help="that all is built anew")
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--folder", type=Path, help="on the disk to measure (else a temporary one)")
    options = parser.parse_args()
    rng = random.Random(42)
    tempfile.tempdir = options.folder and str(options.folder)
    tui.engine.making_ready.Trainer = TakingTurns  # type: ignore
    tui.engine.making_ready.Keeper = partial(Keeper, clock=Contender.now)  # type: ignore
    tui.engine.recorder.time = SimpleNamespace(monotonic=Contender.now, time=time.time)  # type: ignore
    with tempfile.TemporaryDirectory(prefix="ink") as name:
        os.environ.setdefault("XDG_RUNTIME_DIR", name)
        ratios: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for turn in range(options.times):
            for optimizer, batch in (("sgd", 128), ("adam", 128), ("adam", 32)):
                h = Hyperparameters(
                    dataset=options.dataset, optimizer=optimizer, learning_rate=0.001,
                    batch_size=batch, epochs=100_000, pace=0, threads=1,
                )  # fmt: skip
                seconds, one, other = compare(h, options.turns, rng)
                found = ratios.setdefault((optimizer, batch), [])
                found.append(((one + other) / 2 / seconds, one / other))
                as_fast, control = np.transpose(found)
                print(
                    f"{turn + 1:2} {optimizer:5} batch {batch:3}: {seconds:.3f} s; kept is "
                    f"{as_fast[-1]:.3f} times as fast as bare, median {np.median(as_fast):.3f}, "
                    f"quartiles {np.quantile(as_fast, 0.25):.3f} to "
                    f"{np.quantile(as_fast, 0.75):.3f}; one bare against the other "
                    f"{control.min():.3f} to {control.max():.3f}",
                    flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
