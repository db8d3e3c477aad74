"""What is taken home is whole, true, and harmless to the program that opens it."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import numpy as np
import pytest
from mistakes_made import make_mistakes
from PIL import Image, ImageFont

from tui.engine import contact_sheet
from tui.engine.contact_sheet import MOST_PIXELS, Sheet, save_contact_sheet
from tui.engine.exports import harmless, save_csv
from tui.engine.run_directory import RunError

NAMES = ("=1+1", "-2", "a,b", 'q"q', "+cmd|x", "@a", "\x1b[31m", "é", "ok", "-x")


def histories(indices: np.ndarray) -> np.ndarray:
    return np.arange(3 * len(indices), dtype=np.uint8).reshape(3, -1) % 10


def read(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_says_of_each_digit_what_is_known(tmp_path: Path) -> None:
    mistakes = make_mistakes(names=tuple(map(str, range(10))))
    chosen = mistakes.order("loss")[:7]
    rows = histories(chosen)
    save_csv(tmp_path / "out.csv", mistakes, chosen, rows)
    p, found = mistakes.predictions, read(tmp_path / "out.csv")
    assert [int(row["index"]) for row in found] == chosen.tolist()
    assert [int(row["true"]) for row in found] == p.labels[chosen].tolist()
    assert [int(row["predicted"]) for row in found] == p.predicted[chosen].tolist()
    told = [[row[f"p({k})"] for k in range(10)] for row in found]
    assert (np.array(told, np.float32) == p.probabilities[chosen]).all(), "not a bit is lost"
    losses = np.array([row["loss"] for row in found], np.float32)
    assert (losses == mistakes.losses[chosen]).all()
    assert [row["history"] for row in found] == [" ".join(map(str, r)) for r in rows.T.tolist()]


def test_a_class_name_is_no_formula(tmp_path: Path) -> None:
    mistakes = make_mistakes(names=NAMES)
    chosen = np.arange(200)
    save_csv(tmp_path / "out.csv", mistakes, chosen, histories(chosen))
    cells = {row[name] for row in read(tmp_path / "out.csv") for name in ("true", "predicted")}
    assert cells == {"'=1+1", "-2", "a,b", 'q"q', "'+cmd|x", "'@a", "?[31m", "é", "ok", "'-x"}
    assert harmless("-1.5") == "-1.5"
    for cell in (tmp_path / "out.csv").read_text().splitlines()[0].split(","):
        assert not cell.startswith(("=", "+", "-", "@"))


@pytest.mark.filterwarnings("error")
def test_nothing_nan_and_no_history(tmp_path: Path) -> None:
    mistakes = make_mistakes()
    none = np.empty(0, np.intp)
    save_csv(tmp_path / "none.csv", mistakes, none, np.empty((0, 0), np.uint8))
    assert read(tmp_path / "none.csv") == []
    assert save_contact_sheet(tmp_path / "none.png", mistakes, none, "nothing") == 0
    mistakes.predictions.probabilities[3] = np.nan
    save_csv(tmp_path / "nan.csv", mistakes, np.array([3]), np.empty((0, 1), np.uint8))
    (row,) = read(tmp_path / "nan.csv")
    assert row["p(0)"] == "nan"
    assert row["history"] == ""
    assert np.isfinite(float(row["loss"]))
    assert save_contact_sheet(tmp_path / "nan.png", mistakes, np.array([3])) == 1


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (3, 50), (50, 3), (1, 1), (300, 200)])
def test_a_sheet_shows_every_digit_where_its_plan_says(
    tmp_path: Path, shape: tuple[int, int]
) -> None:
    mistakes = make_mistakes(30, shape=shape)
    chosen = mistakes.order("confidence")
    assert save_contact_sheet(tmp_path / "sheet.png", mistakes, chosen, "x" * 500) == 30
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    sheet = Sheet.plan(30, shape)
    assert picture.size == sheet.size
    width, height = sheet.image
    assert max(width, height) <= 128
    for place, index in enumerate(chosen):
        x, y = sheet.corner(place)
        shown = pixels[y : y + height, x : x + width, 0]
        image = mistakes.predictions.images[index]
        if max(shape) <= 128:
            factor = width // shape[1]
            image = np.kron(image, np.ones((factor, factor), int))
            assert np.abs(shown - np.rint(255 * (1 - image / 16))).max() <= 1
        words = pixels[y + height + 1 : y + height + 16, x : x + sheet.cell[0] - 8]
        assert (words < 200).any(), "there is a caption"
        red = (words[..., 0] > words[..., 1] + 60).any()
        assert red == mistakes.wrong[index]


def test_captions_fit_whatever_the_classes_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("T-shirt/top of the very longest kind", "日本語", "\x1b]0;x", *map(str, range(7)))
    mistakes = make_mistakes(40, names=names)
    every = np.arange(40)
    for font in (
        contact_sheet._font(),
        ImageFont.load_default(12),
        ImageFont.load_default_imagefont(),
    ):
        monkeypatch.setattr(contact_sheet, "_font", lambda font=font: font)
        assert save_contact_sheet(tmp_path / "sheet.png", mistakes, every, "日本") == 40
        caption = contact_sheet._caption(names[0], names[1], "100%", 96, font)
        assert contact_sheet._length(caption, font) <= 96
        assert " as " in caption
        assert caption.endswith(", 100%")
    font = ImageFont.load_default(12)
    assert contact_sheet._caption("3", "7", "79%", 96, font) == "3 as 7, 79%"
    assert contact_sheet._caption("3", None, "79%", 96, font) == "3, 79%"


def test_a_sheet_has_a_largest_size() -> None:
    sheet = Sheet.plan(10**6, (28, 28))
    assert 1000 < sheet.n < 10**6
    assert sheet.size[0] * sheet.size[1] < 1.1 * MOST_PIXELS


def test_who_is_told_may_end_it_and_nothing_stays_behind(tmp_path: Path) -> None:
    mistakes = make_mistakes(2000)
    every = np.arange(2000)
    told: list[tuple[str, int, int | None]] = []

    def progress(what: str, done: int, total: int | None) -> None:
        told.append((what, done, total))
        if done >= 1000:
            raise KeyboardInterrupt

    for save in (
        lambda: save_csv(tmp_path / "x.csv", mistakes, every, histories(every), progress),
        lambda: save_contact_sheet(tmp_path / "x.png", mistakes, every, "", progress),
    ):
        told.clear()
        with pytest.raises(KeyboardInterrupt):
            save()
        assert [done for _, done, _ in told] == [0, 500, 1000]
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["no/such/folder/x", "", "folder", "nul\0", "x" * 300])
def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    mistakes = make_mistakes(5)
    path = tmp_path / place if place else Path("/dev/null/x")
    every = np.arange(5)
    for save in (
        lambda: save_csv(path, mistakes, every, histories(every)),
        lambda: save_contact_sheet(path, mistakes, every),
    ):
        with pytest.raises(RunError, match="cannot be written: ") as error:
            save()
        assert str(error.value).isprintable()
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_what_was_there_is_replaced_whole(tmp_path: Path) -> None:
    mistakes = make_mistakes(5)
    path = tmp_path / "out.csv"
    path.write_text("x" * 100_000)
    save_csv(path, mistakes, np.arange(2), histories(np.arange(2)))
    assert len(read(path)) == 2
    assert stat.S_ISREG(path.stat().st_mode)
