"""One digit looked at closely: its history, where the network looked, which digits are like it.

What is asked takes from a millisecond to a second, so the answer is a generator of ever more
complete ones, for a thread; whoever stops iterating has stopped asking.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.analysis.neighbours import Neighbours
from nn.data import Split
from tui.engine.mistakes import Mistakes
from tui.engine.mistakes_reader import MistakesReader
from tui.engine.newest_network import NewestNetwork
from tui.engine.run_directory import RunDirectory, RunError

NEIGHBOURS = 5


@dataclass(frozen=True)
class Question:
    """What is to be known of a test digit; its history in any case. `toward` is the class whose
    evidence is sought, `against` another that it is weighed against."""

    digit: int
    toward: int
    against: int | None = None
    saliency: bool = False
    alike: bool = False


@dataclass(frozen=True, eq=False)
class Alike:
    """The nearest training digits so far, the nearest first.

    images: uint8 (k, height, width). labels: uint8 (k,). distances: float32 (k,). indices: intp
    (k,), their places in the training set. exact: have all been looked at?
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    distances: NDArray[np.float32]
    indices: NDArray[np.intp]
    exact: bool

    @classmethod
    def of(cls, found: Neighbours, split: Split) -> Alike:
        images = split.train_images[found.indices].reshape(-1, *split.image_shape)
        labels = split.train_labels[found.indices]
        return cls(images, labels, found.distances, found.indices, found.exact)


@dataclass(frozen=True, eq=False)
class Findings:
    """What is known of a digit by now.

    history: what it was taken for, the untrained network's guess first: uint8 (epochs + 1,).
    saliency: float32 (height, width), above 0 for `question.toward`; None if not known (yet).
    epoch: that of the network which was asked; None while none was.
    busy: what is being done, in words; empty at the end. sentence: why something is not known.
    """

    question: Question
    history: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    saliency: NDArray[Any] | None = None
    in_pixels: Alike | None = None
    in_hidden: Alike | None = None
    epoch: int | None = None
    busy: str = ""
    sentence: str = ""


class Inquiry:
    """Asks about the digits of one run; its network is loaded when it is first needed, and again
    when there is a newer one."""

    def __init__(self, run: RunDirectory | None, reader: MistakesReader | None) -> None:
        self.run = run
        self.reader = reader
        self._newest = None if run is None else NewestNetwork(run)
        # A question that is no longer wanted ends at its next answer; the network is for one.
        self._one_at_a_time = threading.Lock()

    def ask(self, question: Question) -> Iterator[Findings]:
        """Ever better answers, the last one with nothing `busy`. For a thread."""
        found = Findings(question)
        if self.reader is not None:
            past = self.reader.of_digits(np.array([question.digit]))
            found = dataclasses.replace(found, history=past[:, 0])
        if not (question.saliency or question.alike):
            yield found
            return
        yield dataclasses.replace(found, busy="Fetching the network")
        with self._one_at_a_time:
            try:
                yield from self._ask_network(found)
            except RunError as error:
                yield dataclasses.replace(found, sentence=str(error))

    def _ask_network(self, found: Findings) -> Iterator[Findings]:
        if self._newest is None:
            raise RunError("This run has left no files, so its network cannot be asked.")
        question, network = found.question, self._newest.look()
        found = dataclasses.replace(found, epoch=network.epoch)
        if question.saliency:
            said = network.saliency(question.digit, question.toward, question.against)
            found = dataclasses.replace(found, saliency=said)
        if question.alike:
            for near in network.nearest_in_pixels(question.digit, NEIGHBOURS):
                found = dataclasses.replace(
                    found,
                    in_pixels=Alike.of(near, network.split),
                    busy=f"Comparing ink {near.done / max(near.total, 1):.0%}",
                )
                yield found
            for near in network.nearest_in_hidden(question.digit, NEIGHBOURS):
                found = dataclasses.replace(
                    found,
                    in_hidden=Alike.of(near, network.split),
                    busy=f"Asking the last layer {near.done / max(near.total, 1):.0%}",
                )
                yield found
        yield dataclasses.replace(found, busy="")


def learning_in_words(mistakes: Mistakes, digit: int) -> str:
    """When a digit was learnt, forgotten, or never learnt; empty where that is not known."""
    history = mistakes.history
    if history is None:
        return ""
    times = int(history.forgotten[digit])
    often = "" if not times else ", forgotten once" if times == 1 else f", forgotten {times} times"
    if history.never_right[digit]:
        return "never right"
    learnt = int(history.learnt[digit])
    if learnt > 0:
        return f"right since epoch {learnt}{often}"
    if learnt == 0:
        return "right from the start"
    return f"wrong{often}"
