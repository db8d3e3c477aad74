"""The form's fields as a test reads them, and types into them."""

from __future__ import annotations

from pilots import QuietSession, field, form
from textual.widgets import Static

from tui.app import InklingApp


def message(app: InklingApp) -> str:
    return str(form(app).query_one("#form-message", Static).content)


def label(app: InklingApp, name: str) -> str:
    return field(app, name).label


def retype(app: InklingApp, name: str, value: str) -> None:
    """Put a text into a field as if it had been typed there."""
    field(app, name).edit().value = value


def session_of(app: InklingApp) -> QuietSession:
    assert isinstance(app.session, QuietSession)
    return app.session
