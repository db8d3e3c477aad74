"""What a data set may be called: accepted, refused with a sentence, made absolute, made short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.sources import (
    DATASET_FORMS,
    DATASET_NAMES,
    DATASET_STARTS,
    LONGEST_LABEL,
    SOURCE_KINDS,
    absolute_dataset,
    check_dataset,
    dataset_label,
    dataset_slug,
    source_of,
)

any_text = st.text(max_size=80) | st.builds(
    "{}:{}".format, st.sampled_from([*SOURCE_KINDS]), st.text(max_size=300)
)


@pytest.mark.parametrize(
    "text",
    [*DATASET_NAMES, "idx:/a b", "npz:~/x.npz", "csv:a:b.csv", "images:数字", "openml:mnist_784"],
)
def test_good_texts(text: str) -> None:
    assert check_dataset(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cats", "must be one of digits, mnist, fashion-mnist, idx:DIR"),
        ("MNIST", "must be one of"),
        ("", "must be one of"),
        ("tar:x", "must be one of"),
        ("csv:", "needs a FILE after the colon, as in csv:"),
        ("images:  ", "needs a DIR after the colon"),
        ("openml:", "needs a NAME after the colon"),
        ("npz:a\0b", "control characters"),
        ("npz:a\x1b[2J", "control characters"),
        ("npz:\udcff", "UTF-8"),
        ("csv:" + "x" * 5000, "4096 characters at most"),
        ("openml:../../evil", "name or the number"),
        ("openml:a/b", "name or the number"),
        ("openml:a?b=c", "name or the number"),
        ("openml:" + "x" * 200, "name or the number"),
    ],
)
def test_bad_texts(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        check_dataset(text)
    assert says in str(caught.value)


@given(any_text)
def test_what_is_accepted_has_a_source_and_stays_as_it_is(text: str) -> None:
    try:
        good = check_dataset(text)
    except ValueError as error:
        assert str(error).isprintable()
        return
    assert check_dataset(good) == good
    assert good in DATASET_NAMES or source_of(good) is not None
    assert good.encode()


def test_the_forms_and_the_beginnings_are_of_one_kind() -> None:
    assert [form.partition(":")[0] for form in DATASET_FORMS] == [
        start.rstrip(":") for start in DATASET_STARTS
    ]


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert absolute_dataset("csv:a/b.csv") == f"csv:{tmp_path}/a/b.csv"
    assert absolute_dataset("images:~/letters") == f"images:{tmp_path}/home/letters"
    assert (
        absolute_dataset("idx:~nobody-of-this-name/x") == f"idx:{tmp_path}/~nobody-of-this-name/x"
    )
    assert absolute_dataset("npz:/x.npz") == "npz:/x.npz"
    for unchanged in ("mnist", "openml:mnist_784"):
        assert absolute_dataset(unchanged) == unchanged


@given(any_text)
def test_a_label_is_short_and_printable_and_a_slug_is_a_file_name(text: str) -> None:
    label = dataset_label(text)
    assert label.isprintable()
    assert len(label) <= LONGEST_LABEL
    slug = dataset_slug(text)
    assert 0 < len(slug) <= 32
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_label_keeps_the_end_of_a_path() -> None:
    label = dataset_label("images:/home/somebody/with/a/long/way/to/the/handwriting")
    assert label.startswith("images:...")
    assert label.endswith("/to/the/handwriting")
    assert dataset_label("mnist") == "mnist"
    assert dataset_slug("images:/home/somebody/My letters/") == "images-my-letters"
    assert dataset_slug("fashion-mnist") == "fashion-mnist"


def test_the_readme_shows_an_example_of_each() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    section = readme.partition("## Data sets")[2].partition("\n## ")[0]
    shown = re.findall(r"--dataset (\S+)", section)
    kinds = [check_dataset(text).partition(":")[0] for text in shown]
    assert list(dict.fromkeys(kinds)) == [*SOURCE_KINDS]
    for kind, source in SOURCE_KINDS.items():
        assert check_dataset(source.example).startswith(f"{kind}:")
