"""The same training by other means: one function per rival, all with the same bargain.

`rival(digits, recipe)` prepares everything and returns a function that trains for one epoch over
all training digits and returns the seconds that took. Data are converted, networks built and code
compiled before the clock starts; testing is never on the clock, for none of them.
"""

from __future__ import annotations

import itertools
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nn.buffers import zeros
from nn.data import Split
from nn.events import EpochDone, StepDone
from nn.presets import resolve
from nn.trainer import Trainer

Epoch = Callable[[], float]


@dataclass(frozen=True)
class Recipe:
    """Plain SGD on 784-128-64-10, unless a row says otherwise."""

    batch_size: int = 128
    optimizer: str = "sgd"
    learning_rate: float = 0.05
    hidden: tuple[int, ...] = (128, 64)
    threads: int = 1


def inkling(digits: Split, recipe: Recipe) -> Epoch:
    """The real `Trainer.run()`, every event of it iterated."""
    given = {
        "batch_size": recipe.batch_size,
        "optimizer": recipe.optimizer,
        "learning_rate": recipe.learning_rate,
        "hidden": recipe.hidden,
        "epochs": 100_000,
    }
    trainer = Trainer(resolve("tutorial", given), digits)
    run = trainer.run()
    next(run)

    def epoch() -> float:
        began = time.perf_counter()
        for _ in range(trainer.steps_per_epoch):
            assert isinstance(next(run), StepDone)
        seconds = time.perf_counter() - began
        assert isinstance(next(run), EpochDone)
        return seconds

    return epoch


def products(digits: Split, recipe: Recipe) -> Epoch:
    """The matrix products of the run and nothing else: the limit for anything made with NumPy."""
    rng = np.random.default_rng(0)
    n = len(digits.train_images)
    sizes = [digits.train_images.shape[1], *recipe.hidden, len(digits.class_names)]

    def random(*shape: int) -> np.ndarray:
        array = zeros(shape, np.float32)  # On cache lines, as ours are: that is a tenth faster.
        rng.random(out=array, dtype=np.float32)
        return array

    weights = [random(a, b) for a, b in itertools.pairwise(sizes)]
    d_weights = [zeros(w.shape, w.dtype) for w in weights]
    buffers = {
        m: ([random(m, size) for size in sizes], [random(m, size) for size in sizes])
        for m in {recipe.batch_size, n % recipe.batch_size or recipe.batch_size}
    }

    def epoch() -> float:
        began = time.perf_counter()
        for start in range(0, n, recipe.batch_size):
            values, slopes = buffers[min(recipe.batch_size, n - start)]
            for i, w in enumerate(weights):
                np.matmul(values[i], w, out=values[i + 1])
            for i in reversed(range(len(weights))):
                np.matmul(values[i].T, slopes[i + 1], out=d_weights[i])
                if i:
                    np.matmul(slopes[i + 1], weights[i].T, out=slopes[i])
        return time.perf_counter() - began

    return epoch


