"""A run as a curve, live: training as a band with a line in it, tests as a mark per epoch.

The curves are sampled on the event loop, a matter of microseconds; plotext draws in a thread
of its own; the finished picture comes back as a message. At most one drawing per chart is
under way, and when it is done the next one starts from whatever is newest by then. The cursor
is laid over the finished picture, so that to move it nothing is drawn.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import ClassVar

from rich.style import Style
from textual import on
from textual.message import Message
from textual.reactive import reactive

from tui.engine.chart_view import ChartView
from tui.engine.history import RunHistory
from tui.engine.overlays import Overlay
from tui.widgets import chart_cursor
from tui.widgets.chart_inks import INKS, ON_BAND, STYLES, Role
from tui.widgets.chart_plan import MIN_HEIGHT, plan
from tui.widgets.chart_sheet import ChartPlan, Stretch
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.strips import Picture


@cache
def drawing_thread() -> ThreadPoolExecutor:
    """The one thread of this process that touches plotext, whose figure is global state."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="chart")


def draw_in_thread(planned: ChartPlan) -> Picture:
    """Draw, importing plotext at the first chart rather than at the start of the app."""
    from tui.widgets.chart_picture import draw

    picture = draw(planned)
    _ = picture.strips  # Made here, so that nothing is left to do when it is painted.
    return picture


