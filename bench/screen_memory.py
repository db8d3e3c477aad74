"""How much memory does the app take, with a long run on its screen and every room opened?

    python bench/screen_memory.py [--dataset digits] [--epochs 1000] [--batch-size 3]

A run is trained without a screen (1,000 epochs of the small digits in batches of three are 479,000
steps, some minutes), then the app is attached to it on a terminal of 120 × 40, and one room after
the other is entered and given time. Read from the system after each: all of the process, and how
much of it is its own; the rest is pages of files, which the system may take back.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from app_in_pty import AppInPty, newest_run, steps_done
from memory import megabytes

ROOMS = {
    "1": "Train", "2": "Errors", "3": "Look", "m": "its map", "4": "Draw", "5": "Runs",
    "6": "Backprop",
}  # fmt: skip
TARGET = 150


def main() -> None:
    options = _options()
    if not Path("/proc/self/status").exists():
        sys.exit("Memory is read from /proc, which this system does not have.")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        command = [sys.executable, "-m", "tui.cli", "train", "--runs-dir", folder]
        for name in ("dataset", "epochs", "batch_size"):
            command += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        run = newest_run(runs)
        print(f"{options.dataset}, {options.epochs:,} epochs, {steps_done(run):,} steps; MB")
        print(f"  {'':24}{'all':>6}{'its own':>9}")
        with AppInPty(runs, ("attach", run.name)) as app:
            app.read_until(b"finished", 60)
            app.read_for(options.patience)
            show("the chart is there", app)
            for key, room in ROOMS.items():
                app.send(key)
                app.read_for(options.patience)
                show(f"{key} {room}", app)
            app.send("1")
            app.read_for(options.patience)
            most = megabytes(app.process.pid)["VmHWM"]
            print(f"  at the most {most:.0f}; it is to stay below {TARGET}")


def show(what: str, app: AppInPty) -> None:
    held = megabytes(app.process.pid)
    print(f"  {what:24}{held['VmRSS']:6.0f}{held['RssAnon']:9.0f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--batch-size", type=int, default=3)
    parser.add_argument("--patience", type=float, default=5.0, help="seconds in each room")
    return parser.parse_args()


if __name__ == "__main__":
    main()
