"""What a person has made of the app's looks and keys, kept for the next time.

One small TOML file in the user's configuration directory. A file that cannot be read never stops a
start: what is usual holds then, and the file is laid aside, not overwritten.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nn.atomic import replacing
from tui.engine.chart_view import ChartView
from tui.engine.text import printable

LARGEST = 1 << 20
"""Bytes; no file of settings has as many."""


class Settings(BaseModel):
    """Everything that is kept. `keys` gives commands, by their ids, keys of the user's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    theme: str = ""
    pane: str = "digits"
    hidden: frozenset[str] = frozenset()
    chart: ChartView = ChartView()
    keys: dict[str, Annotated[str, Field(min_length=1)]] = {}


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
            return Settings.model_validate(tomllib.loads(text.decode("utf-8")))
        except FileNotFoundError:
            return Settings()
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(map(str, problem["loc"]))
            why = f"{where}: {problem['msg']}"
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
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

        values = settings.model_dump(mode="json", exclude_defaults=True)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(self.path, durable=False) as file:
            tomli_w.dump(values, file)
        self.settings = settings


def settings_path() -> Path:
    """`settings.toml` in the user's configuration directory."""
    import platformdirs

    return Path(platformdirs.user_config_path("inkling")) / "settings.toml"
