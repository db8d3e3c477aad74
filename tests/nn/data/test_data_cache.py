"""The array cache: the second load decodes nothing, and no state of the disk can make it lie."""

from __future__ import annotations

import errno
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.data import cache
from nn.data.cache import cache_root, cached, load_entry, sweep_stale
from nn.data.dataset import DataError, Dataset, make_dataset

NAMES = ("a", "b", "c")


def decoded() -> Dataset:
    rng = np.random.default_rng(5)
    return make_dataset(
        "small",
        rng.integers(0, 17, (40, 3, 2), dtype=np.uint8),
        rng.integers(0, 3, 40, dtype=np.uint8),
        class_names=NAMES,
        pixel_max=16,
        n_official_train=30,
    )


class Decoder:
    """Counts how often it was needed."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Dataset:
        self.calls += 1
        return decoded()


def get(root: Path, decode: Decoder) -> Dataset:
    return cached(root, "key", decode, name="small", class_names=NAMES)


def is_mapped(array: np.ndarray) -> bool:
    base: object = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return False


def assert_same(got: Dataset, expected: Dataset) -> None:
    np.testing.assert_array_equal(got.images, expected.images)
    np.testing.assert_array_equal(got.labels, expected.labels)
    for field in ("name", "class_names", "pixel_max", "n_official_train", "fingerprint"):
        assert getattr(got, field) == getattr(expected, field)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def leftovers(root: Path) -> list[str]:
    return [name for name in names_in(root / "arrays") if name != "key"]


def test_the_second_load_decodes_nothing_and_is_mapped(tmp_path: Path) -> None:
    decode = Decoder()
    first, second = get(tmp_path, decode), get(tmp_path, decode)
    assert decode.calls == 1
    for dataset in (first, second):
        assert_same(dataset, decoded())
        assert is_mapped(dataset.images)
        assert is_mapped(dataset.labels)
        assert type(dataset.images) is np.ndarray
        assert not dataset.images.flags.writeable
        assert not dataset.labels.flags.writeable
    assert names_in(tmp_path / "arrays" / "key") == [
        "images.npy",
        "labels.npy",
        "meta.json",
    ]
    assert leftovers(tmp_path) == []


def test_a_name_is_not_part_of_an_entry(tmp_path: Path) -> None:
    get(tmp_path, Decoder())
    other = load_entry(tmp_path / "arrays" / "key", "other", ("x", "y", "z"))
    assert other is not None
    assert (other.name, other.class_names) == ("other", ("x", "y", "z"))


def test_an_entry_with_more_classes_than_names_is_not_used(tmp_path: Path) -> None:
    get(tmp_path, Decoder())
    assert load_entry(tmp_path / "arrays" / "key", "other", ("x", "y")) is None


def edit_meta(entry: Path, **changes: object) -> None:
    fields = json.loads((entry / "meta.json").read_text())
    fields.pop("seal")
    fields.update(changes)
    fields["seal"] = cache._seal(fields)
    (entry / "meta.json").write_text(json.dumps(fields))


def unsealed(entry: Path) -> None:
    text = (entry / "meta.json").read_text()
    (entry / "meta.json").write_text(
        text.replace('"n_official_train": 30', '"n_official_train": 31')
    )


def truncate(path: Path, by: int) -> None:
    os.truncate(path, path.stat().st_size - by)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def saved(path: Path, array: np.ndarray) -> None:
    np.save(path, array, allow_pickle=True)


def zipped(entry: Path) -> None:
    np.savez(entry / "images.npz", decoded().images)
    (entry / "images.npz").rename(entry / "images.npy")


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGE = {
    "images truncated": lambda e: truncate(e / "images.npy", 1),
    "images truncated to their header": lambda e: truncate(e / "images.npy", 240),
    "images empty": lambda e: os.truncate(e / "images.npy", 0),
    "images with a tail": lambda e: append(e / "images.npy"),
    "labels truncated": lambda e: truncate(e / "labels.npy", 1),
    "images gone": lambda e: (e / "images.npy").unlink(),
    "labels gone": lambda e: (e / "labels.npy").unlink(),
    "meta gone": lambda e: (e / "meta.json").unlink(),
    "meta empty": lambda e: os.truncate(e / "meta.json", 0),
    "meta not an object": lambda e: (e / "meta.json").write_text("[]"),
    "meta nested too deep": lambda e: (e / "meta.json").write_text("[" * 60_000),
    "meta too large": lambda e: (e / "meta.json").write_text(" " * 70_000 + "{}"),
    "meta not text": lambda e: (e / "meta.json").write_bytes(b"\xff\xfe"),
    "meta with a changed field": unsealed,
    "meta of another format": lambda e: edit_meta(e, format=2),
    "meta of another shape": lambda e: edit_meta(e, shape=[40, 2, 3]),
    "meta of another count": lambda e: edit_meta(e, shape=[39, 3, 2]),
    "images of another shape": lambda e: saved(e / "images.npy", decoded().images.reshape(40, 6)),
    "images of another type": lambda e: saved(e / "images.npy", decoded().images.view(np.int8)),
    "images in the other order": lambda e: saved(
        e / "images.npy", np.asfortranarray(decoded().images)
    ),
    "other images": lambda e: saved(e / "images.npy", decoded().images[::-1]),
    "other labels": lambda e: saved(e / "labels.npy", decoded().labels[::-1]),
    "images as objects": lambda e: saved(e / "images.npy", np.array([{}], dtype=object)),
    "images in a zip": zipped,
    "images a folder": lambda e: ((e / "images.npy").unlink(), (e / "images.npy").mkdir()),
    "images a pipe": lambda e: piped(e / "images.npy"),
    "meta a pipe": lambda e: piped(e / "meta.json"),
    "the entry empty": lambda e: (shutil.rmtree(e), e.mkdir()),
    "the entry a file": lambda e: (shutil.rmtree(e), e.write_text("x")),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_built_again(tmp_path: Path, damage: str) -> None:
    decode = Decoder()
    get(tmp_path, decode)
    DAMAGE[damage](tmp_path / "arrays" / "key")
    repaired = get(tmp_path, decode)
    assert decode.calls == 2
    assert_same(repaired, decoded())
    assert is_mapped(repaired.images)
    get(tmp_path, decode)
    assert decode.calls == 2
    assert leftovers(tmp_path) == []


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_no_damaged_byte_is_ever_handed_out(data) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        get(root, Decoder())
        name = data.draw(st.sampled_from(["images.npy", "labels.npy", "meta.json"]))
        path = root / "arrays" / "key" / name
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        assert_same(get(root, Decoder()), decoded())


@pytest.mark.parametrize("bare", [True, False])
def test_a_pickle_in_the_cache_is_never_run(tmp_path: Path, bare: bool) -> None:
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    decode = Decoder()
    get(tmp_path, decode)
    path = tmp_path / "arrays" / "key" / "images.npy"
    if bare:
        path.write_bytes(pickle.dumps(Trap()))
    else:
        saved(path, np.array([Trap()], dtype=object))
    get(tmp_path, decode)
    assert decode.calls == 2
    assert not (tmp_path / "sprung").exists()


def test_an_array_in_use_survives_the_repair_of_its_entry(tmp_path: Path) -> None:
    first = get(tmp_path, Decoder())
    (tmp_path / "arrays" / "key" / "meta.json").unlink()
    get(tmp_path, Decoder())
    assert_same(first, decoded())


def test_without_a_place_to_write_it_works_in_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    for root in (blocked, blocked / "below", Path("a\0b"), Path("/proc/nowhere")):
        decode = Decoder()
        for _ in range(2):
            dataset = get(root, decode)
            assert_same(dataset, decoded())
            assert not is_mapped(dataset.images)
            assert not dataset.images.flags.writeable
        assert decode.calls == 2


def test_a_read_only_cache_is_read_but_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(tmp_path, Decoder())

    def refuse(**_: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # Not by chmod, which does not stop root.
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    decode = Decoder()
    assert_same(get(tmp_path, decode), decoded())
    assert decode.calls == 0
    other = cached(tmp_path, "other", decode, name="small", class_names=NAMES)
    assert_same(other, decoded())
    assert decode.calls == 1
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("when", ["images", "labels", "meta"])
def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    real_save, real_write = np.save, Path.write_text

    def full(path: Path) -> None:
        if path.stem == when:
            path.write_bytes(b"part")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def save(path: Path, *args: object, **kwargs: object) -> None:
        full(path)
        real_save(path, *args, **kwargs)

    def write_text(path: Path, *args: object) -> int:
        full(path)
        return real_write(path, *args)

    monkeypatch.setattr(np, "save", save)
    monkeypatch.setattr(Path, "write_text", write_text)
    assert_same(get(tmp_path, Decoder()), decoded())
    assert names_in(tmp_path / "arrays") == []


def test_a_decoder_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> Dataset:
        raise DataError("No such luck.")

    with pytest.raises(DataError, match="No such luck"):
        cached(tmp_path, "key", fail, name="small", class_names=NAMES)
    assert not (tmp_path / "arrays").exists()


@pytest.mark.parametrize("whole", [True, False])
def test_another_process_that_was_quicker(tmp_path: Path, whole: bool) -> None:
    """Its entry appears while this one decodes: whole, it is kept; damaged, it is replaced."""
    entry = tmp_path / "arrays" / "key"

    def slow() -> Dataset:
        get(tmp_path, Decoder())
        if not whole:
            truncate(entry / "images.npy", 1)
        return decoded()

    assert_same(cached(tmp_path, "key", slow, name="small", class_names=NAMES), decoded())
    assert load_entry(entry, "small", NAMES) is not None
    assert leftovers(tmp_path) == []


PROCESS = """
import sys, time
from pathlib import Path
import numpy as np
from nn.data.cache import cached
from nn.data.dataset import make_dataset
root, start = Path(sys.argv[1]), float(sys.argv[2])
images = np.random.default_rng(0).integers(0, 256, (3000, 28, 28), dtype=np.uint8)
labels = np.zeros(3000, np.uint8)
made = make_dataset("p", images, labels, class_names=("x",))
time.sleep(max(0.0, start - time.time()))
for turn in range(8):
    got = cached(root, f"key{turn}", lambda: made, name="p", class_names=("x",))
    assert np.array_equal(got.images, images), turn
    assert got.fingerprint == made.fingerprint
