"""The Errors screen, driven by keys alone, over runs of real digits."""

from __future__ import annotations

import csv
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from error_runs import errors_of, finished_run
from pilots import SIZES, QuietSession, errors_room, lines, opened, text, toasts, wait_for
from run_states import made, of_phase, predictions
from sklearn import metrics
from sklearn.neighbors import NearestNeighbors

from tui.engine.predictions import Predictions
from tui.engine.run_directory import RunDirectory
from tui.engine.test_set import load_split
from tui.widgets.confusion_grid import ConfusionGrid
from tui.widgets.digit_gallery import DigitGallery
from tui.widgets.picture_widget import PictureWidget


async def test_the_figures_on_the_screen_are_scikit_learn_s(runs: Path) -> None:
    run = finished_run(runs)
    async with errors_of(run, (200, 60)) as (app, pilot, errors, mistakes):
        p = mistakes.predictions
        probabilities = np.load(run.predictions)
        guess = probabilities.argmax(axis=1)
        right = metrics.accuracy_score(p.labels, guess)
        loss = metrics.log_loss(p.labels, probabilities, labels=range(10))
        await wait_for(pilot, lambda: f"{right:.2%} right" in text(app))
        shown = text(app)
        assert f"loss {loss:.4f}" in shown
        matrix = metrics.confusion_matrix(p.labels, guess)
        rows = [row.split("│")[1].split() for row in lines(app)[5:15]]
        bare = [[cell.strip("[]!").replace("·", "0") for cell in row] for row in rows]
        assert [[int(cell) for cell in row if cell] for row in bare] == [
            [k, *row] for k, row in enumerate(matrix.tolist())
        ]
        report = metrics.precision_recall_fscore_support(p.labels, guess)
        for k in range(10):
            figures = [f"{100 * column[k]:.1f}%" for column in report[:3]]
            found = [row for row in lines(app) if all(figure in row for figure in figures)]
            assert found, (k, figures)
        await pilot.press("percent_sign")
        worst = errors.cell
        share = 100 * matrix[worst] / matrix[worst[0]].sum()
        await wait_for(pilot, lambda: f"[{share:.1f}]" in text(app))
        # Of sixteen colours none is a tint of another: what is marked can still be read.
        app.theme = "ansi-dark"
        await wait_for(pilot, lambda: all(map(legible, app.room.query(PictureWidget))))


def legible(widget: PictureWidget) -> bool:
    """Is nothing that it writes in the colour of its paper?"""
    styles = map(widget.get_component_rich_style, widget._get_component_classes())
    return all(s.color != s.bgcolor or s.color.is_default for s in styles)


async def test_walk_the_matrix_narrow_and_widen(runs: Path) -> None:
    async with errors_of(finished_run(runs)) as (app, pilot, errors, mistakes):
        pair = mistakes.most_confused[0]
        assert errors.cell == (pair.true, pair.predicted)
        await pilot.press("m", "enter")
        await wait_for(pilot, lambda: errors.line == f"true:{pair.true} pred:{pair.predicted}")
        assert len(errors.view.indices) == pair.count
        assert isinstance(app.focused, ConfusionGrid)
        await pilot.press("down", "up", "up", "left")
        expected = max(max(pair.true + (pair.true < 9) - 1, 0) - 1, 0)
        await wait_for(pilot, lambda: errors.cell[0] == expected)
        await pilot.press("escape")
        await wait_for(pilot, lambda: errors.line == "wrong")
        assert errors.view.indices.tolist() == [
            i for i in mistakes.order("loss") if mistakes.wrong[i]
        ]


async def test_the_most_confused_pairs_move_the_cursor_of_the_matrix(runs: Path) -> None:
    async with errors_of(finished_run(runs), (80, 24)) as (_, pilot, errors, mistakes):
        await pilot.press("c", "down")
        second = mistakes.most_confused[1]
        await wait_for(pilot, lambda: errors.cell == (second.true, second.predicted))
        await pilot.press("enter")
        await wait_for(pilot, lambda: len(errors.view.indices) == second.count)
        assert errors.shown_pane == "gallery"


