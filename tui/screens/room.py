"""What every room of the app has in common: a screen that shows the one run there is.

A room is handed the run's state when it is entered and whenever something in the run changed while
it is the one in sight; it takes the state apart into reactives, and its widgets are bound to these.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events, on
from textual._styles_cache import StylesCache
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.reactive import Reactive, reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static
from textual.widgets._toast import ToastHolder

from tui.commands import COMMANDS, RoomName, commands_in, works_in_fields
from tui.commands.keymap import in_own_keys, renamed, with_keys
from tui.engine.text import printable, sentence_of
from tui.link import LINKS, Link
from tui.narrow_compositor import NarrowCompositor
from tui.screens.jump import Jump
from tui.terminal import SMALLEST
from tui.widgets.key_line import KeyLine
from tui.widgets.laid_over import Hint, LaidOver
from tui.widgets.pane_tabs import Tab
from tui.widgets.picture_widget import PictureWidget
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tui.engine.state import RunState


class Room(Screen[None]):
    """A screen with a number key of its own."""

    NAME: ClassVar[RoomName]

    SHOWS_NETWORK: ClassVar[bool] = False
    """Does it show the network of the run's newest checkpoint?"""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    Room { layers: default over; }
    Room:nocolor .pane:focus-within, Room:nocolor .pane.-focused { border-title-style: reverse; }
    """
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"), (SMALLEST[0], "-narrow"), (100, "-normal"), (190, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-flat"), (SMALLEST[1], "-low"), (34, "-tall"),
    ]  # fmt: skip

    editing: reactive[bool] = reactive(False, repaint=False)
    """Does something have the focus that letters belong to?"""

    # Textual's own declaration repaints the whole screen whenever the focus moves, 20 KB a Tab at
    # 120x40; the two widgets concerned repaint themselves.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    link: reactive[Link] = reactive(LINKS["normal"], repaint=False)
    """What the line to the terminal carries."""

    flowing: reactive[bool] = reactive(True, repaint=False)
    """Do news of the run come in a stream?"""

    keys: reactive[Mapping[str, str]] = reactive(dict, repaint=False)
    """Keys of the user's own, by command."""

    sent: reactive[float] = reactive(0.0, repaint=False)
    """Bytes a second that went to the terminal of late."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()
        self.ascii_only = ascii_only
        self.renewed = asyncio.Event()
        """Unset while the run is asked for a checkpoint of this very moment: to be waited for by
        what shows its network."""
        self.renewed.set()
        self.jump = Jump(self)
        self._hint: Hint | None = None
        self._used: Widget | None = None

    def show_state(self, state: RunState | None) -> None:
        """Show what has become of the run; None is no run."""
        raise NotImplementedError

    def runs_changed(self) -> None:
        """Something was done to a run, maybe to another one than is shown."""

    def too_small(self) -> Static:
        """What is shown instead where the terminal is too small for anything."""
        return Static(
            f"Inkling needs a terminal of at least {SMALLEST[0]} columns and {SMALLEST[1]} rows.",
            id="too-small",
        )

    def on_mount(self) -> None:
        self.mount(LaidOver())
        self.explain_panes()
        self.make_known(self.query(PictureWidget))
        self.watch_keys(self.keys)
        self.name_own_keys()

    def make_known(self, widgets: Iterable[PictureWidget]) -> None:
        """Tell widgets that are new here what they have to know of the terminal."""
        for widget in widgets:
            widget.set_reactive(PictureWidget.ascii_only, self.ascii_only)
            widget.set_reactive(PictureWidget.link, self.link)
            widget.set_reactive(PictureWidget.flowing, self.flowing)
            widget.set_reactive(PictureWidget.keys, self.keys)

    def forget_lines(self) -> None:
        """Let go of what was painted, now that it is out of sight: it is made anew in a moment, and
        takes megabytes on a large terminal."""
        for widget in self.walk_children(Widget):
            widget._styles_cache.clear()

    def explain_panes(self) -> None:
        """Of a pane, and its tab, what the command says that goes there; else what the room is."""
        usual = commands_in(self.NAME)
        by_key = {command.key: command.id for command in usual}
        by_action = {command.action: command.id for command in usual}
        words = {command.id: command.in_words for command in renamed(usual, self.keys)}
        tabs = list(self.query(Tab).results(Tab))
        for named in (*tabs, *self.query(".pane")):
            pane = (named.id or "").removeprefix("tab-").removesuffix("-pane")
            letter = next((tab.letter for tab in tabs if tab.pane == pane), "")
            goes = by_action.get(f"show_pane('{pane}')") or by_key.get(letter)
            named.tooltip = words[goes or by_action[f"go('{self.NAME}')"]]

    def name_own_keys(self) -> None:
        """Where the name of a pane begins with a key, that is the user's own."""
        commands = commands_in(self.NAME)
        if self.keys:
            for tab in self.query(Tab):
                tab.update(in_own_keys(tab.label, commands, self.keys))
            for pane in self.query(".pane"):
                title = str(pane.border_title or "")
                pane.border_title = in_own_keys(title, commands, self.keys)

    def in_keys(self, sentence: str) -> str:
        """A sentence with the keys of the commands that it names."""
        return with_keys(sentence, COMMANDS, self.keys)

    def complain(self, sentence: str) -> None:
        """Say what will not do."""
        self.notify(printable(self.in_keys(sentence)), severity="warning", markup=False)

    def complain_of(self, problem: Exception) -> None:
        """Say what an error says."""
        self.complain(sentence_of(problem))

    def hint(self, words: str, about: Offset) -> None:
        """Words on top of the room, until something is pressed or moved."""
        self.take_hint_away()
        self._hint = Hint(words, about)
        self.query_one(LaidOver).mount(self._hint)

    def take_hint_away(self) -> None:
        if self._hint is not None:
            self._hint.remove()
            self._hint = None

    def in_hand_or_focus(self) -> Widget:
        """What a person is at."""
        return self.focused or self.query_one(StatusLine)

    def explain_focus(self) -> None:
        """Say of what has the focus what the mouse hears by resting there."""
        widget = self.in_hand_or_focus()
        self.hint(self._words_about(widget) or "Nothing is known of this.", widget.region.offset)

    def _words_about(self, widget: Widget) -> str:
        """Its own hint, or that of the nearest thing it is in."""
        around = (node for node in widget.ancestors_with_self if isinstance(node, Widget))
        return self.in_keys(next((str(node.tooltip) for node in around if node.tooltip), ""))

    def _handle_tooltip_timer(self, widget: Widget) -> None:
        # Textual's own is laid out on the screen, and all of that is sent anew each time.
        if widget is self._used:
            return  # Who draws on a sheet, or drags along a chart, need not be told that one can.
        self._used = None
        words = self._words_about(widget)
        if words and self.app.mouse_captured is None and not self.jump.places:
            self.hint(words, self.app.mouse_position)

    @on(events.MouseDown)
    def _pressed(self, event: events.MouseDown) -> None:
        # The terminal may have become smaller since.
        with contextlib.suppress(NoWidget):
            self._used = self.get_widget_at(*event.screen_offset)[0]

    @on(events.ScreenSuspend)
    def _covered(self) -> None:
        self.jump.end()
        self.take_hint_away()

    @on(events.ScreenResume)
    def _sweep(self) -> None:
        """Have what is over, and what lay over the room, leave nothing behind."""
        forget_what_is_gone()
        # Textual takes a toast whose time is over out of its holder, and leaves the holder.
        for holder in self.query(ToastHolder):
            # One that has only just come has nothing in it yet.
            if holder.is_mounted and not holder.children:
                holder.remove()

    @on(events.Resize)
    def _resized(self) -> None:
        forget_what_is_gone()
        # Whatever a letter stood on is somewhere else now.
        self.jump.end()
        self.take_hint_away()

    def watch_focused(self, focused: Widget | None) -> None:
        # Imported when somebody enters a room that has such a line, not before the first paint.
        from textual.widgets import Input

        self.editing = isinstance(focused, Input)

    def watch_flowing(self, flowing: bool) -> None:
        for widget in self.query(PictureWidget):
            widget.flowing = flowing

    def watch_keys(self, keys: Mapping[str, str]) -> None:
        for widget in self.query(PictureWidget):
            widget.keys = keys

    def watch_link(self, link: Link) -> None:
        for widget in self.query(PictureWidget):
            widget.link = link

    def prepare(self) -> None:
        """To be called before the room is shown, so that it is styled and laid out once."""
        for path in self.css_path:
            # Textual would read it as well, but then parse every other stylesheet anew and style
            # every screen there is, for the sake of rules that hold in this one.
            if not self.app.stylesheet.has_source(str(path)):
                self.app.stylesheet.read(path)
        self.choose_breakpoints()

    def choose_breakpoints(self) -> None:
        """Textual does so when it hears of a new size, which is after the first paint."""
        width, height = self.app.size
        for points, value in (
            (self.HORIZONTAL_BREAKPOINTS or [], width),
            (self.VERTICAL_BREAKPOINTS or [], height),
        ):
            fitting = [name for least, name in points if value >= least][-1]
            classes = {name: name == fitting for _, name in points}
            self.update_classes(classes, update=False)

    def _compositor_refresh(self) -> None:
        # A screen that is entered is painted, laid out once more, and painted: what is to be
        # painted as a whole a moment later need not be painted in part.
        if not self._repaint_required:
            super()._compositor_refresh()

    def check_action(
        self,
        action: str,
        parameters: tuple[object, ...],  # noqa: ARG002
    ) -> bool | None:
        return not self.editing or works_in_fields(self.NAME, action)

    @on(KeyLine.Clicked)
    async def _key_clicked(self, event: KeyLine.Clicked) -> None:
        room = self.app if event.command.room == "app" else self
        await self.app.run_action(event.command.action, room)


def forget_what_is_gone() -> None:
    """Empty tables of Textual's and Rich's that grow for hours: the last thousand empty lines, of
    all widths and styles, each with everything that was ever cut off of it, the last thousand pairs
    of backgrounds, each with all that was painted of the widget that asked, be it gone or not, and
    the last sixteen thousand pieces of text that were cut in two."""
    Strip.blank.cache_clear()
    StylesCache.get_inner_outer.cache_clear()
    Segment._split_cells.cache_clear()
