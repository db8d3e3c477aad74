"""What a person has made of the app's looks and keys, kept for the next time.

One small TOML file in the user's configuration directory. A file that cannot be read never stops a
start: what is usual holds then, and the file is laid aside, not overwritten.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from nn.atomic import replacing
from tui.engine.chart_view import ChartView
from tui.engine.text import printable

LARGEST = 1 << 20
"""Bytes; no file of settings has as many."""


@dataclass(frozen=True)
class Settings:
    """Everything that is kept. `keys` gives commands, by their ids, keys of the user's own."""

    theme: str = ""
    pane: str = "digits"
    hidden: frozenset[str] = frozenset()
    chart: ChartView = field(default_factory=ChartView)
    keys: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_file(cls, values: Mapping[str, object]) -> Settings:
        """What a file has to say; what is not known here may be so to a later version.

        Raises:
            ValueError: a value is of another kind than it should be, with its name.
        """
        hidden, keys = values.get("hidden", []), values.get("keys", {})
        if not isinstance(hidden, list):
            raise ValueError("hidden: must be a list of names")
        if not isinstance(keys, dict):
            raise ValueError("keys: must be a table")
        chart = values.get("chart", {})
        if not isinstance(chart, dict):
            raise ValueError("chart: must be a table")
        known = {its.name for its in fields(ChartView)}
        return cls(
            theme=_text("theme", values.get("theme", cls.theme)),
            pane=_text("pane", values.get("pane", cls.pane)),
            hidden=frozenset(_text("hidden", name) for name in hidden),
            chart=ChartView(**{name: value for name, value in chart.items() if name in known}),
            keys={name: _text(f"keys.{name}", key) for name, key in keys.items()},
        )

    def to_file(self) -> dict[str, object]:
        """What is not as usual, as TOML has it."""
        usual = Settings()
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        kept["hidden"] = sorted(self.hidden)
        kept["keys"] = dict(self.keys)
        kept["chart"] = {
            k: v for k, v in asdict(self.chart).items() if v != getattr(usual.chart, k)
        }
        return {k: v for k, v in kept.items() if v and v != getattr(usual, k)}


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: must be a text, in quotes")
    return value


class SettingsFile:
    """The file, and what was found in it.

    Attributes:
        settings: as they were last read or kept.
        complaint: a sentence, if the file would not do; empty if it did, or if there was none.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings_path()
        self.complaint = ""
        self.settings = self._read()

    def _read(self) -> Settings:
        try:
            with open(self.path, "rb") as file:
                text = file.read(LARGEST)
            return Settings.from_file(tomllib.loads(text.decode("utf-8")))
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError, RecursionError) as error:
            why = error.strerror or "" if isinstance(error, OSError) else str(error)
        aside = self._lay_aside()
        self.complaint = (
            f"The settings in {printable(self.path)} cannot be used ({printable(why, 200)}); "
            f"the usual ones hold{aside}."
        )
        return Settings()

    def _lay_aside(self) -> str:
        """Keep a file that will not do, under another name; says where."""
        aside = self.path.with_name(f"{self.path.name}.broken")
        try:
            self.path.replace(aside)
        except OSError:
            return ""
        return f", and the file is {printable(aside.name)} now"

    def keep(self, settings: Settings) -> None:
        """Write them, unless that is what stands there; settings that cannot be written are no
        reason to trouble anybody.

        Raises:
            OSError: they could not be written; the file is as it was.
        """
        if settings == self.settings:
            return
        import tomli_w

        values = settings.to_file()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(self.path, durable=False) as file:
            tomli_w.dump(values, file)
        self.settings = settings


def settings_path() -> Path:
    """`settings.toml` in the user's configuration directory."""
    import platformdirs

    return Path(platformdirs.user_config_path("inkling")) / "settings.toml"
