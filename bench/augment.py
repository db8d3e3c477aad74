"""How many digits can one core augment in a second?

    python bench/augment.py                           # half a minute
    python bench/augment.py --repeats 15 --batches 128

Beside it stands SciPy's `ndimage.map_coordinates`, called for one image after the other as a plain
implementation would do it, with the same coordinates at hand for free: it is given the sampling
alone, we are given everything, random numbers included. The contenders take turns, the process is
kept on one core with one BLAS thread, and medians over the rounds are given. The last table shows
what `Prefetcher` hands to a consumer that does nothing else, with threads on all cores.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy import ndimage
from threadpoolctl import threadpool_limits
from throughput import load_digits

from nn.augment import Amounts, Augmenter
from nn.prefetch import Prefetcher, batch_rng

SHAPE = (28, 28)
KINDS: Mapping[str, Amounts] = MappingProxyType(
    {
        "nothing, scaled only": Amounts(),
        "shift": Amounts(shift=2),
        "rotation": Amounts(rotation=12),
        "scale": Amounts(scale=0.12),
        "shear": Amounts(shear=0.1),
        "elastic": Amounts(elastic=1),
        "all together": Amounts(shift=2, rotation=12, scale=0.12, shear=0.1, elastic=1),
    }
)
ALL = KINDS["all together"]


def main() -> None:
    options = _options()
    split, data = load_digits()
    images = split.train_images
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
    with threadpool_limits(1, "blas"):
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(cores)})
        rates = alone(images, options.batches, options.repeats, options.digits)
        print(f"\n{data}, one core of {platform.machine()}, digits a second, float32")
        print(f"medians of {options.repeats} interleaved rounds of {options.digits:,} digits")
        print(f"  {'batch':24}" + "".join(f"{batch:>12}" for batch in options.batches))
        for kind, by_batch in rates.items():
            print(f"  {kind:24}" + "".join(f"{by_batch[b][0]:>12,.0f}" for b in options.batches))
        print("  as fast as SciPy:")
        for kind in ("shift", "all together"):
            by_batch = rates[kind]
            print(f"  {kind:24}" + "".join(f"{by_batch[b][1]:>11.1f}x" for b in options.batches))
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)

        print(f"\nall together through Prefetcher, batch 128, {len(cores)} cores, digits a second")
        print("  threads " + "".join(f"{threads:>10}" for threads in options.threads))
        through = [ahead(images, 128, n, options.repeats, options.digits) for n in options.threads]
        print("          " + "".join(f"{rate:>10,.0f}" for rate in through))


def alone(
    images: np.ndarray, batches: list[int], repeats: int, digits: int
) -> dict[str, dict[int, tuple[float, float]]]:
    """By kind and batch size: digits a second, and how many times as fast as SciPy."""
    makers = {batch: Augmenter(SHAPE, 255, batch) for batch in batches}
    ours: dict[tuple[str, int], list[float]] = {(k, b): [] for k in KINDS for b in batches}
    theirs: dict[str, list[float]] = {kind: [] for kind in KINDS}
    rng = np.random.default_rng(0)
    for _ in range(repeats):
        for kind, amounts in KINDS.items():
            where = makers[batches[0]].coordinates(batches[0], amounts, rng)
            theirs[kind].append(_rate(lambda w=where: _scipy(images, w), batches[0], digits // 40))
            for batch, augment in makers.items():
                out = np.empty((batch, images.shape[1]), np.float32)

                def work(a=augment, rows=images[:batch], how=amounts, out=out) -> None:  # type: ignore[no-untyped-def]
                    a(rows, how, rng, out)

                ours[kind, batch].append(_rate(work, batch, digits))
    return {
        kind: {
            b: (
                statistics.median(ours[kind, b]),
                statistics.median(u / t for u, t in zip(ours[kind, b], theirs[kind], strict=True)),
            )
            for b in batches
        }
        for kind in KINDS
    }


def ahead(images: np.ndarray, batch: int, threads: int, repeats: int, digits: int) -> float:
    """Digits a second for who only waits for them."""

    def producer() -> Callable[[int, int, np.ndarray], np.ndarray]:
        augment = Augmenter(SHAPE, 255, batch)

        def produce(epoch: int, i: int, slot: np.ndarray) -> np.ndarray:
            rows = images[(i * batch + np.arange(batch)) % len(images)]
            augment(rows, ALL, batch_rng(0, epoch, i), out=slot)
            return slot

        return produce

    def new_slot() -> np.ndarray:
        return np.empty((batch, images.shape[1]), np.float32)

    rates = []
    with Prefetcher(producer, new_slot, threads, ahead=2 * max(1, threads)) as items:
        for epoch in range(repeats):
            began = time.perf_counter()
            items.restart(epoch, 0, -(-digits // batch))
            made = sum(len(x) for x in items)
            rates.append(made / (time.perf_counter() - began))
    return statistics.median(rates)


def _scipy(images: np.ndarray, where: np.ndarray) -> None:
    for i in range(where.shape[1]):
        image = images[i].reshape(SHAPE) * np.float32(1 / 255)
        ndimage.map_coordinates(image, where[:, i], order=1, mode="grid-constant")


def _rate(work: Callable[[], None], batch: int, digits: int) -> float:
    """Digits a second, after one call that does not count."""
    work()
    times = max(1, digits // batch)
    began = time.perf_counter()
    for _ in range(times):
        work()
    return times * batch / (time.perf_counter() - began)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="rounds")
    parser.add_argument("--digits", type=int, default=8192, help="digits for each in a round")
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 128, 256])
    parser.add_argument("--threads", type=int, nargs="+", default=[0, 1, 2, 4])
    return parser.parse_args()


if __name__ == "__main__":
    main()
