"""Where somebody is on the Train screen: what is in sight, what has the focus, and the way back."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.widget import Widget

from tui.commands import commands_in
from tui.commands.keymap import key_of
from tui.screens.train_desk import TrainDesk
from tui.widgets.group_heading import GroupHeading
from tui.widgets.pane_tabs import PaneTabs

TABS = {"digits": "d Digits", "log": "g Log", "form": "f Settings"}


class TrainPlaces(TrainDesk):
    """A Train screen that knows its way about."""

    PANES: ClassVar[dict[str, str]] = {
        "form": "Hyperparameters", "chart": "Loss", "digits": "Digits", "log": "Log"
    }  # fmt: skip

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self.furnished = False
        """Is there something in the panes?"""

    def watch_shown_pane(self, shown: str) -> None:
        for pane in TABS:
            self.pane(pane).set_class(pane == shown, "-shown")
        self.watch_hidden(self.hidden)

    def watch_hidden(self, hidden: frozenset[str]) -> None:
        super().watch_hidden(hidden)
        if {"chart", self.shown_pane} <= hidden:
            self.shown_pane = next(pane for pane in TABS if pane not in hidden)
        # Where there is room for two, and the second is out of sight.
        self.set_class(self.shown_pane in hidden, "-alone")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "leave_field":
            at_something = self.focused is not None or bool(self.large)
            return at_something or (self.furnished and self.chart.can_go_back)
        return super().check_action(action, parameters)

    def watch_focused(self, focused: Widget | None) -> None:
        super().watch_focused(focused)
        inside = self.in_hand == "form" and focused is not None
        # A heading has no use for letters or the space bar.
        self.editing = inside and not isinstance(focused, GroupHeading)

    def action_show_pane(self, pane: str) -> None:
        self.take_in_hand(pane)
        if pane in TABS:
            self.shown_pane = pane
        if pane == "form":
            self.form.focus_first()
        else:
            focused = {"chart": "RunChart", "log": "RunLog"}
            self.set_focus(self.query_one(focused[pane]) if pane in focused else None)

    def key_of(self, name: str) -> str:
        return key_of(f"pane.{name}", commands_in("train"), self.keys)

    def action_go_to_group(self, groups: int) -> None:
        self.take_in_hand("form")
        self.shown_pane = "form"
        self.form.go_to_group(groups)

    def action_leave_field(self) -> None:
        """One thing back at a time, the nearest first."""
        if self.focused is self.chart and self.chart.back():
            return
        if self.focused is not None:
            self.set_focus(None)
        elif self.large:
            self.large = ""
        else:
            self.chart.back()

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_show_pane(event.pane)
