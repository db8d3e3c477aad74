"""What the network of a run makes of a drawing: how it sees it, and what it takes it for.

A `Reader` keeps the newest network of a run at hand. To read takes a `stat` and a forward pass of
one digit, and up to a second where there is a newer checkpoint to load: it belongs in a thread, one
at a time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nn.data import DATASETS
from nn.data.centre import MNIST, Frame, frame_of, resized
from nn.data.dataset import Pixels, pixel_scale
from nn.data.extra import scaled
from tui.engine.hidden import RunNetwork, which
from tui.engine.newest_network import NewestNetwork
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.text import sentence_of

NO_RUN = (
    "No run yet, and one can draw all the same. What a drawing is taken for is said by the network "
    "of the run in sight, from its newest checkpoint: <room.train>, "
    "then <run.toggle>, trains one; <room.runs> opens another."
)

LOOKING = "Looking for the run's network."


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
    has_network: bool = False
    probabilities: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class _Eyes:
    """What drawings are read with; swapped whole, since another thread may be reading."""

    network: RunNetwork | None
    subject: Subject
    sentence: str


class Reader:
    """Reads drawings by the newest network of a run, or without one where there is none."""

    def __init__(self, run: RunDirectory | None = None) -> None:
        self.run = run
        self._newest = NewestNetwork(run) if run is not None else None
        self._looking = threading.Lock()
        self._eyes = _Eyes(None, Subject(), NO_RUN if run is None else LOOKING)

    def look(self) -> bool:
        """Look for a newer network. Has anything changed?"""
        if self._newest is None:
            return False
        with self._looking:
            before = self._eyes
            try:
                network = self._newest.look()
            except RunError as problem:
                sentence = f"No predictions: {sentence_of(problem)}"
                self._eyes = _Eyes(None, before.subject, sentence)
                return sentence != before.sentence
            if network is before.network:
                return False
            subject = before.subject if before.network is not None else self._subject(network)
            self._eyes = _Eyes(network, subject, self._where_from(network))
            return True

    def read(self, drawn: Pixels, *, centring: bool) -> Reading:
        """What the network last looked for makes of a drawing of any size."""
        eyes = self._eyes
        frame, network = eyes.subject.frame, eyes.network
        seen = frame.centred(drawn) if centring else resized(drawn, frame.height, frame.width)
        given = None
        if network is not None and seen.any():
            pixel_max = network.split.pixel_max
            # In the steps of grey the set has, as the network would get it as a sample of the set.
            ink = scaled(seen, pixel_max).reshape(1, -1).astype(np.float32)
            ink *= pixel_scale(pixel_max)
            given = np.array(network.network.predict_probabilities(ink)[0], np.float32)
        return Reading(
            drawn, centring, seen, eyes.subject, eyes.sentence, network is not None, given
        )

    def _where_from(self, network: RunNetwork) -> str:
        found = which(network.judged_by, network.epoch, network.step)
        return f"By the newest checkpoint: {found}."

    def _subject(self, network: RunNetwork) -> Subject:
        assert self.run is not None
        dataset = self.run.read_config().hyperparameters.dataset
        return Subject(dataset, network.split.class_names, frame_of(network.split))