"""


@pytest.mark.timeout(120)
def test_several_processes_may_fill_one_cache_at_once(tmp_path: Path) -> None:
    start = str(time.time() + 1.5)
    command = [sys.executable, "-c", PROCESS, str(tmp_path), start]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    assert names_in(tmp_path / "arrays") == [f"key{turn}" for turn in range(8)]


def test_old_leftovers_are_swept_and_young_ones_left(tmp_path: Path) -> None:
    arrays = tmp_path / "arrays"
    for name in (".tmp-old", ".tmp-young", "other"):
        (arrays / name).mkdir(parents=True)
        (arrays / name / "images.npy").touch()
    (arrays / ".tmp-file").touch()
    long_ago = time.time() - 2 * 24 * 3600
    for name in (".tmp-old", ".tmp-file", "other"):
        os.utime(arrays / name, (long_ago, long_ago))
    get(tmp_path, Decoder())
    assert names_in(arrays) == [".tmp-young", "key", "other"]


def test_sweeping_does_not_follow_a_link_or_mind_a_missing_folder(tmp_path: Path) -> None:
    sweep_stale(tmp_path / "nowhere", ".tmp-")
    precious = tmp_path / "precious"
    precious.mkdir()
    link = tmp_path / ".tmp-link"
    link.symlink_to(precious)
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(link, (long_ago, long_ago), follow_symlinks=False)
    sweep_stale(tmp_path, ".tmp-")
    assert precious.is_dir()
    assert not link.is_symlink()


def test_the_users_cache_folder_is_the_default(tmp_path: Path, own_cache: Path) -> None:
    assert cache_root() == own_cache
    assert cache_root(tmp_path) == tmp_path
