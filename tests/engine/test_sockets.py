"""Where the socket of a run is, whose it is, and what becomes of it."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ears import answer, connect

from tui.engine import control as control_module
from tui.engine import sockets
from tui.engine.commands import Pause
from tui.engine.control import Control
from tui.engine.protocol import (
    Request,
    to_line,
)
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.sockets import listen, socket_directory

Make = Callable[..., RunDirectory]


@pytest.fixture
def fallback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory that stands in for /tmp/inkling-UID."""
    with tempfile.TemporaryDirectory(prefix="ink") as folder:
        monkeypatch.setattr(sockets, "_TEMPORARY", Path(folder) / "own")
        yield Path(folder) / "own"


def test_the_socket_is_its_owner_s_and_gone_afterwards(run: RunDirectory) -> None:
    with Control(run):
        path = run.control.readlink()
        assert path.is_absolute()
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.parent == Path(os.environ["XDG_RUNTIME_DIR"]) / "inkling"
    assert not path.exists()
    assert not run.control.is_symlink()
    assert list(path.parent.iterdir()) == []
    assert [p.name for p in run.path.iterdir()] == ["config.toml"]


def test_a_link_that_a_killed_worker_left_is_replaced(run: RunDirectory) -> None:
    run.control.symlink_to("/nowhere")
    run.control.with_name(f".{run.control.name}.{os.getpid()}").symlink_to("/nowhere")
    with Control(run) as control:
        connection = connect(run)
        connection.sendall(to_line(Request(ask=Pause())))
        assert control.queue.get(timeout=20).command == Pause()


def test_stale_sockets_are_swept_and_live_ones_are_not(make_run: Make) -> None:
    directory = socket_directory()
    stale = directory / "0123456789ab.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(stale))
    (directory / "notes.txt").write_text("not ours")
    first = make_run()
    with Control(first), Control(make_run()):
        assert not stale.exists()
        assert (directory / "notes.txt").exists()
        connect(first).close()


def test_workers_that_begin_at_once_do_not_sweep_each_other_away(make_run: Make) -> None:
    made: list[Path] = []

    def begin(run: RunDirectory) -> None:
        for _ in range(40):
            path, listener = listen(run)
            listeners.append(listener)
            made.append(path)

    listeners: list[socket.socket] = []
    threads = [threading.Thread(target=begin, args=(make_run(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert len(made) == 160
        assert all(path.exists() for path in made)
    finally:
        for listener in listeners:
            listener.close()


@pytest.mark.parametrize("given", [None, "", "relative", "/" + "x" * 90, "/proc/nowhere"])
def test_without_a_usable_runtime_directory_there_is_another(
    given: str | None, fallback: Path, run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if given is None:
        monkeypatch.delenv("XDG_RUNTIME_DIR")
    else:
        monkeypatch.setenv("XDG_RUNTIME_DIR", given)
    with Control(run):
        assert run.control.readlink().parent == fallback
        assert stat.S_IMODE(fallback.stat().st_mode) == 0o700
        connect(run).close()


def test_a_directory_that_all_may_enter_is_closed(run: RunDirectory) -> None:
    directory = Path(os.environ["XDG_RUNTIME_DIR"]) / "inkling"
    directory.mkdir()
    directory.chmod(0o777)
    with Control(run):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_place_that_is_not_ours_is_refused_in_a_sentence(
    kind: str, fallback: Path, run: RunDirectory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    if kind == "file":
        fallback.write_text("")
    else:
        fallback.symlink_to(tmp_path)
    with pytest.raises(RunError, match="not a directory of yours"), Control(run):
        pytest.fail("a socket in a place that is not ours")
    assert not run.control.is_symlink()


def test_a_run_directory_may_have_a_long_name(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    run = RunDirectory(deep)
    with Control(run) as control:
        assert len(os.fsencode(run.control)) > 200
        connection = connect(run)
        connection.sendall(to_line(Request(ask=Pause())))
        assert control.queue.get(timeout=20).command == Pause()


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ear that looks more often than it should whether it can be reached."""
    assert control_module.CHECK_EVERY >= 1, "a paused worker has better things to do"
    monkeypatch.setattr(control_module, "CHECK_EVERY", 0.02)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("how", ["all gone", "no runtime directory any more", "another link"])
def test_a_socket_that_was_taken_away_is_replaced(
    how: str, run: RunDirectory, fallback: Path, wait_for: Callable[..., None]
) -> None:
    runtime = Path(os.environ["XDG_RUNTIME_DIR"])
    with Control(run) as control:
        before = run.control.readlink()
        if how == "another link":
            run.control.unlink()
            run.control.symlink_to("/nowhere")
        else:
            shutil.rmtree(runtime)
        if how.startswith("no"):
            runtime.write_text("")

        def is_back() -> bool:
            return run.control.readlink() not in (before, Path("/nowhere"))

        wait_for(is_back, "another socket")
        where = fallback if how.startswith("no") else runtime / "inkling"
        assert run.control.readlink().parent == where
        connection = connect(run)
        connection.sendall(to_line(Request(ask=Pause())))
        control.queue.get(timeout=20).reply()
        assert answer(connection).done
        assert not before.exists()
    assert list(where.iterdir()) == []
    assert not run.control.is_symlink()
    runtime.unlink() if runtime.is_file() else None


@pytest.mark.usefixtures("often")
def test_a_run_that_was_taken_away_leaves_no_sockets_about(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, wait_for: Callable[..., None]
) -> None:
    tries: list[RunDirectory] = []

    def counting(run: RunDirectory) -> Any:
        tries.append(run)
        return listen(run)

    with Control(run) as control:
        monkeypatch.setattr(control_module, "listen", counting)
        # The thread may be about to link its socket anew, in a directory that is going.
        while run.path.exists():
            shutil.rmtree(run.path, ignore_errors=True)
        wait_for(lambda: len(tries) > 2, "a few tries")
        assert control._thread.is_alive()
    assert list((Path(os.environ["XDG_RUNTIME_DIR"]) / "inkling").iterdir()) == []
