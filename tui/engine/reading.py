"""What the network of a run makes of a drawing: how it sees it, and what it takes it for.

A `Reader` keeps the newest network of a run at hand. To read takes a `stat` and a forward pass of
one digit, and up to a second where there is a newer checkpoint to load: it belongs in a thread, one
at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nn.data import DATASETS
from nn.data.centre import MNIST, Frame, frame_of, resized
from nn.data.dataset import Pixels
from nn.data.extra import scaled
from tui.engine.hidden import RunNetwork
from tui.engine.newest_network import NewestNetwork
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import printable

NO_RUN = (
    "No run yet, and one can draw all the same. What a drawing is taken for is said by the network "
    "of the run in sight, from its newest checkpoint: 1, then space, trains one; 5 opens another."
)


@dataclass(frozen=True)
class Subject:
    """What is drawn for: the size of the images, how digits lie in them, and what they may be."""

    dataset: str = "mnist"
    class_names: tuple[str, ...] = DATASETS["mnist"].class_names
    frame: Frame = MNIST

    @property
    def image_shape(self) -> tuple[int, int]:
        return self.frame.height, self.frame.width


@dataclass(frozen=True, eq=False)
class Reading:
    """A drawing as the network sees it, and what it says of it.

    Attributes:
        drawn: what was on the sheet.
        centring: whether it was centred.
        seen: (height, width) uint8, ink up to 255, of the size the network takes.
        probabilities: one for each class, float32; None where there is no network, or no ink.
        sentence: where they come from, or why there are none.
    """

    drawn: Pixels
    centring: bool
    seen: Pixels
    subject: Subject
    sentence: str
    probabilities: NDArray[np.float32] | None = None


class Reader:
    """Reads drawings by the newest network of a run, or without one where there is none."""

    def __init__(self, run: RunDirectory | None = None) -> None:
        self.run = run
        self._newest = NewestNetwork(run) if run is not None else None
        self._network: RunNetwork | None = None
        self.subject = Subject()
        self.sentence = NO_RUN

    def look(self) -> bool:
        """Look for a newer network. Has anything changed?"""
        if self._newest is None:
            return False
        network, sentence = None, ""
        try:
            network = self._newest.look()
        except RunError as problem:
            sentence = f"No predictions: {problem}"
        if network is self._network and (network is not None or sentence == self.sentence):
            return False
        if network is not None:
            sentence = self._where_from(network)
            if self._network is None or network.split.class_names != self.subject.class_names:
                self.subject = self._subject_of(network)
        self._network, self.sentence = network, sentence
        return True

    def read(self, drawn: Pixels, *, centring: bool) -> Reading:
        """What the network last looked for makes of a drawing of any size."""
        subject, network = self.subject, self._network
        seen = subject.frame.centred(drawn) if centring else resized(drawn, *subject.image_shape)
        reading = Reading(drawn, centring, seen, subject, self.sentence)
        if network is None or not seen.any():
            return reading
        pixel_max = network.split.pixel_max
        # In the steps of grey the set has, as the network would get it as a sample of the set.
        ink = scaled(seen, pixel_max).reshape(1, -1).astype(np.float32)
        ink *= np.float32(1 / pixel_max)
        given = np.asarray(network.network.predict_probabilities(ink)[0], np.float32)
        return Reading(drawn, centring, seen, subject, self.sentence, given)

    def _where_from(self, network: RunNetwork) -> str:
        assert self.run is not None
        epochs = f"epoch {network.epoch:,}" if network.epoch else "no whole epoch"
        return f"By the network of {printable(self.run.name, 60)} after {epochs}."

    def _subject_of(self, network: RunNetwork) -> Subject:
        assert self.run is not None
        dataset = self.run.read_config().hyperparameters.dataset
        return Subject(dataset, network.split.class_names, frame_of(network.split))
