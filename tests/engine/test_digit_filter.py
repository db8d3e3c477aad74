"""The filter line: what is understood, what is matched, and what is said of the rest."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mistakes_made import make_mistakes

from nn.data import DATASETS
from tui.engine.digit_filter import (
    EXAMPLES,
    LONGEST,
    FilterError,
    class_word,
    of_cell,
    parse,
)
from tui.engine.digit_query import FLAGS, NUMBERS, Query, matches, select
from tui.engine.mistakes import Mistakes

DIGITS = tuple("0123456789")
GARMENTS = DATASETS["fashion-mnist"].class_names
ODD = ("-", '"', 'a "b" c', "", "#1", "true:4", " x", "é ß", "a", "A", "same", "same", "0>1")
MISTAKES = make_mistakes(400, doubtful=(3, 5))


def found(text: str, mistakes: Mistakes = MISTAKES, threshold: float = 0.5) -> list[int]:
    query = parse(text, mistakes.predictions.class_names)
    return np.flatnonzero(matches(query, mistakes, threshold)).tolist()


def where(flags: np.ndarray) -> list[int]:
    return np.flatnonzero(flags).tolist()


def test_each_word_means_what_it_says() -> None:
    p, history = MISTAKES.predictions, MISTAKES.history
    assert history is not None
    wrong = p.predicted != p.labels
    assert found("") == list(range(400))
    assert found("true:4") == where(p.labels == 4)
    assert found("pred:9") == where(p.predicted == 9)
    assert found("wrong") == where(wrong)
    assert found("right") == found("-wrong") == where(~wrong)
    assert found("conf>0.9") == found("conf>90%") == where(p.confidence > 0.9)
    assert found("loss>=2") == where(MISTAKES.losses >= 2)
    assert found("margin<0.1") == where(MISTAKES.margins < 0.1)
    assert found("never") == where(history.never_right)
    assert found("broken") == where(history.broken)
    assert found("fixed") == where(history.fixed)
    assert found("forgotten=1") == where(history.forgotten == 1)
    assert found("learnt<=2") == where((history.learnt >= 0) & (history.learnt <= 2))
    assert found("-learnt>2") == where(~(history.learnt > 2))
    assert found("label?") == [3, 5]
    assert found("unsure") == where(p.confidence < 0.5)
    assert found("unsure", threshold=0.7) == where(p.confidence < 0.7)
    assert found("id:47") == [47]
    for text in ("wrong", "never", "broken", "conf>0.5", "id:47", "true:4", "label?"):
        assert found(text), f"{text} is tried on something"


def test_words_must_all_hold_but_the_same_field_twice_means_either() -> None:
    p = MISTAKES.predictions
    both = (p.labels == 4) & (p.predicted == 9) & (p.confidence > 0.2)
    assert found("true:4 pred:9 conf>0.2") == where(both)
    assert found("true:4 true:9 wrong") == where(np.isin(p.labels, [4, 9]) & MISTAKES.wrong)
    assert found("-true:4 -true:9") == where(~np.isin(p.labels, [4, 9]))
    assert found("id:3 id:5 id:9999") == [3, 5]
    assert found("id:3 id:5 -id:3") == [5]
    assert found("loss>1 loss<2") == where((MISTAKES.losses > 1) & (MISTAKES.losses < 2))
    assert found("right wrong") == []
    assert found("id:400") == []


def test_case_does_not_matter() -> None:
    assert found("WRONG Conf>0.9 TRUE:4") == found("wrong conf>0.9 true:4")


def test_a_query_is_a_value() -> None:
    assert parse(" wrong  true:4 ", DIGITS).terms == parse("wrong true:4", DIGITS).terms
    assert hash(parse("wrong", DIGITS)) == hash(parse("wrong", DIGITS))
    assert parse("   ", DIGITS) == Query()


def test_the_digits_are_selected_in_their_order() -> None:
    query = parse("wrong", DIGITS)
    chosen = select(query, MISTAKES, "loss")
    assert sorted(chosen) == found("wrong")
    assert (np.diff(MISTAKES.losses[chosen]) <= 0).all()
    assert select(Query(), MISTAKES, "margin") is MISTAKES.order("margin")


def test_without_a_history_nobody_was_fixed_and_who_is_wrong_was_never_right() -> None:
    alone = Mistakes(MISTAKES.predictions)
    assert found("fixed", alone) == found("broken", alone) == []
    assert found("learnt>=0", alone) == found("forgotten>0", alone) == []
    assert found("never", alone) == found("wrong", alone)


def test_names_in_quotes_and_by_number() -> None:
    mistakes = make_mistakes(classes=10, names=GARMENTS)
    first = where(mistakes.predictions.labels == 0)
    assert found('true:"T-shirt/top"', mistakes) == first
    for text in ("true:T-shirt/top", "true:t-SHIRT/TOP", "true:#0", 'true:"t-shirt/top"'):
        assert found(text, mistakes) == first
    assert found('pred:"Ankle boot"', mistakes) == where(mistakes.predictions.predicted == 9)


@pytest.mark.parametrize("names", [DIGITS, GARMENTS, ODD])
@pytest.mark.parametrize("field", ["true", "pred"])
def test_the_word_for_a_class_asks_for_it(names: tuple[str, ...], field: str) -> None:
    for k in range(len(names)):
        (term,) = parse(class_word(field, k, names), names).terms
        assert term.classes == {k}


def test_two_classes_of_one_name_are_both_meant_by_it() -> None:
    (term,) = parse("true:same", ODD).terms
    assert term.classes == {10, 11}
    (exact,) = parse("true:A", ODD).terms
    assert exact.classes == {9}


@given(st.lists(st.text(min_size=0, max_size=12), min_size=2, max_size=8), st.data())
def test_the_line_for_a_cell_asks_for_the_cell(names: list[str], data: st.DataObject) -> None:
    places = st.integers(0, len(names) - 1)
    true, predicted = data.draw(places), data.draw(places)
    first, second = parse(of_cell(tuple(names), true, predicted), names).terms
    assert (first.classes, second.classes) == ({true}, {predicted})


def test_a_row_or_a_column() -> None:
    assert of_cell(DIGITS, 4, None) == "true:4"
    assert of_cell(DIGITS, None, 9) == "pred:9"
    assert of_cell(DIGITS, None, None) == ""


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*EXAMPLES.split(), '"', "-", ":", ">"])).map("".join)
)
def test_whatever_is_written_is_understood_or_told_in_a_sentence(text: str) -> None:
    try:
        query = parse(text, DIGITS)
    except FilterError as error:
        assert str(error).isprintable()
        assert str(error).endswith(".")
        assert text[error.start :].startswith(error.word)
    else:
        assert matches(query, MISTAKES).shape == (400,)


@given(st.lists(st.sampled_from(["-wrong", "unsure", *EXAMPLES.split()]), max_size=6))
def test_the_order_of_words_does_not_matter(words: list[str]) -> None:
    assert found(" ".join(words)) == found(" ".join(sorted(words)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tru:4", "words are true:, pred:, wrong"),
        ("true", "true needs a class, as in true:4"),
        ("true:", "the classes are 0, 1, 2"),
        ("true:x", "the classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        ("true:#10", "the classes are"),
        ('true:"4', "a quote that is opened must be closed"),
        ('"', "a quote that is opened must be closed"),
        ("conf", "conf is compared with a number, as in conf>0.9"),
        ("conf>", "> needs a number after it, as in conf>0.9"),
        ("conf>much", "needs a number"),
        ("conf>nan", "needs a number"),
        ("loss<1_0", "needs a number"),
        ("loss<inf", "needs a number"),
        ("conf:0.9", "conf is compared with a number"),
        ("id:", "id: needs the number of a test digit"),
        ("id:-1", "id: needs the number"),
        ("id:" + "9" * 40, "id: needs the number"),
        ("id", "id needs a number, as in id:947"),
        ("-", "words are"),
        ("wrong \x1b[31m", "words are"),
        ("x" * (LONGEST + 1), f"at most {LONGEST} characters"),
    ],
)
def test_what_is_not_understood_is_named_with_what_there_is(text: str, says: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(text, DIGITS)
    assert says in str(error.value)
    assert str(error.value).isprintable()
    assert "\x1b" not in str(error.value)


def test_of_many_classes_a_few_are_named() -> None:
    names = tuple(f"class {k}" for k in range(256))
    with pytest.raises(FilterError, match="and 246 more"):
        parse("true:nobody", names)


def test_the_examples_are_examples_of_every_kind() -> None:
    assert parse(EXAMPLES, DIGITS).terms
    for name in FLAGS:
        assert name in EXAMPLES.split()
    for name in ("conf", "loss", "margin"):
        assert name in NUMBERS
        assert name in EXAMPLES


def test_100_000_digits_are_filtered_in_a_moment() -> None:
    mistakes = make_mistakes(100_000)
    query = parse("true:4 wrong conf>0.3 -never loss<5", DIGITS)
    select(query, mistakes)
    began = time.process_time()
    assert len(select(query, mistakes))
    # Half a millisecond on an idle machine.
    assert time.process_time() - began < 0.05
