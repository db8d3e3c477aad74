"""Autograd: the backward pass that nobody had to write.

`layers` and `losses` each say by hand how a gradient comes back through them. Here the same
gradients come from a recording. A `Tensor` is an array that remembers which operation made it and
from which parents; an expression of tensors is a graph; `backward` walks it from the end.

    w = Tensor(np.array([[2.0], [1.0]]))
    loss = (relu(x @ w) - y).sum()        # x and y are plain arrays: constants, not differentiated
    loss.backward()
    w.grad                                # dL/dw, of w's shape

**The chain rule.** If L depends on b and b = f(a), then dL/da = J^T dL/db, with J the Jacobian of
f: the matrix of every db_i/da_j. J itself is never made (for a batch of 128 rows of 800 it would
have 10^10 entries). Every operation knows a short formula for the product of J^T with a given g,
dL/d(its result): its *vector-Jacobian product*. These formulas are all the calculus there is.

**Why in reverse.** The chain rule may be multiplied out from either end. From the inputs (forward
mode), one pass tells how everything changes with *one* parameter: a million parameters, a million
passes. From the loss (reverse mode), one pass tells how *one* number, the loss, changes with all of
them, for a small multiple of the cost of the forward pass. The price is memory: what was computed
on the way forward is kept until the way back.

**The order.** A tensor used twice moves L in two ways, so its gradient is the sum over its uses. It
must be complete before it is passed on: every tensor is visited after all that were made from it.

Linnainmaa (1970) found the method, Rumelhart, Hinton and Williams (1986) taught networks with it,
and Baydin et al. (2018) survey it. Recording costs time, so training never comes here. There are no
second derivatives, and an array must not be changed in place between forward and backward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Axis = int | tuple[int, ...] | None
Operand: TypeAlias = "Tensor | ArrayLike"
Binary = Callable[[Operand, Operand], "Tensor"]
Unary = Callable[["Tensor"], "Tensor"]
Formula = Callable[..., Array]
Pullback = Callable[[Array], Array]
"""The vector-Jacobian product for one operand: dL/d(result) -> dL/d(operand)."""


def _elementwise(name: str, f: Callable[[Array], Any], for_x: Formula) -> Unary:
    """y = f(x), entry by entry; `for_x(g, x, y)` is dL/dx, given g = dL/dy."""

    def operation(x: Tensor) -> Tensor:
        y = f(x.value)
        return _made(name, y, (x, lambda g: for_x(g, x.value, y)))

    return operation


def _pairwise(name: str, f: Callable[..., Any], for_a: Formula, for_b: Formula) -> Binary:
    """y = f(a, b), which may broadcast; `for_a(g, a, b, y)` is dL/da, given g = dL/dy."""

    def operation(a: Operand, b: Operand) -> Tensor:
        u, v = _values(name, a, b)
        y = f(u, v)
        return _made(name, y, (a, lambda g: for_a(g, u, v, y)), (b, lambda g: for_b(g, u, v, y)))

    return operation


# The vector-Jacobian products. What broadcasting repeated is summed up later, for all of them.
add = _pairwise("+", np.add, lambda g, *_: g, lambda g, *_: g)
subtract = _pairwise("-", np.subtract, lambda g, *_: g, lambda g, *_: -g)
multiply = _pairwise("*", np.multiply, lambda g, _a, b, _y: g * b, lambda g, a, *_: g * a)
divide = _pairwise("/", np.divide, lambda g, _a, b, _y: g / b, lambda g, _a, b, y: -g * y / b)
power = _pairwise(
    "**",
    np.power,
    lambda g, a, b, _y: g * b * a ** (b - 1 + (b == 0)),  # a^0 is flat, at a = 0 as well
    lambda g, a, _b, y: g * y * np.log(np.where(a == 0, 1, a)),  # so is 0^b, for b > 0
)
# At a tie, g goes to b: max(x, 0) then has the slope 0 at 0, like ReLU in `activations`.
maximum = _pairwise(
    "maximum", np.maximum, lambda g, a, b, _y: g * (a > b), lambda g, a, b, _y: g * (a <= b)
)

negative = _elementwise("-", np.negative, lambda g, *_: -g)
exp = _elementwise("exp", np.exp, lambda g, _x, y: g * y)
log = _elementwise("log", np.log, lambda g, x, _y: g / x)
sqrt = _elementwise("sqrt", np.sqrt, lambda g, _x, y: g / (2 * y))
tanh = _elementwise("tanh", np.tanh, lambda g, _x, y: g * (1 - y * y))
relu = _elementwise("relu", lambda x: np.maximum(x, 0), lambda g, x, _y: g * (x > 0))
sigmoid = _elementwise(
    "sigmoid", lambda x: (1 + np.tanh(x / 2)) / 2, lambda g, _x, y: g * y * (1 - y)
)


def matmul(a: Operand, b: Operand) -> Tensor:
    """a @ b of matrices, or stacks of them: g b^T for a, a^T g for b.

    A vector is a matrix of one row on the left, of one column on the right.
    """
    u, v = np.asarray(_value(a)), np.asarray(_value(b))
    try:
        product = u @ v
    except ValueError:
        raise ValueError(f"shapes {u.shape} and {v.shape} do not fit in a @ b") from None
    if v.ndim == 1:
        return matmul(a, (b if isinstance(b, Tensor) else Tensor(v))[:, None])[..., 0]
    if u.ndim == 1:
        return matmul((a if isinstance(a, Tensor) else Tensor(u))[None, :], b)[..., 0, :]
    transpose = np.matrix_transpose
    return _made("@", product, (a, lambda g: g @ transpose(v)), (b, lambda g: transpose(u) @ g))


def where(condition: ArrayLike, a: Operand, b: Operand) -> Tensor:
    """a where the condition holds, else b: g goes where the value came from.

    Both are computed everywhere: keep the one not taken finite, or its zero times infinity is NaN.
    """
    holds = np.asarray(condition, dtype=bool)
    u, v = _values("where", a, b, holds)
    y = np.where(holds, u, v)
    return _made("where", y, (a, lambda g: g * holds), (b, lambda g: g * ~holds))


def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """y = x - log(sum of e^x along the axis), without overflow: g - e^y (the sum of g along it)."""
    if not -x.value.ndim <= axis < x.value.ndim or x.value.size == 0:
        raise ValueError(f"log_softmax needs entries along axis {axis}: the shape is {x.shape}")
    shifted = x.value - x.value.max(axis=axis, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return _made("log_softmax", y, (x, lambda g: g - np.exp(y) * g.sum(axis=axis, keepdims=True)))


def _swapped(operation: Binary) -> Binary:
    return lambda a, b: operation(b, a)


class Tensor:
    """An array, dL/d(it) once known, and where it came from.

    `value` is the array as it was given (not copied): floats keep their dtype, other real numbers
    become float64. `grad` has the shape and dtype of `value`; it is None until a `backward` reaches
    the tensor. `operation` names what made it, "leaf" if nothing did; `parents` are the tensors it
    was made from. In an operation with a tensor, anything else is a constant. Raises ValueError
    for a value that is not of real numbers.
    """

    # An array on the left leaves `array + tensor` to the tensor.
    __array_ufunc__ = None

    def __init__(self, value: ArrayLike) -> None:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"a tensor holds real numbers, not {array.dtype} of {array.shape}")
        self.value: Array = array if array.dtype.kind == "f" else array.astype(np.float64)
        self.grad: Array | None = None
        self.operation = "leaf"
        self.parents: tuple[Tensor, ...] = ()
        self._pullbacks: tuple[Pullback, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def __repr__(self) -> str:
        return f"Tensor({self.operation}, shape={self.shape}, dtype={self.value.dtype})"

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Set `grad` to dL/d(it) for this tensor, taken as L, and for all it was made from.

        Every call starts afresh (PyTorch adds to what the last one left). With `gradient`, of this
        tensor's shape, L is the sum of gradient * tensor. Raises ValueError if that is missing and
        this tensor is not one number, or has another shape.
        """
        if gradient is None and self.value.size != 1:
            raise ValueError(
                f"backward starts from one number, and this has shape {self.shape}: "
                "take its sum or mean, or give a gradient of that shape"
            )
        seed = np.ones_like(self.value) if gradient is None else np.asarray(gradient)
        if seed.shape != self.shape:
            raise ValueError(f"a gradient of {seed.shape} was given for a tensor of {self.shape}")
        order = _parents_first(self)
        gradients = {tensor: np.zeros_like(tensor.value) for tensor in order}
        gradients[self] += seed
        for tensor in reversed(order):
            for parent, pullback in zip(tensor.parents, tensor._pullbacks, strict=True):
                gradients[parent] += _sum_back(pullback(gradients[tensor]), parent.shape)
        for tensor in order:
            tensor.grad = gradients[tensor]

    __add__, __radd__ = add, _swapped(add)
    __sub__, __rsub__ = subtract, _swapped(subtract)
    __mul__, __rmul__ = multiply, _swapped(multiply)
    __truediv__, __rtruediv__ = divide, _swapped(divide)
    __pow__, __rpow__ = power, _swapped(power)
    __matmul__, __rmatmul__ = matmul, _swapped(matmul)
    __neg__ = negative

    def __getitem__(self, index: Any) -> Tensor:
        """Entries, as NumPy picks them: zeros, with g added where the entries came from.

        An entry picked twice receives both; `log_p[range(n), labels]` picks each row's true class.
        Raises IndexError.
        """
        try:
            picked = self.value[index]
        except IndexError as error:
            raise IndexError(f"a tensor of shape {self.shape}: {error}") from None

        def scatter(g: Array) -> Array:
            spread = np.zeros_like(self.value)
            np.add.at(spread, index, g)
            return spread

        return _made("[]", picked, (self, scatter))

    def reshape(self, *shape: int) -> Tensor:
        """The same entries in another shape: g in the old one."""
        try:
            value = self.value.reshape(shape)
        except ValueError:
            raise ValueError(f"a tensor of shape {self.shape} cannot take shape {shape}") from None
        return _made("reshape", value, (self, lambda g: g.reshape(self.shape)))

    @property
    def T(self) -> Tensor:
        """Axes in reverse: g with axes in reverse."""
        return _made("T", self.value.T, (self, lambda g: g.T))

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The sum over some axes, None for all: g, repeated along them."""
        try:
            kept = np.asarray(self.value.sum(axis=axis, keepdims=True))
        except ValueError as error:
            raise ValueError(f"a tensor of shape {self.shape}: {error}") from None
        total = kept if keepdims else kept.squeeze(axis)
        narrow, shape = kept.shape, self.shape
        return _made("sum", total, (self, lambda g: np.broadcast_to(g.reshape(narrow), shape)))

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The sum over some axes, by how many entries went into each."""
        if self.value.size == 0:
            raise ValueError(f"a tensor of shape {self.shape} has no mean: it is empty")
        total = self.sum(axis, keepdims)
        return total / (self.value.size // total.value.size)


def _made(operation: str, value: ArrayLike, *operands: tuple[Operand, Pullback]) -> Tensor:
    """The result of an operation. Of its operands, only tensors are parents."""
    result = Tensor(value)
    result.operation = operation
    result.parents = tuple(a for a, _ in operands if isinstance(a, Tensor))
    result._pullbacks = tuple(pullback for a, pullback in operands if isinstance(a, Tensor))
    return result


def _value(a: Operand) -> Any:
    # A number of Python's own stays one: 2 * x then has the dtype of x, whichever that is.
    return a.value if isinstance(a, Tensor) else a if isinstance(a, int | float) else np.asarray(a)


def _values(operation: str, a: Operand, b: Operand, *more: Array) -> tuple[Any, Any]:
    """The values of two operands, which must broadcast with each other (and with `more`)."""
    values = _value(a), _value(b)
    shapes = [np.shape(value) for value in (*values, *more)]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(map(str, shapes))
        raise ValueError(f"shapes {listed} do not go together in {operation}") from None
    return values


def _sum_back(g: Array, shape: tuple[int, ...]) -> Array:
    """Broadcasting used an entry many times, so its gradient is the sum over all of them."""
    if g.shape == shape:
        return g
    g = np.asarray(g.sum(axis=tuple(range(g.ndim - len(shape)))))
    return np.asarray(g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True))


def _parents_first(last: Tensor) -> list[Tensor]:
    """All that `last` was made from, and itself; depth first, but not by recursion, which Python
    ends a thousand calls deep."""
    order: list[Tensor] = []
    seen: set[Tensor] = set()
    stack = [(last, False)]
    while stack:
        tensor, parents_done = stack.pop()
        if parents_done:
            order.append(tensor)
        elif tensor not in seen:
            seen.add(tensor)
            stack.append((tensor, True))
            stack.extend((parent, False) for parent in tensor.parents)
    return order
