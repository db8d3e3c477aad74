"""Makes the pictures in this folder from real, short, seeded runs.

    python screenshots/make.py [--only NAME ...] [--png]

Each picture is the app itself, driven by its keys, at the size that its name says; what it shows
was learnt while it was made. MNIST pictures need the data (INKLING_DATA, the cache, or a download).
`--png` also writes PNGs with rsvg-convert, for eyes without a browser.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nn.presets import resolve
from tui.app import InklingApp
from tui.session import Session

HERE = Path(__file__).parent

FONT = "DejaVu Sans Mono"
"""A monospaced font with block characters, for the PNGs; the SVGs ask for Fira Code first."""


@dataclass(frozen=True)
class Shot:
    """One picture: keys are pressed in order; `until` names a phase to wait for first."""

    name: str
    size: tuple[int, int]
    preset: str
    options: dict[str, object]
    keys_before: Sequence[str] = ()
    until_epoch: int = 0
    keys_after: Sequence[str] = ()
    ascii_only: bool = False
    theme: str = "inkling-night"


SLOW = {"pace": 250, "epochs": 60}

LEARNING = {"pace": 400, "epochs": 10}
"""Still at it when the picture is taken."""

WILD = {"learning_rate": 100, "optimizer": "momentum", "pace": 0}

SHOTS = (
    Shot("train-120x40", (120, 40), "quick", LEARNING, ["space"], 4, ["w"]),
    Shot("train-200x60", (200, 60), "quick", LEARNING, ["space"], 4),
    Shot("train-80x24", (80, 24), "first-light", SLOW, ["space"], 20),
    Shot("settings-80x24", (80, 24), "first-light", SLOW, ["space"], 12, ["f", "tab", "tab"]),
    Shot("log-80x24", (80, 24), "first-light", SLOW, ["space"], 15, ["g", "l"]),
    Shot("paper-120x40", (120, 40), "first-light", SLOW, ["space"], 20, theme="inkling-paper"),
    Shot("ascii-120x40", (120, 40), "first-light", SLOW, ["space"], 20, ascii_only=True),
    Shot("errors-200x60", (200, 60), "quick", {}, ["space"], 5, ["2", "a", "s"]),
    Shot("errors-80x24", (80, 24), "quick", {}, ["space"], 5, ["2", "g"]),
    Shot("look-200x60", (200, 60), "quick", {}, ["space"], 5, ["3", "m"]),
    Shot("look-80x24", (80, 24), "quick", {}, ["space"], 5, ["3"]),
    Shot("backprop-120x40", (120, 40), "quick", {}, ["space"], 5, ["6", *["space"] * 20]),
    Shot("start-80x24", (80, 24), "first-light", {}),
    Shot("start-120x40", (120, 40), "first-light", {}),
    Shot("help-80x24", (80, 24), "first-light", {}, ["question_mark"]),
    Shot("leave-120x40", (120, 40), "first-light", SLOW, ["space"], 10, ["q"]),
    Shot("diverged-120x40", (120, 40), "first-light", WILD, ["space"], -1),
)  # fmt: skip


def _see_all_colours() -> None:
    """The pictures shall not depend on the terminal that this is run in."""
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    os.environ.pop("NO_COLOR", None)


async def take(shot: Shot, target: Path) -> None:
    """Run the app, press the keys, wait for the learning, save what the screen shows."""
    with tempfile.TemporaryDirectory() as runs:
        hyperparameters = resolve(shot.preset, shot.options)
        app = InklingApp(Session(Path(runs)), hyperparameters, ascii_only=shot.ascii_only)
        async with app.run_test(size=shot.size) as pilot:
            app.theme = shot.theme
            await pilot.pause(0.5)
            await pilot.press(*shot.keys_before)
            for _ in range(600):
                status = app.session.state.status if app.session.state else None
                reached = status is not None and status.epoch >= shot.until_epoch > 0
                if not shot.until_epoch or reached or (status and not status.live):
                    break
                await pilot.pause(0.1)
            await pilot.press(*shot.keys_after)
            await pilot.pause(3.0)
            target.write_text(app.export_screenshot(title="inkling"), "utf-8")
            if app.session.live:
                from tui.engine.commands import Stop

                await app.session.ask(Stop())
                await pilot.pause(0.3)


def to_png(svg: Path) -> None:
    """Beside the SVG, in a font that is on this machine."""
    text = svg.read_text("utf-8").replace("Fira Code", FONT)
    png = svg.with_suffix(".png")
    subprocess.run(
        ["rsvg-convert", "--output", str(png), "/dev/stdin"], input=text.encode(), check=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--to", type=Path, default=HERE, metavar="DIR")
    parser.add_argument("--png", action="store_true")
    options = parser.parse_args()
    if options.png and not shutil.which("rsvg-convert"):
        parser.error("--png needs rsvg-convert (Debian: librsvg2-bin)")
    _see_all_colours()
    for shot in SHOTS:
        if not options.only or shot.name in options.only:
            target = options.to / f"{shot.name}.svg"
            asyncio.run(take(shot, target))
            if options.png:
                to_png(target)
            print(target)


if __name__ == "__main__":
    main()
