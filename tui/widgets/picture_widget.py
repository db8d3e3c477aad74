"""What every widget that shows a `Picture` has in common.

A picture is made elsewhere and swapped in whole: painting only hands out finished strips. On
a swap the old and the new picture are compared, and only the cells that differ are sent. A
picture is made only when something asked for it, only so often, and only while somebody can
see it; whoever was hidden catches up on being painted again. Where the news come in a stream, how
often depends on how much there is to send, too: a chart whose axes move with every picture waits
until the link has had the time for the last one. Once the stream ends, nothing waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.color import Color
from textual.dom import NoScreen
from textual.errors import NoWidget
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from tui.commands import COMMANDS
from tui.commands.keymap import with_keys
from tui.link import LINKS, Link
from tui.widgets.painted import Painted

LONGEST_WAIT = 5.0
"""Seconds that a picture may have to wait because those before it were large."""

AT_ONCE = 2.0
"""Seconds of the link's budget that may be sent at once: the first page of digits is large, and the
next is to show what has been learnt since."""


class PictureWidget(Widget):
    """A widget that shows a finished picture; subclasses say how one is made."""

    RATIONED: ClassVar[bool] = False
    """Is it fed by a live run, so that all it sends has to fit the link's budget for a pane?"""

    max_rate: reactive[float] = reactive(5.0, repaint=False)
    """Pictures a second, at most, that a stream of new data may cause."""

    ascii_only: reactive[bool] = reactive(False, repaint=False)
    """Use nothing but ASCII characters, for terminals and fonts that have nothing else."""

    link: reactive[Link] = reactive(LINKS["normal"], repaint=False)
    """What the line to the terminal carries: a slow one gets fewer pictures."""

    flowing: reactive[bool] = reactive(True, repaint=False)
    """Do news come in a stream? Those that come one by one, or last, need not wait."""

    keys: reactive[Mapping[str, str]] = reactive(dict, repaint=False)
    """Keys of the user's own, by command."""

    def __init__(self, *, max_rate: float = 5.0) -> None:
        """Make an empty picture widget that new data repaint at most `max_rate` times a second."""
        super().__init__()
        self._picture: Painted | None = None
        self._behind = False
        self._being_painted = False
        self._not_before = 0.0
        self._spent_until = 0.0
        self._catch_up: Timer | None = None
        self._kept_styles: dict[tuple[object, ...], Style] = {}
        self._kept_background: tuple[Color, Color] | None = None
        self.set_reactive(PictureWidget.max_rate, max_rate)

    def make_picture(self) -> None:
        """Make a picture if something changed, and see that `show_picture` gets it."""
        raise NotImplementedError

    @property
    def picture(self) -> Painted | None:
        """What is shown now; None before the first picture."""
        return self._picture

    @property
    def is_seen(self) -> bool:
        """Whether any cell of the widget is on a screen that somebody looks at."""
        if not self.size or not self.is_attached or not self.visible:
            return False
        try:
            screen = self.screen
            if not screen.find_widget(self).visible_region:
                return False
        except (NoScreen, NoWidget):
            return False
        # `Screen.is_current` is also true of the screen right below an opaque one.
        for above in reversed(self.app.screen_stack):
            if above is screen:
                return True
            if above.styles.background.a == 1:
                return False
        return False

    @property
    def rich_style(self) -> Style:
        """Kept until styles change: to put it together takes as long as to draw a small picture."""
        if () not in self._kept_styles:
            self._kept_styles[()] = super().rich_style
        return self._kept_styles[()]

    def get_component_rich_style(
        self, *names: str, partial: bool = False, default: Style | None = None
    ) -> Style:
        """Kept likewise; Textual's own are forgotten with every refresh."""
        wanted = partial, default, *names
        if wanted not in self._kept_styles:
            self._kept_styles[wanted] = super().get_component_rich_style(
                *names, partial=partial, default=default
            )
        return self._kept_styles[wanted]

    @property
    def background_colors(self) -> tuple[Color, Color]:
        """Kept likewise."""
        if self._kept_background is None:
            self._kept_background = super().background_colors
        return self._kept_background

    def request_picture(self, *, at_once: bool = False) -> None:
        """Ask for a picture, soon enough but not more often than `max_rate`.

        Args:
            at_once: do not wait, because a person pressed a key and looks for the effect.
        """
        if not self.is_seen:
            self._behind = True
            return
        self._behind = False
        wait = self._not_before - monotonic()
        if wait > 0 and self.flowing and not at_once:
            if self._catch_up is None:
                self._catch_up = self.set_timer(wait, self._time_is_up)
            return
        self.make_picture()

    def picture_begun(self) -> None:
        """Subclasses call this when they really make one: the clock of `max_rate` starts."""
        self._not_before = monotonic() + 1.0 / max(self.max_rate * self.link.share, 0.01)

    def show_picture(self, picture: Painted) -> None:
        """Swap in a picture and repaint the cells in which it differs from the last."""
        regions = picture.changes_from(self._picture)
        self._picture = picture
        if self.RATIONED:
            now, cost = monotonic(), picture.bytes_of(regions) / self.link.budget
            wait = min(max(self._spent_until - now, 0.0) + cost, LONGEST_WAIT + AT_ONCE)
            self._spent_until = now + wait
            self._not_before = max(self._not_before, self._spent_until - AT_ONCE)
        if self._being_painted:
            return
        if regions is None:
            self.refresh()
        elif regions:
            self.refresh(*regions)

    def show_sentence(self, text: str, style: Style, ground: Style) -> None:
        """Swap in a picture that is nothing but a sentence in the middle."""
        from tui.widgets.strips import Canvas, Picture

        canvas = Canvas(self.size.width, self.size.height)
        canvas.put_paragraph(self.in_keys(text), 1)
        self.show_picture(Picture.from_canvas(canvas, (ground, style)))

    def in_keys(self, sentence: str) -> str:
        """A sentence with the keys of the commands that it names."""
        return with_keys(sentence, COMMANDS, self.keys)

    def render_line(self, y: int) -> Strip:
        """Hand out a finished strip."""
        width, picture = self.size.width, self._picture
        if picture is None or y >= picture.height:
            return Strip.blank(width, self.rich_style)
        strip = picture.strip(y)
        if strip.cell_length == width:
            return strip
        # For a moment after a resize the picture still has the old size.
        return strip.adjust_cell_length(width, self.rich_style)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Hand out finished strips; being painted is proof of being seen again."""
        if self._picture is None and self.size:
            # A new screen is painted once, with what is on it, and not first without.
            self._being_painted = True
            try:
                self.make_picture()
            finally:
                self._being_painted = False
        if self._behind:
            self._behind = False
            self.call_later(self.request_picture, at_once=True)
        # Textual keeps them until it renders a widget's content, which a picture never has it do.
        self._dirty_regions.clear()
        picture = self._picture
        fits = picture is not None and (picture.width, picture.height) == self.outer_size
        if picture is None or not fits or crop.width == picture.width:
            return super().render_lines(crop)
        return [self._filtered(picture.part(y, *crop.column_span)) for y in crop.line_range]

    def _filtered(self, part: Strip) -> Strip:
        """A part as it goes to the terminal. Textual would make all of the line, and keep it."""
        segments, ground = [*part], self.background_colors[1]
        for line_filter in self.get_line_filters():
            segments = line_filter.apply(segments, ground)
        return Strip(segments, part.cell_length)

    def notify_style_update(self) -> None:
        """Ask for a picture in the new colours."""
        super().notify_style_update()
        self._kept_styles.clear()
        self._kept_background = None
        if self.is_mounted:
            # Later, when every style of the change is in place.
            self.call_later(self.request_picture, at_once=True)

    def on_resize(self, _event: events.Resize) -> None:
        """Ask for a picture of the new size."""
        picture = self._picture
        if picture is None or (picture.width, picture.height) != self.size:
            self.request_picture(at_once=picture is None)

    def on_show(self, _event: events.Show) -> None:
        """Catch up with what happened while hidden."""
        if self._behind:
            self.request_picture(at_once=True)

    def watch_ascii_only(self) -> None:
        """Draw again in the other characters."""
        self.request_picture(at_once=True)

    def watch_keys(self) -> None:
        """Say by which keys, now that these are others."""
        self.request_picture(at_once=True)

    def watch_link(self) -> None:
        """Draw again as the link would have it."""
        self.request_picture(at_once=True)

    def watch_flowing(self) -> None:
        """What was the last of a stream is shown now."""
        if self._catch_up is not None and not self.flowing:
            self._catch_up.stop()
            self._time_is_up()

    def _time_is_up(self) -> None:
        self._catch_up = None
        self.request_picture()
