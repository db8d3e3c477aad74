"""Runs that never took place, put together from the facts a worker would have told."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from functools import cache

import numpy as np

from nn import data
from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted
from nn.health import Alert
from nn.hyperparameters import Hyperparameters
from nn.presets import resolve
from nn.range_test import RangePoint
from tui.engine.facts import Entry, Fact, Failed, Paused, Preparing, Resumed, Stopped
from tui.engine.history import RunHistory
from tui.engine.overlays import Overlay
from tui.engine.predictions import Predictions
from tui.engine.rate_finder import RateFound, Word
from tui.engine.state import RunState
from tui.engine.tail import STEP, Died, StepsRecorded

NAME = "20260102-030405-digits-sgd-42"
BEGUN = 1_767_323_045.0
"""The second of January 2026, five past three and four seconds, in UTC."""

STEPS_PER_EPOCH = 45
EPOCHS = 60


def loss_after(step: int) -> float:
    """A well-behaved loss with a little noise, the same on every machine."""
    noise = (step * 7919 % 101) / 101 - 0.5
    return round(0.08 + 2.2 * math.exp(-step / 130) + 0.1 * noise * math.exp(-step / 700), 4)


def epoch_done(epoch: int) -> EpochDone:
    step = epoch * STEPS_PER_EPOCH
    return EpochDone(
        epoch=epoch,
        step=step,
        train_loss=loss_after(step - STEPS_PER_EPOCH // 2),
        test_loss=loss_after(step) + 0.05,
        test_accuracy=1 - 0.9 * math.exp(-epoch / 4) - 0.02,
        learning_rate=0.05,
        seconds=0.012,
        samples_per_second=120_000 + 1000 * epoch,
    )


def steps_of(epoch: int, until: int = STEPS_PER_EPOCH) -> StepsRecorded:
    first = (epoch - 1) * STEPS_PER_EPOCH + 1
    records = np.zeros(until, STEP)
    records["step"] = np.arange(first, first + until)
    records["seconds"] = records["step"] / 250
    records["loss"] = [loss_after(int(step)) for step in records["step"]]
    records["epoch"] = epoch
    return StepsRecorded(records)


STARTED = RunStarted((64, 128, 64, 10), 17226, 1437, 360, EPOCHS, STEPS_PER_EPOCH, 2.3712, 0.0972)
CHANGED = HyperparameterChanged("learning_rate", 0.05, 0.02, 400)
FINISHED = RunFinished(EPOCHS, EPOCHS * STEPS_PER_EPOCH, 0.0712, 0.1213, 0.9722, 10.8, 118_000.0)
DIVERGED = Diverged(step=27, epoch=1, loss=math.nan, learning_rate=100.0)
FAILED = Failed("Batch size must be at most the 1437 training samples (got 5000).", "batch_size")
STOPPED = Stopped(559, 12, "pts/7")
PREPARING = Preparing("Fetching train-images-idx3-ubyte.gz", 4_200_000, 9_912_422)
DIED = Died("Killed", "last checkpoint 12 s before")


def made(*news: Fact | Died | StepsRecorded, h: Hyperparameters | None = None) -> RunState:
    """The state after these facts, a second apart."""
    state = RunState(NAME, h or resolve("first-light", {}))
    for second, item in enumerate(news):
        if isinstance(item, Died | StepsRecorded):
            state.apply(item)
        else:
            state.apply(Entry(BEGUN + second, item))
    return state


def trained(epochs: int = 12, *after: Fact | Died, steps: int = 19) -> RunState:
    """A run in its thirteenth epoch, and what happened to it then."""
    news: list[Fact | Died | StepsRecorded] = [STARTED]
    for epoch in range(1, epochs + 1):
        news += [steps_of(epoch), epoch_done(epoch)]
    if epochs < EPOCHS and steps:
        news.append(steps_of(epochs + 1, steps))
    state = made(*news, *after)
    state.predictions = predictions(epochs)
    return state


def of_phase(phase: str) -> RunState:
    """A run in this phase, as it would really look."""
    match phase:
        case "preparing":
            return made(PREPARING)
        case "running":
            return trained(12, CHANGED)
        case "alert":
            return trained(12, CHANGED, Alert("overfitting", 540, 12, 0.2644, 0.2131, since=8))
        case "paused":
            return trained(12, CHANGED, Paused(559, "pts/7"))
        case "resumed":
            return trained(12, CHANGED, Paused(559, "pts/7"), Resumed(559, "pts/7", "epoch"))
        case "finished":
            return trained(EPOCHS, FINISHED)
        case "stopped":
            return trained(12, STOPPED)
        case "diverged":
            return made(STARTED, steps_of(1, 27), DIVERGED)
        case "failed":
            return made(FAILED)
        case "died":
            return trained(12, DIED)
    raise ValueError(phase)


def beside(place: int) -> Overlay:
    """A run that is over and learnt more slowly, to be laid over another's chart."""
    history = RunHistory(1, steps_per_epoch=STEPS_PER_EPOCH)
    for step in range(1, 2000 + 200 * place):
        history.train.append(step, loss_after(step // (2 + place)))
        history.clock.append(step, step / 200)
    return Overlay(f"20260102-03000{place}-digits-adam-{place}", place, history)


async def rates(_: object) -> AsyncIterator[Word]:
    """A range test as it should go: nothing, then a fall, then out of hand."""
    steps = 100
    for step in range(1, steps + 1):
        rate = 1e-5 * 1e6 ** (step / steps)
        loss = 2.3 - 2.0 / (1 + (0.02 / rate) ** 1.5) + (rate / 2.5) ** 3
        if loss > 6:
            break
        noise = 0.15 * math.sin(step * 2.4)
        yield RangePoint(step, steps, rate, round(loss + noise, 4), round(loss, 4))
    yield RateFound(0.0316)


PHASES: Sequence[str] = (
    "preparing", "running", "paused", "finished", "stopped", "diverged", "failed", "died",
)  # fmt: skip


@cache
def predictions(epoch: int, count: int = 360) -> Predictions:
    """Real digits, and guesses that get every eleventh of them wrong."""
    digits = data.load("digits")
    images = np.asarray(digits.images[:count]).reshape(-1, 8, 8)
    labels = np.asarray(digits.labels[:count])
    said = np.where(np.arange(count) % 11 == 3, (labels + 1 + np.arange(count) % 7) % 10, labels)
    probabilities = np.full((count, 10), 0.01, np.float32)
    probabilities[np.arange(count), said] = 0.91 - 0.04 * (np.arange(count) % 10)
    return Predictions(epoch, images, digits.pixel_max, labels, probabilities, digits.class_names)
