"""No sentence spells a key that somebody may have given to something else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pilots import QuietSession, lines, opened, text, wait_for
from run_states import DIED, DIVERGED, STARTED, made, trained
from textual.widgets import Static

import tui
from nn.health import Alert
from tui.commands import COMMANDS
from tui.commands.keymap import with_keys
from tui.engine.client import CommandRefused
from tui.engine.facts import Failed, Paused, Preparing
from tui.engine.looking import Looker
from tui.engine.newest_network import NewestNetwork
from tui.engine.reading import Reader
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.scene import Wish
from tui.engine.text import PLACE, WithKeys, literal, sentence_of
from tui.settings import SettingsFile
from tui.widgets.explain import Explain

VERBS = (
    "asks|begins|brings|changes|checks|chooses|compares|draws|ends|explains|folds|goes|leaves|lets|"
    "lists|makes|marks|opens|puts|says|shows|smooths|starts|stops|switches|takes|tells|undoes|"
    "widens|would"
)
USUAL = sorted({re.escape(command.key_name) for command in COMMANDS} - {"0"}, key=len)
LETTER = "|".join(key for key in USUAL if len(key) <= 2)
NAME = "|".join(key for key in USUAL if len(key) > 2 and key not in ("enter", "delete"))
SPELT = re.compile(
    rf"\b(?i:{NAME})\b(?! or a quote)"
    rf"|(?:^|[\s(:;,.])(?:{LETTER}) (?:{VERBS})\b"
    rf"|(?:^|\s)(?:{LETTER}): [a-z]"
    rf"|(?<!\w)\((?:{LETTER})\)"
)
"""A key with a name; one that does something, or is said in passing."""

OF_A_DIALOG = re.compile(r"esc(?:\[/\])? (?:leaves(?: it)?|ends it|does not)")
"""These keys have no command and are always the same."""


def trees() -> Iterator[tuple[str, list[ast.AST]]]:
    """The name of every file of the app's, and all that it says."""
    for path in Path(tui.__file__).parent.rglob("*.py"):
        yield path.name, list(ast.walk(ast.parse(path.read_text("utf-8"))))


def sentences() -> Iterator[tuple[str, str]]:
    """Every text of more than a word in the app's sources, documents apart, and where it is."""
    for name, nodes in trees():
        documents = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            words = node.value if isinstance(node, ast.Constant) else None
            if isinstance(words, str) and " " in words.strip() and id(node) not in documents:
                yield words, f"{name}:{getattr(node, 'lineno', 0)}"


def test_no_sentence_spells_a_key_and_every_command_named_is_one() -> None:
    for spelt in ("back; esc stops it", "r goes on", "a: rate 0.1", "a few (m) show", "Esc widens"):
        assert SPELT.search(spelt)
    ids = {command.id for command in COMMANDS}
    named = set()
    for sentence, where in sentences():
        found = SPELT.search(OF_A_DIALOG.sub("", sentence))
        assert found is None, f"{where}: {found}"
        here = {place[2] for place in PLACE.finditer(sentence)}
        assert here <= ids, where
        named |= here
    assert len(named) > 25


def test_what_comes_from_outside_names_no_key() -> None:
    for name in ("<run.toggle>", "<<run.toggle>", "<run.toggle", "<no.command>", "[b]<", "<<>>"):
        sentence = f"Run {literal(name)} is over; <run.toggle> starts one."
        assert with_keys(sentence, COMMANDS, {}) == f"Run {name} is over; space starts one."
    for fact in (Failed("No <run.toggle>.", ""), Preparing("<run.toggle>", 0, 0)):
        sentence = made(fact).status.sentence
        assert with_keys(sentence, COMMANDS, {}).startswith(("No <run.toggle>.", "<run.toggle>"))
    said = "\n".join(made(STARTED, Paused(4, "<run.toggle>")).book.lines)
    assert "<run.toggle>" in with_keys(said, COMMANDS, {})


def test_an_error_names_a_key_only_where_all_of_it_is_our_own(tmp_path: Path) -> None:
    ours, theirs = CommandRefused(WithKeys("<run.toggle> starts one.")), RunError("<run.toggle>")
    assert with_keys(sentence_of(ours), COMMANDS, {}) == "space starts one."
    assert with_keys(sentence_of(theirs), COMMANDS, {}) == "<run.toggle>"
    assert sentence_of(MemoryError()) == ""
    run = RunDirectory(tmp_path / "<run.toggle>")
    (*_, scene), reader = Looker(NewestNetwork(run)).ask(Wish()), Reader(run)
    assert reader.look()
    reading = reader.read(np.zeros((8, 8), np.uint8), centring=False)
    for sentence in (scene.sentence, reading.sentence):
        assert "<run.toggle>" in with_keys(sentence, COMMANDS, {})
    for name, nodes in trees():
        for node in nodes:
            if isinstance(node, ast.Raise) and PLACE.search(ast.unparse(node)):
                assert "(WithKeys(" in ast.unparse(node), name


OTHERS = {
    "run.take_up": "f2", "health.act": "f3", "chart.scope": "f4", "field.leave": "f5",
    "look.switch": "f6", "look.explain": "f7", "draw.centring": "f8", "app.help": "f9",
    "run.toggle": "f10", "form.next_group": "f11",
}  # fmt: skip


async def test_what_is_said_names_the_keys_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("\n".join(["[keys]", *(f'"{name}" = "{key}"' for name, key in OTHERS.items())]))
    file = SettingsFile(path)
    async with opened(QuietSession(), (120, 40), settings=file) as (app, pilot):

        async def said(*wanted: str) -> None:
            for words in wanted:
                await wait_for(pilot, lambda w=words: w in " ".join(text(app).split()), words)
            assert not PLACE.search(text(app))

        spike = Alert("spike", 300, 7, 3.21, 0.52)
        for state, first, log in (
            (made(STARTED, spike), "f3: learning rate", "f3: learning rate"),
            (made(STARTED, DIVERGED), "f3: back", "f3: fork"),
            (trained(12, DIED), "f2 goes on", "f2 goes on"),
        ):
            app.train.show_state(state)
            await wait_for(pilot, lambda f=first: f in lines(app)[0], first)
            await said(log)
        await pilot.press("f", "f11")
        await said("and f11 go to the others")
        await pilot.press("f5", "f9", "end")
        await said("f5 the way back", "behind f3: what")
        await pilot.press("f9")
        await pilot.press("3")
        await wait_for(pilot, lambda: app.room.NAME == "look")
        await pilot.press("w", "f7")
        words = app.room.query_one(Explain).query_one(Static)
        await wait_for(pilot, lambda: "f6 switches a unit off" in str(words.content))
        await pilot.press("4")
        await said("f8 shows it the drawing as it is", "then f10, trains one")
