"""What is it worth to do long vectors a stretch at a time?

    python bench/stretches.py [--hidden 2048,2048] [--rounds 7]

A step of the optimiser and the moving average's update, on the parameters of a network this wide,
in stretches as `nn.buffers` has them and as one, in turn: microseconds of processor time, medians,
and their ratio. `quick`'s network is one stretch long either way.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import get_args

import numpy as np

from nn import averaging, buffers, optimizers
from nn.averaging import Average
from nn.names import OptimizerName
from nn.network import Network
from nn.optimizers import OPTIMIZERS


def stretch(size: int) -> None:
    for module in (buffers, optimizers, averaging):
        module.STRETCH = size  # type: ignore[attr-defined]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", default="2048,2048")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    sizes = [784, *map(int, options.hidden.split(",")), 10]
    network = Network.build(sizes, "relu", np.random.default_rng(0))
    size = network.parameters.size
    gradient = np.random.default_rng(1).standard_normal(size, dtype=np.float32)
    ours = buffers.STRETCH
    print(f"{size:,} parameters, stretches of {ours:,}")
    for name in (*get_args(OptimizerName), "moving average"):
        seconds: dict[int, list[float]] = {ours: [], size: []}
        work: dict[int, Callable[[], object]] = {}
        for length in seconds:
            stretch(length)
            if name in OPTIMIZERS:
                optimizer = OPTIMIZERS[name](network.parameters)
                work[length] = lambda o=optimizer: o.step(
                    network.parameters, network.gradients, 1e-6
                )
            else:
                average = Average(network)
                work[length] = lambda a=average: a.update(network, 0.999)
        for _ in range(options.rounds):
            for length, do in work.items():
                stretch(length)
                spent = 0.0
                for _ in range(5):
                    network.gradients[:] = gradient
                    began = time.process_time()
                    do()
                    spent += time.process_time() - began
                seconds[length].append(spent / 5)
        stretch(ours)
        short, long = (statistics.median(seconds[length]) * 1e6 for length in (ours, size))
        print(f"  {name:15}{short:9.0f} in stretches,{long:9.0f} as one: {short / long:.2f}")


if __name__ == "__main__":
    main()
