"""`--help`: complete, quick, and made from the one definition."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

from nn.presets import PRESETS
from nn.specs import SPECS

Inkling = Callable[..., Any]


@pytest.mark.parametrize("command", [[], ["train"]])
def test_every_hyperparameter_is_there_with_its_bounds(
    command: list[str], inkling: Inkling
) -> None:
    done = inkling(*command, "--help", COLUMNS="200")
    assert done.status == 0
    assert done.err == ""
    for spec in SPECS.values():
        assert f"{spec.option} {spec.name.upper()}" in done.out
        assert spec.help in done.out
        assert spec.bounds in done.out
        for choice in spec.choices:
            assert choice in done.out
    for preset in PRESETS:
        assert preset in done.out
    for option in ("--runs-dir", "--data-dir", "--preset"):
        assert option in done.out


@pytest.mark.parametrize("command", [[], ["train"]])
def test_the_hyperparameters_stand_in_their_groups(command: list[str], inkling: Inkling) -> None:
    told = inkling(*command, "--help", COLUMNS="200").out
    for group in dict.fromkeys(spec.group for spec in SPECS.values()):
        block = told.split(f"\n{group}:\n")[1].split("\n\n")[0]
        said = [line.split()[0] for line in block.splitlines() if line.startswith("  --")]
        assert said == [spec.option for spec in SPECS.values() if spec.group == group]


@pytest.mark.parametrize("command", ["train", "attach"])
def test_the_usage_names_the_command_and_no_thirty_options(command: str, inkling: Inkling) -> None:
    told = inkling(command, "--help").out
    assert told.startswith(f"usage: inkling {command} [")
    assert len(told.split("\n\n")[0].splitlines()) <= 2


def test_the_other_options(inkling: Inkling) -> None:
    assert "--json" in inkling("train", "--help").out
    assert "--ascii" in inkling("--help").out
    assert "latest" in inkling("attach", "--help").out
    for command in ("train", "attach"):
        assert command in inkling("--help").out


def test_the_version(inkling: Inkling) -> None:
    done = inkling("--version")
    assert (done.status, done.out) == (0, f"inkling {version('inkling-tui')}\n")


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--levitate"]])
def test_help_does_not_wait_for_what_it_does_not_need(arguments: list[str]) -> None:
    script = f"""
import sys
from tui.cli import main
try:
    main({arguments})
except SystemExit:
    pass
slow = {{"numpy", "pydantic", "textual", "rich", "plotext", "sklearn", "pooch", "asyncio", "email",
         "multiprocessing"}}
print("slow:", sorted(slow & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.endswith("slow: []\n")


def test_the_module_may_be_run_without_the_command() -> None:
    """Its own errors are still its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "needs a terminal" in done.stderr
