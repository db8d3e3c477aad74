"""What is left after a fault: processes, what they cost, sockets, files half-way in place.

Every test of a fault ends with `come_to_rest`. What belongs to a test is known by its environment:
each has a runtime directory of its own, which the app, its workers and whatever runs at the other
end of an ssh inherit.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from tui.engine.client import RunClient
from tui.engine.commands import Pause
from tui.engine.run_directory import RunDirectory, run_directories

IDLE = 0.01
"""The share of a processor that nothing may take which has nothing to do."""

PATIENCE = 30.0
"""Seconds within which things have to come to rest, on however busy a machine."""


def come_to_rest(runs: Path, apps: Collection[int] = ()) -> None:
    """After a fault: no process but the workers of live runs and the `apps` that are still on a
    terminal; with the runs held, none of these takes a hundredth of a processor; and when the
    workers are told to end, nothing is left of them, no socket and no file half-way in place.
    """
    wait_until(
        lambda: not others(live_workers(runs), apps), lambda: others(live_workers(runs), apps)
    )
    for run in run_directories(runs):
        if run.is_live():
            asyncio.run(RunClient(run).ask(Pause()))
    at_rest = [*live_workers(runs), *apps]
    wait_until(lambda: is_idle(at_rest), lambda: f"one of {at_rest} is not idle")
    for pid in live_workers(runs):
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not others((), apps), lambda: others((), apps))
    for run in run_directories(runs):
        # As anybody does who comes to see what has become of it.
        asyncio.run(looked_at(run))
        assert not list(run.path.glob(".*")), "left half-way in place"
    sockets = list((Path(os.environ["XDG_RUNTIME_DIR"]) / "inkling").glob("*"))
    assert not sockets, f"left behind: {sockets}"


def wait_until(condition: Callable[[], object], what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, what()
        time.sleep(0.02)


def others(workers: Collection[int], apps: Collection[int]) -> dict[int, str]:
    """Every process of this test but these and itself."""
    return {pid: line for pid, line in of_this_test().items() if pid not in (*workers, *apps)}


def live_workers(runs: Path) -> list[int]:
    """Who holds a run, by its lock."""
    notes = [run.note() for run in run_directories(runs) if run.is_live()]
    return [note.pid for note in notes if note and note.pid != os.getpid()]


async def looked_at(run: RunDirectory) -> None:
    async for _ in RunClient(run).facts():
        pass


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, all its threads'; 0 once it is gone."""
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(path.read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


def is_idle(pids: Iterable[int], seconds: float = 0.5) -> bool:
    """Does each of them take next to nothing, for so long?"""
    before, began = {pid: cpu_seconds(pid) for pid in pids}, time.monotonic()
    if before:
        time.sleep(seconds)
    most = IDLE * (time.monotonic() - began)
    return all(cpu_seconds(pid) - seconds_before <= most for pid, seconds_before in before.items())


def cpu_share(pid: int, seconds: float) -> float:
    """The share of one processor that a process takes for so long."""
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - began)


def running(pid: int) -> bool:
    """Is there such a process, and not only its zombie?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def of_this_test() -> dict[int, str]:
    """The command line of every process that has this test's runtime directory, by its number."""
    mine = f"XDG_RUNTIME_DIR={os.environ['XDG_RUNTIME_DIR']}".encode()
    found = {}
    for path in Path("/proc").glob("[0-9]*/environ"):
        pid = int(path.parent.name)
        try:
            if mine in path.read_bytes().split(b"\0") and running(pid):
                line = path.with_name("cmdline").read_bytes()
                found[pid] = line.replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
    return found
