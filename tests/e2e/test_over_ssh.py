"""Inkling as it is meant to be used: by ssh, over links that break, from machines that fall asleep.

A real sshd on loopback, of this test's own: a random port, its own host key and user key, nothing
of the user's read or written.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import cpu_share, is_idle, of_this_test, running

from nn import checkpoint
from nn.events import RunFinished
from nn.hyperparameters import Hyperparameters
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory
from tui.engine.tail import STEP
from tui.engine.test_set import load_split
from tui.engine.worker import Worker

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
Newest = Callable[[], Any]
Wait = Callable[..., None]
Rest = Callable[[], None]

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"

CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile {folder}/pid
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
AcceptEnv INKLING_* XDG_* LC_* LANG
PermitUserEnvironment no
"""


class Server:
    """Where to log in, and how."""

    def __init__(self, folder: Path, port: int) -> None:
        self.command = (
            "ssh", "-tt", "-F", "none", "-p", str(port), "-i", str(folder / "user"),
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes",
            "-o", "SendEnv=INKLING_* XDG_* LC_* LANG",
            f"{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1",
        )  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if not Path(SSHD).exists() or not shutil.which("ssh"):
        pytest.skip("no sshd here: install openssh-server and openssh-client")
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ink") as name:
        folder = Path(name)
        for key in ("host", "user"):
            generate = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
            subprocess.run(generate, check=True, stdin=subprocess.DEVNULL)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
        if os.geteuid() == 0:
            # Where sshd wants to be chrooted, and what a package makes at boot.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        daemon = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(folder / "config")],
            stdin=subprocess.DEVNULL, stderr=(folder / "log").open("wb"),
        )  # fmt: skip
        try:
            until = time.monotonic() + 20
            while not listens(port):
                if daemon.poll() is not None or time.monotonic() > until:
                    pytest.skip(f"sshd does not run here: {(folder / 'log').read_text()[-300:]}")
                time.sleep(0.05)
            yield Server(folder, port)
        finally:
            daemon.terminate()
            daemon.wait(10)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture
def log_in(server: Server, open_app: Open, command: str) -> Callable[..., Any]:
    """`log_in("attach", "latest")`: a terminal with ssh in it, and the app at the other end."""

    def start(*arguments: str, painted: bool = True, **how: Any) -> Any:
        # What a person has in the profile over there; -tt brings TERM by itself.
        line = shlex.join(["exec", command, *arguments])
        return open_app(line, program=server.command, painted=painted, **how)

    return start


def app_over_there() -> int:
    """The app's process at the server's end; the client's command line has the same words."""
    (pid,) = [
        pid
        for pid, line in of_this_test().items()
        if "bin/inkling" in line and not line.startswith(("ssh ", "/usr/bin/ssh"))
    ]
    return pid


RECIPE = {
    "epochs": 30, "batch_size": 100, "optimizer": "adam", "learning_rate": 0.003,
    "schedule": "cosine", "pace": 15.0, "threads": 1, "seed": 5,
}  # fmt: skip

OPTIONS = [
    word for name, value in RECIPE.items()
    for word in (f"--{name.replace('_', '-')}", str(value))
]  # fmt: skip


def undisturbed(folder: Path) -> RunDirectory:
    still = RunDirectory.create(folder, new_config(Hyperparameters(**RECIPE | {"pace": 0.0}), None))
    list(Worker(still).run())
    return still


def same_bits(run: RunDirectory, still: RunDirectory) -> None:
    """Every step once, and the same to the last bit."""
    ours, theirs = (np.fromfile(r.steps, STEP) for r in (run, still))
    assert ours["step"].tolist() == list(range(1, len(theirs) + 1)), "a gap, or a step twice"
    for name in ("loss", "learning_rate", "gradient_norm"):
        assert ours[name].tobytes() == theirs[name].tobytes(), name
    digits = load_split(Hyperparameters(**RECIPE), "")
    states = [checkpoint.capture(checkpoint.load(r.checkpoint, digits)) for r in (run, still)]
    for name, array in states[1].arrays.items():
        if name != "history":
            assert states[0].arrays[name].tobytes() == array.tobytes(), name


