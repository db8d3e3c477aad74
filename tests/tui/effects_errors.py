"""What the commands of the Errors screen bring about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pilots import errors_room, toasts, wait_for
from run_states import of_phase
from textual.pilot import Pilot

from tui.app import InklingApp
from tui.commands import Command
from tui.engine.error_view import Wish
from tui.screens.errors import FIRST
from tui.widgets.confused_list import ConfusedList
from tui.widgets.confusion_grid import ConfusionGrid
from tui.widgets.digit_detail import DigitDetail
from tui.widgets.digit_gallery import DigitGallery
from tui.widgets.reliability_chart import ReliabilityChart

EFFECTS: dict[str, Callable[[InklingApp], object]] = {
    "errors.narrow": lambda app: (
        errors_room(app).shown_pane == "digit" or errors_room(app).line.startswith("true:")
    ),
    "errors.widen": lambda app: errors_room(app).line == "wrong",
    "errors.filter": lambda app: errors_room(app).editing,
    "errors.sort": lambda app: errors_room(app).wish.sort == "confidence",
    "errors.matrix": lambda app: isinstance(app.focused, ConfusionGrid),
    "errors.classes": lambda app: isinstance(app.focused, ConfusedList),
    "errors.gallery": lambda app: isinstance(app.focused, DigitGallery),
    "errors.digit": lambda app: isinstance(app.focused, DigitDetail),
    "errors.calibration": lambda app: isinstance(app.focused, ReliabilityChart),
    "errors.percent": lambda app: errors_room(app).percent,
    "errors.next": lambda app: errors_room(app).cursor > 0,
    "errors.previous": lambda app: 0 < errors_room(app).cursor < 300,
    "errors.wrong": lambda app: errors_room(app).line == "",
    "errors.fixed": lambda app: errors_room(app).line == "fixed",
    "errors.broken": lambda app: errors_room(app).line == "broken",
    "errors.never": lambda app: errors_room(app).line == "never",
    "errors.labels": lambda app: errors_room(app).line == "label?",
    "errors.saliency": lambda app: errors_room(app).saliency,
    "errors.alike": lambda app: errors_room(app).alike,
    "errors.rival": lambda app: any("nothing to compare" in message for message in toasts(app)),
    "errors.side": lambda app: any("no second run" in message for message in toasts(app)),
    "errors.surer": lambda app: errors_room(app).wish.threshold == 0.51,
    "errors.less_sure": lambda app: errors_room(app).wish.threshold == 0.49,
    "errors.csv": lambda app: any(message.endswith(".csv") for message in toasts(app)),
    "errors.sheet": lambda app: any(message.endswith(".png") for message in toasts(app)),
}


async def prepare(app: InklingApp, pilot: Pilot[Any], command: Command) -> None:
    """The Errors screen as it is on first entering it, but for what the command is to change."""
    errors, app.session.state = errors_room(app), of_phase("finished")
    app.enter(errors)
    await wait_for(pilot, lambda: errors.is_current and errors.view)
    errors.forget()
    errors.percent = errors.saliency = errors.alike = False
    errors.wish = Wish(FIRST)
    errors.action_show_pane("calibration" if command.id == "errors.gallery" else "gallery")
    if command.id == "errors.widen":
        await pilot.press("v")
    if command.id in ("errors.next", "errors.previous"):
        await pilot.press("w")
        errors.cursor = 300 * (command.id == "errors.previous")
