"""What the Draw screen has done aside: drawings read, checkpoints looked for, files written.

Nothing here keeps a stroke waiting. Reading a drawing and looking for a newer network go on in
threads, side by side and only while the screen is in sight; what they find is a new reading.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from pathlib import Path

from textual import work
from textual.reactive import reactive

from nn.data.dataset import DataError
from nn.data.images import read_picture
from tui.engine.drawing import Drawing, fitted, sheet_shape
from tui.engine.reading import Reader, Reading, Subject
from tui.engine.run_directory import RunError
from tui.engine.samples import Samples, keep_sample, kept_samples, label_of, samples_file
from tui.engine.state import RunState
from tui.engine.text import printable
from tui.screens.room import Room
from tui.souvenirs import save_drawing

LOOK_EVERY = 1.0
"""Seconds between two looks for a newer checkpoint, while there is a worker that may write one."""


class DrawDesk(Room):
    """The half of the Draw screen that works in threads."""

    SHOWS_NETWORK = True

    drawing: reactive[Drawing] = reactive(
        lambda: Drawing.blank(sheet_shape(Subject().image_shape)), repaint=False
    )
    centring: reactive[bool] = reactive(True, repaint=False)
    reading: reactive[Reading | None] = reactive(None, repaint=False)
    samples: reactive[Samples | None] = reactive(None, repaint=False)

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._state: RunState | None = None
        self._reader = Reader()
        self._drawn = asyncio.Event()
        self._told = asyncio.Event()

    def follow(self, state: RunState | None) -> None:
        """Read by the network of this run, or by none; and look for it, now that there is news."""
        if state is not self._state or (state is not None and state.run is not self._reader.run):
            self._state = state
            self._reader = Reader(state.run if state is not None else None)
            self._begin()
        self._told.set()

    def on_screen_resume(self) -> None:
        self._begin()

    def on_screen_suspend(self) -> None:
        for group in ("read", "look"):
            self.workers.cancel_group(self, group)

    def _begin(self) -> None:
        if self.is_current:
            self._drawn.set()
            self._keep_reading(self._reader)
            self._keep_looking(self._reader)

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _keep_reading(self, reader: Reader) -> None:
        """Read what is drawn whenever that has changed; of strokes faster than that, the last."""
        while True:
            await self._drawn.wait()
            self._drawn.clear()
            ink, centring = self.drawing.ink, self.centring
            reading = await asyncio.to_thread(reader.read, ink, centring=centring)
            self.reading = dataclasses.replace(reading, sentence=self.in_keys(reading.sentence))

    @work(exclusive=True, group="look", exit_on_error=False)
    async def _keep_looking(self, reader: Reader) -> None:
        """Look for a newer network: at once, when the run has news, and as long as it is live."""
        while True:
            await self.renewed.wait()
            if await asyncio.to_thread(reader.look):
                self._drawn.set()
            await asyncio.sleep(LOOK_EVERY)
            live = self._state is not None and self._state.status.live
            if not live:
                await self._told.wait()
            self._told.clear()

    def watch_drawing(self) -> None:
        self._drawn.set()

    def watch_centring(self) -> None:
        self._drawn.set()

    def watch_reading(self, old: Reading | None, new: Reading | None) -> None:
        """A run of another set is drawn for on another sheet."""
        if new is None or (old is not None and old.subject == new.subject):
            return
        self.drawing = self.drawing.on_sheet(sheet_shape(new.subject.image_shape))
        self.samples = None
        self._count_samples(new.subject)

    @work(exclusive=True, group="count", exit_on_error=False)
    async def _count_samples(self, subject: Subject) -> None:
        try:
            self.samples = await asyncio.to_thread(kept_samples, samples_file(subject.dataset))
        except RunError as problem:
            self.complain_of(problem)

    @work(group="keep", exit_on_error=False)
    async def keep(self, text: str) -> None:
        """Keep what is drawn as a sample of the class that a person has named."""
        reader, ink, centring = self._reader, self.drawing.ink, self.centring
        try:
            reading = await asyncio.to_thread(reader.read, ink, centring=centring)
            names = reading.subject.class_names
            label = label_of(text, names)
            path = samples_file(reading.subject.dataset)
            self.samples = await asyncio.to_thread(keep_sample, path, reading.seen, label)
        except RunError as problem:
            self.complain_of(problem)
        else:
            self.notify(
                f"Kept as a {printable(names[label])} in {printable(path)}; a run with Extra data "
                "own (--extra-data own) trains on it.",
                markup=False,
            )

    @work(exclusive=True, group="file", exit_on_error=False)
    async def open_picture(self, place: str) -> None:
        """Put a picture on the sheet."""
        # Not Path.expanduser, which raises RuntimeError for a user that does not exist.
        path = Path(os.path.expanduser(place))  # noqa: PTH111
        try:
            ink = await asyncio.to_thread(read_picture, path)
        except DataError as problem:
            self.complain_of(problem)
        else:
            self.drawing = self.drawing.replaced(fitted(ink, self.drawing.shape))

    @work(exclusive=True, group="file", exit_on_error=False)
    async def save_picture(self) -> None:
        """Save the drawing in the current directory."""
        try:
            path = await asyncio.to_thread(save_drawing, self.drawing.ink)
        except RunError as problem:
            self.complain_of(problem)
        else:
            self.notify(f"Saved as {printable(path)}", markup=False)
