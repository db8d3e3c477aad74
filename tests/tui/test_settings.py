"""Looks and keys are kept; a file that will not do stops nobody and is not lost."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pilots import QuietSession, lines, opened, toasts, wait_for

from tui.app import InklingApp
from tui.commands import COMMANDS
from tui.commands.keymap import checked, renamed
from tui.engine.chart_view import ChartView
from tui.engine.run_status import RunStatus
from tui.screens.help import HelpScreen
from tui.settings import Settings, SettingsFile, settings_path
from tui.widgets.status_line import StatusLine


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    file = SettingsFile(path)
    assert (file.settings, file.complaint) == (Settings(), "")
    kept = Settings(
        theme="inkling-paper",
        pane="log",
        hidden=frozenset({"digits"}),
        chart=ChartView(metric="accuracy", smoothing=4, log_scale=True),
        keys={"run.toggle": "f5"},
    )
    file.keep(kept)
    assert SettingsFile(path).settings == kept
    assert "pace" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.stat().st_mtime_ns
    file.keep(kept)
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"theme = ", "Invalid value"),
        (b"\xff\xfe", "utf-8"),
        (b"theme = 3", "theme"),
        (b"[chart]\nsmoothing = -4", "smoothing"),
        (b'[chart]\nmetric = "beauty"', "metric"),
        (b'[keys]\n"run.toggle" = 5', "run.toggle"),
        (b"theme = '\x1b[31m'\nx", "line"),
    ],
)
def test_a_file_that_will_not_do_is_laid_aside(tmp_path: Path, text: bytes, why: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(text)
    file = SettingsFile(path)
    assert file.settings == Settings()
    assert why in file.complaint
    assert "settings.toml.broken" in file.complaint
    assert file.complaint.isprintable()
    assert (tmp_path / "settings.toml.broken").read_bytes() == text
    assert SettingsFile(path).complaint == ""


def test_what_cannot_even_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.mkdir()
    assert "Is a directory" in SettingsFile(path).complaint


def test_a_later_version_may_know_more(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = "dracula"\nmood = "good"\n')
    file = SettingsFile(path)
    assert (file.settings.theme, file.complaint) == ("dracula", "")


def test_they_are_in_the_users_configuration(tmp_path: Path) -> None:
    assert settings_path() == tmp_path / "config-home" / "inkling" / "settings.toml"


def test_keys_that_will_do_and_keys_that_will_not() -> None:
    keys = {
        "run.stop": "",
        "run.toggle": "f5",
        "run.step": "space",  # Free now that the one above has left it.
        "run.fly": "y",
        "run.epoch": "q",
        "errors.filter": "colossal",
        "digits.next": "right_square_bracket,f7",
        "app.help": "f9",
    }
    good, sentences = checked(keys, COMMANDS)
    assert good == {
        "run.toggle": "f5",
        "run.step": "space",
        "digits.next": "right_square_bracket,f7",
        "app.help": "f9",
    }
    assert len(sentences) == 4
    assert "run.fly" in sentences[1]
    assert "'app.leave' already" in sentences[2]
    assert "none such" in sentences[3]
    by_id = {command.id: command for command in renamed(COMMANDS, good)}
    assert by_id["run.toggle"].key_name == "f5"
    assert len(by_id) == len(COMMANDS)


async def test_the_app_is_as_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    keys = {"run.toggle": "f5", "app.help": "f9", "pane.log": "f2", "no.such": "y"}
    keys |= {"errors.calibration": "f3", "room.runs": "f6"}
    path.write_text("\n".join(["[keys]", *(f'"{name}" = "{key}"' for name, key in keys.items())]))
    file = SettingsFile(path)
    async with opened(QuietSession(), (160, 40), settings=file) as (app, pilot):
        await wait_for(pilot, lambda: "f5 Start/pause" in lines(app)[-1])
        await wait_for(pilot, lambda: any("no.such" in said for said in toasts(app)))
        await pilot.press("space")
        assert starts(app) == []
        await pilot.press("f5")
        await wait_for(pilot, lambda: starts(app) == ["run"])
        await pilot.press("f9")
        assert isinstance(app.screen, HelpScreen)
        assert ("f5", "Start a run, pause it, go on") in app.screen.rows
        await pilot.press("f9")
        await wait_for(pilot, lambda: app.screen is app.train)
        # What names a key on the screen names the user's own.
        app.train.query_one(StatusLine).status = RunStatus()
        await wait_for(pilot, lambda: "press f5 to train" in lines(app)[0])
        assert "f9 for help" in lines(app)[0]
        await pilot.press("v", "ctrl+s")
        await wait_for(pilot, lambda: any("yet; f6 lists those" in said for said in toasts(app)))
        await wait_for(pilot, lambda: any("press f5 to start" in said for said in toasts(app)))
        app.clear_notifications()
        for key, name in zip("236", ("errors", "look", "backprop"), strict=True):
            await pilot.press(key)
            await wait_for(pilot, lambda name=name: name == app.room.NAME, name)
            await wait_for(pilot, lambda: any("f6" in line for line in lines(app)), name)
        assert not any("<" in line and ">" in line for line in lines(app))
        await pilot.press("1")
        await pilot.press("f2", "h")
        await wait_for(pilot, lambda: any("f2 shows it again" in said for said in toasts(app)))
        app.train.hidden = frozenset()
        await pilot.resize_terminal(80, 24)
        await wait_for(pilot, lambda: any(" f2 Log " in line for line in lines(app)))
        app.theme = "inkling-paper"
        await pilot.press("plus", "plus", "f2")
        await wait_for(pilot, lambda: file.settings.chart == app.train.chart_view)
        await wait_for(pilot, lambda: file.settings.theme == "inkling-paper")
        await wait_for(pilot, lambda: file.settings.pane == "log")
    kept = tomllib.loads(path.read_text())
    assert kept["theme"] == "inkling-paper"
    assert kept["chart"] == {"smoothing": 2}
    assert kept["keys"] == keys
    async with opened(QuietSession(), settings=SettingsFile(path)) as (app, pilot):
        assert app.theme == "inkling-paper"
        assert app.train.chart_view.smoothing == 2
        assert app.train.shown_pane == "log"
        app.action_go("errors")
        await wait_for(pilot, lambda: any("c Classes  f3 Sureness" in line for line in lines(app)))


async def test_settings_that_cannot_be_kept_trouble_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = SettingsFile(tmp_path / "file" / "settings.toml")
    async with opened(QuietSession(), settings=file) as (app, pilot):
        app.theme = "dracula"
        assert app.habits is not None
        app.habits.keep()
        await pilot.pause()
        assert app.is_running


def starts(app: InklingApp) -> list[str]:
    assert isinstance(app.session, QuietSession)
    return [stint for stint, _ in app.session.starts]
