"""A lesson whose numbers are the same on every machine, to be compared as a picture."""

from __future__ import annotations

import numpy as np
from run_states import predictions

from nn.lesson import Lesson
from nn.network import Network
from nn.optimizers import OPTIMIZERS
from tui.engine.classroom import Classroom, Digits, Page, Wish
from tui.engine.lesson_steps import steps_of


class SameEverywhere(Classroom):
    """Its weights are sixteenths, which add up without rounding in any order; those of the last
    layer are zero, so that every class has a tenth, and one product makes each gradient of it."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self.network = Network.build([64, 16, 10], "relu", rng)
        self.network.parameters[...] = 0
        first = self.network.layers[0].weights  # type: ignore[attr-defined]
        first[...] = rng.integers(-8, 9, first.shape) / 16

    def open(self, wish: Wish) -> Page:
        p = predictions(12)
        pixels = np.asarray(p.images[:1]).reshape(1, -1)
        x = pixels.astype(np.float32) * np.float32(1 / p.pixel_max)
        optimizer = OPTIMIZERS["sgd"](self.network.parameters)
        lesson = Lesson(self.network, optimizer, x, p.labels[:1], learning_rate=0.05)
        digits = Digits(p.images[:1], p.labels[:1], np.arange(1), p.pixel_max, p.class_names)
        steps = steps_of(lesson, pixels, p.pixel_max)
        return Page(lesson, steps, digits, wish, 360, 12, 540, over=True)
