"""What the app does without until somebody asks for it, in a fresh interpreter."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys

import pytest

from tui.ahead import MODULES
from tui.collector import look_once, spare_what_stands

OPENED = """
import asyncio, sys
from pathlib import Path
from tui.app import InklingApp
from tui.screens.train import TrainScreen
from tui.session import Session

furnish = TrainScreen._furnish

async def noted(screen):
    print(*sys.modules)
    await furnish(screen)

TrainScreen._furnish = noted

async def open_it():
    app = InklingApp(Session(Path("nowhere")))
    async with app.run_test(size=(120, 40)) as pilot:
        while not (app.train.furnished and app.train.form.furnished):
            await pilot.pause(0.01)

asyncio.run(open_it())
print(*sys.modules)
"""

BEHIND = {
    "numpy", "nn.events", "tui.screens.train_panes", "tui.widgets.strips", "tui.widgets.run_chart",
    "tui.widgets.hyperparameter_form",
}  # fmt: skip
"""What the first paint does without; imported right after it."""

LATER = {
    "pydantic", "plotext", "textual_plotext", "sklearn", "scipy", "PIL", "pooch", "requests",
    "tomli_w", "threadpoolctl", "nn.network", "nn.trainer", "nn.data", *MODULES,
}  # fmt: skip


def test_the_app_opens_without_what_nobody_has_asked_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPENED], capture_output=True, text=True, check=True, timeout=60
    )
    at_first, in_the_end = (set(line.split()) for line in done.stdout.splitlines())
    assert {"textual", "tui.screens.train", "tui.widgets.status_line"} <= at_first
    assert at_first & {*BEHIND, *LATER} == set()
    assert in_the_end >= BEHIND
    assert in_the_end & LATER == set()


def test_what_is_imported_ahead_is_all_there_and_brings_nothing_that_can_wait() -> None:
    code = (
        "import gc, sys, tui.ahead as a; a.collector.off(); a._import_all(); print(*sys.modules);"
        "a.collector.spare_what_stands(); frozen = gc.get_freeze_count();"
        "kept = [[] for _ in range(100_000)]; a.collector.spare_what_stands();"
        "print(gc.isenabled(), gc.get_freeze_count() - frozen);"
        "kept[0].append(kept); del kept; a.collector.spare_what_stands();"
        "print(gc.get_freeze_count() - frozen)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    lines = done.stdout.splitlines()
    modules = set(lines[0].split())
    (looks, spared), left = lines[1].split(), lines[2]
    assert looks == "True", "the collector goes on when all is imported"
    assert int(spared) >= 50_000, "it looks no more at what stands"
    assert int(left) < 50_000, "what stands no longer is found"
    assert set(MODULES) <= modules
    assert modules.isdisjoint({"sklearn", "scipy", "plotext", "pooch", "requests"})


def test_elsewhere_the_collector_is_left_alone() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    spare_what_stands()
    look_once()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


HEAP = """
import ctypes, threading
from tui import heap
heap.share_one()
libc = ctypes.CDLL(None)
held = []
for _ in range(3):
    thread = threading.Thread(target=lambda: held.append([bytes(10_000) for _ in range(100)]))
    thread.start()
    thread.join()
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)

import gc, sys
from tui import collector

def own():
    text = open("/proc/self/status").read()
    return int(text.partition("RssAnon:")[2].split()[0]) * 1024

collector.off()
collector.on()
held = [bytearray(2_000) for _ in range(20_000)]
end = held[-1]
full = own()
del held
left = own()
gc.collect()
print(full - left, full - own(), file=sys.stderr)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others have one heap anyway")
def test_all_threads_share_one_heap_and_what_is_free_in_it_goes_with_the_rubbish() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAP], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count("<heap nr=") == 1
    kept_by_glibc, given_back = (int(words) for words in done.stderr.split())
    assert kept_by_glibc < 20e6 < given_back
