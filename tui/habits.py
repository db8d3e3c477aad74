"""The settings at work: applied when the app opens, kept when somebody changes something."""

from __future__ import annotations

import asyncio
import contextlib

from textual.app import App
from textual.timer import Timer

from tui.commands import COMMANDS
from tui.commands.keymap import checked
from tui.screens.train import TrainScreen
from tui.settings import Settings, SettingsFile

KEPT_AFTER = 0.5
"""Seconds after the last change; who leafs through the themes passes a dozen of them."""


class Habits:
    """Between a file of settings and the reactives that it is about.

    Attributes:
        keys: those of the user's own that will do, by command.
        complaints: a sentence for whatever in the file will not.
    """

    def __init__(self, app: App[str], train: TrainScreen, file: SettingsFile) -> None:
        self._app, self._train, self._file = app, train, file
        self._timer: Timer | None = None
        self.keys, sentences = checked(file.settings.keys, COMMANDS)
        self.complaints = [*filter(None, [file.complaint]), *sentences]

    def apply(self, *, theme: bool) -> None:
        """Have everything as it was, before anything is drawn; `theme` where the terminal can show
        one."""
        app, train, kept = self._app, self._train, self._file.settings
        if theme and kept.theme in app.available_themes:
            app.theme = kept.theme
        train.set_reactive(TrainScreen.chart_view, kept.chart)
        hidden = frozenset(name for name in train.PANES if name in kept.hidden)
        if len(hidden) < len(train.PANES):
            train.set_reactive(TrainScreen.hidden, hidden)
        if kept.pane in train.PANES and kept.pane != "chart":
            train.set_reactive(TrainScreen.shown_pane, kept.pane)

    def watch(self) -> None:
        """From now on, keep what changes."""
        app, train = self._app, self._train
        app.set_keymap(dict(self.keys))
        app.watch(app, "theme", self._changed, init=False)
        for name in ("chart_view", "hidden", "shown_pane"):
            app.watch(train, name, self._changed, init=False)

    def _changed(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._app.set_timer(KEPT_AFTER, self._keep)

    async def _keep(self) -> None:
        await asyncio.to_thread(self.keep)

    def keep(self) -> None:
        """Write what holds now; where that cannot be, the next start is as usual, and no worse."""
        train = self._train
        now = Settings(
            theme=self._app.theme,
            pane=train.shown_pane,
            hidden=train.hidden,
            chart=train.chart_view,
            keys=self._file.settings.keys,
        )
        with contextlib.suppress(OSError):
            self._file.keep(now)
