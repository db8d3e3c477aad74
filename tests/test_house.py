"""The house in order: who may import whom, nothing too large, every command reachable."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from nn.specs import SPECS
from tui.commands import COMMANDS, ROOM_TITLES, RoomName, commands_in

HOUSE = Path(__file__).parents[1]
MODULES = sorted((*HOUSE.glob("nn/**/*.py"), *HOUSE.glob("tui/**/*.py")))
LONGEST = 350
SHELL = {
    f"tui/{name}.py"
    for name in (
        "cli",
        "web",
        "command_line",
        "headless",
        "run_commands",
        "error_commands",
        "streams",
        "tuning_commands",
    )
}


def where(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def test_there_is_a_house() -> None:
    assert len(MODULES) > 30


def test_the_arrows_point_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b0 broken", done.stdout)
    kept = re.search(r"Contracts: (\d+) kept", done.stdout)
    assert kept is not None
    assert int(kept[1]) >= 3


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    words = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert words, "a module without a docstring"
    first = words.splitlines()[0]
    assert len(first) > 10, first


@pytest.mark.parametrize("package", ["nn", "tui/engine"])
def test_a_table_of_contents_has_every_room(package: str) -> None:
    words = ast.get_docstring(ast.parse((HOUSE / package / "__init__.py").read_text("utf-8"))) or ""
    rooms = {path.stem for path in (HOUSE / package).iterdir() if not path.name.startswith("__")}
    assert {room for room in rooms if f"`{room}`" not in words} == set()


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_no_module_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_no_module_prints_but_the_shell_s_own(path: Path) -> None:
    """What the engine printed would end up in the middle of somebody's screen."""
    if where(path) in SHELL:
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if is_print(node)]
    assert calls == []


def is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"


@pytest.mark.parametrize("attribute", ["id", "label"])
def test_commands_have_names_of_their_own(attribute: str) -> None:
    for room in ROOM_TITLES:
        names = Counter((getattr(c, attribute), c.action) for c in commands_in(room))
        assert names.most_common(1)[0][1] == 1, room
    ids = Counter(command.id for command in COMMANDS)
    assert ids.most_common(1)[0][1] == 1


@pytest.mark.parametrize("room", ROOM_TITLES)
def test_a_key_does_one_thing(room: RoomName) -> None:
    """The app's keys work on every screen, so a screen must not use them for something else."""
    rows = [command for command in COMMANDS if command.room in (room, "app")]
    keys = Counter(key.strip() for command in rows for key in command.key.split(","))
    assert keys.most_common(1)[0][1] == 1, keys.most_common(3)


def test_every_command_explains_itself() -> None:
    for command in COMMANDS:
        assert command.label
        assert len(command.help) > 10
        assert command.action.split("(")[0].isidentifier()


def test_every_action_exists() -> None:
    from tui.app import InklingApp
    from tui.screens.backprop import BackpropScreen
    from tui.screens.draw import DrawScreen
    from tui.screens.errors import ErrorsScreen
    from tui.screens.look import LookScreen
    from tui.screens.runs import RunsScreen
    from tui.screens.train import TrainScreen

    rooms = {
        "app": InklingApp, "train": TrainScreen, "errors": ErrorsScreen, "draw": DrawScreen,
        "look": LookScreen,
        "runs": RunsScreen, "backprop": BackpropScreen,
    }  # fmt: skip
    for command in COMMANDS:
        name = command.action.split("(")[0]
        assert hasattr(rooms[command.room], f"action_{name}"), command.id


def test_the_command_is_installed() -> None:
    (found,) = [e for e in entry_points(group="console_scripts") if e.name == "inkling"]
    assert found.value == "tui.cli:main"


def test_the_readme_knows_every_hyperparameter() -> None:
    """A table made from the one definition, between two comments named hyperparameters."""
    readme = HOUSE / "README.md"
    text = readme.read_text("utf-8") if readme.exists() else ""
    marked = re.search(r"<!--[^>]*hyperparameters[^>]*-->(.*?)<!--", text, re.DOTALL)
    if marked is None:
        pytest.skip("README.md has no table of hyperparameters yet")
    rows = [line for line in marked[1].splitlines() if line.startswith("|")]
    for spec in SPECS.values():
        assert any(f"`{spec.option}" in row for row in rows), f"{spec.option} is not in the table"
