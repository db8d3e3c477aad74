"""How fast is the trainer? One run, one table of ratios.

    python bench/throughput.py                        # some fifteen minutes
    python bench/throughput.py --repeats 3 --threads 1

Seconds depend on the machine and the hour, ratios hardly: every round trains an epoch with each
contender in turn (and before it one that does not count), so that all of them meet the same
weather. Given are medians over the rounds, of the seconds and of the ratio to our own time in the
same round. PyTorch and JAX are compared where they are installed. Each thread count is a process of
its own, for libraries read it once; with one thread the process is also kept on one core, where the
system can do that.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
PYTORCH = "PyTorch, eager"
LIBRARY = {PYTORCH: "torch", "JAX, jitted scan": "jax", "scikit-learn, sgd": "sklearn"}
LEARNING_RATES = {
    "sgd": 0.05,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.01,
    "rmsprop": 0.001,
    "adam": 0.001,
    "adamw": 0.001,
}
"""Of every optimiser: with most of them a step costs the same wherever it leads, but not if it
leads to infinity."""

OURS, BOUND = "Inkling, Trainer.run()", "matrix products alone"


def main() -> None:
    options = _options()
    if options.worker:
        print(json.dumps(measure(options.threads[0], options.repeats, options.only_ours)))
        return
    results = {}
    for threads in dict.fromkeys(options.threads):
        print(f"measuring with {threads} BLAS thread{'s' * (threads > 1)} ...", file=sys.stderr)
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        command = [sys.executable, __file__, "--worker", "--threads", str(threads)]
        command += ["--repeats", str(options.repeats)] + ["--only-ours"] * options.only_ours
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        results[threads] = json.loads(done.stdout.splitlines()[-1])
    print_tables(results)


def measure(threads: int, repeats: int, only_ours: bool) -> dict[str, object]:
    """All contenders, interleaved: seconds of every epoch, by table, by contender."""
    if threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import rivals  # only now, since NumPy is imported with it
    from rivals import Recipe

    digits, data = load_digits()
    contenders: dict[str, Callable[..., rivals.Epoch]] = {
        OURS: rivals.inkling,
        BOUND: rivals.products,
    }
    if not only_ours:
        contenders |= {
            "the tutorial's loop": rivals.tutorial,
            "scikit-learn, sgd": rivals.scikit_learn,
            PYTORCH: rivals.pytorch,
            "JAX, jitted scan": rivals.jax_scan,
        }
    missing = [
        name
        for name, library in LIBRARY.items()
        if name in contenders and importlib.util.find_spec(library) is None
    ]
    recipe = Recipe(threads=threads)
    epochs = {n: make(digits, recipe) for n, make in contenders.items() if n not in missing}
    main_rows = rounds(epochs, repeats)

    others = {}
    torch_too = not only_ours and PYTORCH not in missing
    for batch_size, optimizer in itertools.product((32, 128, 512), LEARNING_RATES):
        recipe = Recipe(batch_size, optimizer, LEARNING_RATES[optimizer], threads=threads)
        row = {OURS: rivals.inkling(digits, recipe), BOUND: rivals.products(digits, recipe)}
        if torch_too:
            row[PYTORCH] = rivals.pytorch(digits, recipe)
        others[f"batch {batch_size}, {optimizer}"] = rounds(row, repeats)
    return {"data": data, "main": main_rows, "others": others, "missing": missing}


def load_digits():  # type: ignore[no-untyped-def]
    """MNIST where it is to be had, else noise of the same shape: the work is the same."""
    import numpy as np

    from nn import data

    try:
        return data.split(data.load("mnist"), data.OFFICIAL, 0), "MNIST"
    except data.DataError as error:
        print(f"random pixels instead of MNIST: {error}", file=sys.stderr)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (70_000, 28, 28), dtype=np.uint8)
    images[rng.random(images.shape) < 0.8] = 0
    noise = data.make_dataset(
        "noise",
        images,
        rng.integers(0, 10, 70_000, dtype=np.uint8),
        class_names=tuple("0123456789"),
        n_official_train=60_000,
    )
    return data.split(noise, data.OFFICIAL, 0), "random pixels in the shape of MNIST"


def rounds(epochs: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """A B C A B C ...: the seconds of each contender's epochs.

    Before each epoch that counts goes one that does not: memory that lay idle while the others ran
    may have been given back to the system, and a run that goes on does not pay for that.
    """
    seconds: dict[str, list[float]] = {name: [] for name in epochs}
    for _ in range(repeats):
        for name, epoch in epochs.items():
            epoch()
            seconds[name].append(epoch())
    return seconds


def print_tables(results: dict[int, dict]) -> None:  # type: ignore[type-arg]
    first = next(iter(results.values()))
    repeats = len(first["main"][OURS])
    print(f"\n{first['data']}, 60,000 digits an epoch, 784-128-64-10, float32")
    print(f"medians of {repeats} interleaved rounds; {os.cpu_count()} cores, {platform.machine()}")
    for threads, result in results.items():
        print(f"\n{threads} BLAS thread{'s' * (threads > 1)}: batch 128, SGD")
        print(f"  {'':28}{'s/epoch':>9}   Inkling is")
        for name, seconds in result["main"].items():
            ratio = _ratio(seconds, result["main"][OURS])
            says = "" if name == OURS else f"{ratio:.2f} times as fast"
            print(f"  {name:28}{statistics.median(seconds):9.3f}   {says}")
        for name in result["missing"]:
            print(f"  {name:28}{'':9}   ({LIBRARY[name]} is not installed)")
        print(f"  {'':28}{'s/epoch':>9}{'products':>10}{'share':>8}{'PyTorch is slower by':>23}")
        for name, rows in result["others"].items():
            ours, bound, torch = rows[OURS], rows[BOUND], rows.get(PYTORCH)
            slower = f"{_ratio(torch, ours):22.2f}x" if torch else ""
            print(
                f"  {name:28}{statistics.median(ours):9.3f}{statistics.median(bound):10.3f}"
                f"{_ratio(bound, ours):8.3f}{slower}"
            )


def _ratio(theirs: list[float], ours: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(theirs, ours, strict=True))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--repeats", type=int, default=7, help="rounds of one epoch each")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, cores], help="BLAS threads; a table for each"
    )
    parser.add_argument("--only-ours", action="store_true", help="leave the other libraries out")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
