"""The worker's ear, on its own: who may speak, for how long, and what is answered."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ears import answer, connect
from hypothesis import given
from hypothesis import strategies as st

from tui.engine import control as control_module
from tui.engine.commands import Pause, Set, Step
from tui.engine.control import Control
from tui.engine.protocol import (
    LONGEST_LINE,
    PROTOCOL,
    BadRequest,
    Reply,
    Request,
    parse_request,
    to_line,
)
from tui.engine.run_directory import RunDirectory


@pytest.fixture
def control(run: RunDirectory) -> Iterator[Control]:
    with Control(run) as listening:
        yield listening


@pytest.mark.parametrize("command", [Pause(), Step(), Set("learning_rate", 0.5), Set("x", "y")])
def test_a_request_comes_back_as_it_was(command: Any) -> None:
    line = to_line(Request(who="me", ask=command))
    assert line.count(b"\n") == 1
    assert parse_request(line).ask == command
    assert json.loads(line)["inkling"] == PROTOCOL


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b"[" * 60_000,
        b'{"ask": {"command": "levitate"}}',
        b'{"ask": {"command": "\x1b[2J"}}',
        b'{"ask": {"command": "\\u001b[2J"}}',
        b'{"ask": {"command": "set"}}',
        b'{"ask": {"command": "set", "name": "learning_rate", "value": null}}',
        b'{"ask": {"command": "set", "name": "learning_rate", "value": [1]}}',
        b'{"ask": {"command": "pause"}, "please": true}',
        b'{"ask": {"command": "pause"}, "who": 7}',
        b'{"ask": {"command": "pause"}, "inkling": "new"}',
        to_line(Request(ask=Pause())).replace(b'"who":""', b'"who":"' + b"x" * 101 + b'"'),
    ],
)
def test_what_is_no_request_is_refused_in_words(line: bytes) -> None:
    with pytest.raises(BadRequest) as error:
        parse_request(line)
    assert len(str(error.value)) > 20


@given(st.binary())
def test_garbage_raises_nothing_else(line: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_request(line)


def test_another_version_s_line_is_known_as_that_whatever_else_is_in_it() -> None:
    line = b'{"inkling": 2, "ask": {"command": "checkpoint"}, "to": "the moon"}'
    with pytest.raises(BadRequest, match="speaks version 1 of the protocol, not 2"):
        parse_request(line)


def test_requests_arrive_in_order_and_are_answered(run: RunDirectory, control: Control) -> None:
    for number in range(5):
        connection = connect(run)
        connection.sendall(to_line(Request(who=f"\x1b[3{number}m", ask=Set("pace", number))))
        asked = control.queue.get(timeout=20)
        assert asked.command == Set("pace", number)
        assert asked.who.isprintable()
        asked.reply("No." if number % 2 else "")
        assert answer(connection) == Reply(done=number % 2 == 0, sentence="No." * (number % 2))
        asked.reply("A second answer goes nowhere.")


def test_a_line_may_come_in_pieces(run: RunDirectory, control: Control) -> None:
    connection = connect(run)
    for byte in to_line(Request(ask=Pause())):
        connection.send(bytes([byte]))
    assert control.queue.get(timeout=20).command == Pause()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"hello\n", "Not a request"),
        (b"\n", "Not a request"),
        (b'{"inkling": 99}\n', "version"),
        (b'{"ask": {"command": "\x1b[2J"}}\n', "Not a request"),
        (b"x" * (LONGEST_LINE + 1), "too long"),
    ],
)
def test_nonsense_is_answered_by_the_ear_itself(
    run: RunDirectory, control: Control, sent: bytes, says: str
) -> None:
    connection = connect(run)
    connection.sendall(sent)
    reply = answer(connection)
    assert not reply.done
    assert says in reply.sentence
    assert reply.sentence.isprintable()
    assert control.queue.empty()


def test_who_hangs_up_half_way_is_forgotten(
    run: RunDirectory, control: Control, wait_for: Callable[..., None]
) -> None:
    connection = connect(run)
    connection.sendall(b'{"ask": ')
    wait_for(lambda: control._lines, "the connection is known")
    connection.close()
    wait_for(lambda: not control._lines, "the connection is forgotten")


def test_who_does_not_read_holds_nobody_up(run: RunDirectory, control: Control) -> None:
    deaf = [connect(run) for _ in range(20)]
    for connection in deaf:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.sendall(to_line(Request(ask=Pause())))
    for _ in deaf:
        control.queue.get(timeout=20).reply("x" * 300)
    other = connect(run)
    other.sendall(to_line(Request(ask=Step())))
    control.queue.get(timeout=20).reply()
    assert answer(other).done


@pytest.mark.usefixtures("control")
def test_who_never_ends_the_line_is_told_so(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_module, "PATIENCE", 0.1)
    connection = connect(run)
    connection.sendall(b'{"ask": ')
    assert answer(connection) == Reply(done=False, sentence="The line took too long.")


def test_a_hundred_who_say_nothing_do_not_keep_others_out(
    run: RunDirectory, control: Control
) -> None:
    silent = [connect(run) for _ in range(100)]
    other = connect(run)
    other.sendall(to_line(Request(ask=Pause())))
    control.queue.get(timeout=20).reply()
    assert answer(other).done
    assert "Too many" in answer(silent[0]).sentence


def test_who_asked_too_late_is_told_so(run: RunDirectory) -> None:
    with Control(run) as control:
        connection = connect(run)
        connection.sendall(to_line(Request(ask=Pause())))
        control.queue.put(control.queue.get(timeout=20))
    assert answer(connection) == Reply(done=False, sentence="The run has ended.")


def test_who_makes_room_may_be_talking_at_that_moment(
    run: RunDirectory, control: Control, monkeypatch: pytest.MonkeyPatch,
    wait_for: Callable[..., None], capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Both are news of the same look: somebody new, and a word from who has to go for them."""
    busy, go_on = threading.Event(), threading.Event()

    def slow_peer_uid(_: socket.socket) -> int:
        busy.set()
        go_on.wait(20)
        return os.getuid()

    monkeypatch.setattr(control_module, "_MOST_CLIENTS", 2)
    first = connect(run)
    wait_for(lambda: control._lines, "the first is known")
    monkeypatch.setattr(control_module, "peer_uid", slow_peer_uid)
    second = connect(run)
    assert busy.wait(20)
    third = connect(run)
    first.sendall(b'{"ask": ')
    go_on.set()
    # With its words unread, the answer may be lost to it.
    with contextlib.suppress(ConnectionResetError):
        assert b"Too many" in first.recv(1000)
    second.close()
    third.sendall(to_line(Request(ask=Pause())))
    control.queue.get(timeout=20).reply()
    assert answer(third).done
    assert capfd.readouterr().err == ""