async def test_the_filter_line_is_followed_as_it_is_written(runs: Path) -> None:
    async with errors_of(finished_run(runs)) as (app, pilot, errors, mistakes):
        await pilot.press("slash", *"true:4")
        fours = int((mistakes.predictions.labels == 4).sum())
        await wait_for(pilot, lambda: len(errors.view.indices) == fours)
        assert errors.editing
        await pilot.press("space", *"nonsense", "enter")
        await wait_for(pilot, lambda: "does not know nonsense" in text(app))
        assert len(errors.view.indices) == fours
        await pilot.press("escape")
        await wait_for(pilot, lambda: errors.line == "wrong" and not errors.editing)
        assert "does not know" not in text(app)
        await pilot.press("slash", *"conf>2", "enter")
        await wait_for(pilot, lambda: "no test digit is: conf>2" in text(app))
        await pilot.press("d", "n", "o", "right", "s", "a", "C")
        await wait_for(pilot, lambda: "no digits to save" in " ".join(toasts(app)))
        await pilot.press("g", "escape")
        await wait_for(pilot, lambda: errors.line == "wrong")


async def test_orders_and_pages(runs: Path) -> None:
    async with errors_of(finished_run(runs)) as (_, pilot, errors, mistakes):
        for sort in ("confidence", "margin", "index", "changed", "loss"):
            await pilot.press("o")
            await wait_for(pilot, lambda s=sort: errors.wish.sort == s)
            order = mistakes.order(sort)
            assert errors.view.indices.tolist() == order[mistakes.wrong[order]].tolist()
        await pilot.press("w")
        await wait_for(pilot, lambda: len(errors.view.indices) == len(mistakes))
        await pilot.press("n")
        await wait_for(pilot, lambda: errors.cursor > 1)
        page = errors.cursor
        await pilot.press("n", "p", "right", "down")
        await wait_for(pilot, lambda: page + 1 < errors.cursor < 2 * page)
        await pilot.press("end")
        await wait_for(pilot, lambda: errors.cursor == len(mistakes) - 1)
        await pilot.press("home")
        await wait_for(pilot, lambda: errors.cursor == 0)
        # Two keys in one read, as over a slow link, are two steps.
        gallery = errors.query_one(DigitGallery)
        gallery.action_move(1)
        gallery.action_move(1)
        await wait_for(pilot, lambda: errors.cursor == 2)


@pytest.mark.parametrize("size", SIZES)
async def test_the_network_is_asked_about_the_digit(runs: Path, size: tuple[int, int]) -> None:
    run = finished_run(runs)
    async with errors_of(run, size) as (app, pilot, errors, mistakes):
        await pilot.press("d", "a", "s")
        await wait_for(
            pilot,
            lambda: errors.findings and errors.findings.in_hidden and not errors.findings.busy,
        )
        found = errors.findings
        digit = int(errors.view.indices[0])
        assert found.question.digit == digit
        config = run.read_config()
        split = load_split(config.hyperparameters, config.data_dir)
        nearest = NearestNeighbors(n_neighbors=5).fit(split.train_images / split.pixel_max)
        apart, _ = nearest.kneighbors(split.test_images[[digit]] / split.pixel_max)
        assert found.in_pixels.distances == pytest.approx(apart[0], rel=1e-4)
        labels = " ".join(str(label) for label in found.in_pixels.labels)
        await wait_for(pilot, lambda: f"alike in ink: {labels}" in text(app))
        p = mistakes.predictions
        assert f"+ ink for {p.predicted[digit]} rather than {p.labels[digit]}" in text(app)
        past = np.fromfile(run.guesses, np.uint8).reshape(-1, len(mistakes))[:, digit]
        assert "".join(map(str, past)) in text(app)
        await pilot.press("right")
        await wait_for(pilot, lambda: errors.findings.question.digit == errors.view.indices[1])
        await pilot.press("escape", "1", "2")
        await wait_for(pilot, lambda: app.screen is errors)
        assert errors.cursor == 1