def test_a_link_that_breaks_costs_nothing(
    log_in: Callable[..., Any], newest: Newest, tmp_path: Path, wait_for: Wait, come_to_rest: Rest
) -> None:
    first = log_in(*OPTIONS)
    first.press(" ")
    first.expect("training", "train 0.")
    run = newest()
    app = app_over_there()
    assert running(app)
    first.process.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    wait_for(lambda: not running(app), "the app over there goes", 5)
    assert time.monotonic() - killed < 5
    steps = run.steps
    wait_for(lambda: run.steps > steps + 20, "it trains on, seen by nobody")
    assert run.live
    second = log_in("attach", "latest", columns=80, rows=24)
    second.expect("training", "train 0.")
    run.hurry()
    second.expect("finished", "30/30")
    second.press("q")
    assert second.wait() == 0
    assert second.restored()
    wait_for(lambda: not run.live, "the worker goes")
    assert isinstance(run.last_fact, RunFinished)
    assert "taken_up" not in run.directory.journal.read_text(), "one worker did it all"
    same_bits(run.directory, undisturbed(tmp_path / "still"))
    come_to_rest()


@pytest.mark.parametrize("how", ["asleep", "asleep, and every buffer on the way is full"])
def test_a_frozen_client_stops_nothing_and_leaves_nothing_spinning(
    how: str, log_in: Callable[..., Any], newest: Newest, wait_for: Wait, come_to_rest: Rest
) -> None:
    """Laptop asleep: its ssh neither reads nor hangs up, until somebody finds out."""
    # A link taken for slow would be written to so seldom that it never fills.
    lively = ("--link", "normal", "--pace", "0", "--batch-size", "100")
    client = log_in("--epochs", "100000", *lively)
    client.press(" ")
    client.expect("training", "train 0.")
    run = newest()
    app = app_over_there()
    link = parent(app)
    client.process.send_signal(signal.SIGSTOP)
    if "full" in how:
        # A window of a megabyte takes this app a minute to fill; the server that no longer reads
        # from the terminal stands in for it.
        os.kill(link, signal.SIGSTOP)
    try:
        steps = run.steps
        wait_for(lambda: run.steps > steps + 3000, "training never notices")
        if "full" in how:
            wait_for(lambda: written_in(app, 1.0) == 0, "the app's event loop stands still")
            wait_for(lambda: is_idle([app]), "it does not spin", 60)
        assert cpu_share(app, 1.0) < 0.8, "it spins"
        steps = run.steps
        client.process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
    finally:
        # Where it has not been stopped, it may have noticed already, and gone.
        with contextlib.suppress(ProcessLookupError):
            os.kill(link, signal.SIGCONT)
    wait_for(lambda: not running(app), "the app over there goes", 5)
    assert time.monotonic() - killed < 5
    wait_for(lambda: run.steps > steps, "it trains on")
    run.signal(signal.SIGTERM)
    asked = time.monotonic()
    wait_for(lambda: not run.live, "the worker goes")
    assert time.monotonic() - asked < 2
    come_to_rest()


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def written_in(pid: int, seconds: float) -> int:
    """Bytes that a process writes in so long."""
    counts = []
    for _ in range(2):
        counts.append(int(Path(f"/proc/{pid}/io").read_text().split("wchar: ")[1].split()[0]))
        time.sleep(seconds if len(counts) == 1 else 0)
    return counts[1] - counts[0]


def test_a_worker_that_dies_meanwhile_is_taken_up_at_the_next_login(
    log_in: Callable[..., Any], newest: Newest, wait_for: Wait, come_to_rest: Rest
) -> None:
    client = log_in(*OPTIONS)
    client.press(" ")
    client.expect("training", "train 0.")
    run = newest()
    wait_for(lambda: run.steps > 20, "steps")
    client.process.send_signal(signal.SIGKILL)
    run.signal(signal.SIGKILL)
    wait_for(lambda: not run.live, "it is dead")
    listing = log_in("runs", painted=False)
    assert listing.wait() == 0
    assert "died at epoch" in listing.text
    assert "inkling resume" in listing.text
    resumed = log_in("resume", "latest", "--epochs", "3", painted=False)
    assert resumed.wait() == 0
    assert b'"taken_up"' in run.directory.journal.read_bytes()
    steps = np.unique(np.fromfile(run.directory.steps, STEP)["step"])
    assert steps.tolist() == list(range(1, len(steps) + 1))
    assert isinstance(run.last_fact, RunFinished)
    come_to_rest()
