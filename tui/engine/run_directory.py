"""A run is a directory that one worker writes and anyone may read.

config.toml        hyperparameters, data set and its fingerprint, versions
journal.jsonl      one line per fact (`facts`)
steps.bin          one fixed-size record per step (`STEP_FIELDS`)
checkpoint.npz     all that the rest of the run depends on (`nn.checkpoint`), the latest
best.npz           the same, after the best epoch by validation loss
predictions.npy    test-set probabilities (n_test, n_classes) float32 after the latest epoch, or,
                   while epochs are short, after one of the last; that epoch's number (`EPOCH`)
                   stands behind them
guesses.u8         one byte per test digit per epoch, the class it is taken for; the first row
                   is the untrained network's; 255 where the guess was lost
lock               held by the live worker: being alive is a fact, not a guess from a pid
control.sock       a link to the worker's socket
worker.log         whatever the worker process had to say before it died, if it did
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import shutil
import struct
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nn.atomic import replacing
from nn.sources import dataset_slug
from tui.engine import lock
from tui.engine.text import printable

if TYPE_CHECKING:
    # What stands in the files is looked at by pydantic, which the app's first screen does without.
    from tui.engine.run_config import RunConfig, WorkerNote

STEP_FIELDS = (
    ("step", "<u8"),
    ("seconds", "<f8"),
    ("loss", "<f4"),
    ("learning_rate", "<f4"),
    ("gradient_norm", "<f4"),
    ("epoch", "<u4"),
)
"""A record of steps.bin as a NumPy dtype; `seconds` is the time spent inside the trainer
since the run began: training and testing, pauses excluded."""

STEP_STRUCT = "<QdfffI"
"""The same record for `struct`, which packs one a microsecond sooner."""

EPOCH = struct.Struct("<I")
"""The number behind the probabilities in predictions.npy, of which `np.load` takes no notice."""


class RunError(Exception):
    """A run directory that cannot be made, read or used; `str()` is a sentence for a person."""


def default_runs_dir() -> Path:
    """INKLING_RUNS, or `runs` in the user's data directory."""
    named = os.environ.get("INKLING_RUNS")
    if named:
        return at_home(Path(named))
    import platformdirs

    return platformdirs.user_data_path("inkling") / "runs"


def at_home(path: Path) -> Path:
    """`path` with its `~` resolved, or left as it is where there is no such user."""
    # Not Path.expanduser, which raises RuntimeError for a user that does not exist.
    return Path(os.path.expanduser(path))  # noqa: PTH111


