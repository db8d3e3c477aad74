"""What the Look screen has done for it off the event loop: looking inside, and drawing a map.

Each begins with a wish of the screen and ends with a reactive of it. A live run's network is looked
at again every now and then, as far as somebody sees it: the worker needs the processor too.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.worker import get_current_worker

from tui.engine.embedding import embed
from tui.engine.hidden import RunNetwork
from tui.engine.looking import Looker
from tui.engine.newest_network import NewestNetwork
from tui.engine.run_directory import RunError
from tui.engine.scene import DigitMap, Scene, Wish
from tui.engine.state import RunState
from tui.engine.text import sentence_of
from tui.screens.room import Room

NO_RUN = (
    "There is no network to look into: <room.train> and <run.toggle> start a run, <room.runs> "
    "lists those there are."
)
NO_FILES = "This run has left no files, so there is no network to look into."

ASK_AFTER = 0.03
"""Seconds that a key may still change the question."""

ASK_AGAIN = 2.0
"""Seconds between two looks at a live run's network."""

TELL_EVERY = 0.1
"""Seconds between two words of progress."""


class LookDesk(Room):
    """The half of the Look screen that works in threads."""

    SHOWS_NETWORK = True

    scene: reactive[Scene | None] = reactive(None, repaint=False)
    tsne: reactive[DigitMap | None] = reactive(None, repaint=False)
    words: reactive[str] = reactive("", repaint=False)
    """How far t-SNE is; empty while nothing is drawn."""

    @dataclass
    class Seen(Message):
        """Something has been seen in a run's network."""

        looker: Looker
        scene: Scene

    @dataclass
    class Embedded(Message):
        """t-SNE has come so far, 0 to 1; or it has not, and why."""

        looker: Looker
        chart: DigitMap | None
        done: float
        problem: str = ""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._state: RunState | None = None
        self._looker: Looker | None = None
        self._asked: Wish | None = None
        self._soon: Timer | None = None

    def follow(self, state: RunState | None) -> None:
        """Have the network of this run looked at, again if it is the same."""
        if state is not None and self._state is state and self._looker is not None:
            self.look(later=True)
            return
        if state is self._state and self.scene is not None:
            return
        self._state, self._asked = state, None
        self.workers.cancel_node(self)
        self.stop_drawing()
        run = state.run if state is not None else None
        self._looker = None if run is None else Looker(NewestNetwork(run))
        self.forget()
        self.scene = None
        if self._looker is None:
            self.scene = Scene(Wish(), sentence=NO_RUN if state is None else NO_FILES)
        self.look()

    def wish(self) -> Wish:
        """What is looked at now; no views while nobody sees any."""
        raise NotImplementedError

    def forget(self) -> None:
        """Another run is shown: whatever was chosen in the one before no longer stands."""
        raise NotImplementedError

    def on_screen_resume(self) -> None:
        self.look()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, "look")
        self._asked = None
        self.stop_drawing()

    def look(self, *, later: bool = False) -> None:
        """Have it looked at, at once or `later`, because there may be something new and not because
        somebody asked."""
        if later and self._soon is not None:
            return
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(ASK_AGAIN if later else ASK_AFTER, self._look_now)

    def _look_now(self) -> None:
        self._soon = None
        wish = self.wish()
        if self._looker is None or not self.is_current or not wish.views or wish == self._asked:
            return
        if not self.renewed.is_set():
            self._look_when_renewed()
            return
        self._asked = wish
        self._look(self._looker, wish)

    @work(exclusive=True, group="renewed", exit_on_error=False)
    async def _look_when_renewed(self) -> None:
        await self.renewed.wait()
        self._look_now()

    @work(thread=True, exclusive=True, group="look", exit_on_error=False)
    def _look(self, looker: Looker, wish: Wish) -> None:
        worker, told = get_current_worker(), 0.0
        for scene in looker.ask(wish):
            if worker.is_cancelled:
                return
            if not scene.busy or time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                self.post_message(self.Seen(looker, scene))

    @on(Seen)
    def _seen(self, event: Seen) -> None:
        if event.looker is not self._looker:
            return
        if not event.scene.busy:
            self._asked = None
        wish = self.wish()
        if (event.scene.wish.digit, event.scene.wish.off) == (wish.digit, wish.off):
            self.scene = event.scene

    def draw_tsne(self) -> None:
        """Begin a map by t-SNE of the network as it is now."""
        network = self._looker.twin() if self._looker is not None else None
        if network is None or self._looker is None:
            self.complain("There is no network yet whose digits could be put on a map.")
            return
        self.words = self._drawing(0.0)
        self._embed(self._looker, network)

    def _drawing(self, done: float) -> str:
        return self.in_keys(f"t-SNE {done:.0%}, <look.back> stops it")

    def stop_drawing(self) -> bool:
        """Was a map being drawn?"""
        drawing = bool(self.words)
        self.workers.cancel_group(self, "tsne")
        self.words = ""
        return drawing

    @work(thread=True, exclusive=True, group="tsne", exit_on_error=False)
    def _embed(self, looker: Looker, network: RunNetwork) -> None:
        worker, told = get_current_worker(), -1.0
        try:
            with contextlib.closing(embed(network)) as maps:
                for chart, done in maps:
                    if worker.is_cancelled:
                        return
                    if done != told:
                        told = done
                        self.post_message(self.Embedded(looker, chart, done))
        except (RunError, MemoryError) as problem:
            words = sentence_of(problem) or "There is not enough memory for t-SNE."
            self.post_message(self.Embedded(looker, None, 1.0, words))

    @on(Embedded)
    def _embedded(self, event: Embedded) -> None:
        if not self.words or event.looker is not self._looker:
            return
        self.words = "" if event.done >= 1 else self._drawing(event.done)
        if event.problem:
            self.complain(event.problem)
        elif event.chart is not None:
            self.tsne = event.chart
