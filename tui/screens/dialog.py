"""What everything has in common that is asked over a room and gives an answer."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """Goes away once, and without a fuss where nobody waits for the answer any more."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Give the answer to whoever asked, and go."""
        if not self.is_current:
            # A key that was pressed twice before the first was heard.
            return AwaitComplete.nothing()
        for asked in self._result_callbacks:
            # Who asked has asked something else since: two forks in one breath, say.
            if asked.future is not None and asked.future.done():
                asked.future = None
        return super().dismiss(result)
