"""A client of the worker's ear in the fewest words: a connection, and what is answered on it."""

from __future__ import annotations

import socket

from tui.engine.protocol import Reply
from tui.engine.run_directory import RunDirectory


def connect(run: RunDirectory) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(run.control.readlink()))
    return connection


def answer(connection: socket.socket) -> Reply:
    """What the worker says; it hangs up after one line."""
    with connection.makefile("rb") as file:
        return Reply.model_validate_json(file.read())
