"""Principal components, as scikit-learn's PCA finds them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from nn.analysis.projection import pca, turned_like


@pytest.mark.parametrize("shape", [(60, 7), (8, 30), (60, 2), (3, 4)])
def test_against_scikit_learn(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    features = (rng.normal(size=shape) * np.arange(1, shape[1] + 1)).astype(np.float32)
    found, judge = pca(features), PCA(2, svd_solver="full").fit(features)
    signs = np.sign((found.axes * judge.components_).sum(axis=1))
    assert found.axes == pytest.approx(judge.components_ * signs[:, None], abs=1e-4)
    assert found.explained == pytest.approx(judge.explained_variance_ratio_, rel=1e-4)
    assert found.of(features) == pytest.approx(judge.transform(features) * signs, abs=1e-3)
    assert found.axes @ found.axes.T == pytest.approx(np.eye(2), abs=1e-6)
    assert (found.axes[[0, 1], np.abs(found.axes).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (9, 1), (5, 3)])
def test_where_there_is_little_to_see(shape: tuple[int, int]) -> None:
    features = np.ones(shape, np.float32)
    found = pca(features)
    points = found.of(features)
    assert points.shape == (shape[0], 2)
    assert points == pytest.approx(np.zeros_like(points))
    assert np.isfinite(found.explained).all()


def test_a_map_drawn_again_lies_as_it_lay() -> None:
    points = np.random.default_rng(0).normal(size=(50, 2))
    mirrored = points * [-1, 1] + 0.01
    assert turned_like(mirrored, points) == pytest.approx(points, abs=0.02)
