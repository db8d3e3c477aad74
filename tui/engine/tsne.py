"""A map on which neighbours stay neighbours: t-SNE (van der Maaten and Hinton 2008).

A projection keeps large distances and folds the rest. t-SNE gives up the distances, and puts next
to each other what is next to each other in the hidden layer; how far two clusters are apart, or how
large one is, means nothing. It is scikit-learn's, which comes when it is called, and which can
neither be asked how far it is nor be stopped: so it is called for a few hundred rounds at a time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tui.engine.hidden import RunNetwork
from tui.engine.looking import hidden_values, probe
from tui.engine.scene import Array, DigitMap

DIGITS = 1000
ROUNDS = 250
"""The fewest that scikit-learn does at a time."""
STINTS = 4
PERPLEXITY = 30.0
"""How many neighbours each digit has, about."""


def embed(network: RunNetwork, seed: int = 0) -> Iterator[tuple[DigitMap, float]]:
    """Ever better maps of evenly spaced test digits, and the share of the work that is done; the
    same network gives the same map. For a thread, with a network that nobody else computes with."""
    rows = probe(len(network.split.test_images), DIGITS)
    features, guesses = hidden_values(network, rows)
    for points, done in stints(features, seed):
        n, n_units = features.shape
        yield DigitMap("tsne", rows, points, guesses, None, n, n_units, network.epoch), done


def stints(features: Array, seed: int = 0) -> Iterator[tuple[NDArray[np.float64], float]]:
    """t-SNE of features (n, d) in a few stints, each beginning where the last one ended; the first
    with the exaggeration that draws clusters apart."""
    n = len(features)
    if n < 4:
        yield np.zeros((n, 2)), 1.0
        return
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # The worker needs the processor too; and a bend that is off for all is no reason to warn.
    start: str | Array = "pca" if features.shape[1] >= 2 else "random"
    for stint in range(STINTS):
        judge = TSNE(
            perplexity=min(PERPLEXITY, (n - 1) / 3),
            early_exaggeration=12.0 if stint == 0 else 1.0,
            init=start,
            max_iter=ROUNDS,
            random_state=seed,
        )
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            points = np.nan_to_num(judge.fit_transform(features)).astype(np.float64)
        start = points.astype(np.float32)
        yield points, (stint + 1) / STINTS
