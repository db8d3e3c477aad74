"""Samples are kept for good: nothing that has been kept is ever lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nn.data import load
from nn.data.extra import with_extra
from nn.hyperparameters import Hyperparameters
from tui.engine.hidden import RunNetwork
from tui.engine.rate_finder import RateFound, RateRequest, find_rate
from tui.engine.run_config import new_config
from tui.engine.run_directory import RunDirectory, RunError
from tui.engine.samples import extra_file, keep_sample, kept_samples, label_of, samples_file
from tui.engine.test_set import TestSet as Digits
from tui.engine.test_set import load_split
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]
DIGITS = tuple("0123456789")
INK = np.random.default_rng(5).integers(0, 256, (40, 8, 8), dtype=np.uint8)

KEEP_TEN = """
import sys
from pathlib import Path
import numpy as np
from tui.engine.samples import keep_sample
for k in range(10):
    keep_sample(Path(sys.argv[1]), np.full((8, 8), 100 + k, np.uint8), int(sys.argv[2]))
"""


def test_they_can_be_loaded_as_a_data_set() -> None:
    path = samples_file("digits")
    for k in range(4):
        kept = keep_sample(path, INK[k], k % 3)
    assert kept.labels.tolist() == [0, 1, 2, 0]
    assert kept.in_words(DIGITS) == "4 samples kept: 2 of 0, 1 of 1, 1 of 2"
    dataset = load(f"npz:{path}")
    np.testing.assert_array_equal(dataset.images, INK[:4])
    assert dataset.labels.tolist() == [0, 1, 2, 0]
    assert path.stat().st_mode & 0o077 == 0


def test_each_data_set_has_its_own() -> None:
    names = ("digits", "mnist", "npz:a.npz", "npz:b/a.npz", "csv:a.csv")
    files = {samples_file(name) for name in names}
    assert len(files) == len(names)
    assert kept_samples(samples_file("digits")).in_words(DIGITS) == "no samples kept yet"


def test_two_at_once_lose_nothing() -> None:
    path = samples_file("digits")
    command = [sys.executable, "-c", KEEP_TEN, str(path)]
    both = [subprocess.Popen([*command, label]) for label in ("3", "8")]
    assert [process.wait(60) for process in both] == [0, 0]
    labels = kept_samples(path).labels
    assert np.bincount(labels).tolist() == [0, 0, 0, 10, 0, 0, 0, 0, 10]


@pytest.mark.parametrize("damage", [b"not an archive", b""])
def test_what_cannot_be_read_is_left_as_it_is(damage: bytes) -> None:
    path = samples_file("digits")
    keep_sample(path, INK[0], 3)
    path.write_bytes(damage)
    with pytest.raises(RunError, match="samples kept so far cannot be read"):
        keep_sample(path, INK[1], 4)
    assert path.read_bytes() == damage


def test_a_sample_of_another_size_is_refused() -> None:
    path = samples_file("digits")
    keep_sample(path, INK[0], 3)
    with pytest.raises(RunError, match="samples of 8x8 pixels, and this one is 9x9"):
        keep_sample(path, np.ones((9, 9), np.uint8), 3)
    assert len(kept_samples(path).labels) == 1


def test_where_nothing_can_be_written_a_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        keep_sample(tmp_path / "file" / "digits.npz", INK[0], 3)


def test_a_class_is_named_by_as_much_as_tells_it_apart() -> None:
    garments = ("T-shirt/top", "Sandal", "Shirt", "Sneaker")
    assert label_of(" 7 ", DIGITS) == 7
    assert label_of("sandal", garments) == 1
    assert label_of("Sh", garments) == 2
    with pytest.raises(RunError, match="More than one class begins with 's'"):
        label_of("s", garments)
    with pytest.raises(RunError, match="No class is called '12'; there are 0, 1, 2"):
        label_of("12", DIGITS)
    with pytest.raises(RunError, match="No class is called ''"):
        label_of("", DIGITS)


def test_a_run_knows_its_file_by_an_absolute_path() -> None:
    assert extra_file(Hyperparameters()) == "none"
    assert extra_file(Hyperparameters(extra_data="own")) == str(samples_file("digits"))
    config = new_config(Hyperparameters(extra_data="a.npz"), None)
    assert config.hyperparameters.extra_data == str(Path.cwd() / "a.npz")


def own_samples(count: int, first: int = 0) -> None:
    for k in range(first, first + count):
        keep_sample(samples_file("digits"), INK[k], k % 10)


def ended(make_run: Make, **values: object) -> RunDirectory:
    run = make_run(extra_data="own", batch_size=100, hidden=(9,), **values)
    for _ in Worker(run).run():
        pass
    return run


def test_a_run_is_taken_up_with_the_samples_it_began_with(make_run: Make) -> None:
    """Bit for bit, though more have been kept since; and it is judged on none of them."""
    own_samples(5)
    whole = ended(make_run, epochs=4)
    half = ended(make_run, epochs=2)
    config = half.read_config()
    own_samples(3, first=5)
    *_, tried = find_rate(RateRequest.of_config(config, str(half.checkpoint)))
    assert isinstance(tried, RateFound)
    longer = config.hyperparameters.model_copy(update={"epochs": 4})
    half.write_config(config.model_copy(update={"hyperparameters": longer}))
    for _ in Worker(half).run():
        pass
    networks = [RunNetwork.of_run(run) for run in (whole, half)]
    np.testing.assert_array_equal(*(n.network.parameters for n in networks))
    split = networks[0].split
    bare = load_split(Hyperparameters(), "")
    assert len(split.train_images) == len(bare.train_images) + 5
    np.testing.assert_array_equal(split.test_images, bare.test_images)
    assert (
        split.fingerprint
        == with_extra(bare, str(samples_file("digits")), split.fingerprint).fingerprint
    )


def test_without_them_a_run_can_be_looked_at_and_not_gone_on_with(
    make_run: Make, facts_of: Callable[[RunDirectory], list[object]]
) -> None:
    own_samples(5)
    run = ended(make_run, epochs=1)
    config = run.read_config()
    samples_file("digits").unlink()
    assert Digits.of_run(run).predictions(run) is not None
    own_samples(5, first=20)
    longer = config.hyperparameters.model_copy(update={"epochs": 2})
    run.write_config(config.model_copy(update={"hyperparameters": longer}))
    for _ in Worker(run).run():
        pass
    assert "not those that the run began with" in facts_of(run)[-1].sentence
    with pytest.raises(RunError, match="not those that the run began with"):
        RunNetwork.of_run(run)
