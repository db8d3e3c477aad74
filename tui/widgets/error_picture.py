"""What the panes of the Errors screen have in common: each is a picture of one view of mistakes."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual.message import Message
from textual.reactive import reactive

from tui.engine.error_view import ErrorView
from tui.widgets.inks import Inks
from tui.widgets.picture_widget import PictureWidget


class ErrorPicture(PictureWidget):
    """Draws `view`, and again when another view would look another."""

    view: reactive[ErrorView | None] = reactive(None, repaint=False)

    def differs(self, old: ErrorView, new: ErrorView) -> bool:
        """Does the picture of the one look another than that of the other?"""
        return old.mistakes is not new.mistakes

    def watch_view(self, old: ErrorView | None, new: ErrorView | None) -> None:
        if old is None or new is None:
            self.request_picture(at_once=True)
        elif self.differs(old, new):
            # A person's wish is granted at once; a new epoch may wait its turn.
            self.request_picture(at_once=old.mistakes is new.mistakes)


class DigitPicture(ErrorPicture, can_focus=True):
    """One that has digits of the view in it, and a cursor among them."""

    cursor: reactive[int] = reactive(0, repaint=False)
    """The place of the digit that is stood at, among those of the view."""

    @dataclass
    class Moved(Message):
        """The cursor is to stand at another place."""

        place: int

    def __init__(self) -> None:
        super().__init__()
        self._inks = Inks()
        self._asked: int | None = None

    def differs(self, old: ErrorView, new: ErrorView) -> bool:
        return old is not new

    def action_move(self, digits: int) -> None:
        """On by so many digits, back where negative, but not beyond the ends."""
        if self.view is not None:
            # Two keys in one read: the second starts from where the first will have led.
            here = self.cursor if self._asked is None else self._asked
            place = min(max(here + digits, 0), max(len(self.view.indices) - 1, 0))
            if place != here:
                self._asked = place
                self.post_message(self.Moved(place))

    def watch_view(self, old: ErrorView | None, new: ErrorView | None) -> None:
        self._asked = None
        super().watch_view(old, new)

    def watch_cursor(self) -> None:
        if self.cursor == self._asked:
            self._asked = None

    def with_inks(self, prefix: str, names: tuple[str, ...]) -> tuple[Style, ...]:
        """All inks, then the widget's own style, then those of the component classes `names`."""
        paper = self.get_component_styles(f"{prefix}--paper")
        return (
            *self._inks.of(paper.background, paper.color),
            self.rich_style,
            *(self.get_component_rich_style(f"{prefix}--{name}") for name in names),
        )
