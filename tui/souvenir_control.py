"""Files that a person asks for by a key: where they are, or why they are not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual import on

from tui.engine.run_directory import RunError
from tui.engine.text import printable
from tui.screens.train import TrainScreen
from tui.tuning_control import TuningControl


class SouvenirControl(TuningControl):
    """The part of the app that writes them."""

    @on(TrainScreen.LogSaveAsked)
    def _save_log(self) -> None:
        if self.session.run is None:
            self.complain("There is no log yet; press <run.toggle> to start a run.")
        else:
            from tui.souvenirs import save_log

            self._keep(partial(save_log, self.session.run))

    def action_save_picture(self) -> None:
        from tui.souvenirs import save_picture

        self._keep(partial(save_picture, self.export_screenshot()))

    def export_screenshot(
        self,
        *,
        title: str | None = None,
        simplify: bool = True,  # noqa: ARG002
    ) -> str:
        # Unless it is simplified, Textual takes the update that is for a terminal (see
        # `NarrowCompositor`), and that is no picture.
        return super().export_screenshot(title=title, simplify=True)

    def _keep(self, save: Callable[[], Path]) -> None:
        try:
            self.notify(f"Saved as {printable(save())}", markup=False)
        except RunError as problem:
            self.complain_of(problem)
