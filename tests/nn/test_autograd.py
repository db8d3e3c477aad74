"""Every operation of autograd against central differences, and the graph against its promises."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn import autograd
from nn.autograd import (
    Tensor,
    exp,
    log,
    log_softmax,
    maximum,
    negative,
    relu,
    sigmoid,
    sqrt,
    tanh,
    where,
)

seeds = st.integers(0, 2**32 - 1)
shapes = hnp.array_shapes(min_dims=0, max_dims=3, max_side=3)
Build = Callable[..., Tensor]


@pytest.fixture(scope="session")
def check(
    numeric_gradient: Callable[..., np.ndarray], assert_agree: Callable[..., None]
) -> Callable[..., None]:
    """`check(build, *arrays)`: with L = sum(C * build(...)) for a random C, dL/d(every array)."""

    def run(build: Build, *arrays: np.ndarray) -> None:
        c = np.random.default_rng(0).standard_normal(build(*map(Tensor, arrays)).shape)

        def loss() -> float:
            return float((build(*map(Tensor, arrays)).value * c).sum())

        tensors = [Tensor(array) for array in arrays]
        build(*tensors).backward(c)
        for tensor, array in zip(tensors, arrays, strict=True):
            assert tensor.grad is not None
            assert tensor.grad.shape == array.shape
            assert_agree(tensor.grad, numeric_gradient(loss, array))

    return run


def away(rng: np.random.Generator, shape: tuple[int, ...], least: float = 0.1) -> np.ndarray:
    """Numbers of both signs, none nearer to 0 than `least`: no step crosses a kink or a pole."""
    signs = rng.choice([-1.0, 1.0], shape)
    return np.asarray(signs * rng.uniform(least, 2, shape))


PAIRS: dict[str, tuple[Build, bool]] = {
    "add": (lambda a, b: a + b, False),
    "subtract": (lambda a, b: a - b, False),
    "multiply": (lambda a, b: a * b, False),
    "divide": (lambda a, b: a / b, False),
    "power": (lambda a, b: a**b, True),
}


@pytest.mark.parametrize("name", PAIRS)
@settings(deadline=None, max_examples=40)
@given(both=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), seed=seeds)
def test_pairs_broadcast(name: str, check: Callable[..., None], both: Any, seed: int) -> None:
    build, positive_base = PAIRS[name]
    rng = np.random.default_rng(seed)
    a, b = (away(rng, shape) for shape in both.input_shapes)
    check(build, np.asarray(np.abs(a) + 0.3) if positive_base else a, b)


@settings(deadline=None, max_examples=40)
@given(both=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), seed=seeds)
def test_the_larger_of_two(check: Callable[..., None], both: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Even tenths against odd ones: never nearer than a tenth.
    a, b = (
        np.asarray(rng.integers(-9, 9, shape) / 5 + shift)
        for shape, shift in zip(both.input_shapes, (0.0, 0.1), strict=True)
    )
    check(maximum, a, b)


@settings(deadline=None, max_examples=40)
@given(
    all_three=hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3), seed=seeds
)
def test_one_or_the_other(check: Callable[..., None], all_three: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    condition, a, b = (rng.standard_normal(shape) for shape in all_three.input_shapes)
    expected = np.where(condition > 0, a, b)
    np.testing.assert_array_equal(where(condition > 0, Tensor(a), Tensor(b)).value, expected)
    check(lambda u, v: where(condition > 0, u, v), np.asarray(a), np.asarray(b))


POSITIVE = {"log", "sqrt"}
SINGLES: dict[str, Build] = {
    "negative": negative,
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "relu": relu,
    "square": lambda x: x**2,
    "reciprocal": lambda x: x**-1,
    "2 to the x": lambda x: 2**x,
    "transpose": lambda x: x.T,
    "flat": lambda x: x.reshape(-1),
    "used twice": lambda x: x * x + x,
}


@pytest.mark.parametrize("name", SINGLES)
@settings(deadline=None, max_examples=25)
@given(shape=shapes, seed=seeds)
def test_entry_by_entry(name: str, check: Callable[..., None], shape: Any, seed: int) -> None:
    x = away(np.random.default_rng(seed), shape, least=0.3)
    check(SINGLES[name], np.asarray(np.abs(x)) if name in POSITIVE else x)


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "maximum"])
def test_values_are_those_of_numpy(name: str) -> None:
    x = np.linspace(0.1, 3, 7)
    more = (1.0,) if name == "maximum" else ()
    ours = getattr(autograd, name)(Tensor(x), *more)
    np.testing.assert_array_equal(ours.value, getattr(np, name)(x, *more))


@pytest.mark.parametrize("name", [*PAIRS, "reversed"])
def test_operators_are_those_of_numpy(name: str) -> None:
    """Also where an array or a number stands on the left."""
    a, b = np.array([[1.0], [2.0]]), np.array([3.0, 5.0, 7.0])
    build = PAIRS[name][0] if name in PAIRS else lambda u, v: (2 - v) / (3**u) - 1 / v
    expected = build(a, b)
    for u, v in ((Tensor(a), Tensor(b)), (Tensor(a), b), (a, Tensor(b))):
        np.testing.assert_array_equal(build(u, v).value, expected)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), shape=hnp.array_shapes(max_dims=3, max_side=3), seed=seeds)
def test_along_axes(check: Callable[..., None], data: st.DataObject, shape: Any, seed: int) -> None:
    axis = data.draw(
        st.none() | st.integers(-len(shape), len(shape) - 1) | hnp.valid_tuple_axes(len(shape))
    )
    keepdims = data.draw(st.booleans())
    x = away(np.random.default_rng(seed), shape)
    assert Tensor(x).sum(axis, keepdims).shape == x.sum(axis=axis, keepdims=keepdims).shape
    np.testing.assert_allclose(
        Tensor(x).mean(axis, keepdims).value, x.mean(axis=axis, keepdims=keepdims), atol=1e-15
    )
    check(lambda t: t.sum(axis, keepdims), x)
    check(lambda t: t.mean(axis, keepdims), x)
    if isinstance(axis, int):
        check(lambda t: log_softmax(t, axis), x)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 3), (3, 4)),
        ((1, 1), (1, 1)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((3,), (3,)),
        ((4, 2, 3), (3, 2)),
        ((2, 3), (4, 3, 1)),
        ((4, 1, 2, 3), (5, 3, 2)),
        ((3,), (4, 3, 2)),
        ((0, 3), (3, 2)),
    ],
)
def test_matrix_products(check: Callable[..., None], a: Any, b: Any) -> None:
    rng = np.random.default_rng(3)
    left, right = rng.standard_normal(a), rng.standard_normal(b)
    np.testing.assert_allclose((Tensor(left) @ Tensor(right)).value, left @ right, atol=1e-14)
    if left.size:
        check(lambda u, v: u @ v, left, right)
        check(lambda u: u @ right, left)
        check(lambda v: left @ v, right)


@settings(deadline=None, max_examples=80)
@given(data=st.data(), shape=hnp.array_shapes(max_dims=3, max_side=4), seed=seeds)
def test_picking(check: Callable[..., None], data: st.DataObject, shape: Any, seed: int) -> None:
    index = data.draw(
        hnp.basic_indices(shape, allow_newaxis=True)
        | hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=5))
        | hnp.arrays(bool, shape)
    )
    x = np.random.default_rng(seed).standard_normal(shape)
    np.testing.assert_array_equal(Tensor(x)[index].value, x[index])
    check(lambda t: t[index], x)


def test_an_entry_picked_twice_hears_of_both() -> None:
    x = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]))
    x[np.array([0, 1, 0]), np.array([1, 0, 1])].sum().backward()
    np.testing.assert_array_equal(x.grad, [[0, 2], [1, 0]])


def test_ties_and_zeros() -> None:
    """The conventions of `activations`: the slope at a kink is the one from below."""
    x = Tensor(np.zeros(3))
    (relu(x) + maximum(x, 0.25 * x)).sum().backward()
    np.testing.assert_array_equal(x.grad, np.full(3, 0.25))
    for power, slope in ((0, 0.0), (1, 1.0), (2, 0.0), (np.zeros(3), 0.0)):
        (x**power).sum().backward()
        np.testing.assert_array_equal(x.grad, np.full(3, slope))
    (0.0 ** (x + 2)).sum().backward()
    np.testing.assert_array_equal(x.grad, np.zeros(3))


@pytest.mark.filterwarnings("error")
def test_large_numbers_do_not_overflow() -> None:
    x = Tensor(np.array([-1e4, 0.0, 1e4]))
    (sigmoid(x) + log_softmax(x) + (x**2)).sum().backward()
    assert x.grad is not None
    assert np.isfinite(x.grad).all()


@pytest.mark.parametrize("n", [20_000])
def test_a_deep_chain(n: int) -> None:
    x = Tensor(np.array([1.0]))
    y = x
    for i in range(n):
        y = (y + 1e-4).reshape(1) if i % 2 else y[:] * 1
    y.backward()
    np.testing.assert_array_equal(x.grad, [1])
    del y  # must not overflow either


def test_a_graph_that_splits_and_joins_is_walked_once() -> None:
    """Doubling 60 times: a walk along every path would take 2^60 steps."""
    x = y = Tensor(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_every_tensor_on_the_way_knows_its_gradient() -> None:
    x = Tensor(np.array([1.0, 2.0]))
    y = x * 3
    unused = Tensor(1.0)
    (y * y).sum().backward()
    np.testing.assert_array_equal(y.grad, [6, 12])
    np.testing.assert_array_equal(x.grad, [18, 36])
    assert unused.grad is None
    assert (y.operation, y.parents, x.operation) == ("*", (x,), "leaf")


def test_backward_starts_afresh() -> None:
    x = Tensor(np.array([3.0]))
    y = x + 0
    loss = y * y
    for _ in range(2):
        loss.backward()
        np.testing.assert_array_equal(x.grad, [6])
    assert x.grad is not None
    assert y.grad is not None
    x.grad += 1  # nobody else's
    np.testing.assert_array_equal(y.grad, [6])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_the_one_given(dtype: str) -> None:
    x = Tensor(np.ones((2, 3), dtype))
    w = np.ones((3, 1), dtype)
    y = 2 * log_softmax(sigmoid(x @ w) ** 2 - relu(x[:, :1]).mean(0) / 3, axis=0)
    y = where(y.value > 0, exp(y), maximum(y, 0)) + sqrt(tanh(y) ** 2 + 1)
    assert y.value.dtype == dtype
    y.sum().backward(np.float64(1))
    assert x.grad is not None
    assert x.grad.dtype == dtype


def test_other_numbers_become_float64() -> None:
    for value in (3, [1, 2], np.arange(3, dtype=np.uint8), True):
        assert Tensor(value).value.dtype == np.float64
    kept = np.ones(2, np.float32)
    assert Tensor(kept).value is kept
    np.testing.assert_array_equal(([1, 2] * Tensor(2.0)).value, [2, 4])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda x: x + np.ones((3, 2)), r"\(2, 3\) and \(3, 2\) do not go together in \+"),
        (lambda x: where(np.ones(4, bool), x, 0), r"\(2, 3\) and \(\) and \(4,\) .* where"),
        (lambda x: x @ x, r"\(2, 3\) and \(2, 3\) do not fit in a @ b"),
        (lambda x: x @ 2, r"\(2, 3\) and \(\) do not fit"),
        (lambda x: x.reshape(4, 2), r"\(2, 3\) cannot take shape \(4, 2\)"),
        (lambda x: x.sum(axis=2), r"\(2, 3\): axis 2"),
        (lambda x: x.mean(axis=(0, 0)), r"\(2, 3\): duplicate"),
        (lambda x: x[:0].mean(), r"\(0, 3\) has no mean"),
        (lambda x: log_softmax(x, axis=2), r"axis 2: the shape is \(2, 3\)"),
        (lambda x: log_softmax(x[:, :0]), r"shape is \(2, 0\)"),
        (lambda x: x.backward(), r"one number, and this has shape \(2, 3\)"),
        (lambda x: x.backward(np.ones(3)), r"gradient of \(3,\) .* tensor of \(2, 3\)"),
        (lambda _: Tensor([1j]), "real numbers, not complex128"),
    ],
)
def test_what_does_not_fit_is_said(build: Callable[[Tensor], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(Tensor(np.ones((2, 3))))


def test_an_index_out_of_range_names_the_shape() -> None:
    with pytest.raises(IndexError, match=r"shape \(2, 3\): index 5"):
        Tensor(np.ones((2, 3)))[5]
    assert [float(row.value) for row in Tensor([1, 2])] == [1, 2]


def test_pytorch_says_the_same() -> None:
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: autograd was not compared with its own"
    )
    rng = np.random.default_rng(5)
    arrays = [rng.standard_normal(shape) for shape in ((6, 5), (5, 4), (4,), (6, 1))]
    labels = rng.integers(0, 4, 6)

    positive = arrays[3] > 0

    def composite(lib: Any, condition: Any, x: Any, w: Any, b: Any, s: Any) -> Any:
        z = lib.tanh(x @ w * s + b) / (1 + lib.exp(-s)) + lib.relu(x @ w) ** 2
        z = z - z.mean(0, True)
        z = z / lib.sqrt((z * z).mean(0) + 1e-5) + lib.sigmoid(z.T @ z).sum(1)
        z = lib.where(condition, z, lib.log(z * z + 2)) + lib.maximum(z, b) ** 3
        return -lib.log_softmax(z, -1)[np.arange(6), labels].mean()

    ours = [Tensor(array) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    loss = composite(autograd, positive, *ours)
    expected = composite(torch, torch.from_numpy(positive), *theirs)
    loss.backward()
    expected.backward()
    assert math.isclose(float(loss.value), expected.item(), rel_tol=1e-12)
    for tensor, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(tensor.grad, other.grad.numpy(), rtol=1e-9, atol=1e-12)
