"""The README's Learn page, followed to the letter by somebody with a small terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pilots import SIZES, opened, text, wait_for

README = Path(__file__).parents[2] / "README.md"


def lines_of_the_page() -> list[tuple[list[str], str]]:
    """The keys of each line, and what is to be on the screen after them."""
    page = re.search(r"<!-- learn:[^\n]*\n(.*?)<!-- end -->", README.read_text("utf-8"), re.DOTALL)
    assert page is not None
    rows = [row.strip("|").split(" | ") for row in page[1].splitlines()[2:]]
    return [
        (re.findall(r"`([^`]+)`", row[0]), re.findall(r"`([^`]+)`", row[-1])[0]) for row in rows
    ]


def test_the_page_leads_through_everything() -> None:
    keys = [key for pressed, _ in lines_of_the_page() for key in pressed]
    assert {"6", "space", "c", "G", "a", "z"} <= set(keys)
    assert len(lines_of_the_page()) > 10


@pytest.mark.parametrize("size", SIZES[:2])
async def test_who_follows_the_page_sees_what_it_says(runs: Path, size: tuple[int, int]) -> None:
    async with opened(runs, size) as (app, pilot):
        for keys, words in lines_of_the_page():
            for key in keys:
                await pilot.press(key)
            try:
                await wait_for(pilot, lambda w=words: w in text(app), f"{keys}: {words}", 60)
            except AssertionError as late:
                raise AssertionError(f"{late}; instead:\n{text(app)}") from None
