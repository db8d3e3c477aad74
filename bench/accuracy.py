"""How good do the recipes get, and how soon?

    python bench/accuracy.py                                  # final accuracy, seeds 42 to 44
    python bench/accuracy.py --presets quick --datasets mnist fashion-mnist
    python bench/accuracy.py --presets best --threads 4       # a quarter of an hour a seed
    python bench/accuracy.py --race                           # against the tutorial's own loop

Final means after the last epoch, not the best on the way: nothing here looks at the test set to
choose. Seconds are seconds of training; testing is not on the clock, for anyone. MNIST comes from
where `inkling` would take it: INKLING_DATA, the cache, or a download.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Iterator

import numpy as np
from rivals import Recipe, Tutorial
from threadpoolctl import threadpool_limits

from nn import data
from nn.events import EpochDone, RunFinished
from nn.presets import resolve
from nn.trainer import Trainer


def main() -> None:
    options = _options()
    with threadpool_limits(options.threads, "blas"):
        if options.race:
            for seed in options.seeds:
                race(seed, options.goal, options.split)
        else:
            for preset, dataset in itertools.product(options.presets, options.datasets):
                final_accuracy(preset, dataset, options.seeds)


def final_accuracy(preset: str, dataset: str, seeds: list[int]) -> None:
    """One line a seed: the accuracy on the test set after the last epoch."""
    print(f"\n{preset} on {dataset}\n  seed   test accuracy   s of training", flush=True)
    reached = []
    for seed in seeds:
        h = resolve(preset, {"seed": seed, "dataset": dataset})
        digits = load_digits(h.dataset, h.split, seed)
        (finished,) = (e for e in Trainer(h, digits).run() if isinstance(e, RunFinished))
        reached.append(finished.test_accuracy)
        training = len(digits.train_images) * h.epochs / finished.samples_per_second
        print(f"  {seed:4}   {finished.test_accuracy:13.2%}   {training:13.1f}", flush=True)
    mean, spread = statistics.mean(reached), statistics.stdev(reached) if len(reached) > 1 else 0.0
    print(
        f"  mean {mean:.3%}, standard deviation {spread:.3%}, lowest {min(reached):.2%}, "
        f"on {len(digits.test_images):,} test digits"
    )


def race(seed: int, goal: float, split: str, most_epochs: int = 200) -> None:
    """Preset quick and the tutorial's loop in turn, an epoch each, until both reach the goal.

    Both learn and are tested on the same digits, or, with the split "own", each on those of its own
    preset; the loop follows the recipe of preset tutorial.
    """
    own = split == "own"
    h = resolve("quick", {"seed": seed} if own else {"seed": seed, "split": split})
    digits = load_digits(h.dataset, h.split, seed)
    theirs = load_digits(h.dataset, resolve("tutorial", {}).split, seed) if own else digits
    runners = {"quick": _quick(Trainer(h, digits)), "tutorial": _tutorial(theirs, seed)}
    clock = dict.fromkeys(runners, 0.0)
    reached: dict[str, int] = {}
    print(f"\nfirst to {goal:.1%} of the test digits, split {split}, seed {seed}", flush=True)
    for epoch in range(1, most_epochs + 1):
        for name, runner in runners.items():
            if name in reached:
                continue
            step = next(runner, None)
            if step is None:
                print(f"  {name} ended below the goal")
                return
            seconds, accuracy = step
            clock[name] += seconds
            if accuracy >= goal or epoch % 10 == 0:
                line = f"  {name:9} epoch {epoch:3}  {clock[name]:7.2f} s  {accuracy:.2%}"
                print(line, flush=True)
            if accuracy >= goal:
                reached[name] = epoch
        if len(reached) == len(runners):
            print(f"  quick was there {clock['tutorial'] / clock['quick']:.1f} times sooner")
            return
    print(f"  not reached within {most_epochs} epochs: {set(runners) - set(reached)}")


def _quick(trainer: Trainer) -> Iterator[tuple[float, float]]:
    """For every epoch: its seconds of training, and the test accuracy after it."""
    before = 0.0
    for event in trainer.run():
        if isinstance(event, EpochDone):
            spent, before = trainer.training_seconds - before, trainer.training_seconds
            yield spent, event.test_accuracy


def _tutorial(digits: data.Split, seed: int) -> Iterator[tuple[float, float]]:
    """The same for the tutorial's loop."""
    h = resolve("tutorial", {})
    recipe = Recipe(batch_size=h.batch_size, learning_rate=h.learning_rate, hidden=h.hidden)
    loop = Tutorial(digits, recipe, seed)
    x = digits.test_images.T / 255.0
    while True:
        began = time.perf_counter()
        loop.epoch()
        seconds = time.perf_counter() - began
        guesses = loop.forward(x)[0].argmax(axis=0)
        yield seconds, float(np.mean(guesses == digits.test_labels))


def load_digits(dataset: str, split: str, seed: int) -> data.Split:
    whole = data.load(dataset)
    how = data.default_split(whole) if split == "auto" else split
    return data.split(whole, how, seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", default=["quick", "tutorial"])
    parser.add_argument("--datasets", nargs="+", default=["mnist"])
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads")
    parser.add_argument("--seeds", nargs="+", type=int, default=[42, 43, 44])
    parser.add_argument("--race", action="store_true", help="time to the goal, side by side")
    parser.add_argument("--split", default="own", help="of the race: official, 0.2, or own")
    parser.add_argument("--goal", type=float, default=0.975, help="accuracy that ends the race")
    return parser.parse_args()


if __name__ == "__main__":
    main()
