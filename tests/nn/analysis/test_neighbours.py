"""The nearest training digits, as scikit-learn's NearestNeighbors finds them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from nn.analysis import neighbours
from nn.analysis.neighbours import nearest_in_hidden, nearest_in_pixels
from nn.network import Network


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (500, 35), dtype=np.uint8)


@pytest.mark.parametrize("chunk", [7, 500, 2048])
def test_in_pixels(images: np.ndarray, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", chunk)
    query, rest = images[0], images[1:]
    *_, found = nearest_in_pixels(query, rest, 255, k=9)
    judge = NearestNeighbors(n_neighbors=9, algorithm="brute").fit(rest / 255)
    distances, indices = judge.kneighbors(query[None] / 255)
    assert found.indices.tolist() == indices[0].tolist()
    assert found.distances == pytest.approx(distances[0], rel=1e-5)
    assert found.exact


@pytest.mark.parametrize("normalization", ["none", "batch_norm"])
@pytest.mark.parametrize("hidden", [[], [12], [20, 8]])
def test_in_the_last_hidden_layer(
    images: np.ndarray, hidden: list[int], normalization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", 64)
    rng = np.random.default_rng(1)
    network = Network.build([35, *hidden, 4], "tanh", rng, normalization=normalization)
    query, rest = images[0], images[1:]
    *_, found = nearest_in_hidden(network, query, rest, 255, k=6)
    seen = network.hidden(images.astype(np.float32) / 255).copy()
    judge = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(seen[1:])
    distances, indices = judge.kneighbors(seen[:1])
    assert found.indices.tolist() == indices[0].tolist()
    assert found.distances == pytest.approx(distances[0], rel=1e-4)


def test_what_was_seen_before_is_not_worked_out_again(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", 64)
    network = Network.build([35, 9, 4], "relu", np.random.default_rng(1))
    kept: dict[int, np.ndarray] = {}
    for query in (images[3], images[8]):
        *_, fresh = nearest_in_hidden(network, query, images, 255)
        *_, found = nearest_in_hidden(network, query, images, 255, kept=kept)
        assert found.indices.tolist() == fresh.indices.tolist()
        assert found.distances.tolist() == fresh.distances.tolist()
    assert sum(map(len, kept.values())) == 500
    calls: list[int] = []
    monkeypatch.setattr(network, "hidden", lambda x: calls.append(len(x)) or np.zeros((1, 9)))
    list(nearest_in_hidden(network, images[0], images, 255, kept=kept))
    assert calls == [1], "only the query is new"


def test_what_the_last_layer_sees_makes_the_logits(images: np.ndarray) -> None:
    network = Network.build([35, 9, 4], "relu", np.random.default_rng(1), skip="residual")
    x = images[:5].astype(np.float32) / 255
    seen = network.hidden(x).copy()
    last = network.layers[-1]
    assert last.forward(seen) == pytest.approx(network.forward(x), rel=1e-5)


def test_answers_get_better_and_a_search_can_be_left(images: np.ndarray) -> None:
    search = nearest_in_pixels(images[0], np.tile(images, (9, 1)), 255, k=3)
    first, second = itertools.islice(search, 2)
    assert 0 < first.done < second.done < second.total == 4500
    assert not first.exact
    assert (second.distances <= first.distances).all()


def test_an_equal_digit_is_at_no_distance_and_equals_keep_their_order() -> None:
    images = np.zeros((6, 4), np.uint8)
    *_, found = nearest_in_pixels(images[0], images, 16, k=3)
    assert found.indices.tolist() == [0, 1, 2]
    assert found.distances.tolist() == [0, 0, 0]


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_digits_than_asked_for(n: int) -> None:
    *_, found = nearest_in_pixels(np.ones(4, np.uint8), np.zeros((n, 4), np.uint8), 1, k=5)
    assert len(found.indices) == n
    assert found.exact
