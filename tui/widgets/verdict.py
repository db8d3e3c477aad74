"""How good the run is in two lines or three: as a whole, since the last epoch, beside another."""

from __future__ import annotations

from typing import ClassVar

from tui.engine.error_view import ErrorView
from tui.engine.text import printable
from tui.widgets.characters import cells, shorten
from tui.widgets.error_picture import ErrorPicture
from tui.widgets.strips import Canvas, Picture

PLAIN, QUIET, GOOD = range(1, 4)


class Verdict(ErrorPicture):
    """Draws what follows from a view's mistakes; a third line where there is a rival."""

    DEFAULT_CSS = """
    Verdict {
        height: 2;
        padding: 0 1;
        &.-rival { height: 3; }

        .verdict--plain { color: $foreground; }
        .verdict--quiet { color: $quiet; }
        .verdict--good { color: $primary; text-style: bold; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"verdict--plain", "verdict--quiet", "verdict--good"}

    def watch_view(self, old: ErrorView | None, new: ErrorView | None) -> None:
        self.set_class(new is not None and new.rival is not None, "-rival")
        super().watch_view(old, new)

    def differs(self, old: ErrorView, new: ErrorView) -> bool:
        return (old.mistakes, old.rival) != (new.mistakes, new.rival)

    def make_picture(self) -> None:
        self.picture_begun()
        canvas = Canvas(*self.size)
        dot = " - " if self.ascii_only else " · "
        ellipsis = "~" if self.ascii_only else "…"
        if self.view is not None:
            right, *facts = whole(self.view)
            x = canvas.put(0, 0, right, GOOD)
            rest = dot.join(["", *_fitting(facts, canvas.width - x, len(dot))])
            canvas.put(x, 0, shorten(rest, canvas.width - x, ellipsis), PLAIN)
            canvas.put(0, 1, shorten(since(self.view), canvas.width, ellipsis), QUIET)
            facts = _fitting(beside(self.view), canvas.width + len(dot), len(dot))
            canvas.put(0, 2, shorten(dot.join(facts), canvas.width, ellipsis), PLAIN)
        names = ("plain", "quiet", "good")
        styles = [self.get_component_rich_style(f"verdict--{name}") for name in names]
        self.show_picture(Picture.from_canvas(canvas, [self.rich_style, *styles]))


def whole(view: ErrorView) -> list[str]:
    """The run as a whole, what matters most first."""
    m = view.mistakes
    facts = [f"{m.accuracy:.2%} right", f"{int(m.wrong.sum()):,} wrong of {len(m):,}"]
    if m.accuracy_without_doubtful is not None:
        facts.append(
            f"{m.accuracy_without_doubtful:.2%} without {len(m.doubtful)} labels people doubt"
        )
    elif len(m.suspects.indices):
        n = len(m.suspects.indices)
        facts.append(f"{n:,} {'label looks' if n == 1 else 'labels look'} wrong to it")
    facts.append(f"loss {m.mean_loss:.4f}")
    facts.append(f"ECE {m.reliability.expected_error:.4f}")
    facts.append(f"F1 {m.report.macro_f1:.4f}")
    return facts


def since(view: ErrorView) -> str:
    """What the last epoch has changed."""
    epoch, history = view.mistakes.predictions.epoch, view.mistakes.history
    if history is None or history.epoch < 1:
        return f"after epoch {epoch}"
    c = history.changes
    return f"epoch {epoch}: +{c.fixed:,} fixed, -{c.broken:,} broken, {c.never_right:,} never right"


def beside(view: ErrorView) -> list[str]:
    """The run beside its rival, or nothing; p is of the exact test, as of as many coin tosses."""
    if view.rival is None or view.comparison is None:
        return []
    c = view.comparison
    return [
        f"here {len(c.only_first):,} right that {printable(view.rival.name, 24)} has wrong, "
        f"there {len(c.only_second):,}",
        f"McNemar p = {c.exact_p:.3g}",
        f"{c.both_wrong:,} wrong in both",
        f"there {view.rival.mistakes.accuracy:.2%} right",
    ]


def _fitting(facts: list[str], room: int, gap: int) -> list[str]:
    """As many as fit whole, but at least one."""
    while len(facts) > 1 and sum(cells(fact) + gap for fact in facts) > room:
        facts = facts[:-1]
    return facts
