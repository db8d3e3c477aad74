"""The same network, digits and optimiser in PyTorch: after 20 steps the same parameters.

Both start from the same numbers and see the same batches; PyTorch finds its gradients by its own
autograd. What is left between them is rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nn.layers import Dense
from nn.losses import SoftmaxCrossEntropy
from nn.names import OptimizerName
from nn.network import Network
from nn.optimizers import OPTIMIZERS

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed: nothing was compared with it"
)

# A second thread of PyTorch's waits for its turn longer than these few numbers take.
torch.set_num_threads(1)

STEPS, SIZES = 20, (36, 16, 12, 5)
LEARNING_RATES = {"adagrad": 0.01, "rmsprop": 0.001, "adam": 0.005, "adamw": 0.005}
TOLERANCE = {"float32": 5e-6, "float64": 1e-10}


def their_optimizer(
    name: OptimizerName, groups: list[dict[str, Any]], lr: float, momentum: float
) -> Any:
    if name in ("sgd", "momentum", "nesterov"):
        kept = 0 if name == "sgd" else momentum
        return torch.optim.SGD(groups, lr=lr, momentum=kept, nesterov=name == "nesterov")
    if name == "adagrad":
        return torch.optim.Adagrad(groups, lr=lr)
    if name == "rmsprop":
        return torch.optim.RMSprop(groups, lr=lr)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return kind(groups, lr=lr, betas=(momentum, 0.999))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize("momentum", [0.5, 0.9])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twenty_steps_of_a_network_end_where_pytorch_ends(
    name: OptimizerName, momentum: float, weight_decay: float, dtype: str
) -> None:
    rng = np.random.default_rng(7)
    network = Network.build(SIZES, "tanh", rng, dtype)
    ours = [layer for layer in network.layers if isinstance(layer, Dense)]
    weights = [torch.from_numpy(d.weights.copy()).requires_grad_() for d in ours]
    biases = [torch.from_numpy(d.biases.copy()).requires_grad_() for d in ours]
    start = network.parameters.copy()

    lr = LEARNING_RATES.get(name, 0.1)
    optimizer = OPTIMIZERS[name](network.parameters, momentum, weight_decay, network.n_decayed)
    groups = [
        {"params": weights, "weight_decay": weight_decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    theirs = their_optimizer(name, groups, lr, momentum)
    loss = SoftmaxCrossEntropy(SIZES[-1], dtype)

    for _ in range(STEPS):
        x = rng.random((32, SIZES[0])).astype(dtype)
        labels = rng.integers(0, SIZES[-1], 32)
        our_loss = loss.forward(network.forward(x), labels)
        network.backward(loss.backward())
        optimizer.step(network.parameters, network.gradients, lr)

        a = torch.from_numpy(x)
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            z = a @ w + b
            a = torch.tanh(z) if i < len(weights) - 1 else z
        their_loss = torch.nn.functional.cross_entropy(a, torch.from_numpy(labels))
        theirs.zero_grad()
        their_loss.backward()
        theirs.step()
        assert our_loss == pytest.approx(their_loss.item(), abs=TOLERANCE[dtype])

    assert np.linalg.norm(network.parameters - start) > 0.1
    for dense, w, b in zip(ours, weights, biases, strict=True):
        for mine, other in ((dense.weights, w), (dense.biases, b)):
            np.testing.assert_allclose(
                mine, other.detach().numpy(), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
            )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_gradients_move_parameters_to_the_same_place(
    name: OptimizerName, weight_decay: float, dtype: str
) -> None:
    size, lr = 5000, 0.01
    rng = np.random.default_rng(11)
    # From a ten-millionth to a thousand, where epsilon matters and where it does not.
    gradients = rng.standard_normal((STEPS, size)) * 10.0 ** rng.integers(-7, 4, size)
    gradients = np.where(rng.random((STEPS, size)) < 0.1, 0.0, gradients).astype(dtype)
    ours = rng.standard_normal(size).astype(dtype)
    theirs = torch.from_numpy(ours.copy()).requires_grad_()
    our_optimizer = OPTIMIZERS[name](ours, 0.9, weight_decay)
    groups = [{"params": [theirs], "weight_decay": weight_decay}]
    their = their_optimizer(name, groups, lr, 0.9)
    for g in gradients:
        theirs.grad = torch.from_numpy(g.copy())
        their.step()
        our_optimizer.step(ours, g.copy(), lr)
        tolerance = {"float32": 3e-5, "float64": 1e-10}[dtype]
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=tolerance, atol=tolerance)
