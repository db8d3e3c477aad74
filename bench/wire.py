"""How many bytes does the screen cost the link?

    python bench/wire.py                       # idle, and training, over every kind of link
    python bench/wire.py --dataset mnist       # flat out, as its recipe has it
    python bench/wire.py --dataset mnist --sizes 120x40 --links normal --panes
    python bench/wire.py --dataset mnist -- --hidden 8

Everything that comes out of the terminal is counted, in one run after the other, with a reader that
keeps up. Idle is a screen on which nothing happens; training is the run that the app itself starts
at its own pace, with the Train screen in sight. Nobody presses a key. Counted is from the first
seconds on, when the axes of the chart move most: the mean, and the worst five seconds. Bytes do not
depend on how busy the machine is, but the epochs a second do, which is why they stand beside. What
comes after `--` is for `inkling`: a smaller network has more epochs a second. `--panes` says which
widgets sent how much.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app_in_pty import AppInPty, newest_run

from tui.link import LINKS, WINDOW

SETTLING = 2.0
"""Seconds after which what the start sends has been sent."""


@dataclass(frozen=True)
class Found:
    """Bytes a second, in the mean and over the worst `WINDOW`, and by widget; epochs a second."""

    mean: float
    worst: float
    epochs: float
    by_widget: dict[str, float]


def main() -> None:
    options = _options()
    rows = [("idle", False, "normal")] if "idle" in options.links else []
    rows += [(f"training, {link} link", True, link) for link in LINKS if link in options.links]
    for name, training, link in rows:
        for size in options.sizes:
            found = _measured(options, size, link, training=training)
            print(
                f"{name:22} {size[0]:4}x{size[1]:<3} {found.mean / 1000:6.2f} KB/s, "
                f"worst {WINDOW:g} s {found.worst / 1000:6.2f}, {found.epochs:5.1f} epochs/s",
                flush=True,
            )
            for widget, rate in sorted(found.by_widget.items(), key=lambda one: -one[1]):
                print(f"{'':22} {widget:20} {rate / 1000:6.2f} KB/s", flush=True)


def _measured(
    options: argparse.Namespace, size: tuple[int, int], link: str, *, training: bool
) -> Found:
    recipe = ["--dataset", options.dataset, "--epochs", "100000", "--schedule", "constant"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        runs, report = Path(folder) / "runs", Path(folder) / "report.json"
        app = AppInPty(runs, [*recipe, "--link", link, *options.inkling], size)
        if options.panes:
            inside = Path(__file__).with_name("inside.py").resolve()
            app.COMMAND = (str(inside), str(report), "--")
            app.surroundings = {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        with app:
            assert app.read_until(b"press space", 60), "the app has not come up"
            if training:
                app.read_for(SETTLING)
                app.send(" ")
                assert app.read_until(b"training", 60), "no run has begun"
            app.read_for(SETTLING)
            epochs, sent = _epochs(runs), _sent(report)
            seconds = [app.read_for(1.0) for _ in range(max(options.seconds, round(WINDOW)))]
            epochs, now = _epochs(runs) - epochs, _sent(report)
    window = round(WINDOW)
    worst = max(sum(seconds[at : at + window]) for at in range(len(seconds) - window + 1))
    by_widget = {name: (count - sent.get(name, 0)) / len(seconds) for name, count in now.items()}
    return Found(
        sum(seconds) / len(seconds),
        worst / window,
        epochs / len(seconds),
        {name: rate for name, rate in by_widget.items() if rate},
    )


def _epochs(runs: Path) -> int:
    """Epochs that the run has done by now."""
    try:
        return (newest_run(runs) / "journal.jsonl").read_text("utf-8").count('"epoch_done"')
    except (OSError, ValueError):
        return 0


def _sent(report: Path) -> dict[str, int]:
    return dict(json.loads(report.read_text("utf-8"))["sent"]) if report.exists() else {}


def _size(text: str) -> tuple[int, int]:
    columns, _, rows = text.partition("x")
    return int(columns), int(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=10, help="to count for")
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--sizes", type=_size, nargs="+", default=[(80, 24), (120, 40), (200, 60)])
    parser.add_argument("--links", nargs="+", default=["idle", *LINKS])
    parser.add_argument("--panes", action="store_true", help="which widgets sent how much")
    parser.add_argument("inkling", nargs="*", help="options of inkling's own")
    return parser.parse_args()


if __name__ == "__main__":
    main()
