"""The app: its looks and its rooms. What it does with runs is in `run_control`, how it is left in
`leaving`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.filter import LineFilter, Monochrome

from nn.hyperparameters import Hyperparameters
from tui.ahead import SOON, import_ahead
from tui.at_rest import AtRest
from tui.collector import spare_what_stands
from tui.commands import RoomName, bindings
from tui.engine.run_directory import RunDirectory
from tui.engine.text import literal
from tui.habits import Habits
from tui.keys_in_order import KeysInOrder
from tui.leaving import Leaving
from tui.link import LINKS, Link
from tui.output_filter import COLOURLESS, OutputFilter
from tui.rooms import ROOMS
from tui.screens.room import Room
from tui.screens.train import TrainScreen
from tui.session import Session
from tui.settings import SettingsFile
from tui.themes import THEMES, fainter, readable

if TYPE_CHECKING:
    from tui.screens.look import LookScreen


class InklingApp(KeysInOrder, AtRest, Leaving):
    """Returns a sentence to print when it has gone, or nothing."""

    TITLE = "Inkling"
    CSS_PATH = "screens/train.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]

    def __init__(
        self, session: Session, initial: Hyperparameters | None = None,
        attach: RunDirectory | None = None, *, ascii_only: bool = False,
        link: Link = LINKS["normal"], settings: SettingsFile | None = None,
    ) -> None:  # fmt: skip
        super().__init__(session, TrainScreen(initial, ascii_only=ascii_only), attach, link)
        self.ascii_only = ascii_only
        self.hold_keys()
        self._kept: dict[RoomName, Room] = {}
        self._output_filter = OutputFilter(ascii_only=ascii_only)
        for theme in THEMES:
            self.register_theme(theme)
        # A theme of many shades comes out grey where there are sixteen colours.
        few = self.console.color_system == "standard"
        self.theme = "ansi-dark" if few else THEMES[0].name
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_class(ascii_only, "-ascii")
        self.habits = Habits(self, self.train, settings) if settings else None
        self.keys = self.habits.keys if self.habits else {}
        self.train.keys = self.keys
        if self.habits:
            self.habits.apply(theme=not few)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return fainter(self.current_theme)

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = readable(super().get_css_variables())
        return self.theme_variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        filters = super().get_line_filters()
        if self.no_color and self.native_ansi_color:
            # Greys made of the terminal's own colours, which nobody knows, are black on black.
            filters = [COLOURLESS if isinstance(one, Monochrome) else one for one in filters]
        return [*filters, self._output_filter]

    def refresh_css(self, animate: bool = True) -> None:
        # Textual parses all of it once more for the theme that the app begins with.
        if self.stylesheet._variables != self.get_css_variables():
            super().refresh_css(animate)

    def get_default_screen(self) -> TrainScreen:
        # Not pushed over Textual's own blank one: the first paint is then the only one.
        return self.train

    @on(TrainScreen.Ready)
    def _furnished(self) -> None:
        self.let_keys_in()

    def on_ready(self) -> None:
        # The collector is off since before the imports (`tui.cli`), and until these are done.
        if not self.is_headless:
            self.set_timer(SOON, import_ahead)

    def on_mount(self) -> None:
        if self.habits:
            self.habits.watch()
            for sentence in self.habits.complaints:
                self.complain(literal(sentence))

    def room_called(self, name: RoomName) -> Room:
        """The room of that name; one that is kept is made when it is first asked for."""
        if name == self.train.NAME:
            return self.train
        room = self._kept.get(name)
        if room is None:
            room = ROOMS[name].make(self.session, self.ascii_only)
            if ROOMS[name].kept:
                self._kept[name] = room
                self.install_screen(room, name)
                self.call_after_refresh(spare_what_stands)
        return room

    def action_go(self, name: RoomName) -> None:
        """Change rooms."""
        if isinstance(self.screen, Room) and name != self.screen.NAME:
            self.enter(self.room_called(name))

    def on_look_screen_lesson_asked(self, event: LookScreen.LessonAsked) -> None:
        # Found by its name, for `on` would import a room that nobody may ever enter.
        from tui.screens.backprop import BackpropScreen

        room = self.room_called("backprop")
        assert isinstance(room, BackpropScreen)
        self.action_go(room.NAME)
        room.show_digit(event.index)
