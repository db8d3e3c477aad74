"""A run is its owner's: nobody else may read it, or is heard."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nn.hyperparameters import Hyperparameters
from tui.engine.client import RunClient
from tui.engine.commands import Stop
from tui.engine.control import Control
from tui.engine.protocol import Request, to_line
from tui.engine.run_directory import RunDirectory

Make = Callable[..., RunDirectory]


def test_another_user_is_not_heard(make_run: Make) -> None:
    """Though every mode on the way be wide open."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    run = make_run()
    with Control(run) as control:
        path = run.control.readlink()
        for place in (path.parent, path.parent.parent):
            place.chmod(0o755)
        path.chmod(0o666)
        request = to_line(Request(ask=Stop()))
        child = (
            "import os, socket, sys\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "s = socket.socket(socket.AF_UNIX); s.settimeout(20)\n"
            f"s.connect({str(path)!r})\n"
            "try:\n"
            f"    s.sendall({request!r})\n"
            "    print(s.recv(1000))\n"
            "except (BrokenPipeError, ConnectionResetError):\n"
            "    print(b'')\n"
        )
        done = subprocess.run(
            ["/usr/bin/env", "python3", "-c", child]
            if os.access("/usr/bin/python3", os.X_OK) else [sys.executable, "-c", child],
            capture_output=True, timeout=60, text=True, check=False, cwd="/",
        )  # fmt: skip
        assert done.stdout == "b''\n", done.stderr
        assert control.queue.empty()
        with socket.socket(socket.AF_UNIX) as mine:
            mine.connect(str(path))
            mine.sendall(request)
            control.queue.get(timeout=20).reply()


def test_everything_of_a_run_is_its_owner_s_whatever_the_umask(
    runs: Path,
) -> None:
    before = os.umask(0)
    try:
        client = RunClient.start(Hyperparameters(epochs=2, validation=0.1, keep="best"), runs)
        assert client._process is not None
        assert client._process.wait(60) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(client.run.path.stat().st_mode) == 0o700
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in client.run.path.iterdir()}
    assert {"worker.log", "best.npz", "guesses.u8", "predictions.npy"} < set(modes)
    assert set(modes.values()) == {0o600}, modes
