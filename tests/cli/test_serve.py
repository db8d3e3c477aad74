"""The app in a browser: to nobody without the token, and as in a terminal to those with it."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import WSMsgType
from aiohttp.test_utils import TestClient, TestServer

from tui.cli import main
from tui.web import REFUSED, TokenServer, is_loopback, serve


async def client_of(server: TokenServer) -> TestClient:
    return TestClient(TestServer(await server._make_app()))


@pytest.mark.parametrize("path", ["/", "/ws", "/static/css/xterm.css", "/download/x", "/nothing"])
async def test_without_the_token_there_is_nothing(path: str) -> None:
    async with await client_of(TokenServer([], "127.0.0.1", 8000, "right")) as client:
        for cookie in ("", "wrong", "righ", "rightt", "ü"):
            client.session.cookie_jar.clear()
            headers = {"Cookie": f"inkling-8000={cookie}"} if cookie else {}
            async with client.get(path, params={"token": cookie}, headers=headers) as answer:
                assert (answer.status, await answer.text()) == (403, REFUSED)


async def test_with_it_the_app_opens_and_answers_keys(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Wherever it was started, and whatever lies about there.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "queue.py").write_text("raise SystemExit('led astray')")
    server = TokenServer(["--runs-dir", str(runs)], "127.0.0.1", 8000)
    async with await client_of(server) as client, asyncio.timeout(90):
        async with client.get("/", params={"token": server.token}, allow_redirects=False) as found:
            assert (found.status, found.headers["Location"]) == (303, "/")
            cookie = found.cookies["inkling-8000"]
            assert cookie["httponly"]
            assert cookie["samesite"] == "Strict"
            headers = {"Cookie": f"inkling-8000={cookie.value}"}
        async with client.get("/", headers=headers) as page:
            assert page.status == 200
            assert server.token not in await page.text()
        size = {"width": "100", "height": "30"}
        async with client.ws_connect("/ws", params=size, headers=headers) as line:
            await heard(line, b"press space")
            await line.send_str(json.dumps(["stdin", "?"]))
            await heard(line, b"Start a run, pause it")


async def heard(line: object, words: bytes) -> None:
    """Read from the websocket until the words have come."""
    seen = b""
    async for message in line:  # type: ignore[attr-defined]
        if message.type == WSMsgType.BINARY:
            seen += message.data
            if words in seen:
                return
    raise AssertionError(seen[-2000:])


def test_every_token_is_another() -> None:
    tokens = {TokenServer([], "::1", 8000).token for _ in range(9)}
    assert len(tokens) == 9
    assert min(map(len, tokens)) > 20
    assert TokenServer([], "::1", 80, "t").address == "http://[::1]:80/?token=t"


def test_what_leads_nowhere_else() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "10.0.0.1", "::", "example.org")))


def test_a_port_that_is_taken_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve([], "127.0.0.1", port, None) == 1
    said = capsys.readouterr().err
    assert f"port {port}" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "8e3"])
def test_a_port_that_is_none(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--port", port])
    assert "65535" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "tui.web", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    assert main(["serve"]) == 2
    assert "inkling-tui[serve]" in capsys.readouterr().err
