"""Scenes of networks that never learnt anything, for the views of the Look room."""

from __future__ import annotations

from functools import cache

import numpy as np

from nn.data import Split, load, split
from nn.network import Network
from nn.optimizers import SGD
from tui.engine.hidden import NextStep, RunNetwork
from tui.engine.looking import Looker
from tui.engine.newest_network import NewestNetwork
from tui.engine.scene import Scene, Wish

EVERYTHING = frozenset({"layers", "weights", "map"})


@cache
def digits() -> Split:
    return split(load("digits"), "0.2", seed=42)


def made_up(shape: tuple[int, int], names: tuple[str, ...], count: int = 30) -> Split:
    """Noise of any shape, in any number of classes."""
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (count, shape[0] * shape[1]), dtype=np.uint8)
    labels = (np.arange(count) % len(names)).astype(np.uint8)
    places = np.arange(count)
    return Split(images, labels, images, labels, places, shape, 255, names, "noise", "")


class OneNetwork(NewestNetwork):
    """There is no run, but this network."""

    def __init__(self, network: RunNetwork) -> None:
        self._found = network

    def look(self) -> RunNetwork:
        assert self._found is not None
        return self._found


def network_of(
    seen: Split, hidden: tuple[int, ...] = (32, 16), activation: str = "relu", **options: str
) -> RunNetwork:
    rng = np.random.default_rng(7)
    sizes = (seen.train_images.shape[1], *hidden, len(seen.class_names))
    network = Network.build(sizes, activation, rng, dropout_rng=rng, **options)
    network.set_dropout(0.1 if options else 0.0)
    step = NextStep(SGD(network.parameters), 0.05, 0.0)
    return RunNetwork(network, seen, 3, 135, step)


def scene_of(network: RunNetwork, digit: int = 4, off: tuple[int, ...] = ()) -> Scene:
    """All that is to be seen of it."""
    *_, scene = Looker(OneNetwork(network)).ask(Wish(digit, off, EVERYTHING))
    return scene
