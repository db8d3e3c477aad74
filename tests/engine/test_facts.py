"""Facts survive the journal; whatever else stands in it is no fact, and no exception."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.events import Diverged, HyperparameterChanged
from nn.health import Kind
from nn.hyperparameters import Value
from tui.engine.facts import ENDINGS, Entry, Fact, Failed, Paused, decode, encode, event_name
from tui.engine.log_lines import line as log_line

INTS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SIZES = st.lists(INTS).map(tuple)
OF_TYPE = {
    int: INTS,
    float: FLOATS,
    str: st.text(),
    bool: st.booleans(),
    int | None: st.none() | INTS,
    float | None: st.none() | FLOATS,
    tuple[int, ...]: SIZES,
    Kind: st.sampled_from(get_args(Kind)),
    Value: st.one_of(st.text(), INTS, FLOATS, SIZES),
}
TIMES = st.floats(0, 4e9)


def facts(kind: type) -> st.SearchStrategy[Fact]:
    """Facts of one class; only a diverged loss may be no number."""
    fields = {name: OF_TYPE[hint] for name, hint in get_type_hints(kind).items()}
    return st.builds(kind, **fields | ({"loss": st.floats()} if "loss" in fields else {}))


FACTS = st.one_of(*map(facts, get_args(Fact)))


@given(FACTS, TIMES)
def test_every_fact_comes_back_as_it_was(fact: Fact, time: float) -> None:
    line = encode(Entry(time, fact))
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    back = decode(line)
    assert back is not None
    assert back.time == round(time, 3)
    if isinstance(fact, Diverged) and not math.isfinite(fact.loss):
        assert b'"loss": null' in line
        assert isinstance(back.fact, Diverged)
        assert math.isnan(back.fact.loss)
        assert replace(back.fact, loss=0.0) == replace(fact, loss=0.0)
    else:
        assert back.fact == fact
        assert type(back.fact) is type(fact)


@given(FACTS)
def test_a_line_is_strict_json_named_after_its_class(fact: Fact) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    values = json.loads(encode(Entry(1.0, fact)), parse_constant=refuse)
    assert values["event"] == event_name(type(fact))
    assert list(values)[:2] == ["event", "time"]


@given(FACTS, st.data())
def test_a_line_that_was_cut_short_is_no_fact(fact: Fact, data: st.DataObject) -> None:
    line = encode(Entry(1.0, fact))
    assert decode(line[: data.draw(st.integers(0, len(line) - 2))]) is None


@given(st.binary())
def test_garbage_is_no_fact(line: bytes) -> None:
    assert decode(line) is None


PAUSED = '{"event": "paused", "time": 1, "step": 1, "who": ""}'


def test_the_line_that_the_next_test_spoils_is_a_fact() -> None:
    assert decode(PAUSED.encode()) == Entry(1.0, Paused(1, ""))


@pytest.mark.parametrize(
    "line",
    [
        PAUSED.replace("paused", "levitated"),
        PAUSED.replace('"paused"', "7"),
        PAUSED.replace('"paused"', "[]"),
        PAUSED.replace('"step": 1, ', ""),
        PAUSED.replace('"step": 1', '"step": "many"'),
        PAUSED.replace('"step": 1', '"step": 1.5'),
        PAUSED.replace('"step": 1', f'"step": {2**63}'),
        PAUSED.replace('"step": 1', f'"step": {-(10**30)}'),
        PAUSED.replace('"time": 1', '"time": null'),
        PAUSED.replace('"time": 1', '"time": NaN'),
        PAUSED.replace('"time": 1', '"time": Infinity'),
        PAUSED.replace('"time": 1', '"time": -1'),
        PAUSED.replace('"time": 1', f'"time": 1{"0" * 400}'),
        PAUSED.replace('"time": 1', f'"time": 1{"0" * 9000}'),
        PAUSED.replace('"time": 1', '"time": 1e300'),
        PAUSED.replace('"time": 1, ', ""),
        PAUSED.replace('"who": ""', '"who": {}'),
        PAUSED + PAUSED,
        "[" * 100_000,
        '{"event":' * 100_000,
        "null",
        "[]",
        '""',
        "",
    ],
    ids=range(24),
)
def test_what_only_resembles_a_fact_is_none(line: str) -> None:
    assert decode(line.encode()) is None


def test_a_newer_version_may_say_more() -> None:
    more = PAUSED.replace('"step"', '"mood": "sleepy", "step"')
    assert decode(more.encode()) == Entry(1.0, Paused(1, ""))


@given(FACTS, TIMES)
def test_every_fact_has_one_harmless_line_for_the_log(fact: Fact, time: float) -> None:
    words = log_line(Entry(time, fact))
    assert words.isprintable()
    assert len(words) < 500


def test_escape_sequences_do_not_reach_the_log() -> None:
    for fact in (
        Failed("\x1b[31mred\x9b2J", ""),
        Paused(1, "\x1b]0;title\x07"),
        HyperparameterChanged("\x1b[2J", "\x1b[2J", "\x1b[2J", 1),
    ):
        assert log_line(Entry(1.0, fact)).isprintable()


def test_a_run_ends_in_one_of_four_ways() -> None:
    assert {event_name(kind) for kind in ENDINGS} == {
        "diverged",
        "stopped",
        "failed",
        "run_finished",
    }