async def test_it_keeps_its_place_between_two_visits(runs: Path) -> None:
    async with errors_of(finished_run(runs)) as (app, pilot, errors, _):
        await pilot.press("slash", *"true:4", "enter", "right", "1")
        await wait_for(pilot, lambda: app.screen is app.train)
        await pilot.press("2")
        await wait_for(pilot, lambda: app.screen is errors)
        assert (errors.line, errors.cursor) == ("true:4", 1)


async def test_two_runs_beside_one_another(runs: Path) -> None:
    run = finished_run(runs)
    other = finished_run(runs, "second", hidden="4")
    async with errors_of(run) as (app, pilot, errors, _):
        await pilot.press("r")
        await wait_for(pilot, lambda: "Compare with" in text(app))
        await pilot.press("enter")
        await wait_for(pilot, lambda: errors.rival and errors.view.rival)
        ours, theirs = (np.load(r.predictions).argmax(axis=1) for r in (run, other))
        labels = errors.view.mistakes.predictions.labels
        here = np.flatnonzero((ours == labels) & (theirs != labels))
        there = np.flatnonzero((ours != labels) & (theirs == labels))
        await wait_for(pilot, lambda: f"here {len(here)} right that second has wrong" in text(app))
        assert f"there {len(there)}" in text(app)
        for digits, side in ((here, "here"), (there, "there")):
            await pilot.press("x")
            await wait_for(pilot, lambda s=side: errors.wish.side == s)
            assert sorted(errors.view.indices) == digits.tolist()
            assert errors.view.words == f"all digits, right only {side}"
        await pilot.press("x")
        await wait_for(pilot, lambda: errors.wish.side == "" and errors.line == "wrong")
        await pilot.press("r")
        await wait_for(pilot, lambda: errors.view.rival is None)


async def test_what_was_chosen_for_one_run_is_no_rival_of_the_next(runs: Path) -> None:
    run = finished_run(runs)
    finished_run(runs, "second", hidden="4")
    async with errors_of(run) as (app, pilot, errors, _):
        await pilot.press("r")
        await wait_for(pilot, lambda: "Compare with" in text(app))
        (choosing,) = (w for w in errors.workers if w.name == "choose_rival")
        errors.show_state(of_phase("preparing"))
        await pilot.press("enter")
        await wait_for(pilot, lambda: choosing.is_finished)
        assert choosing.error is None
        assert errors.rival is None


async def test_a_run_of_other_digits_is_no_rival(runs: Path) -> None:
    run = finished_run(runs)
    async with errors_of(run) as (app, pilot, _, _):
        await pilot.press("r")
        await wait_for(pilot, lambda: "No other run" in " ".join(toasts(app)))


async def test_digits_are_taken_home(runs: Path, tmp_path: Path) -> None:
    async with errors_of(finished_run(runs)) as (app, pilot, _, mistakes):
        await pilot.press("C")
        await wait_for(pilot, lambda: list(tmp_path.glob("inkling-*.csv")) and toasts(app))
        with open(next(tmp_path.glob("inkling-*.csv")), newline="") as file:
            rows = list(csv.DictReader(file))
        order = mistakes.order("loss")
        assert [int(row["index"]) for row in rows] == order[mistakes.wrong[order]].tolist()
        assert len(rows[0]["history"].split()) == 7
        await pilot.press("P")
        await wait_for(pilot, lambda: len(toasts(app)) == 2)
        assert next(tmp_path.glob("inkling-*.png")).read_bytes().startswith(b"\x89PNG")


async def test_the_threshold_slides(runs: Path) -> None:
    async with errors_of(finished_run(runs), (80, 24)) as (app, pilot, errors, mistakes):
        await pilot.press("u", "up", "plus", "minus", "right")
        await wait_for(pilot, lambda: errors.wish.threshold == 0.61)
        p = mistakes.predictions
        answered = p.probabilities.max(axis=1) >= 0.61
        right = (p.predicted == p.labels)[answered].mean()
        words = f"answers {answered.mean():.2%} of the digits; of these, {right:.2%} right"
        await wait_for(pilot, lambda: words in text(app))


