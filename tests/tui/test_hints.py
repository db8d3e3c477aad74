"""Words about things: for the mouse where it rests, for the keyboard by f1."""

from __future__ import annotations

import pytest
from pilots import SIZES, QuietSession, field, form, lines, opened, text, unfold, wait_for
from run_states import of_phase
from textual.widgets import Input

from nn.specs import SPECS
from tui.app import InklingApp
from tui.commands import commands_in
from tui.widgets.hyperparameter_form import FOLDS, RECIPE
from tui.widgets.key_line import KeyLine
from tui.widgets.laid_over import Hint
from tui.widgets.pane_tabs import Tab
from tui.widgets.status_line import PARTS, StatusLine


async def test_everything_has_words_and_the_mouse_hears_them() -> None:
    app = InklingApp(QuietSession())
    async with app.run_test(size=SIZES[1], tooltips=True) as pilot:
        await wait_for(pilot, lambda: app.train.furnished and form(app).furnished, "a form")
        app.train.show_state(of_phase("running"))
        await unfold(app, pilot)
        for name, spec in SPECS.items():
            words = str(field(app, name).tooltip)
            assert spec.help[1:] in words
            assert spec.bounds in words
        assert str(form(app).query_one("#preset").tooltip) == RECIPE
        assert all(str(group.heading.tooltip) == FOLDS for group in form(app).groups)

        await wait_for(pilot, lambda: app.train.status.steps and "test 93" in lines(app)[0])
        for x, part in ((lines(app)[0].index("test"), "test"), (3, "state")):
            await pilot.hover(StatusLine, offset=(x, 0))
            await wait_for(pilot, lambda: app.train.query(Hint), "a hint by the mouse")
            assert PARTS[part] in " ".join(str(app.train.query_one(Hint).content).split())
        epoch = next(c for c in commands_in("train") if c.label == "Epoch")
        await pilot.hover(KeyLine, offset=(lines(app)[-1].index("Epoch"), 0))
        await wait_for(pilot, lambda: epoch.in_words in text(app), "the words of a key")
        await pilot.press("f1")
        await wait_for(pilot, lambda: epoch.in_words not in text(app))

        for key in "123456":
            await pilot.press(key)
            await pilot.pause()
            help = {command.help for command in commands_in(app.room.NAME)}
            for named in (*app.room.query(".pane"), *app.room.query(Tab)):
                assert str(named.tooltip).rpartition(" (")[0] in help, named


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_keyboard_hears_the_same(ascii_only: bool) -> None:
    async with opened(QuietSession(), SIZES[0], ascii_only=ascii_only) as (app, pilot):
        field(app, "weight_decay").take_focus()
        app.train.shown_pane = "form"
        await form(app).groups[3].fold(False)
        field(app, "weight_decay").take_focus()
        await wait_for(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press("f1")
        await wait_for(pilot, lambda: "(>= 0, <= 10)" in text(app), "bounds that had no room")
        assert ("╭" in text(app)) is not ascii_only
        await pilot.press("escape")
        await wait_for(pilot, lambda: not app.train.query(Hint), "any key takes it away")
        await pilot.press("escape", "d", "f1")
        words = next(c for c in commands_in("train") if c.id == "pane.digits").in_words
        await wait_for(pilot, lambda: words in text(app), "the pane in hand, where nothing is in")
        await pilot.press("2", "3")
        assert app.room.NAME == "look"