class RunDirectory:
    """The files of one run, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.toml"
        self.journal = path / "journal.jsonl"
        self.steps = path / "steps.bin"
        self.checkpoint = path / "checkpoint.npz"
        self.best = path / "best.npz"
        self.predictions = path / "predictions.npy"
        self.guesses = path / "guesses.u8"
        self.lock = path / "lock"
        self.control = path / "control.sock"
        self.worker_log = path / "worker.log"

    @property
    def name(self) -> str:
        return self.path.name

    @classmethod
    def create(cls, runs_dir: Path, config: RunConfig) -> RunDirectory:
        """A new directory `<time>-<slug>`, of the user's eyes only, with its config.toml.

        Raises:
            RunError: the place does not exist and cannot be made, is read-only, or is full.
        """
        h = config.hyperparameters
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(config.created))
        slug = f"{dataset_slug(h.dataset)}-{h.optimizer}-{h.seed}"
        made: Path | None = None
        try:
            runs_dir.mkdir(parents=True, exist_ok=True)
            made = _unused(runs_dir, f"{stamp}-{slug}")
            run = cls(made)
            run.write_config(config)
        except OSError as error:
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)
            raise RunError(
                f"Runs cannot be kept in {printable(runs_dir)}: {printable(error.strerror)}. "
                "Name another place with --runs-dir or INKLING_RUNS."
            ) from None
        return run

    def write_config(self, config: RunConfig) -> None:
        """Replace config.toml whole, or not at all.

        Raises:
            OSError: it cannot be written; the one before is still there.
        """
        import tomli_w

        text = tomli_w.dumps(config.model_dump(mode="json"))
        with replacing(self.config_file) as file:
            file.write(text.encode())

    def read_config(self) -> RunConfig:
        """
        Raises:
            RunError: the file is missing, damaged, or from a newer Inkling.
        """
        from pydantic import ValidationError

        from tui.engine.run_config import FORMAT, RunConfig

        where = printable(self.config_file)
        try:
            values = tomllib.loads(self.config_file.read_text("utf-8"))
        except OSError as error:
            raise RunError(
                f"There is no run to read at {where}: {printable(error.strerror)}."
            ) from None
        except (ValueError, RecursionError):
            raise RunError(f"{where} is damaged: it is not TOML.") from None
        if isinstance(values.get("format"), int) and values["format"] > FORMAT:
            raise RunError(f"{where} was written by a newer Inkling; update this one to open it.")
        try:
            return RunConfig.model_validate(values)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            field = ".".join(map(str, problem["loc"]))
            why = printable(problem.get("ctx", {}).get("error", problem["msg"])).rstrip(".")
            raise RunError(f"{where} is damaged: {printable(field)}: {why}.") from None

    def is_live(self) -> bool:
        """Does a worker hold the lock at this moment?"""
        return lock.is_held(self.lock)

    @contextlib.contextmanager
    def locked(self, patience: float = 1.0) -> Iterator[lock.LeaveWord]:
        """Hold the run as its one worker; what it hands over leaves a word for readers (`note`).

        Raises:
            RunError: another worker holds it, or readers keep it for `patience` seconds.
        """
        with contextlib.ExitStack() as stack:
            try:
                leave_word = stack.enter_context(lock.hold(self.lock, patience))
            except BlockingIOError:
                raise RunError(f"Run {printable(self.name)} has a worker already.") from None
            # Of a copied run it would lead to the other's worker.
            with contextlib.suppress(OSError):
                self.control.unlink()
            yield leave_word

    def note(self) -> WorkerNote | None:
        """What the worker wrote into its lock; whether it lives, `is_live` says."""
        return lock.read_note(self.lock)

    def discard(self) -> None:
        """Take away a run that never began, unless its worker left words in its log: what
        was not foreseen is worth reading."""
        with contextlib.suppress(OSError):
            if self.worker_log.stat().st_size:
                return
        shutil.rmtree(self.path, ignore_errors=True)


def _unused(runs_dir: Path, name: str) -> Path:
    for number in range(1, 1000):
        path = runs_dir / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(errno.EEXIST, "too many runs were started in this second", name)


def without_day(name: str) -> str:
    """The name of a run without the day, which most of those that are compared share."""
    day, _, rest = name.partition("-")
    return rest if rest and len(day) == 8 and day.isdigit() else name


def private(path: str, flags: int) -> int:
    """An `opener`: what a run's files say is for their owner only, wherever they are moved to."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def run_directories(runs_dir: Path) -> list[RunDirectory]:
    """Every directory that holds a run, in no order; none where there is no such place."""
    try:
        # os.path, which answers False for a run that may not be looked into.
        return [
            RunDirectory(path)
            for path in runs_dir.iterdir()
            if os.path.isfile(path / "config.toml")  # noqa: PTH113
        ]
    except OSError:
        return []


def find_run(runs_dir: Path, name: str) -> RunDirectory:
    """The run of this name, the only one that begins with it, or the `latest`.

    Raises:
        RunError: there is none, or more than one.
    """
    where = printable(runs_dir)
    names = sorted(run.name for run in run_directories(runs_dir))
    if not names:
        raise RunError(f"There are no runs in {where}; inkling starts one.")
    if name == "latest":
        newest = max(names, key=lambda n: _modified(runs_dir / n / "config.toml"))
        return RunDirectory(runs_dir / newest)
    found = [n for n in names if n == name] or [n for n in names if n.startswith(name)]
    if len(found) == 1:
        return RunDirectory(runs_dir / found[0])
    several = "More than one run begins" if found else "No run begins"
    raise RunError(f"{several} with {ascii(name)[:80]} in {where}.")


def _modified(path: Path) -> float:
    """When a file was last written; a run that has just been taken away is the oldest of all."""
    try:
        return path.stat().st_mtime
    except OSError:
        return -math.inf