async def test_a_new_epoch_leaves_the_cursor_on_its_digit() -> None:
    session = QuietSession()
    async with opened(session) as (app, pilot):
        session.state = state = of_phase("running")
        await pilot.press("2")
        errors = errors_room(app)
        await wait_for(pilot, lambda: errors.view)
        await pilot.press("right", "right", "right")
        digit = int(errors.view.indices[3])
        found = predictions(13)
        probabilities = found.probabilities.copy()
        for index in errors.view.indices[:2].tolist():
            probabilities[index] = np.eye(10)[found.labels[index]]
        state.predictions = dataclasses.replace(found, probabilities=probabilities)
        errors.show_state(state)
        await wait_for(pilot, lambda: errors.view.mistakes.predictions.epoch == 13)
        assert errors.view.indices[errors.cursor] == digit
        assert errors.cursor == 1


async def test_where_there_is_nothing_to_show_it_says_why() -> None:
    async with opened(QuietSession()) as (app, pilot):
        await pilot.press("2")
        await wait_for(pilot, lambda: "There is no run to look at" in text(app))
        await pilot.press(*"mcudgoanpswlfbv", "x", "r", "C", "plus", "enter", "escape")
        await pilot.press("slash", *"wrong", "enter", "escape")
        errors_room(app).show_state(made())
        await wait_for(pilot, lambda: "being made ready" in text(app))


async def test_a_run_without_predictions_or_digits_says_so(runs: Path) -> None:
    run = finished_run(runs)
    run.predictions.unlink()
    async with opened(runs, attach=run) as (app, pilot):
        await wait_for(pilot, lambda: app.train.status.phase == "finished")
        await pilot.press("2")
        await wait_for(pilot, lambda: "no predictions yet" in text(app))
    other = finished_run(runs, "other")
    config = other.read_config()
    gone = config.hyperparameters.model_copy(update={"dataset": f"npz:{runs}/gone.npz"})
    other.write_config(config.model_copy(update={"hyperparameters": gone}))
    async with opened(runs, attach=RunDirectory(other.path)) as (app, pilot):
        await wait_for(pilot, lambda: app.train.status.phase == "finished")
        await pilot.press("2")
        await wait_for(pilot, lambda: "cannot be shown" in text(app))
    shutil.rmtree(other.path)


@pytest.mark.parametrize(
    ("classes", "shape", "size"),
    [
        (2, (8, 8), (60, 16)),
        (256, (28, 28), (80, 24)),
        (256, (28, 28), (200, 60)),
        (30, (5, 61), (120, 40)),
        (10, (120, 90), (200, 60)),
        (10, (120, 90), (80, 24)),
    ],
)
async def test_any_number_of_classes_and_any_size(
    classes: int, shape: tuple[int, int], size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(1)
    n = 600
    names = tuple(f"class {k}" for k in range(classes))
    probabilities = rng.dirichlet(np.ones(classes), n).astype(np.float32)
    labels = rng.integers(0, classes, n).astype(np.uint8)
    images = rng.integers(0, 256, (n, *shape)).astype(np.uint8)
    session = QuietSession()
    async with opened(session, size) as (app, pilot):
        session.state = of_phase("finished")
        session.state.predictions = Predictions(3, images, 255, labels, probabilities, names)
        await pilot.press("2")
        errors = errors_room(app)
        await wait_for(pilot, lambda: errors.view)
        await pilot.press("m", *["end"], *["pagedown"] * 30)
        await wait_for(pilot, lambda: errors.cell == (classes - 1, classes - 1))
        matrix = metrics.confusion_matrix(labels, probabilities.argmax(1), labels=range(classes))
        await wait_for(pilot, lambda: f"[{matrix[-1, -1] or '·'}]" in text(app))
        await pilot.press("c", "down", "u", "d", "right", "g", "n", "escape")
        await wait_for(pilot, lambda: errors.cursor > 0)
