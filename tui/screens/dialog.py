"""What everything has in common that is asked over a room and gives an answer."""

from __future__ import annotations

from typing import Any, Literal

from textual._compositor import Compositor
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.css.query import NoMatches
from textual.events import Click
from textual.screen import ModalScreen, ScreenResultType

from tui.narrow_compositor import NarrowCompositor


class Once:
    """A screen that goes away once, and without a fuss where nobody waits for the answer any more.
    To come before Textual's own class, which alone Textual follows for styles."""

    is_current: bool
    _result_callbacks: list[Any]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._compositor: Compositor = NarrowCompositor()

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Give the answer to whoever asked, and go."""
        if not self.is_current:
            # A key or a click that came twice before the first was heard.
            return AwaitComplete()
        for asked in self._result_callbacks:
            # Who asked has asked something else since: two forks in one breath, say.
            if asked.future is not None and asked.future.done():
                asked.future = None
        gone: AwaitComplete = super().dismiss(result)  # type: ignore[misc]
        return gone


class Dialog(Once, ModalScreen[ScreenResultType]):
    """What dims the room behind it; a click beside it leaves it."""

    def on_click(self, event: Click) -> None:
        # The second click of two has been meant for what the first has opened this over.
        if event.widget is self and event.chain == 1:
            self.action_leave()

    def action_leave(self) -> None:
        """Go without an answer."""
        self.dismiss()


class CommandsFound(CommandList):
    """Textual's own, which takes it for granted that what is clicked is still there, and that there
    is room for what is paged through."""

    async def _on_click(self, event: Click) -> None:
        # Textual calls the handlers of all classes, from here up to where the default is prevented.
        if event.style.meta.get("option", 0) >= self.option_count:
            event.prevent_default()

    def _move_page(self, direction: Literal[-1, 1]) -> None:
        if (self.highlighted or 0) in self._index_to_line:
            super()._move_page(direction)


class Palette(Once, CommandPalette):
    """Textual's own, of which a double click beside it takes away the room below too, and which
    does not expect to be gone, or not to be laid out yet, when it comes to show what it found."""

    def compose(self) -> ComposeResult:
        for part in super().compose():
            yield CommandsFound() if type(part) is CommandList else part

    def query_one(self, selector: Any, expect_type: Any = None) -> Any:
        """What is in it; once all of that has gone, something that nobody will see."""
        try:
            return super().query_one(selector, expect_type)
        except NoMatches:
            return (expect_type or selector)()

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).size:
            super()._action_command_list(action)
