"""Every step of a lesson: its numbers are nn's, and each is the sum it is taken apart into."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.lesson import Lesson
from nn.network import Network
from nn.optimizers import OPTIMIZERS
from nn.second_opinion import Examiner
from tui.engine.lesson_step import PHASES, Step
from tui.engine.lesson_steps import steps_of

HOUSE = Path(__file__).parents[2]


def a_lesson(
    n: int = 3, optimizer: str = "adam", activation: str = "gelu", **options: Any
) -> tuple[Lesson, np.ndarray]:
    """With a memory of earlier steps, and every kind of layer unless `plain`."""
    rng = np.random.default_rng(1)
    plain = options.pop("plain", False)
    extras = (
        {}
        if plain
        else {
            "normalization": "batch_norm",
            "skip": "residual",
            "dropout_rng": np.random.default_rng(4),
        }
    )
    network = Network.build([16, 8, 8, 6, 4], activation, rng, **extras)
    network.set_dropout(options.pop("rate", 0.3))
    pixels = rng.integers(0, 256, (n, 16), dtype=np.uint8)
    x = pixels.astype(np.float32) * np.float32(1 / 255)
    labels = rng.integers(0, 4, n)
    how = OPTIMIZERS[optimizer](
        network.parameters, weight_decay=options.pop("weight_decay", 0), n_decayed=network.n_decayed
    )
    lesson = Lesson(network, how, x, labels, **{"learning_rate": 0.01, **options})
    return lesson.applied().applied(), pixels


def a_few(step: Step, most: int = 4) -> list[tuple[int, int]]:
    r, c = step.matrices[0].numbers.shape
    rng = np.random.default_rng(r * c)
    return [(int(rng.integers(r)), int(rng.integers(c))) for _ in range(most)]


RECIPES: dict[str, dict[str, Any]] = {
    **{name: {"optimizer": name, "plain": True} for name in OPTIMIZERS},
    **{f"{n}, decayed": {"optimizer": n, "weight_decay": 0.1} for n in OPTIMIZERS},
    "one digit": {"n": 1, "plain": True, "activation": "relu"},
    "one digit, everything": {"n": 1},
    "clipped, smoothed": {"smoothing": 0.1, "clip_norm": 0.01},
    "no dropout": {"rate": 0.0, "activation": "tanh"},
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_number_is_the_sum_it_is_taken_apart_into(recipe: dict[str, Any]) -> None:
    lesson, pixels = a_lesson(**recipe)
    sums = 0
    for step in steps_of(lesson, pixels, 255):
        made = step.matrices[0]
        assert made.parts is not None
        for i, j in a_few(step):
            parts = made.parts(i, j)
            assert parts.number == made.numbers[i, j], step.title
            assert parts.name.startswith(made.symbol)
            if not parts.n_terms:
                assert parts.workings
                continue
            sums += 1
            for most in (0, 1, 5, 10**6):
                told = parts.largest(most)
                assert len(told.terms) == min(most, parts.n_terms)
                assert len(told.terms) + told.n_rest == parts.n_terms
                total = sum(t.value for t in told.terms) + told.rest + told.rounding
                assert total == pytest.approx(parts.number, rel=1e-12, abs=1e-15)
                sizes = [abs(t.value) for t in told.terms]
                assert sizes == sorted(sizes, reverse=True)
            # What rounding is blamed for must be no more than rounding can do.
            whole = sum(abs(t.value) for t in parts.largest(10**6).terms)
            allowed = 4e-6 * whole + 1e-9
            assert abs(parts.largest(0).rounding) <= allowed, (step.title, parts.largest(5))
    assert sums > 40


def test_the_steps_are_those_of_training_in_their_order() -> None:
    lesson, pixels = a_lesson()
    steps = steps_of(lesson, pixels, 255)
    phases = [step.phase for step in steps]
    assert phases == sorted(phases, key=PHASES.index)
    assert len({step.title for step in steps}) == len(steps)
    made = [step.matrices[0] for step in steps]
    assert len({matrix.symbol for matrix in made}) == len(made)
    # Every gradient is a step, of parameters and of inputs, and every parameter is updated.
    asked = {matrix.gradient for matrix in made if matrix.gradient}
    parameters = sum(len(heard.stretches) for heard in lesson.heard)
    assert len(asked) == parameters + len(lesson.heard) + 1
    assert phases.count("update") == parameters
    # What a step makes is, to the bit, what the layer made.
    by_symbol = {matrix.symbol: matrix.numbers for matrix in made}
    assert by_symbol["Z1"].tobytes() == lesson.heard[0].y.tobytes()
    assert by_symbol["Z4"].tobytes() == lesson.logits.tobytes()
    assert by_symbol["L"][0, 0] == lesson.loss
    assert by_symbol["dX"].tobytes() == lesson.heard[0].d_x.tobytes()
    new = by_symbol["new W1"]
    assert new.tobytes() == lesson.heard[0].of(lesson.after, 0).tobytes()
    # A matrix of the same name is the same matrix wherever it is shown.
    for step in steps:
        for matrix in step.matrices:
            if matrix.symbol in by_symbol:
                assert np.array_equal(matrix.numbers, by_symbol[matrix.symbol]), matrix.symbol


def test_a_residual_of_one_width_adds_what_it_was_given() -> None:
    lesson, pixels = a_lesson(plain=False)
    steps = {step.title: step for step in steps_of(lesson, pixels, 255)}
    assert steps["Residual 2, forward"].equation == "R2 = D2 + D1"
    assert steps["Residual 3, forward"].equation == "R3 = D3 + S3"
    assert steps["Residual 2, back"].equation == "dD1 = dD1 through + dR2"
    assert steps["Residual 3, back"].equation == "dR2 = dR2 through + dR2 around"
    assert steps["Dense 4, forward"].equation == "Z4 = R3 W4 + b4"


def test_a_dropout_that_drops_nothing_has_no_steps() -> None:
    lesson, pixels = a_lesson(rate=0.0)
    steps = steps_of(lesson, pixels, 255)
    assert not [step for step in steps if "Dropout" in step.title]
    equations = {step.title: step.equation for step in steps}
    assert equations["Residual 2, forward"] == "R2 = A2 + A1"
    assert equations["Dense 4, back to its weights"] == "dW4 = R3^T dZ4"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_source_beside_a_step_is_the_file_s_own(name: str) -> None:
    lesson, pixels = a_lesson(optimizer=name)
    for step in steps_of(lesson, pixels, 255):
        for passage in step.passages:
            there = (HOUSE / passage.file).read_text("utf-8").splitlines()
            own = there[passage.first - 1 : passage.first - 1 + len(passage.lines)]
            assert [line.strip() for line in own] == [line.strip() for line in passage.lines]
            assert passage.lines[0].startswith(f"def {passage.name.split('.')[-1]}(")
            assert passage.marked, (step.title, passage.where)
            assert passage.file.startswith("nn/")
        if step.phase == "update":
            marked = [passage.lines[i] for passage in step.passages for i in passage.marked]
            for number in {*OPTIMIZERS[name].number_names} - {"steps"}:
                assert any(f"self.{number}" in line.split("=")[0] for line in marked), number
        assert re.match(r"\S", step.equation)
        assert 20 < len(step.explain) < 400, step.title


def test_every_gradient_of_a_lesson_is_right() -> None:
    lesson, pixels = a_lesson(smoothing=0.1)
    examiner = Examiner(lesson)
    for step in steps_of(lesson, pixels, 255):
        made = step.matrices[0]
        if made.gradient is not None:
            for i, j in a_few(step, 2):
                opinion = examiner.ask(made.gradient, (i, j))
                assert opinion.trained == made.numbers[i, j], step.title
                assert opinion.passed, step.title
