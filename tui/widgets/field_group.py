"""A group of the form's fields under its heading, and the column that the groups stand in.

The fields of a folded group are not mounted before it is unfolded for the first time: a field is
five widgets, and a first paint need not wait for what it does not show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.geometry import Region
from textual.widget import AwaitMount, Widget

from nn.specs import format_value
from tui.engine.text import printable
from tui.widgets.group_heading import GroupHeading
from tui.widgets.hyperparameter_field import HyperparameterField


class FieldGroup(Vertical):
    """The heading, and below it the fields, unless they are folded away."""

    DEFAULT_CSS = """
    FieldGroup {
        height: auto;

        .group-fields { height: auto; }
    }
    """

    def __init__(self, title: str, fields: Sequence[HyperparameterField], *, folded: bool) -> None:
        super().__init__()
        self.title = title
        self.fields = fields
        self.heading = GroupHeading(title, folded=folded)
        self._body = Container(*([] if folded else fields), classes="group-fields")
        self._body.display = not folded

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self._body

    @property
    def folded(self) -> bool:
        return self.heading.folded

    def fold(self, folded: bool) -> AwaitMount:
        """Put the fields away, or show them; they are all there when what is returned is."""
        self.heading.folded = folded
        self._body.display = not folded
        wanting = not folded and not self._body.children
        return self._body.mount(*(self.fields if wanting else ()))

    def summarise(self) -> None:
        """Say in the heading what would be overlooked while the group is folded."""
        self.heading.bad = any(field.error for field in self.fields)
        self.heading.summary = ", ".join(
            f"{field.spec.in_words} {printable(field.text, 16)}"
            for field in self.fields
            if field.text != format_value(field.spec.default)
        )

    @on(GroupHeading.Toggled)
    async def _toggled(self, event: GroupHeading.Toggled) -> None:
        event.stop()
        await self.fold(not self.folded)
        if not self.folded:
            self.call_after_refresh(self.scroll_visible, animate=False)


class FieldColumn(VerticalScroll, can_focus=False, inherit_bindings=False):
    """What scrolls. Up and down go to the field above or below, where a field lets them through."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
    ]

    @on(events.DescendantFocus)
    def _see_to_it(self) -> None:
        """Textual takes what stands right below the last line in sight for seen."""
        self.call_after_refresh(self._scroll_to_focus)

    def _scroll_to_focus(self) -> None:
        focused = self.screen.focused
        inside = focused is not None and self in focused.ancestors
        if focused is not None and inside and not self.region.contains_region(focused.region):
            self.scroll_to_widget(focused, animate=False)

    def action_move(self, rows: int) -> None:
        """Focus the nearest that stands above (-1) or below (1) what has the focus."""
        focused = self.screen.focused
        inside = [widget for widget in self.screen.focus_chain if self in widget.ancestors]
        if focused not in inside:
            return
        here = _place(focused)

        def distance(widget: Widget) -> tuple[int, int]:
            there = _place(widget)
            return (there.y - here.y) * rows, abs(there.x - here.x)

        if all(_place(widget) for widget in inside):
            there = [widget for widget in inside if distance(widget)[0] > 0]
            nearest = min(there, key=distance, default=focused)
        else:
            # What has just been unfolded is nowhere yet. It is next all the same.
            nearest = inside[min(max(inside.index(focused) + rows, 0), len(inside) - 1)]
        nearest.focus()


def _place(widget: Widget) -> Region:
    """Where it is; an editor may just have been put in its field's place, and be nowhere yet."""
    field = widget.parent
    return field.region if isinstance(field, HyperparameterField) else widget.region
