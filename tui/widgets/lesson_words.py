"""What is said of a lesson: of its steps, of one number in it, of its digits, of its outcome."""

from __future__ import annotations

import numpy as np

from nn.inspect import FLOOR
from nn.second_opinion import Opinion
from tui.engine.classroom import OF_EACH, Checked, Page
from tui.engine.lesson_step import PHASES, Step
from tui.engine.passage import Passage
from tui.engine.taken_apart import Parts
from tui.engine.text import printable
from tui.widgets.digit_row import Caption, Captioned
from tui.widgets.words import Line, Tone, line


def exact(value: float) -> str:
    """A number with as many digits as float32 has; no zero has a sign."""
    return f"{value + 0.0:.7g}"


def head(page: Page, place: int) -> tuple[Line, ...]:
    """Which step of how many this is, what it does, and to what."""
    step = page.steps[place]
    spans: list[tuple[str, Tone]] = [(f"Step {place + 1} of {len(page.steps)}  ", "strong")]
    for phase in PHASES:
        here = phase == step.phase
        spans.append((f"[{phase}] " if here else f" {phase}  ", "strong" if here else "quiet"))
    spans.append((f" {of_network(page)}", "quiet"))
    return (
        Line(tuple(spans)),
        Line(((f"{step.title}: ", "plain"), (step.equation, "strong"))),
        Line(((step.shapes, "quiet"),)),
        *(line(told) for told in (elsewhere(page),) if told),
    )


def elsewhere(page: Page) -> str:
    """Which parameters stand in for these wherever the network is not taught but tested."""
    if page.judged_by == "average":
        return "Training moves these parameters; tests, and 3 Look, take their average (EMA)."
    if page.judged_by == "best":
        return f"The last parameters; tests, and 3 Look, take the best, of epoch {page.best_epoch}."
    return ""


def of_network(page: Page) -> str:
    """How far the network had come in its run, and since."""
    if page.applied:
        return f"step {page.step:,} + {page.applied} applied"
    return f"after {page.step:,} {'step' if page.step == 1 else 'steps'}"


def nats(loss: float) -> str:
    """A loss with as many digits as it takes to see a step's difference."""
    return f"{loss:.6f}" if loss >= 1e-3 or loss == 0 else f"{loss:.4e}"


def outcome(page: Page) -> Line:
    """What the step does to the loss of these very digits."""
    lesson = page.lesson
    before = page.before
    if before is None:
        fell = lesson.loss_after < lesson.loss
        return Line(
            (
                (f"<backprop.apply> would change this loss {nats(lesson.loss)} → ", "plain"),
                (nats(lesson.loss_after), "good" if fell else "bad"),
                (f" (learning rate {lesson.learning_rate:.4g})", "quiet"),
            )
        )
    was, now = before.lesson.loss, before.lesson.loss_after
    return Line(
        (
            (f"On a copy: {nats(was)} → ", "plain"),
            (f"{nats(now)} {'✓ fell' if now < was else '✗ rose'}", "good" if now < was else "bad"),
            (f"; <backprop.undo> undoes, <backprop.apply>: → {nats(lesson.loss_after)}", "quiet"),
            (f" (rate {lesson.learning_rate:.4g})", "quiet"),
        )
    )


def source(passages: tuple[Passage, ...]) -> tuple[tuple[Line, ...], int]:
    """Our own lines, the matching ones marked; and the first of these."""
    lines: list[Line] = []
    first = 0
    for passage in passages:
        if lines:
            lines.append(line(""))
        lines.append(line(passage.where, "strong"))
        for i, text in enumerate(passage.lines):
            marked = i in passage.marked
            if marked and not first:
                first = len(lines)
            tone: Tone = "mark" if marked else "plain"
            sign = ">" if marked else " "
            number = f"{passage.first + i:>4}{sign}"
            lines.append(Line(((number, "strong" if marked else "quiet"), (printable(text), tone))))
    return tuple(lines), first


def explained(step: Step) -> tuple[Line, ...]:
    """In plain language; then where to read on."""
    names: dict[str, list[str]] = {}
    for passage in step.passages:
        names.setdefault(passage.file, []).append(passage.name)
    return (
        line(step.explain),
        line(step.equation, "strong", 2),
        *(line(f"in {file}, {', '.join(its)}", "quiet", 2) for file, its in names.items()),
    )


