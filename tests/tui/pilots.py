"""Opening the app for a test, waiting for what must come true, reading what is on the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from textual.app import App
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from nn.hyperparameters import Hyperparameters
from nn.presets import resolve
from tui.app import InklingApp
from tui.engine.commands import Command
from tui.engine.run_directory import RunDirectory
from tui.engine.state import RunState
from tui.link import LINKS, Link
from tui.screens.backprop import BackpropScreen
from tui.screens.draw import DrawScreen
from tui.screens.errors import ErrorsScreen
from tui.screens.look import LookScreen
from tui.screens.room import Room
from tui.session import Session
from tui.settings import SettingsFile
from tui.themes import fainter
from tui.widgets.hyperparameter_field import HyperparameterField
from tui.widgets.hyperparameter_form import HyperparameterForm
from tui.widgets.loss_chart import LossChart
from tui.widgets.picture_widget import PictureWidget

SIZES = [(80, 24), (120, 40), (200, 60)]

SHORT = resolve("first-light", {"epochs": 3, "pace": 0})
"""Three epochs of the small digits: over in the blink of an eye."""

LONG = resolve("first-light", {"epochs": 5000, "pace": 200})
"""As good as endless."""


class BareApp(App[None]):
    """For a widget or two of ours, which know some colours that Textual does not."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return fainter(self.current_theme)


class QuietSession(Session):
    """Writes down what it is told instead of doing it; a run is live as soon as it is started."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.starts: list[tuple[str, Hyperparameters]] = []
        self.asked: list[Command] = []

    def start(self, hyperparameters: Hyperparameters, stint: str) -> None:
        self.starts.append((stint, hyperparameters))

    async def changes(self) -> AsyncIterator[RunState]:
        await asyncio.sleep(0)
        return
        yield

    async def ask(self, command: Command) -> None:
        self.asked.append(command)


@asynccontextmanager
async def opened(
    session: Session | Path,
    size: tuple[int, int] = (120, 40),
    initial: Hyperparameters | None = None,
    attach: RunDirectory | None = None,
    *,
    ascii_only: bool = False,
    link: Link = LINKS["normal"],
    settings: SettingsFile | None = None,
) -> AsyncIterator[tuple[InklingApp, Pilot[str]]]:
    """The app on a session, or on a directory of runs."""
    session = Session(session) if isinstance(session, Path) else session
    app = InklingApp(session, initial, attach, ascii_only=ascii_only, link=link, settings=settings)
    async with app.run_test(size=size, notifications=True) as pilot:
        await wait_for(pilot, lambda: app.train.furnished and form(app).furnished)
        yield app, pilot


async def wait_for(
    pilot: Pilot[Any], condition: Callable[[], object], what: str = "", seconds: float = 40.0
) -> None:
    """Let the app run until the condition holds."""
    until, patience = time.monotonic() + seconds, 0.005
    while not condition():
        assert time.monotonic() < until, f"never came true: {what or condition}"
        # To look at the whole screen takes as long as the app may need for what is waited for.
        await pilot.pause(patience)
        patience = min(2 * patience, 0.08)
    await pilot.pause()


def burst(app: App[Any], *keys: str) -> None:
    """Keys as they come from a held key, or by a slow line: all at once, each before the one before
    has had its effect."""
    for key in keys:
        letter = key if len(key) == 1 else " " if key == "space" else None
        app._driver.process_message(Key(key, letter))


R = TypeVar("R", bound=Room)


def kept(app: InklingApp, kind: type[R]) -> R:
    """A room that stays furnished, be it in sight or not."""
    room = app.room_called(kind.NAME)
    assert isinstance(room, kind)
    return room


def errors_room(app: InklingApp) -> ErrorsScreen:
    return kept(app, ErrorsScreen)


def backprop_room(app: InklingApp) -> BackpropScreen:
    return kept(app, BackpropScreen)


def draw_room(app: InklingApp) -> DrawScreen:
    return kept(app, DrawScreen)


def look_room(app: InklingApp) -> LookScreen:
    return kept(app, LookScreen)


def phase(app: InklingApp) -> str:
    """What the screen says the run is doing."""
    return app.train.status.phase


async def wait_for_phase(app: InklingApp, pilot: Pilot[Any], *phases: str) -> None:
    await wait_for(pilot, lambda: phase(app) in phases, f"{phases}, not {app.train.status}")


async def wait_for_pictures(app: InklingApp, pilot: Pilot[Any]) -> None:
    """Until everything in sight is drawn from the newest that is known."""

    def drawn(widget: PictureWidget) -> bool:
        if isinstance(widget, LossChart):
            revision = widget.history.revision if widget.history else 0
            if widget.drawing or widget.shown_revision != revision:
                return False
        waiting = widget._catch_up is not None or widget.picture is None
        return not waiting and widget.picture.width == widget.size.width

    await wait_for(
        pilot,
        lambda: all(drawn(widget) for widget in app.room.query(PictureWidget) if widget.is_seen),
        "pictures",
    )


def lines(app: App[Any]) -> list[str]:
    """The characters on the screen, row by row."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def text(app: App[Any]) -> str:
    return "\n".join(lines(app))


def toasts(app: App[Any]) -> list[str]:
    """Every notification there has been and is still on show."""
    return [notification.message for notification in app._notifications]


def toast(app: App[Any]) -> str:
    """The newest notification, as it is on the screen."""
    found = app.screen.query(Toast)
    if not found:
        return ""
    area = found.last().region
    rows = [row[area.x + 1 : area.right - 1] for row in lines(app)[area.y : area.bottom]]
    return " ".join(" ".join(rows).split())


def form(app: InklingApp) -> HyperparameterForm:
    return app.train.query_one(HyperparameterForm)


def field(app: InklingApp, name: str) -> HyperparameterField:
    """Mounted or, in a group that has never been unfolded, not."""
    return form(app).fields[name]


async def unfold(app: InklingApp, pilot: Pilot[Any]) -> None:
    """Show all of the form's groups."""
    for group in form(app).groups:
        await group.fold(False)
    await pilot.pause()


def log_lines(app: InklingApp) -> list[str]:
    """What stands in the log."""
    return list(app.train.query_one("RunLog").lines)  # type: ignore[attr-defined]
