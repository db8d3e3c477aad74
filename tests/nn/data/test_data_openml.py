"""Sets of openml.org, by scikit-learn's own client, from a server on the loopback that speaks as
openml.org does, and misbehaves as any server can."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from nn.data import DataError, load
from nn.data import openml as openml_module

openml_client = pytest.importorskip("sklearn.datasets._openml")

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (12, 4, 4))
NAMES = ("oak", "elm", "fir")
LABELS = NAMES * 4


@dataclass(frozen=True)
class Table:
    """A set as openml.org publishes it: rows of numbers, and a last column that says what it is."""

    rows: Any = field(default_factory=lambda: IMAGES.reshape(12, 16))
    labels: Any = LABELS
    target: str = "{" + ",".join(NAMES) + "}"
    column: str = "NUMERIC"
    how: str = ""
    """The way to go wrong."""

    @property
    def arff(self) -> bytes:
        columns = "".join(f"@ATTRIBUTE p{i} {self.column}\n" for i in range(len(self.rows[0])))
        lines = (
            ",".join([*map(str, row), str(label)])
            for row, label in zip(self.rows, self.labels, strict=True)
        )
        text = f"@RELATION trees\n{columns}@ATTRIBUTE class {self.target}\n@DATA\n"
        return (text + "\n".join(lines) + "\n").encode()

    def answer(self, path: str) -> Any:
        """What is said to a question, or None."""
        kind = {"NUMERIC": "numeric", "STRING": "string"}
        columns = [(f"p{i}", kind[self.column], "false") for i in range(len(self.rows[0]))]
        columns.append(("class", kind.get(self.target, "nominal"), "true"))
        checksum = hashlib.md5(self.arff).hexdigest()
        return {
            "/api/v1/json/data/list/data_name/trees/limit/2/status/active/": {
                "data": {"dataset": [{"did": 77, "version": 1, "status": "active"}]}
            },
            "/api/v1/json/data/77": {
                "data_set_description": {
                    "id": "77",
                    "name": "trees",
                    "version": "1",
                    "format": "ARFF",
                    "status": "active",
                    "description": "leaves",
                    "url": "https://www.openml.org/data/v1/download/4711/trees.arff",
                    "md5_checksum": "0" * 32 if self.how == "damaged" else checksum,
                }
            },
            "/api/v1/json/data/features/77": {
                "data_features": {
                    "feature": [
                        {
                            "index": str(i),
                            "name": name,
                            "data_type": data_type,
                            "is_target": is_target,
                            "is_ignore": "false",
                            "is_row_identifier": "false",
                            "number_of_missing_values": "0",
                        }
                        for i, (name, data_type, is_target) in enumerate(columns)
                    ]
                }
            },
            "/api/v1/json/data/qualities/77": {
                "data_qualities": {
                    "quality": [{"name": "NumberOfInstances", "value": str(len(self.rows))}]
                }
            },
            "/data/v1/download/4711/trees.arff": self.arff,
        }.get(path)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, path = self.server, urlsplit(self.path).path
        server.asked.append(path)
        if server.table.how == "silent" and path.endswith(".arff"):
            server.released.wait(20)
        answer = server.table.answer(path)
        if server.table.how == "down":
            self.send_error(503)
        elif answer is None:
            # So openml.org says that it knows no such set.
            self.send_error(412)
        else:
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.table = Table()
        self.asked: list[str] = []
        self.released = threading.Event()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """What scikit-learn asks openml.org, it asks this server; and it waits for no second try."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = Server()

    def urlopen(request: urllib.request.Request) -> Any:
        asked = urlsplit(request.full_url)
        assert (asked.scheme, asked.hostname) == ("https", "www.openml.org")
        here = f"http://127.0.0.1:{server.server_address[1]}{asked.path}"
        return urllib.request.urlopen(urllib.request.Request(here, headers=dict(request.headers)))

    monkeypatch.setattr(openml_client, "urlopen", urlopen)
    monkeypatch.setattr(openml_client.time, "sleep", lambda _: None)
    monkeypatch.setattr(openml_module, "LOOK_EVERY", 0.01)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("which", ["trees", "Trees", "77"])
