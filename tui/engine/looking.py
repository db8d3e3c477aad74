"""Looks inside a run's newest network, and only as far as somebody has a view of it.

What is asked takes from a millisecond to a second or two, so the answer is a generator of ever more
complete scenes, for a thread; whoever stops iterating has stopped asking. What was found out is
kept until there is a newer checkpoint.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nn.analysis.layer_statistics import Microscope, Portrait
from nn.analysis.projection import pca, turned_like
from nn.analysis.units import (
    CHUNK,
    Tally,
    count_right,
    first_weights,
    has_hidden,
    strongest,
    without,
)
from nn.losses import softmax
from tui.engine.hidden import RunNetwork
from tui.engine.newest_network import NewestNetwork
from tui.engine.run_directory import RunError
from tui.engine.scene import Array, DigitMap, Effect, Flow, Scene, Units, Wish
from tui.engine.text import sentence_of

PROBE = 256
"""Training digits, evenly spaced, that the figures of the layers are about."""

STRONGEST = 12

FITTED = 1000
"""Digits from which the axes of a map are found: a second's work with 2,048 units."""

FULL_COLOUR = 0.98
"""The share of the weights that is not larger than the one with full colour."""


class Looker:
    """Asks the newest network of one run."""

    def __init__(self, newest: NewestNetwork) -> None:
        self._newest = newest
        self._network: RunNetwork | None = None
        self._last: Scene | None = None
        self._refused = False
        # A question that is no longer wanted ends at its next answer; the network is for one.
        self._one_at_a_time = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._scope: Microscope | None = None
        self._portrait: Portrait | None = None
        self._units: Units | None = None
        self._before: Tally | None = None
        self._effect: Effect | None = None
        self._chart: DigitMap | None = None

    def twin(self) -> RunNetwork | None:
        """The network that was last looked at once more, for another thread."""
        return None if self._network is None else self._network.twin()

    def ask(self, wish: Wish) -> Iterator[Scene]:
        """Ever better answers, the last one with nothing `busy`: the very same object as before
        where nothing has changed. For a thread."""
        with self._one_at_a_time:
            try:
                yield from self._ask(wish)
            except RunError as error:
                # Whoever asks again every now and then is to see the sentence stand still.
                self._refused = True
                yield Scene(wish, sentence=sentence_of(error))
            except MemoryError:
                yield Scene(wish, sentence="There is not enough memory to look inside.")

    def _ask(self, wish: Wish) -> Iterator[Scene]:
        if self._network is None and not self._refused:
            yield Scene(wish, busy="Fetching the network")
        known, chart = self._network, self._chart
        network = self._newest.look()
        renewed = network is not known
        if not renewed and self._last is not None and self._last.wish == wish:
            yield self._last
            return
        if renewed:
            self._network, self._last = network, None
            self._forget()
        wish = dataclasses.replace(wish, digit=wish.digit % max(len(network.split.test_labels), 1))
        scene = Scene(wish, network.split, network.epoch, network.step, network.judged_by)
        for better in self._parts(network, wish, scene, chart):
            scene = better
            # Of a newer network only the whole is shown, not views that come and go.
            if known is None or not renewed:
                yield scene
        self._last = scene = dataclasses.replace(scene, busy="")
        yield scene

    def _parts(
        self, network: RunNetwork, wish: Wish, scene: Scene, chart: DigitMap | None
    ) -> Iterator[Scene]:
        scene = dataclasses.replace(
            scene,
            flow=self._flow(network, wish.digit),
            portrait=self._portrait,
            units=self._units,
            effect=self._effect,
            chart=self._chart,
        )
        if "layers" in wish.views and self._portrait is None:
            yield dataclasses.replace(scene, busy="Measuring the layers")
            self._portrait = self._measure(network)
            scene = dataclasses.replace(scene, portrait=self._portrait)
        if "weights" in wish.views:
            for busy in self._look_at_units(network):
                yield dataclasses.replace(scene, busy=busy)
            scene = dataclasses.replace(scene, units=self._units)
            for busy in self._switch_off(network, wish):
                yield dataclasses.replace(scene, effect=self._effect, busy=busy)
            scene = dataclasses.replace(scene, effect=self._effect)
        if "map" in wish.views:
            for busy in self._draw_map(network, chart):
                yield dataclasses.replace(scene, busy=busy)
            scene = dataclasses.replace(scene, chart=self._chart)
        yield scene

    def _microscope(self, network: RunNetwork) -> Microscope:
        if self._scope is None:
            self._scope = Microscope(network.network)
        return self._scope

    @np.errstate(all="ignore")
    def _flow(self, network: RunNetwork, digit: int) -> Flow:
        values = self._microscope(network).flow(network.ink_of_test([digit])[0])
        return Flow(digit, values, softmax(values[-1][None])[0])

    def _measure(self, network: RunNetwork) -> Portrait:
        rows = probe(len(network.split.train_images), PROBE)
        x, labels = network.ink_of_training(rows), network.split.train_labels[rows]
        return self._microscope(network).portrait(x, labels, network.next_step)

    def _look_at_units(self, network: RunNetwork) -> Iterator[str]:
        if self._units is not None:
            return
        s = network.split
        weights, biases = first_weights(network.network)
        scale = float(np.quantile(np.abs(weights), FULL_COLOUR)) or 1.0
        for found in strongest(network.network, s.test_images, s.pixel_max, STRONGEST):
            yield f"Looking for each unit's digits {found.done / found.total:.0%}"
        self._units = Units(
            weights=weights.reshape(-1, *s.image_shape),
            means=weights.mean(axis=1, dtype=np.float64),
            stds=weights.std(axis=1, dtype=np.float64),
            biases=biases,
            scale=scale,
            strongest=found,
            hidden=has_hidden(network.network),
        )

    def _switch_off(self, network: RunNetwork, wish: Wish) -> Iterator[str]:
        known = self._effect
        off = tuple(sorted(unit for unit in wish.off if unit < network.network.layers[0].n_outputs))
        if not off or not has_hidden(network.network):
            self._effect = None
            return
        if known is not None and (known.off, known.digit) == (off, wish.digit):
            return
        s = network.split
        if self._before is None:
            for tally in count_right(network.network, s.test_images, s.test_labels, s.pixel_max):
                yield f"Testing it whole {tally.done / tally.total:.0%}"
            self._before = tally
        ablated = without(network.network, off)
        with np.errstate(all="ignore"):
            given = ablated.predict_probabilities(network.ink_of_test([wish.digit]))[0]
        if known is not None and known.off == off:
            self._effect = dataclasses.replace(known, digit=wish.digit, probabilities=given)
            return
        for tally in count_right(ablated, s.test_images, s.test_labels, s.pixel_max):
            if tally.done == tally.total:
                self._effect = Effect(off, wish.digit, self._before, tally, given)
            yield f"Testing it without {tally.done / tally.total:.0%}"

    def _draw_map(self, network: RunNetwork, before: DigitMap | None) -> Iterator[str]:
        if self._chart is not None:
            return
        n = len(network.split.test_images)
        yield "Drawing the map"
        features, _ = hidden_values(network, probe(n, FITTED))
        if not np.isfinite(features).all():
            raise RunError("The hidden values of this network are not finite; there is no map.")
        projection = pca(features)
        points, guesses = np.empty((n, 2)), np.empty(n, np.intp)
        for start in range(0, n, CHUNK):
            rows = np.arange(start, min(start + CHUNK, n))
            features, guesses[rows] = hidden_values(network, rows)
            points[rows] = projection.of(features)
            yield f"Drawing the map {(start + len(rows)) / n:.0%}"
        if before is not None and before.points.shape == points.shape:
            points = turned_like(points, before.points)
        n_units, fitted = len(projection.mean), min(n, FITTED)
        shares, epoch = projection.explained, network.epoch
        self._chart = DigitMap("pca", np.arange(n), points, guesses, shares, fitted, n_units, epoch)


def probe(total: int, most: int) -> NDArray[np.intp]:
    """So many places of `total`, or all of them, evenly spaced: the same ones every time."""
    return np.unique(np.linspace(0, total - 1, min(total, most)).astype(np.intp))


@np.errstate(all="ignore")
def hidden_values(network: RunNetwork, rows: NDArray[np.intp]) -> tuple[Array, NDArray[np.intp]]:
    """What the last layer sees of test digits, (m, its n_inputs), and what it takes them for."""
    features = network.network.hidden(network.ink_of_test(rows)).copy()
    guesses = network.network.layers[-1].forward(features).argmax(axis=1)
    return features, guesses