def test_what_nobody_foresaw_costs_one_connection(
    run: RunDirectory, control: Control, monkeypatch: pytest.MonkeyPatch,
    wait_for: Callable[..., None],
) -> None:  # fmt: skip
    said: list[str] = []
    monkeypatch.setattr(
        control_module.traceback, "print_exc", lambda: said.append(traceback.format_exc())
    )
    for count, name in enumerate(("parse_request", "peer_uid"), 1):
        with monkeypatch.context() as patch:
            patch.setattr(control_module, name, lambda _: 1 // 0)
            unlucky = connect(run)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                unlucky.sendall(to_line(Request(ask=Pause())))
                assert unlucky.recv(100) == b""
            wait_for(lambda count=count: len(said) == count, "words for the log")
        assert "ZeroDivisionError" in said[-1]
        other = connect(run)
        other.sendall(to_line(Request(ask=Step())))
        control.queue.get(timeout=20).reply()
        assert answer(other).done
        wait_for(lambda: not control._lines, "nobody is remembered")


def test_who_hangs_up_has_abandoned_the_request(
    run: RunDirectory, control: Control, wait_for: Callable[..., None]
) -> None:
    connection = connect(run)
    connection.sendall(to_line(Request(ask=Pause())) + b"and more")
    asked = control.queue.get(timeout=20)
    assert not asked.abandoned
    connection.shutdown(socket.SHUT_WR)
    assert not asked.abandoned, "it still listens"
    connection.close()
    wait_for(lambda: asked.abandoned, "the hang-up is seen")
    asked.reply()
    assert not asked.abandoned