def test_a_set_by_name_or_number_is_fetched_once_and_then_kept(server: Server, which: str) -> None:
    told: list[tuple[str, int, int | None]] = []
    dataset = load(f"openml:{which}", progress=lambda *what: told.append(what))
    np.testing.assert_array_equal(dataset.images, IMAGES)
    assert dataset.class_names == ("elm", "fir", "oak")
    assert tuple(dataset.class_names[i] for i in dataset.labels) == LABELS
    assert dataset.n_official_train is None
    assert dataset.name == f"openml:{which}"
    assert {what for what, _, _ in told} == {f"Downloading '{which}' from OpenML"}
    arrived = [done for _, done, _ in told]
    assert arrived == sorted(arrived)

    server.asked.clear()
    again = load(f"openml:{which}", download=False)
    assert again.fingerprint == dataset.fingerprint
    assert again.class_names == dataset.class_names
    assert server.asked == [], "what is in the cache is not asked for again"


def test_numbers_as_labels_are_in_the_order_of_numbers(server: Server) -> None:
    server.table = Table(labels=[10.0, 9.0, 2.0] * 4, target="NUMERIC")
    dataset = load("openml:77")
    assert dataset.class_names == ("2", "9", "10")
    assert dataset.labels.tolist() == [2, 1, 0] * 4


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (Table(how="down"), "cannot be had: openml.org answered HTTP 503."),
        (Table(how="damaged"), "is not one of images, or arrived damaged"),
        (Table(rows=IMAGES.reshape(12, 16)[:, :15]), "has rows of 15 pixels, which is not a squ"),
        (Table(rows=np.where(IMAGES < 9, "?", IMAGES).reshape(12, 16)), "has missing values"),
        (Table(rows=IMAGES.reshape(12, 16) * 2), "each must be a whole number from 0 to 255"),
        (Table(rows=IMAGES.reshape(12, 16) - 300), "each must be a whole number from 0 to 255"),
        (Table(rows=np.full((12, 16), "leaf"), column="STRING"), "is not one of images"),
        (Table(labels=["oak"] * 12), "has only 1 class ('oak')"),
        (Table(rows=np.zeros((300, 4), int), labels=range(300), target="NUMERIC"), "300 classes"),
    ],
    ids=lambda value: (value.how or "table") if isinstance(value, Table) else value[:20],
)
def test_what_cannot_be_used_is_a_sentence_and_is_not_kept(
    server: Server, own_cache: Path, sentence: Callable[[Any], str], table: Table, says: str
) -> None:
    server.table = table
    with pytest.raises(DataError) as caught:
        load("openml:trees")
    text = sentence(caught)
    assert text.startswith("The OpenML set 'trees' ")
    assert says in text
    assert not list(own_cache.rglob("*.npy"))


@pytest.mark.parametrize("which", ["no-such-trees", "78"])
def test_no_such_set(server: Server, sentence: Callable[[Any], str], which: str) -> None:
    with pytest.raises(DataError) as caught:
        load(f"openml:{which}")
    assert sentence(caught) == f"There is no active set '{which}' on openml.org."
    assert len(server.asked) == 1, "it is not asked twice"


@pytest.mark.usefixtures("server")
def test_without_a_network(sentence: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_request: urllib.request.Request) -> Any:
        return urllib.request.urlopen("http://127.0.0.1:1/")

    monkeypatch.setattr(openml_client, "urlopen", unreachable)
    with pytest.raises(DataError) as caught:
        load("openml:trees")
    assert "openml.org is not reached; look at the network" in sentence(caught)


def test_without_leave_to_download_nobody_is_asked(
    server: Server, sentence: Callable[[Any], str]
) -> None:
    with pytest.raises(DataError) as caught:
        load("openml:trees", download=False)
    assert "is not on this machine any more" in sentence(caught)
    assert server.asked == []


def test_it_is_cancelled_while_the_server_is_silent(server: Server) -> None:
    server.table = Table(how="silent")

    def progress(_what: str, arrived: int, _total: int | None) -> None:
        if any(path.endswith(".arff") for path in server.asked):
            assert arrived > 0
            raise InterruptedError("cancelled")

    began = time.monotonic()
    with pytest.raises(InterruptedError, match="cancelled"):
        load("openml:trees", progress=progress)
    assert time.monotonic() - began < 15, "the server would have been silent for longer"
    # And nothing of it is in the way of the next try.
    server.released.set()
    server.table = replace(server.table, how="")
    assert load("openml:trees").class_names == ("elm", "fir", "oak")


@pytest.mark.usefixtures("server")
def test_a_disk_that_is_full(
    sentence: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(openml_client.shutil, "copyfileobj", full)
    with pytest.raises(DataError) as caught:
        load("openml:trees")
    assert "Cannot keep downloads in" in sentence(caught)
    assert "No space left on device" in str(caught.value)