class Tutorial:
    """The loop that tutorials teach: float64, one sample a column, new arrays at every line."""

    def __init__(self, digits: Split, recipe: Recipe, seed: int = 42) -> None:
        np.random.seed(seed)
        self.x = digits.train_images.T / 255.0
        self.y = np.eye(len(digits.class_names))[digits.train_labels].T
        self.recipe = recipe
        sizes = [self.x.shape[0], *recipe.hidden, self.y.shape[0]]
        self.parameters = {}
        for i in range(1, len(sizes)):
            spread = np.sqrt(2.0 / sizes[i - 1])
            self.parameters[f"W{i}"] = np.random.randn(sizes[i], sizes[i - 1]) * spread
            self.parameters[f"b{i}"] = np.zeros((sizes[i], 1))
        self.depth = len(sizes) - 1

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        cache = {"A0": x}
        a = x
        for i in range(1, self.depth + 1):
            z = np.dot(self.parameters[f"W{i}"], a) + self.parameters[f"b{i}"]
            if i < self.depth:
                a = np.maximum(0, z)
            else:
                e = np.exp(z - np.max(z, axis=0, keepdims=True))
                a = e / np.sum(e, axis=0, keepdims=True)
            cache[f"Z{i}"], cache[f"A{i}"] = z, a
        return a, cache

    def backward(self, y: np.ndarray, cache: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        m = y.shape[1]
        gradients = {}
        dz = cache[f"A{self.depth}"] - y
        for i in range(self.depth, 0, -1):
            gradients[f"dW{i}"] = (1 / m) * np.dot(dz, cache[f"A{i - 1}"].T)
            gradients[f"db{i}"] = (1 / m) * np.sum(dz, axis=1, keepdims=True)
            if i > 1:
                da = np.dot(self.parameters[f"W{i}"].T, dz)
                dz = da * (cache[f"Z{i - 1}"] > 0)
        return gradients

    def epoch(self) -> float:
        m = self.x.shape[1]
        losses = []
        order = np.random.permutation(m)
        x_shuffled, y_shuffled = self.x[:, order], self.y[:, order]
        for start in range(0, m, self.recipe.batch_size):
            x_batch = x_shuffled[:, start : start + self.recipe.batch_size]
            y_batch = y_shuffled[:, start : start + self.recipe.batch_size]
            p, cache = self.forward(x_batch)
            losses.append(-np.mean(np.sum(y_batch * np.log(p + 1e-12), axis=0)))
            gradients = self.backward(y_batch, cache)
            for name in self.parameters:
                self.parameters[name] -= self.recipe.learning_rate * gradients["d" + name]
        return float(np.mean(losses))


def tutorial(digits: Split, recipe: Recipe) -> Epoch:
    loop = Tutorial(digits, recipe)

    def epoch() -> float:
        began = time.perf_counter()
        loop.epoch()
        return time.perf_counter() - began

    return epoch


def scikit_learn(digits: Split, recipe: Recipe) -> Epoch:
    """MLPClassifier in float32, without momentum, penalty or early stopping."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    x, y = digits.train_images.astype(np.float32) / np.float32(255), digits.train_labels

    def fit(epochs: int) -> float:
        model = MLPClassifier(
            recipe.hidden,
            solver="sgd",
            learning_rate_init=recipe.learning_rate,
            batch_size=recipe.batch_size,
            momentum=0.0,
            nesterovs_momentum=False,
            alpha=0.0,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=epochs + 1,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            began = time.perf_counter()
            model.fit(x, y)
            seconds = time.perf_counter() - began
        assert model.n_iter_ == epochs
        return seconds

    # Checking the input and setting up, a part of every fit, is not held against it.
    return lambda: fit(2) - fit(1)


def pytorch(digits: Split, recipe: Recipe) -> Epoch:
    """Eager PyTorch, as its own tutorials write it, with batches gathered by index."""
    import torch

    torch.set_num_threads(recipe.threads)
    torch.manual_seed(42)
    x = torch.from_numpy(digits.train_images.astype(np.float32) / np.float32(255))
    y = torch.from_numpy(digits.train_labels.astype(np.int64))
    sizes = [x.shape[1], *recipe.hidden, len(digits.class_names)]
    layers: list[torch.nn.Module] = []
    for n_inputs, n_outputs in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(n_inputs, n_outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    lr = recipe.learning_rate
    optimizer = {
        "sgd": lambda p: torch.optim.SGD(p, lr),
        "momentum": lambda p: torch.optim.SGD(p, lr, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, lr, momentum=0.9, nesterov=True),
        "adagrad": lambda p: torch.optim.Adagrad(p, lr),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr),
        "adam": lambda p: torch.optim.Adam(p, lr),
        "adamw": lambda p: torch.optim.AdamW(p, lr, weight_decay=0.0),
    }[recipe.optimizer](model.parameters())
    cross_entropy = torch.nn.CrossEntropyLoss()

    def epoch() -> float:
        began = time.perf_counter()
        for rows in torch.randperm(len(x)).split(recipe.batch_size):
            optimizer.zero_grad()
            loss = cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        return time.perf_counter() - began

    epoch()
    return epoch


def jax_scan(digits: Split, recipe: Recipe) -> Epoch:
    """One jitted function for a whole epoch: `lax.scan` over the full batches, then the rest."""
    import jax
    import jax.numpy as jnp

    x = jnp.asarray(digits.train_images.astype(np.float32) / np.float32(255))
    y = jnp.asarray(digits.train_labels.astype(np.int32))
    sizes = [x.shape[1], *recipe.hidden, len(digits.class_names)]
    rng = np.random.default_rng(42)
    parameters = [
        (jnp.asarray(rng.normal(0, math.sqrt(2 / a), (a, b)), jnp.float32), jnp.zeros(b))
        for a, b in itertools.pairwise(sizes)
    ]
    full = len(x) // recipe.batch_size * recipe.batch_size

    def mean_loss(parameters, rows):  # type: ignore[no-untyped-def]
        a = x[rows]
        for i, (weights, biases) in enumerate(parameters):
            a = a @ weights + biases
            if i < len(parameters) - 1:
                a = jax.nn.relu(a)
        log_p = jax.nn.log_softmax(a)
        return -jnp.take_along_axis(log_p, y[rows][:, None], axis=1).mean()

    def step(parameters, rows):  # type: ignore[no-untyped-def]
        loss, gradients = jax.value_and_grad(mean_loss)(parameters, rows)
        descend = lambda p, g: p - recipe.learning_rate * g  # noqa: E731
        return jax.tree.map(descend, parameters, gradients), loss

    @jax.jit
    def whole_epoch(parameters, order):  # type: ignore[no-untyped-def]
        batches = order[:full].reshape(-1, recipe.batch_size)
        parameters, losses = jax.lax.scan(step, parameters, batches)
        if full < len(x):
            parameters, _ = step(parameters, order[full:])
        return parameters, losses

    def epoch() -> float:
        nonlocal parameters
        began = time.perf_counter()
        parameters, losses = whole_epoch(parameters, rng.permutation(len(x)))
        jax.block_until_ready((parameters, losses))
        return time.perf_counter() - began

    epoch()
    return epoch