class LossChart(PictureWidget):
    """A chart of a run's loss, or another of its metrics."""

    RATIONED = True

    DEFAULT_CSS = """
    LossChart {
        height: 1fr;
        min-height: 1;

        .loss-chart--frame { color: $foreground 35%; }
        .loss-chart--grid { color: $foreground 20%; }
        .loss-chart--label { color: $soft; }
        .loss-chart--mark { color: $secondary; }
        .loss-chart--cursor { color: $foreground; text-style: bold; }
        .loss-chart--band { color: $primary 45%; }
        &:light .loss-chart--band { color: $primary 30%; }
        .loss-chart--train { color: $primary; }
        .loss-chart--test { color: $warning; }
        .loss-chart--validation { color: $warning 70%; }
        .loss-chart--rival-a { color: $accent; }
        .loss-chart--rival-b { color: $success; }
        .loss-chart--rival-c { color: $error; }
        .loss-chart--rival-d { color: $soft; }
        .loss-chart--hint { color: $quiet; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"loss-chart--{ink}" for ink in INKS), "loss-chart--hint"
    }  # fmt: skip

    history: reactive[RunHistory | None] = reactive(None, repaint=False)
    """What to show; a new object for every change."""

    view: reactive[ChartView] = reactive(ChartView(), repaint=False)
    """What of it, and how."""

    overlays: reactive[tuple[Overlay, ...]] = reactive((), repaint=False)
    """Runs that are over, each a line of its own."""

    zooms: reactive[tuple[Stretch, ...]] = reactive((), repaint=False)
    """The stretches of steps that were looked at closer and closer; the last one is shown."""

    cursor: reactive[float | None] = reactive(None, repaint=False)
    """The step whose exact values stand below; None while nobody asks."""

    begun: reactive[float | None] = reactive(None, repaint=False)
    """The step at which the stretch that is being chosen begins."""

    placeholder: reactive[str] = reactive(
        "The loss will appear here as soon as training starts.", repaint=False
    )
    """What to say while there is nothing to draw."""

    class Drawn(Message, bubble=False):
        """A drawing came back from the thread."""

        def __init__(self, drawing: Future[Picture], planned: ChartPlan) -> None:
            """Carry the finished `drawing`, be it a picture or an error, of what was planned."""
            super().__init__()
            self.drawing = drawing
            self.planned = planned

    def __init__(self, *, placeholder: str | None = None, max_rate: float = 5.0) -> None:
        """Make an empty chart."""
        super().__init__(max_rate=max_rate)
        self._wanted: object = None
        self._waiting = False
        self._sheet: Picture | None = None
        self.planned: ChartPlan | None = None
        """What is drawn now; None while it is a sentence or nothing."""
        self.drawing = False
        """Whether the thread is at work for this chart."""
        self.builds = 0
        """How many drawings were ever begun."""
        self.shown_revision = 0
        """The revision of the history in the newest drawing."""
        if placeholder is not None:
            self.set_reactive(LossChart.placeholder, placeholder)

    def watch_history(self, old: RunHistory | None, new: RunHistory | None) -> None:
        """New data may wait its turn; of another run, nothing that was chosen holds."""
        if old is not None and new is not None and old.train is not new.train:
            self.zooms, self.cursor, self.begun = (), None, None
        self.request_picture()

    def watch_view(self, old: ChartView, new: ChartView) -> None:
        """A key was pressed: at once."""
        if old.scope != new.scope:
            self.zooms = ()
        self.request_picture(at_once=True)

    def watch_overlays(self) -> None:
        """A run was laid over it, or taken off."""
        self.request_picture(at_once=True)

    def watch_zooms(self) -> None:
        """Look closer, or less close."""
        self.request_picture(at_once=True)

    def watch_cursor(self, old: float | None, new: float | None) -> None:
        """Draw anew only where the line below comes or goes."""
        if (old is None) is not (new is None):
            self.request_picture(at_once=True)
        else:
            self._lay()

    def watch_begun(self) -> None:
        """Show what is being chosen."""
        self._lay()

    def watch_placeholder(self) -> None:
        """Say the new sentence."""
        self.request_picture(at_once=True)

    def make_picture(self) -> None:
        """Sample the curves and hand the plan to the drawing thread."""
        if self.drawing:
            self._waiting = True
            return
        history = self.history
        palette = self._palette()
        wanted = (
            None if history is None else (history.revision, history.train),
            self.size,
            (self.view, self.zooms[-1:], self.overlays, self._reads),
            (self.ascii_only, self.placeholder),
            palette,
        )
        if wanted == self._wanted:
            self._lay()
            return
        self._wanted = wanted
        self.shown_revision = 0 if history is None else history.revision
        planned = "" if history is None else self._plan(history, palette)
        if isinstance(planned, str):
            self._say(planned or self.placeholder)
            return
        self.picture_begun()
        self.drawing = True
        self.builds += 1

        def hand_over(drawing: Future[Picture], planned: ChartPlan = planned) -> None:
            # In the drawing thread: post, and touch nothing. If the chart or its app is gone, so
            # is whoever would have looked.
            with suppress(RuntimeError):
                self.post_message(self.Drawn(drawing, planned))

        drawing_thread().submit(draw_in_thread, planned).add_done_callback(hand_over)

    @property
    def _reads(self) -> bool:
        """Is there a line below that says what is at the cursor?"""
        return self.cursor is not None and self.size.height > MIN_HEIGHT

    def _plan(self, history: RunHistory, palette: tuple[Style, ...]) -> ChartPlan | str:
        return plan(
            history,
            self.size.width,
            self.size.height - self._reads,
            palette,
            view=self.view,
            zoom=self.zooms[-1] if self.zooms else None,
            overlays=self.overlays,
            ascii_only=self.ascii_only,
            few_colours=palette[Role.BAND] == palette[Role.TRAIN],
        )

    @on(Drawn)
    def _swap(self, message: Drawn) -> None:
        self.drawing = False
        error = message.drawing.exception()
        if error is None:
            self._sheet, self.planned = message.drawing.result(), message.planned
            self.was_drawn(message.planned)
            self._lay()
        else:
            self.log.error(error)
            self._say(f"The chart could not be drawn: {type(error).__name__}.")
        if self._waiting:
            self._waiting = False
            self.request_picture()

    def was_drawn(self, planned: ChartPlan) -> None:
        """For subclasses: there is something new to point at."""

    def _lay(self) -> None:
        """Show what is drawn, with the cursor where it is by now."""
        sheet, planned, cursor = self._sheet, self.planned, self.cursor
        if sheet is None or planned is None:
            return
        if cursor is not None and planned.height < self.size.height:
            sheet = chart_cursor.laid(
                sheet, planned, cursor, self.begun, self.in_keys("<chart.zoom>")
            )
        self.show_picture(sheet)

    def _say(self, sentence: str) -> None:
        self._sheet = self.planned = None
        hint = self.get_component_rich_style("loss-chart--hint")
        self.show_sentence(sentence, hint, self.rich_style)

    def _palette(self) -> tuple[Style, ...]:
        """One style per `Role`, then those of the lines on the band."""
        inks = [self.get_component_rich_style(f"loss-chart--{ink}") for ink in INKS]
        palette = [self.rich_style, *inks]
        if self.app.console.color_system in ("standard", "windows"):
            # Their paler shades might come out as the ground itself.
            palette[Role.BAND] = palette[Role.TRAIN]
            palette[Role.VALIDATION] = palette[Role.TEST]
        on_band = Style(bgcolor=palette[Role.BAND].color)
        palette += [palette[role] + on_band for role in range(Role.TRAIN, len(Role))]
        assert len(palette) == STYLES == len(Role) + ON_BAND
        return tuple(palette)
