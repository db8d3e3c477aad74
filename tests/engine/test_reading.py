"""What the network makes of a drawing is what `nn` makes of it, and as new as its checkpoint."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nn.data.centre import frame_of
from tui.engine.hidden import RunNetwork
from tui.engine.reading import NO_RUN, Reader
from tui.engine.run_directory import RunDirectory
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]
DRAWN = np.zeros((24, 24), np.uint8)
DRAWN[3:15, 4:7] = 255
DRAWN[3:5, 4:12] = 180


def test_without_a_run_one_is_told_where_predictions_come_from() -> None:
    reader = Reader()
    assert not reader.look()
    reading = reader.read(DRAWN, centring=True)
    assert (reading.sentence, reading.probabilities) == (NO_RUN, None)
    assert reading.seen.shape == (28, 28)
    assert np.flatnonzero(reading.seen.any(axis=1)).size == 20


def test_a_test_digit_is_read_as_it_is_tested(make_run: Make) -> None:
    run = make_run(epochs=2, batch_size=100)
    for _ in Worker(run).run():
        pass
    reader = Reader(run)
    assert reader.look()
    assert not reader.look()
    network = RunNetwork.of_run(run)
    for k in (0, 17):
        image = network.split.test_images[k].reshape(8, 8)
        sheet = np.rint(image * (255 / 16)).astype(np.uint8)
        reading = reader.read(sheet, centring=False)
        np.testing.assert_array_equal(reading.probabilities, network.probabilities(k))
    reading = reader.read(DRAWN, centring=True)
    assert reading.subject.frame == frame_of(network.split)
    np.testing.assert_array_equal(reading.seen, reading.subject.frame.centred(DRAWN))
    assert reading.probabilities is not None
    assert abs(reading.probabilities.sum() - 1) < 1e-5
    assert "epoch 2, step 30" in reading.sentence
    assert reader.read(DRAWN * 0, centring=True).probabilities is None


def test_a_newer_checkpoint_is_read_by_from_then_on(make_run: Make) -> None:
    run = make_run(epochs=3, batch_size=100)
    reader, facts = Reader(run), Worker(run).run()
    assert reader.look()
    assert "no checkpoint yet" in reader.read(DRAWN, centring=True).sentence
    assert not reader.look()
    while not run.checkpoint.exists():
        next(facts)
    assert reader.look()
    early = reader.read(DRAWN, centring=True)
    for _ in facts:
        pass
    assert reader.look()
    late = reader.read(DRAWN, centring=True)
    assert early.probabilities is not None
    assert not np.array_equal(early.probabilities, late.probabilities)
    assert early.sentence != late.sentence