def apart(parts: Parts | None, opinion: Opinion | None, height: int) -> tuple[Line, ...]:
    """One number: what others say of it if they were asked, and the sum that it is."""
    if parts is None:
        return (
            line(
                "An earlier step has made this; <backprop.matrix> shows what this one makes.",
                "quiet",
            ),
        )
    lines = [Line(((f"{parts.name} = ", "plain"), (exact(parts.number), "strong")))]
    if opinion is not None:
        lines += second_opinion(opinion)
    lines += [
        Line(((f"  {exact(value):>14}  ", "plain"), (words, "quiet")))
        for words, value in parts.workings
    ]
    if not parts.n_terms:
        return tuple(lines)
    if parts.n_terms > 1:
        lines.append(line(f" is the sum of {parts.n_terms:,} terms, the largest first:", "quiet"))
    told = parts.largest(max(height - len(lines) - 2, 1))
    for term in told.terms:
        spans: list[tuple[str, Tone]] = [(f"  {exact(term.value):>14}  ", "plain")]
        spans.append((term.words, "quiet"))
        if term.right is not None:
            spans.append((f" = {exact(term.left)} × {exact(term.right)}", "plain"))
        lines.append(Line(tuple(spans)))
    if told.n_rest:
        lines.append(
            Line(((f"  {exact(told.rest):>14}  ", "plain"), (f"{told.n_rest:,} more", "quiet")))
        )
    lines.append(
        Line(
            ((f"  {exact(told.rounding):>14}  ", "plain"), ("lost by rounding to float32", "quiet"))
        )
    )
    return tuple(lines)


def second_opinion(opinion: Opinion) -> list[Line]:
    """The three side by side, and whether they agree."""
    kink = opinion.by_difference is None
    error = opinion.difference_error
    rows: list[tuple[str, float | None, float | None]] = [
        ("by hand, float64", opinion.by_hand, None),
        ("by difference", opinion.by_difference, error),
        ("by autograd", opinion.by_autograd, opinion.autograd_error),
    ]
    lines = []
    for name, value, off in rows:
        if value is None:
            lines.append(line(f"  {name:<17} at a kink: no difference can tell", "quiet"))
            continue
        spans: list[tuple[str, Tone]] = [(f"  {name:<17}", "plain"), (f"{value: .12g}", "strong")]
        if off is not None:
            well = off <= opinion.threshold
            spans.append((f"  off by {off:.1e} {'✓' if well else '✗'}", "good" if well else "bad"))
        lines.append(Line(tuple(spans)))
    verdict = f"  ✓ they agree (to {opinion.threshold:g} of its size, or of {FLOOR:g})"
    if not opinion.passed:
        verdict = f"  ✗ they do not agree (to {opinion.threshold:g}): the backward pass is wrong"
    elif kink:
        verdict = "  ✓ autograd agrees; the bend has a kink here"
    return [*lines, line(verdict, "good" if opinion.passed else "bad")]


def captioned(page: Page) -> Captioned:
    """The digits of a lesson, and what the network says of each, before and after the step."""
    digits, lesson = page.digits, page.lesson
    names = digits.class_names
    captions = []
    for k, label in enumerate(digits.labels.tolist()):
        guess = int(lesson.said[k].argmax())
        right = guess == label
        p, after = float(lesson.said[k, label]), float(lesson.said_after[k, label])
        name, taken = printable(names[label]), printable(names[guess])
        said = f"✓ {name}" if right else f"✗ {taken}≠{name}"
        lines = (
            f"{said} {lesson.said[k].max():.0%}",
            f"digit {digits.indices[k]}",
            f"P({name}) {p:.4f}",
            f"after {after:.4f}",
        )
        captions.append(Caption(lines, right))
    return Captioned(digits.images, digits.pixel_max, tuple(captions))


def check(found: Checked | None, progress: str) -> tuple[Line, ...]:
    """A gradient check of the whole network; before it was asked for, how to."""
    if found is None:
        return (
            line(
                progress
                or "<backprop.check> checks the gradient of the whole network on these digits: "
                f"{OF_EACH} numbers of every weight matrix and bias vector, each against a "
                "difference."
            ),
        )
    result = found.check
    well = result.passed
    lines = [
        Line(
            (
                ("✓ passed" if well else "✗ failed", "good" if well else "bad"),
                (
                    f": {result.measured:,} measured, {result.at_kinks:,} at kinks left out",
                    "plain",
                ),
            )
        )
    ]
    for layer in found.layers:
        tone: Tone = "good" if layer.passed else "bad"
        error = "nan" if np.isnan(layer.error) else f"{layer.error:.1e}"
        lines.append(
            Line(
                (
                    (f" {'✓' if layer.passed else '✗'} {error:>8} ", tone),
                    (f"{layer.title}, at worst {layer.name}", "plain"),
                )
            )
        )
    lines.append(
        line(
            f"Passed is below {result.threshold:g} of the gradient's size: in float64 a right one "
            "is off by some 1e-9, for the loss is rounded and divided by a small step; a wrong one "
            "by 1e-2 and more. Dropout is left out.",
            "quiet",
        )
    )
    return tuple(lines)
