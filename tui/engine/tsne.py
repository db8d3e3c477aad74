"""t-SNE (van der Maaten and Hinton 2008) in a process of its own, which can be ended at any time.

scikit-learn's t-SNE can neither be stopped nor asked how far it is, and one stint of it takes a
second for 1,000 digits and minutes for 60,000. So it is done here, where ending it is the business
of whoever started the process, or of nobody: it ends by itself when its standard input closes.

A message with the features goes in by standard input; messages come out that say how much is done,
and now and then bring the map as it is by then. `embedding` is the other end.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import struct
import threading
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
Points = NDArray[np.float64]

ROUNDS = 250
"""The fewest that scikit-learn does at a time."""
STINTS = 4
PERPLEXITY = 30.0
"""How many neighbours each digit has, about."""

HEAD = struct.Struct("<dQ")
"""The share that is done, 0 to 1, and how many bytes of an array follow, or 0."""


def stints(
    features: Features, tell: Callable[[float], None] = lambda _: None, seed: int = 0
) -> Iterator[tuple[Points, float]]:
    """t-SNE of features (n, d) in a few stints, each beginning where the last one ended; the first
    with the exaggeration that draws clusters apart. Yields points (n, 2) and the share that is
    done; `tell` hears of that in between, every 50 rounds."""
    n = len(features)
    if n < 4:
        yield np.zeros((n, 2)), 1.0
        return
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]

    start: str | Features = "pca" if features.shape[1] >= 2 else "random"
    for stint in range(STINTS):
        judge = TSNE(
            perplexity=min(PERPLEXITY, (n - 1) / 3),
            early_exaggeration=12.0 if stint == 0 else 1.0,
            init=start,
            max_iter=ROUNDS,
            random_state=seed,
            verbose=2,
        )

        def rounds(done: int, before: int = stint) -> None:
            tell((before + min(done / ROUNDS, 1)) / STINTS)

        # A bend that is off for all is no reason to warn.
        with warnings.catch_warnings(), contextlib.redirect_stdout(_Rounds(rounds)):
            warnings.simplefilter("ignore")
            points = np.nan_to_num(judge.fit_transform(features)).astype(np.float64)
        start = points.astype(np.float32)
        yield points, (stint + 1) / STINTS


class _Rounds(io.TextIOBase):
    """Listens to what scikit-learn prints of its progress, which is all it says of it."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell

    def write(self, text: str) -> int:
        if found := re.search(r"Iteration (\d+)", text):
            self._tell(int(found[1]))
        return len(text)


def message(done: float, array: Features | Points | None = None) -> bytes:
    """What goes through the pipes: a head, and an array if there is one, as NumPy writes it."""
    file = io.BytesIO()
    if array is not None:
        np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
    return HEAD.pack(done, file.tell()) + file.getvalue()


def array_of(body: bytes) -> NDArray[np.float64]:
    """The array of a message, without its head."""
    return np.asarray(np.lib.format.read_array(io.BytesIO(body), allow_pickle=False))


def main() -> None:
    """Features from standard input, reports to standard output."""
    with os.fdopen(os.dup(0), "rb") as source:
        _, size = HEAD.unpack(source.read(HEAD.size))
        features = array_of(source.read(size)).astype(np.float32)
    threading.Thread(target=_end_with_input, daemon=True).start()
    with os.fdopen(os.dup(1), "wb") as out:

        def tell(done: float, points: Points | None = None) -> None:
            out.write(message(done, points))
            out.flush()

        for points, done in stints(features, tell):
            tell(done, points)


def _end_with_input() -> None:
    """Nobody is waiting any more, or nobody is there."""
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main()
