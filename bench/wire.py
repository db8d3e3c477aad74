"""How many bytes does the screen cost the link?

    python bench/wire.py                       # idle, and training, over every kind of link
    python bench/wire.py --seconds 30 --dataset mnist

Everything that comes out of the terminal is counted, in one run after the other, with a reader that
keeps up. Idle is a screen on which nothing happens; training is the run that the app itself starts
at its own pace, with the Train screen in sight. Nobody presses a key.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from app_in_pty import AppInPty

from tui.link import LINKS

SETTLING = 5.0
"""Seconds after which what the start sends has been sent."""


def main() -> None:
    options = _options()
    print(f"{'':24}" + "".join(f"{_size(size):>12}" for size in options.sizes), flush=True)
    for name, training, link in (
        ("idle", False, "normal"),
        *((f"training, {link} link", True, link) for link in LINKS),
    ):
        rates = [_rate(options, size, link, training=training) for size in options.sizes]
        print(f"{name:24}" + "".join(f"{rate / 1000:7.2f} KB/s" for rate in rates), flush=True)


def _rate(
    options: argparse.Namespace, size: tuple[int, int], link: str, *, training: bool
) -> float:
    """Bytes a second."""
    recipe = ["--dataset", options.dataset, "--epochs", "100000", "--link", link]
    with (
        tempfile.TemporaryDirectory() as folder,
        AppInPty(Path(folder), recipe, size) as app,
    ):
        assert app.read_until(b"press space", 30), "the app has not come up"
        if training:
            app.send(" ")
            assert app.read_until(b"training", 30), "no run has begun"
        app.read_for(SETTLING)
        return app.read_for(options.seconds) / options.seconds


def _size(size: tuple[int, int]) -> str:
    return "×".join(map(str, size))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="to count for")
    parser.add_argument("--dataset", default="digits")
    options = parser.parse_args()
    options.sizes = [(80, 24), (120, 40), (200, 60)]
    return options


if __name__ == "__main__":
    main()
