"""One line that says where the run stands: state, progress, time left, speed, accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import events
from textual.reactive import reactive

from tui.commands import COMMANDS
from tui.commands.keymap import key_of
from tui.engine.run_status import Phase, RunStatus
from tui.engine.text import duration
from tui.widgets.characters import cells, shorten
from tui.widgets.line import LineCanvas, LinePicture
from tui.widgets.picture_widget import PictureWidget

if TYPE_CHECKING:
    from tui.engine.runs import State

MARKS: dict[Phase | State, tuple[str, str, str]] = {
    "idle": ("○", "o", "ready"),
    "preparing": ("◌", "~", "loading"),
    "running": ("▶", ">", "training"),
    "paused": ("‖", "=", "paused"),
    "finished": ("✓", "+", "finished"),
    "stopped": ("■", "#", "stopped"),
    "diverged": ("✗", "x", "diverged"),
    "failed": ("✗", "x", "failed"),
    "died": ("✗", "x", "died"),
    "waiting": ("‖", "=", "waiting"),
    "unreadable": ("?", "?", "unreadable"),
}
"""Of every state a run may be in: a mark, the same in ASCII, and the word for it."""

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "state": "what the run does",
        "alert": "what is amiss, and what a key does about it",
        "bar": "how much of the run is done",
        "epoch": "the epoch it is in, of all",
        "test": "the share of the test set that it had right after the last epoch",
        "left": "minutes and seconds to go at the present speed",
        "step": "steps taken, a mini-batch each, of all",
        "samples/s": "training digits a second",
        "slow link": "the line to this terminal answers late, so less is drawn (--link)",
        "sent": "bytes a second that went to this terminal of late",
    }
)
"""What may stand on the line, and what it is."""

FIRST_LINE = f"First line: {', '.join(f'{part} ({what})' for part, what in PARTS.items())}."

_EIGHTHS = " ▏▎▍▌▋▊▉"

BAD: frozenset[Phase] = frozenset({"diverged", "failed", "died"})


class StatusLine(PictureWidget):
    """Draws `status`; only the cells that changed are sent."""

    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        background: $panel;

        .status-line--plain { color: $foreground; }
        .status-line--quiet { color: $quiet-on-panel; }
        .status-line--state { color: $primary; text-style: bold; }
        .status-line--bad { color: $error; text-style: bold; }
        .status-line--bar { color: $primary; background: $foreground 12%; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-line--plain",
        "status-line--quiet",
        "status-line--state",
        "status-line--bad",
        "status-line--bar",
    }

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)

    sent: reactive[float] = reactive(0.0, repaint=False)
    """Bytes a second that went to the terminal of late; told along with what else there is to tell,
    for to say that nothing is sent would be to send something."""

    def __init__(self, *, in_train: bool = False) -> None:
        """`in_train` is where the key that does something about an alert works at once."""
        super().__init__()
        self._in_train = in_train
        self._ends: list[tuple[int, str]] = []
        self.tooltip = FIRST_LINE

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Be about what is below the pointer."""
        part = next((part for end, part in self._ends if event.x < end), "")
        self.tooltip = f"{part}: {PARTS[part]}" if part else FIRST_LINE

    def watch_status(self, old: RunStatus, new: RunStatus) -> None:
        self.request_picture(at_once=old.phase != new.phase)

    def make_picture(self) -> None:
        self.picture_begun()
        status, width = self.status, self.size.width
        canvas = LineCanvas(width)
        x = canvas.put(1, self._state(status), 3 if status.phase in BAD else 2) + 2
        self._ends = [(x, "state")]
        if status.quiet:
            words = f"no news for {duration(status.quiet)}: stopped, or a very busy machine"
            canvas.put(x, shorten(words, width - x - 1, "~" if self.ascii_only else "…"), 3)
        elif status.sentence:
            ellipsis = "~" if self.ascii_only else "…"
            canvas.put(x, shorten(self.in_keys(status.sentence), width - x - 1, ellipsis), 0)
        elif status.alert:
            self._draw_alert(canvas, x)
        elif status.steps:
            self._draw_progress(canvas, x)
        elif status.live:
            held = f"it will hold at its first step: {self._key('run.toggle')} lets it go"
            canvas.put(x, held if status.held else "getting the digits ready", 1)
        else:
            start, form, help = map(self._key, ("run.toggle", "pane.form", "app.help"))
            canvas.put(x, f"press {start} to train, {form} for settings, {help} for help", 1)
        self.show_picture(LinePicture(canvas, self._palette()))

    def _key(self, command: str) -> str:
        return key_of(command, COMMANDS, self.keys)

    def has_room_for(self, status: RunStatus) -> bool:
        """Can its sentence be read to the end?"""
        sentence = self.in_keys(status.sentence)
        return cells(f" {self._state(status)}  {sentence} ") <= self.size.width

    def _state(self, status: RunStatus) -> str:
        """What it does, with a mark that says the same without colour."""
        bright, plain, word = MARKS[status.phase]
        return f"{plain if self.ascii_only else bright} {word}"

    def _draw_alert(self, canvas: LineCanvas, x: int) -> None:
        """What is amiss and what a key would do, and how far the run is where there is room."""
        status, room = self.status, self.size.width - x - 1
        words = f"! {status.alert}"
        if status.remedy:
            there = "" if self._in_train else f"{self._key('room.train')} "
            words += f"; {there}{self._key('health.act')}: {status.remedy}"
        canvas.put(x, shorten(words, room, "~" if self.ascii_only else "…"), 3)
        at = x + cells(words)
        self._ends.append((at, "alert"))
        for part, fact in self._facts()[:2]:
            text = ("  | " if self.ascii_only else "  · ") + fact
            if at + cells(text) < self.size.width:
                at = canvas.put(at, text, 0)
                self._ends.append((at, part))

    def _facts(self) -> list[tuple[str, str]]:
        """What there is to say of how far the run is, the most needed first."""
        status = self.status
        at = min(status.epoch + 1, status.epochs) if status.live else status.epoch
        facts = [("epoch", f"epoch {at}/{status.epochs}")]
        if status.test_accuracy is not None:
            facts.append(("test", f"test {status.test_accuracy:.2%}"))
        return facts

    def _draw_progress(self, canvas: LineCanvas, x: int) -> None:
        """The facts first, as many as fit; the bar takes the room that is left."""
        status, width = self.status, self.size.width
        facts = self._facts()
        if status.seconds_left is not None and status.phase == "running":
            facts.append(("left", f"{_clock(status.seconds_left)} left"))
        how_far = [("step", f"step {status.step:,}/{status.steps:,}")]
        if status.samples_per_second:
            how_far.append(("samples/s", f"{_thousands(status.samples_per_second)} samples/s"))
        line = []
        if self.link.name == "slow":
            line.append(("slow link", "slow link"))
        if self.sent and status.phase == "running":
            line.append(("sent", f"{self.sent / 1000:.1f} KB/s sent"))
        # Over a thin line that one matters more, and must be seen at 80 columns too.
        facts += [*line, *how_far] if self.link.name == "slow" else [*how_far, *line]
        gap = "  | " if self.ascii_only else "  · "
        while len(facts) > 1 and x + sum(cells(fact) + 3 for _, fact in facts) + 8 > width:
            facts.pop()
        taken = sum(cells(fact) + cells(gap) for _, fact in facts) - cells(gap)
        room = min(width - x - taken - 3, 40)
        if room >= 5:
            x = self._draw_bar(canvas, x, room) + 2
            self._ends.append((x, "bar"))
        for number, (part, fact) in enumerate(facts):
            x = canvas.put(x, f"{gap if number else ''}{fact}", 0)
            self._ends.append((x, part))

    def _draw_bar(self, canvas: LineCanvas, x: int, width: int) -> int:
        if self.ascii_only:
            full = round(self.status.progress * (width - 2))
            return canvas.put(x, "[" + ("=" * full).ljust(width - 2, ".") + "]", 2)
        full, rest = divmod(round(self.status.progress * width * 8), 8)
        bar = "█" * full + (_EIGHTHS[rest] if full < width else "")
        return canvas.put(x, bar.ljust(width), 4)

    def _palette(self) -> list[Style]:
        names = ("plain", "quiet", "state", "bad", "bar")
        return [self.get_component_rich_style(f"status-line--{name}") for name in names]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _thousands(value: float) -> str:
    return f"{value / 1000:.0f}k" if value >= 10_000 else f"{value:.0f}"
