"""The views of the Look room show the numbers that `nn` gives, whatever the network is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from look_scenes import digits, made_up, network_of, scene_of
from pilots import BareApp, wait_for
from rich.style import Style
from textual.app import ComposeResult

from nn.analysis.layer_statistics import Microscope
from nn.analysis.units import count_right, without
from tui.engine.hidden import RunNetwork
from tui.engine.looking import PROBE, probe
from tui.engine.scene import Scene
from tui.widgets.layers_view import LayersView
from tui.widgets.map_view import MapView
from tui.widgets.scene_picture import ScenePicture, figure
from tui.widgets.signed import (
    ABOVE,
    BELOW,
    PAIRS,
    in_a_strip,
    signed_characters,
    signed_half_blocks,
    signed_palette,
)
from tui.widgets.weights_view import WeightsView

VIEWS = (LayersView, WeightsView, MapView)
NAMES = ("Ankle boot", "猫", "T-shirt/top")


class ViewApp(BareApp):
    """A view and nothing else."""

    def __init__(self, view: ScenePicture, scene: Scene | None, *, ascii_only: bool) -> None:
        super().__init__()
        self.view, self.view.scene, self.view.ascii_only = view, scene, ascii_only

    def compose(self) -> ComposeResult:
        yield self.view


async def drawn(
    view: ScenePicture,
    scene: Scene | None,
    size: tuple[int, int] = (120, 40),
    *,
    ascii_only: bool = False,
    then: Callable[[Any], Any] | None = None,
) -> str:
    """The characters of the view."""
    app = ViewApp(view, scene, ascii_only=ascii_only)
    async with app.run_test(size=size) as pilot:
        await wait_for(pilot, lambda: view.picture)
        if then is not None:
            await then(pilot)
        assert view.picture is not None
        return view.picture.text


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_every_layer_s_figures_are_nn_s(width: int) -> None:
    asked = network_of(digits(), normalization="batch_norm", skip="residual")
    text = await drawn(LayersView(), scene_of(asked), (width, 60))
    rows = probe(len(asked.split.train_images), PROBE)
    expected = Microscope(asked.network).portrait(
        asked.ink_of_training(rows), asked.split.train_labels[rows], asked.next_step
    )
    lines, at = text.splitlines(), 1
    for layer in expected.layers:
        at = next(y for y in range(at + 1, len(lines)) if layer.kind in lines[y])
        words = lines[at].split()
        assert f"{layer.values.mean:.3f}" in words
        assert f"{layer.values.std:.3f}" in words
        if layer.weights is not None:
            assert f"{layer.n_parameters:,}" in words
            assert figure(layer.update_ratio) == words[-1]
        if layer.dead is not None:
            number = int(layer.dead.sum())
            share = f"{number / len(layer.dead):.0%}"
            assert (f"{number} of {len(layer.dead)}" if width >= 104 else share) in lines[at]
        if layer.weights is not None and layer.gradients is not None and width >= 132:
            assert figure(layer.weights.std) in words
            assert figure(layer.gradients.std) in words
    given = asked.probabilities(4)
    assert f"{given.max():.1%} sure" in lines[0]
    for k in np.argsort(-given)[:3]:
        assert any(f" {k} " in line and line.rstrip().endswith(f"{given[k]:.1%}") for line in lines)


async def test_a_histogram_is_as_tall_as_its_counts() -> None:
    scene = scene_of(network_of(digits()))
    assert scene.portrait is not None
    text = await drawn(LayersView(), scene, (200, 60))
    row = next(line for line in text.splitlines() if line.startswith("Dense 64×32"))
    counts = scene.portrait.layers[1].values.counts
    bars = "".join(" ▁▂▃▄▅▆▇█"[int(np.ceil(n / counts.max() * 8))] for n in counts)
    assert bars in row


async def test_switched_off_units_and_what_it_costs() -> None:
    asked = network_of(digits())
    off = (1, 5, 30)
    view = WeightsView()
    view.off, view.unit = off, 5
    text = await drawn(view, scene_of(asked, off=off))
    s = asked.split

    def right(network: Any) -> int:
        *_, tally = count_right(network, s.test_images, s.test_labels, s.pixel_max)
        return tally.right

    before, after, n = right(asked.network), right(without(asked.network, off)), len(s.test_labels)
    assert f"{before / n:.2%} → {after / n:.2%} right ({after - before:+,})" in text
    assert "off (3): 1, 5, 30" in text
    given = without(asked.network, off).predict_probabilities(asked.ink_of_test([4]))[0]
    assert f"→ {given.argmax()} {given.max():.1%}" in text
    assert "[5] off" in text
    weights = asked.network.layers[0].weights[:, 5]  # type: ignore[attr-defined]
    assert f"mean {weights.mean(dtype=np.float64):.3f} std {weights.std():.3f}" in text
    said = np.maximum(asked.ink_of_test(np.arange(n)) @ weights, 0)
    best = int(said.argmax())
    assert f"{s.test_labels[best]} {said[best]:.3f}" in text


async def test_walk_the_map_from_digit_to_digit() -> None:
    asked = network_of(digits())
    scene, view = scene_of(asked), MapView()
    moved: list[int] = []
    view.post_message = lambda message, post=view.post_message: (  # type: ignore[method-assign]
        moved.append(message.digit) or True if isinstance(message, MapView.Moved) else post(message)
    )

    async def walk(pilot: Any) -> None:
        view.focus()
        await pilot.pause()
        for key in ("right", "left", "up", "down"):
            view.digit = 4
            await pilot.press(key)
        view.digit = 4

    text = await drawn(view, scene, then=walk)
    assert scene.chart is not None
    here = scene.chart.points[4]
    right, left, up, down = (scene.chart.points[digit] - here for digit in moved)
    assert right[0] > 0 > left[0]
    assert up[1] > 0 > down[1]
    label = asked.split.test_labels[4]
    assert f"[{label}]" in text
    first, second = scene.chart.explained  # type: ignore[misc]
    assert f"{first:.1%} across + {second:.1%} up" in text


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("size", [(20, 3), (60, 16), (78, 21), (196, 30)])
@pytest.mark.parametrize(
    "network",
    [
        network_of(made_up((3, 9), NAMES), ()),
        network_of(made_up((28, 28), NAMES), (1,)),
        network_of(made_up((40, 31), NAMES), (9,) * 16, "tanh", skip="residual"),
        network_of(made_up((5, 5), tuple(f"class {k}" for k in range(256)), 300), (7, 3000)),
    ],
    ids=["no hidden layer", "one unit", "sixteen layers", "256 classes"],
)
async def test_any_network_at_any_size(
    network: RunNetwork, size: tuple[int, int], ascii_only: bool
) -> None:
    for view in VIEWS:
        text = await drawn(view(), scene_of(network), size, ascii_only=ascii_only)
        assert text.strip()
        if ascii_only:
            assert text.replace("猫", "").isascii()


async def test_a_network_gone_astray() -> None:
    asked = network_of(digits())
    asked.network.parameters[:] = 1e30
    scene = scene_of(asked)
    assert "not finite" in scene.sentence
    for view in VIEWS:
        assert "not finite" in " ".join((await drawn(view(), scene)).split())


def light(style: Style) -> int:
    """How much of it the upper pixel has."""
    assert style.color is not None
    assert style.color.triplet is not None
    return sum(style.color.triplet)


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 7), st.integers(1, 5)),
        elements=st.floats(-2, 2, width=32) | st.just(np.nan),
    )
)
def test_the_sign_is_told_twice(values: np.ndarray) -> None:
    codes, styles = signed_half_blocks(values, 10)
    assert codes.shape == ((len(values) + 1) // 2, values.shape[1])
    assert ((styles >= 10) & (styles < 10 + PAIRS)).all()
    night, paper = (signed_palette(on_paper=on_paper) for on_paper in (False, True))
    for place, style in np.ndenumerate((styles - 10)[: len(values) // 2]):
        upper = np.nan_to_num(values[2 * place[0], place[1]])
        if abs(upper) > 0.1:
            assert (light(night[style]) > light(night[PAIRS // 2])) == (upper > 0)
            assert light(paper[style]) < light(paper[PAIRS // 2])
            # Of the same strength, what is below is the darker.
            opposite = paper[PAIRS - 1 - style]
            assert (light(paper[style]) < light(opposite)) == (upper < 0)
    characters, _ = signed_characters(values, 0)
    for (y, x), code in np.ndenumerate(characters):
        pair = np.nan_to_num(values[2 * y : 2 * y + 2, x])
        told = pair[np.abs(pair) > 0.2]
        if len(told) and (told > 0).all():
            assert chr(code) in ABOVE.strip()
        if len(told) and (told < 0).all():
            assert chr(code) in BELOW.strip()


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 3))
def test_a_strip_holds_every_value_or_the_strongest(n: int, width: int, height: int) -> None:
    values = np.random.default_rng(n).normal(size=n)
    strip = in_a_strip(values, width, height)
    assert strip.shape[0] == 2 * height
    assert strip.shape[1] <= width
    assert np.abs(strip).max() == np.abs(values).max()
    if n <= 2 * width * height:
        assert strip.T.reshape(-1)[:n].tolist() == values.tolist()
