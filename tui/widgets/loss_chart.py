"""The loss, live: training as a band with a line in it, test loss as a mark per epoch.

The curves are sampled on the event loop, a matter of microseconds; plotext draws in a thread
of its own; the finished picture comes back as a message. At most one drawing per chart is
under way, and when it is done the next one starts from whatever is newest by then.
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

from tui.engine.curve import LossHistory
from tui.widgets.chart_plan import ChartPlan, Role, plan
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
    """A chart of training and test loss over steps."""

    DEFAULT_CSS = """
    LossChart {
        height: 1fr;
        min-height: 1;

        .loss-chart--frame { color: $foreground 35%; }
        .loss-chart--grid { color: $foreground 20%; }
        .loss-chart--label { color: $foreground 70%; }
        .loss-chart--mark { color: $secondary; }
        .loss-chart--band { color: $primary 45%; }
        .loss-chart--train { color: $primary; }
        .loss-chart--test { color: $warning; }
        .loss-chart--hint { color: $foreground 60%; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "loss-chart--frame",
        "loss-chart--grid",
        "loss-chart--label",
        "loss-chart--mark",
        "loss-chart--band",
        "loss-chart--train",
        "loss-chart--test",
        "loss-chart--hint",
    }

    history: reactive[LossHistory | None] = reactive(None, repaint=False)
    """What to show; a new object for every change."""

    log_scale: reactive[bool] = reactive(False, repaint=False)
    """Whether the loss axis counts in powers of ten."""

    smoothing: reactive[int] = reactive(0, repaint=False)
    """Columns to either side that the training line averages over."""

    placeholder: reactive[str] = reactive(
        "The loss will appear here as soon as training starts.", repaint=False
    )
    """What to say while there is nothing to draw."""

    class Drawn(Message, bubble=False):
        """A drawing came back from the thread."""

        def __init__(self, drawing: Future[Picture]) -> None:
            """Carry the finished `drawing`, be it a picture or an error."""
            super().__init__()
            self.drawing = drawing

    def __init__(self, *, placeholder: str | None = None, max_rate: float = 5.0) -> None:
        """Make an empty chart."""
        super().__init__(max_rate=max_rate)
        self._wanted: object = None
        self._waiting = False
        self.drawing = False
        """Whether the thread is at work for this chart."""
        self.builds = 0
        """How many drawings were ever begun."""
        self.shown_revision = 0
        """The revision of the history in the newest drawing."""
        if placeholder is not None:
            self.set_reactive(LossChart.placeholder, placeholder)

    def watch_history(self) -> None:
        """New data may wait its turn."""
        self.request_picture()

    def watch_log_scale(self) -> None:
        """A key was pressed: at once."""
        self.request_picture(at_once=True)

    def watch_smoothing(self) -> None:
        """A key was pressed: at once."""
        self.request_picture(at_once=True)

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
            None if history is None else (history.revision, history.train, history.test),
            self.size,
            (self.log_scale, self.ascii_only, self.smoothing, self.placeholder),
            palette,
        )
        if wanted == self._wanted:
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
        drawing_thread().submit(draw_in_thread, planned).add_done_callback(self._hand_over)

    def _plan(self, history: LossHistory, palette: tuple[Style, ...]) -> ChartPlan | str:
        return plan(
            history,
            *self.size,
            palette,
            log_scale=self.log_scale,
            ascii_only=self.ascii_only,
            few_colours=palette[Role.BAND] == palette[Role.TRAIN],
            smoothing=self.smoothing,
        )

    def _hand_over(self, drawing: Future[Picture]) -> None:
        """Runs in the drawing thread: post, and touch nothing."""
        # If the chart or its app is gone, so is whoever would have looked.
        with suppress(RuntimeError):
            self.post_message(self.Drawn(drawing))

    @on(Drawn)
    def _swap(self, message: Drawn) -> None:
        self.drawing = False
        error = message.drawing.exception()
        if error is None:
            self.show_picture(message.drawing.result())
        else:
            self.log.error(error)
            self._say(f"The chart could not be drawn: {type(error).__name__}.")
        if self._waiting:
            self._waiting = False
            self.request_picture()

    def _say(self, sentence: str) -> None:
        hint = self.get_component_rich_style("loss-chart--hint")
        self.show_sentence(sentence, hint, self.rich_style)

    def _palette(self) -> tuple[Style, ...]:
        """One style per `Role`."""
        frame, grid, label, mark, band, train, test = (
            self.get_component_rich_style(f"loss-chart--{part}")
            for part in ("frame", "grid", "label", "mark", "band", "train", "test")
        )
        if self.app.console.color_system in ("standard", "windows"):
            band = train  # Its paler shade might come out as the ground itself.
        on_band = Style(bgcolor=band.color)
        palette = (self.rich_style, frame, grid, label, mark, band, train, test)
        assert len(palette) == Role.TRAIN_ON_BAND
        return (*palette, train + on_band, test + on_band)
