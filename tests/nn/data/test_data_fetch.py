"""Downloads, against a real server on the loopback that can misbehave in all the usual ways."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from nn.data import fetch as fetch_module
from nn.data.dataset import DataError
from nn.data.fetch import fetch_set
from nn.data.folder import FILE_NAMES
from nn.data.published import FILES, MIRRORS, RemoteFile

CONTENT = {
    "one.gz": gzip.compress(np.random.default_rng(1).bytes(300_000)),
    "two.gz": gzip.compress(np.random.default_rng(2).bytes(90_000)),
    "three.gz": gzip.compress(b"3"),
}
TABLE = tuple(
    RemoteFile(name, len(content), hashlib.sha256(content).hexdigest())
    for name, content in CONTENT.items()
)
TOTAL = sum(file.size for file in TABLE)


class Handler(BaseHTTPRequestHandler):
    """/good/NAME serves NAME; the other first parts of a path are the ways to go wrong."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        how, name = self.path.strip("/").split("/")
        content = CONTENT[name]
        if how == "missing":
            self.send_error(404)
            return
        if how == "broken":
            self.send_error(503)
            return
        if how == "hangup":
            self.close_connection = True
            return
        if how == "silent":
            self.server.released.wait(10)
            self.close_connection = True
            return
        body = content
        length = len(content)
        encoding = None
        if how == "truncated":
            body = content[: len(content) // 2]
        elif how == "short":
            body = content[:-1]
            length -= 1
        elif how == "corrupt":
            body = content[:-1] + bytes((content[-1] ^ 1,))
        elif how == "flood":
            body = content + bytes(3_000_000)
            length = len(body)
        elif how == "page":
            body = b"<html>Please log in</html>"
            length = len(body)
        elif how == "unpacking" and "gzip" in self.headers.get("Accept-Encoding", ""):
            encoding = "gzip"
        self.send_response(200)
        self.send_header("Content-Length", "many" if how == "odd" else str(length))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        try:
            if how == "stalls":
                self.wfile.write(body[:1000])
                self.server.released.wait(10)
            else:
                self.wfile.write(body)
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.released = threading.Event()

    def base(self, how: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{how}/"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def refused_base() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/good/"


def run(folder: Path, mirrors: list[str], **options: object) -> None:
    fetch_set("mnist", folder, files=TABLE, mirrors=mirrors, **options)


def assert_complete(folder: Path) -> None:
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT


def test_a_good_mirror_gives_every_file(
    tmp_path: Path, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "downloads" / "mnist"
    run(folder, [server.base("good")])
    assert_complete(folder)
    assert server.asked == [f"/good/{name}" for name in CONTENT]
    assert capfd.readouterr() == ("", "")


def test_what_is_there_already_is_not_fetched_again(tmp_path: Path, server: Server) -> None:
    run(tmp_path, [server.base("good")])
    server.asked.clear()
    run(tmp_path, [server.base("missing")])
    assert server.asked == []
    assert_complete(tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(CONTENT["two.gz"][:-1] + b"x"),
        lambda path: path.write_bytes(CONTENT["two.gz"][:1000]),
        lambda path: path.write_bytes(b""),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
)
@pytest.mark.timeout(20)
def test_a_spoiled_file_is_fetched_again(tmp_path: Path, server: Server, spoil) -> None:
    run(tmp_path, [server.base("good")])
    server.asked.clear()
    spoil(tmp_path / "two.gz")
    run(tmp_path, [server.base("good")])
    assert server.asked == ["/good/two.gz"]
    assert_complete(tmp_path)


BAD = {
    "missing": "HTTP 404",
    "broken": "HTTP 503",
    "hangup": "the connection broke off",
    "truncated": "the connection broke off",
    "short": f"sent {TABLE[0].size - 1} of {TABLE[0].size} bytes",
    "corrupt": "sent other bytes (wrong SHA-256)",
    "flood": "sent more than the file's size",
    "page": f"sent 26 of {TABLE[0].size} bytes",
    "odd": "an answer that makes no sense",
    "silent": "no answer in time",
    "stalls": "no answer in time",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("how", BAD)
def test_a_bad_mirror_is_passed_over_for_a_good_one(
    tmp_path: Path, server: Server, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_module, "_TIMEOUT", (0.3, 0.3))
    run(tmp_path, [server.base(how), server.base("good")])
    assert_complete(tmp_path)
    # The bad one is asked for the first file only.
    assert server.asked == [f"/{how}/one.gz", *(f"/good/{name}" for name in CONTENT)]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("how", BAD)
def test_when_every_mirror_is_bad_one_sentence_says_why_and_what_to_do(
    tmp_path: Path, server: Server, how: str, monkeypatch: pytest.MonkeyPatch, sentence
) -> None:
    monkeypatch.setattr(fetch_module, "_TIMEOUT", (0.3, 0.3))
    dead = refused_base()
    with pytest.raises(DataError) as caught:
        run(tmp_path, [server.base(how), dead])
    text = sentence(caught)
    assert text.startswith("Could not download mnist; without a network, ")
    assert f"127.0.0.1:{server.server_address[1]}: {BAD[how]}" in text
    assert f"{dead.split('/')[2]}: no connection" in text
    assert "--data-dir DIR" in text
    assert "INKLING_DATA" in text
    assert "files in mnist/" in text
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_that_unpacks_what_may_be_unpacked_is_asked_not_to(
    tmp_path: Path, server: Server
) -> None:
    run(tmp_path, [server.base("unpacking")])
    assert_complete(tmp_path)


def test_progress_never_goes_back_and_reaches_the_total(tmp_path: Path, server: Server) -> None:
    calls: list[tuple[str, int, int | None]] = []
    mirrors = [server.base("corrupt"), server.base("good")]
    run(tmp_path, mirrors, progress=lambda *call: calls.append(call))
    done = [call[1] for call in calls]
    assert {call[0] for call in calls} == {"Downloading mnist"}
    assert {call[2] for call in calls} == {TOTAL}
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, TOTAL)
    assert len(set(done)) > 10


def test_progress_counts_what_is_there_already(tmp_path: Path, server: Server) -> None:
    run(tmp_path, [server.base("good")])
    (tmp_path / "three.gz").unlink()
    done: list[int] = []
    run(tmp_path, [server.base("good")], progress=lambda *call: done.append(call[1]))
    assert TABLE[0].size in done
    assert done[-1] == TOTAL


class StopError(Exception):
    pass


@pytest.mark.parametrize(
    "kind", [StopError, ValueError, OSError, KeyboardInterrupt, ConnectionError]
)
@pytest.mark.parametrize("after", [0, 50_000, TOTAL])
def test_a_cancellation_comes_out_at_once_and_leaves_no_part(
    tmp_path: Path, server: Server, kind: type[BaseException], after: int
) -> None:
    stop = kind("enough")
    calls_after = 0

    def progress(_what: str, done: int, _total: int | None) -> None:
        nonlocal calls_after
        if done >= after:
            calls_after += 1
            raise stop

    with pytest.raises(kind) as caught:
        run(tmp_path, [server.base("good"), server.base("good")], progress=progress)
    assert caught.value is stop
    assert calls_after == 1
    whole = {0: [], 50_000: [], TOTAL: ["one.gz", "two.gz"]}[after]
    assert sorted(path.name for path in tmp_path.iterdir()) == whole
    asked = {0: 0, 50_000: 1, TOTAL: 3}[after]
    assert server.asked == [f"/good/{name}" for name in CONTENT][:asked]
    # And the next try finishes what was begun.
    run(tmp_path, [server.base("good")])
    assert_complete(tmp_path)


def test_old_parts_are_swept_and_young_ones_left(tmp_path: Path, server: Server) -> None:
    for name in (".part-old", ".part-young"):
        (tmp_path / name).write_bytes(b"part")
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(tmp_path / ".part-old", (long_ago, long_ago))
    run(tmp_path, [server.base("good")])
    (tmp_path / ".part-young").unlink()
    assert_complete(tmp_path)


@pytest.mark.parametrize("name", ["file/below", "file", "nul\0"])
def test_a_folder_that_cannot_be_made_is_said_to_be_so(tmp_path: Path, name: str, sentence) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError) as caught:
        run(tmp_path / name, [])
    assert "Cannot keep downloads in" in sentence(caught)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_not_blamed_on_the_mirror(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, sentence
) -> None:
    real = fetch_module.tempfile.mkstemp

    def on_full_disk(**options: object) -> tuple[int, str]:
        descriptor, name = real(**options)
        Path(name).unlink()
        Path(name).symlink_to("/dev/full")
        return descriptor, name

    monkeypatch.setattr(fetch_module.tempfile, "mkstemp", on_full_disk)
    with pytest.raises(DataError) as caught:
        run(tmp_path, [server.base("good"), server.base("good")])
    text = sentence(caught)
    assert "No space left on device" in text
    assert repr(str(tmp_path)) in text
    assert list(tmp_path.iterdir()) == []
    assert server.asked == ["/good/one.gz"]


def test_the_published_tables_are_well_formed() -> None:
    assert set(FILES) == set(MIRRORS) == {"mnist", "fashion-mnist"}
    for files in FILES.values():
        assert tuple(file.name for file in files) == tuple(f"{name}.gz" for name in FILE_NAMES)
        for file in files:
            assert len(bytes.fromhex(file.sha256)) == 32
    for mirrors in MIRRORS.values():
        assert len(set(mirrors)) == len(mirrors) >= 2
        for mirror in mirrors:
            assert mirror.startswith(("https://", "http://"))
            assert mirror.endswith("/")


def test_the_published_sums_are_those_of_the_real_files(real_data: Path) -> None:
    for name, files in FILES.items():
        for file in files:
            content = (real_data / name / file.name).read_bytes()
            assert len(content) == file.size
            assert hashlib.sha256(content).hexdigest() == file.sha256
