"""How much memory does a run take?

    python bench/memory.py                    # some two minutes
    python bench/memory.py --epochs 1

Each row is a worker process of its own, started as the app starts it, on MNIST. Read from the
system while it runs are the most it ever held (VmHWM) and the most that was its own: anonymous
memory (RssAnon, looked at every 5 ms, so a shorter peak may be missed). The rest is pages of files,
libraries and the memory-mapped digits, which the system may take back whenever it wants to. One
thing more: the first row decodes the data set's files, which later runs find in the cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from nn.presets import resolve
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory

LOOK_EVERY = 0.005
TARGET = 350

AUGMENTED: dict[str, object] = {
    "shift": 2,
    "rotation": 10,
    "scaling": 0.1,
    "shear": 0.1,
    "elastic": 1,
}

RUNS: dict[str, dict[str, object]] = {
    "quick, first use of the data": {},
    "quick": {},
    "quick, augmented": AUGMENTED,
    "quick, validation, averaged": {"validation": 0.1, "ema_decay": 0.999, "keep": "best"},
    "hidden 800,800, batch 256": {"hidden": (800, 800), "batch_size": 256},
    "hidden 2048,1024": {"hidden": (2048, 1024)},
    "hidden 2048,1024, augmented": {"hidden": (2048, 1024), **AUGMENTED},
}


@dataclass
class Peak:
    """Megabytes at the most: in all, of its own, and of files at the time of the first."""

    resident: float = 0.0
    anonymous: float = 0.0
    of_files: float = 0.0

    def look(self, process: int) -> None:
        status = megabytes(process)
        resident = status.get("VmHWM", 0.0)
        if resident > self.resident:
            self.resident, self.of_files = resident, status.get("RssFile", 0.0)
        self.anonymous = max(self.anonymous, status.get("RssAnon", 0.0))


def main() -> None:
    options = _options()
    if not Path("/proc/self/status").exists():
        sys.exit("Peaks are read from /proc, which this system does not have.")
    print(f"MNIST, {options.epochs or 'all'} epochs; MB (of 1,000,000 bytes)")
    print(f"  {'':32}{'peak':>7}{'its own':>9}{'threads':>9}{'seconds':>9}")
    with tempfile.TemporaryDirectory() as folder:
        highest = max(
            row(name, changes, options.epochs, Path(folder)) for name, changes in RUNS.items()
        )
    print(f"  highest {highest:.0f}; the quick rows are to stay below {TARGET}")


def row(name: str, changes: dict[str, object], epochs: int, folder: Path) -> float:
    """Run one, and print what it took; the peak is returned."""
    given = changes | ({"epochs": epochs} if epochs else {})
    config = new_config(resolve("quick", given), None)
    run = RunDirectory.create(folder / "runs", config)
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-P", "-m", "tui.engine.worker", str(run.path)]
    began = time.perf_counter()
    peak = Peak()
    with subprocess.Popen(command, env=environment) as process:
        while process.poll() is None:
            peak.look(process.pid)
            time.sleep(LOOK_EVERY)
    if process.returncode:
        sys.exit(f"{name} failed: {run.journal.read_text().splitlines()[-1]}")
    seconds = time.perf_counter() - began
    threads = run.read_config().threads_chosen
    print(
        f"  {name:32}{peak.resident:7.0f}{peak.anonymous:9.0f}{threads:9}{seconds:9.1f}",
        flush=True,
    )
    shutil.rmtree(run.path)
    return peak.resident


def own_megabytes(process: int) -> float:
    """What a process holds that is no page of a file."""
    return megabytes(process).get("RssAnon", 0.0)


def megabytes(process: int) -> dict[str, float]:
    """What the system says a process holds; nothing of one that has just ended."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    rows = (line.split() for line in text.splitlines())
    return {row[0].rstrip(":"): int(row[1]) * 1024 / 1e6 for row in rows if row[-1] == "kB"}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=0, help="instead of the preset's five")
    return parser.parse_args()


if __name__ == "__main__":
    main()
