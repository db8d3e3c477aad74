"""A map on which neighbours stay neighbours: t-SNE of what the last layer sees of test digits.

A projection keeps large distances and folds the rest. t-SNE gives up the distances, and puts next
to each other what is next to each other in the hidden layer; how far two clusters are apart, or how
large one is, means nothing. `tsne` draws it, in a process of its own.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Generator, Iterator

from tui.engine.hidden import RunNetwork
from tui.engine.looking import hidden_values, probe
from tui.engine.run_directory import RunError
from tui.engine.scene import Array, DigitMap
from tui.engine.text import WithKeys, printable
from tui.engine.tsne import HEAD, array_of, message

DIGITS = 1000

TICK = 0.1
"""Seconds after which an embedding is heard of again, be there news or not."""

# The worker needs the processor too.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def embed(network: RunNetwork) -> Generator[tuple[DigitMap | None, float], None, None]:
    """Ever better maps of evenly spaced test digits, None before the first, and the share of the
    work that is done; the same network gives the same map. For a thread, with a network that nobody
    else computes with. As of `embedded`, whose errors it raises."""
    rows = probe(len(network.split.test_images), DIGITS)
    features, guesses = hidden_values(network, rows)
    n, n_units = features.shape
    chart: DigitMap | None = None
    drawn: Array | None = None
    with contextlib.closing(embedded(features)) as reports:
        for points, done in reports:
            if points is not None and points is not drawn:
                drawn = points
                chart = DigitMap("tsne", rows, points, guesses, None, n, n_units, network.epoch)
            yield chart, done


def embedded(features: Array) -> Generator[tuple[Array | None, float], None, None]:
    """The newest points (n, 2) of features float32 (n, d), None before the first, and the share of
    the work that is done; every `TICK` seconds, whether that has changed or not. Whoever closes
    the iterator has ended the work.

    Raises:
        RunError: it cannot be started, or ended before it was done.
    """
    points: Array | None = None
    done = 0.0
    with _process(message(0.0, features)) as process:
        assert process.stdout is not None
        heard = b""
        while done < 1:
            if select.select([process.stdout], [], [], TICK)[0]:
                some = os.read(process.stdout.fileno(), 1 << 16)
                if not some:
                    raise RunError(
                        WithKeys("t-SNE has ended before it was done; <look.tsne> draws it again.")
                    )
                heard += some
            while len(heard) >= HEAD.size:
                share, size = HEAD.unpack_from(heard)
                if len(heard) < HEAD.size + size:
                    break
                done = share
                if size:
                    points = array_of(heard[HEAD.size : HEAD.size + size])
                heard = heard[HEAD.size + size :]
            yield points, done


@contextlib.contextmanager
def _process(given: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """The process that does it, from its start to its end, which may come at any time."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui.engine.tsne"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **ONE_THREAD},
        )
    except OSError as error:
        raise RunError(f"t-SNE cannot be started: {printable(error)}.") from None
    with process:
        try:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                # Unbuffered, so that nothing is left over for closing it to fail at.
                rest = memoryview(given)
                while rest:
                    rest = rest[os.write(process.stdin.fileno(), rest) :]
            yield process
        finally:
            process.kill()
