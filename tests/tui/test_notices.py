"""What the app notifies of comes, goes, and leaves nothing."""

from __future__ import annotations

from pilots import QuietSession, opened, text, wait_for
from textual.notifications import Notification
from textual.widgets._toast import Toast, ToastHolder, ToastRack


async def test_notifications_are_words_and_leave_nothing() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.complain("[red]x[/red] [/foo] \x1b[31m")
        await wait_for(pilot, lambda: "[red]x[/red] [/foo] ?[31m" in text(app))
        just_come = ToastHolder(Toast(Notification("Hello.")))
        app.train.query_one(ToastRack).mount(just_come)
        app.train._sweep()
        await wait_for(pilot, lambda: just_come.children, "what has just come is not swept away")
        app.action_go("runs")
        await wait_for(pilot, lambda: app.screen is not app.train)
        app.clear_notifications()
        for room in ("train", "runs", "train"):
            app.action_go(room)
            await wait_for(pilot, lambda room=room: room == app.room.NAME)  # type: ignore[misc]
            await wait_for(pilot, lambda: not app.screen.query(Toast))
        await wait_for(pilot, lambda: not app.train.query(ToastHolder))


async def test_a_notification_whose_time_is_over_before_it_is_shown_goes_at_once() -> None:
    async with opened(QuietSession()) as (app, pilot):
        app.notify("Hello.")
        await wait_for(pilot, lambda: len(app._notifications))
        (hello,) = app._notifications
        hello.raised_at -= 60
        assert hello.has_expired
        late = Toast(hello)
        # A timer that is set for no time, or for less, would be the end of this test, too.
        assert late._timeout > 0
        app.train.query_one(ToastRack).mount(ToastHolder(late))
        await wait_for(pilot, lambda: late.is_mounted and not late.is_attached)
