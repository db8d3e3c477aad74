"""What is saved comes back to the bit, and whatever happens to the writer, a whole file is left."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from nn import archive, atomic
from nn.archive import ArchiveError, load, open_archive, save

KIND = "checkpoint"
DTYPES = ["?", "i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"]

names = st.from_regex(r"[a-z0-9_]{1,8}(\.[a-z0-9_]{1,8}){0,2}", fullmatch=True).filter(
    lambda name: not name.endswith(".npy")
)
plain_arrays = npst.arrays(
    dtype=st.sampled_from(DTYPES).map(np.dtype),
    shape=npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)
words = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=8,
    ),
    max_size=4,
)  # fmt: skip


def entries(directory: Path) -> list[str]:
    return [entry.name for entry in directory.iterdir()]


def there_and_back(path: Path, arrays: dict[str, Any], said: dict[str, Any]) -> archive.Archive:
    save(path, said, arrays, kind=KIND, version=1)
    return load(path, kind=KIND, version=1)


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype.newbyteorder("=")
        assert found[name].shape == array.shape
        # Bits, so that NaN equals itself and -0.0 does not equal 0.0.
        assert found[name].tobytes() == array.astype(found[name].dtype).tobytes()
        assert found[name].flags.writeable
        assert found[name].flags.aligned


@given(arrays=st.dictionaries(names, plain_arrays, max_size=4), said=words)
def test_everything_comes_back(
    tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, Any], said: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npz"
    back = there_and_back(path, arrays, said)
    assert_same(back.arrays, arrays)
    assert back.words == said
    assert json.dumps(back.words) == json.dumps(said)
    with np.load(path, allow_pickle=False) as opened:
        assert set(opened.files) == {*arrays, "INKLING.json", "SHA256SUMS"}
        assert_same({name: opened[name] for name in arrays}, arrays)


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.arange(24.0).reshape(2, 3, 4, order="F"), id="by columns"),
        pytest.param(np.arange(24.0).reshape(4, 6)[::2, ::-3], id="strided"),
        pytest.param(np.array(7, dtype=">i4"), id="big-endian scalar"),
        pytest.param(np.arange(6, dtype=">f8").reshape(2, 3, order="F"), id="big-endian columns"),
        pytest.param(np.empty((3, 0, 2), np.float16), id="empty"),
        pytest.param(np.array([np.nan, -np.inf, -0.0]), id="not finite"),
        pytest.param(np.arange(700_001, dtype=np.float32), id="several chunks"),
        pytest.param(np.arange(10).view(np.recarray), id="a subclass"),
    ],
)
def test_order_and_layout_do_not_matter(tmp_path: Path, array: Any) -> None:
    assert_same(there_and_back(tmp_path / "a", {"x": array}, {}).arrays, {"x": np.asarray(array)})


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(tmp_path / name, {"a": 2**200}, {"x": np.ones(3)}, kind=KIND, version=1)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_sums_are_those_that_sha256sum_would_print(tmp_path: Path) -> None:
    save(tmp_path / "a", {"b": 1}, {"x": np.ones(3)}, kind=KIND, version=1)
    with zipfile.ZipFile(tmp_path / "a") as opened:
        lines = opened.read("SHA256SUMS").decode().splitlines()
        assert [line.split("  ")[1] for line in lines] == ["INKLING.json", "x.npy"]
        for line in lines:
            digest, name = line.split("  ")
            assert hashlib.sha256(opened.read(name)).hexdigest() == digest


def test_words_and_shapes_are_there_before_the_arrays(tmp_path: Path) -> None:
    save(tmp_path / "a", {"n": 3}, {"x": np.ones((3, 2), np.float32)}, kind=KIND, version=2)
    with open_archive(tmp_path / "a", kind=KIND, version=5) as reader:
        assert (reader.words, reader.version) == ({"n": 3}, 2)
        assert reader.shapes == {"x": (np.dtype("f4"), (3, 2))}
        arrays = reader.arrays({"x": ("f4", (reader.words["n"], 2))}, finite=["x"])
        assert arrays["x"].sum() == 6
    asked = load(
        tmp_path / "a", kind=KIND, version=2, shapes=lambda words: {"x": ("f4", (words["n"], 2))}
    )
    assert asked.arrays["x"].sum() == 6


def test_what_the_caller_raises_passes_through(tmp_path: Path) -> None:
    save(tmp_path / "a", {}, {}, kind=KIND, version=1)
    with pytest.raises(KeyError):
        load(tmp_path / "a", kind=KIND, version=1, shapes=lambda words: words["shapes"])
    with pytest.raises(OverflowError), open_archive(tmp_path / "a", kind=KIND, version=1):
        raise OverflowError


@pytest.mark.parametrize(
    ("said", "arrays"),
    [
        ({"a": float("nan")}, {}),
        ({"a": (1, 2)}, {}),
        ({"a": {1: 2}}, {}),
        ({"a": np.float32(1)}, {}),
        ({}, {"x": np.array([object()])}),
        ({}, {"x": np.array(["a"])}),
        ({}, {"x": np.ones(1, "c8")}),
        ({}, {"x": np.ones(1, "f8,i4")}),
        ({}, {"../x": np.ones(1)}),
        ({}, {"X": np.ones(1)}),
        ({}, {"x.npy": np.ones(1)}),
        ({}, {"x\n": np.ones(1)}),
        ({}, {"x" * 101: np.ones(1)}),
        ({}, {f"x{i}": np.ones(1) for i in range(257)}),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_what_could_not_come_back_is_not_written(
    tmp_path: Path, said: dict[str, Any], arrays: dict[str, Any]
) -> None:
    with pytest.raises((ValueError, TypeError)):
        save(tmp_path / "a", said, arrays, kind=KIND, version=1)
    assert entries(tmp_path) == []


def test_more_than_could_be_read_again_is_not_written(tmp_path: Path) -> None:
    huge = np.broadcast_to(np.uint8(0), (archive.LARGEST,))
    for said, arrays in (({"a": "x" * archive.LARGEST_WORDS}, {}), ({}, {"x": huge})):
        with pytest.raises(ArchiveError, match="more than could be read again"):
            save(tmp_path / "a", said, arrays, kind=KIND, version=1)
    assert entries(tmp_path) == []


def test_the_file_is_the_owner_s_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    for _ in range(2):
        save(tmp_path / "a", {}, {"x": np.ones(3)}, kind=KIND, version=1)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert entries(tmp_path) == ["a"]


def test_a_link_is_followed_by_a_reader_and_replaced_by_a_writer(tmp_path: Path) -> None:
    save(tmp_path / "real", {"n": 1}, {}, kind=KIND, version=1)
    (tmp_path / "link").symlink_to("real")
    assert load(tmp_path / "link", kind=KIND, version=1).words == {"n": 1}
    save(tmp_path / "link", {"n": 2}, {}, kind=KIND, version=1)
    assert load(tmp_path / "real", kind=KIND, version=1).words == {"n": 1}
    assert not (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("where", ["no/such/place", "a directory", "nul\0", "x" * 300])
def test_a_place_that_cannot_be_written_to(tmp_path: Path, where: str) -> None:
    (tmp_path / "a directory").mkdir()
    with pytest.raises(ArchiveError, match=r"^Cannot write '.*: .*still there\.$"):
        save(tmp_path / where, {}, {"x": np.ones(3)}, kind=KIND, version=1)
    assert entries(tmp_path) == ["a directory"]


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from nn.archive import ArchiveError, load, save
path = Path(sys.argv[1])
array = np.zeros(20_000)
save(path, {"n": 1}, {"x": array}, kind="checkpoint", version=1)
whole = path.stat().st_size
for size in (0, 20, 100, 300, 1000, 70_000, whole - 400, whole - 30, whole - 1):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        save(path, {"n": 2}, {"x": array}, kind="checkpoint", version=1)
    except ArchiveError as error:
        assert "File too large; what was there before" in str(error), error
    else:
        sys.exit(f"{size} bytes were enough")
    assert load(path, kind="checkpoint", version=1).words == {"n": 1}
    assert list(path.parent.iterdir()) == [path]
"""


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    run([FULL, tmp_path / "a"])


# One interpreter that forks: a new one for each kill would spend its time on imports.
KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import numpy as np
from nn.archive import load, save
from nn.atomic import sweep
path = Path(sys.argv[1])
save(path, {"n": 0}, {"x": np.full(50_000, 0)}, kind="checkpoint", version=1)
for life in range(20):
    child = os.fork()
    if not child:
        n = life * 1000
        while True:
            n += 1
            save(path, {"n": n}, {"x": np.full(50_000, n)}, kind="checkpoint", version=1)
    time.sleep(0.01 + random.random() / 50)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = load(path, kind="checkpoint", version=1)
    assert np.all(found.arrays["x"] == found.words["n"])
    sweep(path.parent)
    assert list(path.parent.iterdir()) == [path]
assert found.words["n"] > 0, "no life lasted long enough to save"
"""


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    run([KILLED, tmp_path / "a"])


def run(arguments: list[str | Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_sweep_spares_the_living_and_the_strangers(tmp_path: Path) -> None:
    (tmp_path / ".a.npz.0123abcd.part").write_bytes(b"left behind")
    others = [".a.npz.0123abcd.tmp", "a.npz.0123abcd.part", ".a.npz.0123ABCD.part", "a.npz"]
    for name in others:
        (tmp_path / name).write_bytes(b"somebody's")
    os.mkfifo(tmp_path / ".a.npz.fifofifo.part")
    (tmp_path / ".a.npz.linklink.part").symlink_to("a.npz")
    (tmp_path / ".a.npz.dirdirdi.part").mkdir()
    before = set(entries(tmp_path))
    with atomic.replacing(tmp_path / "b") as file:
        assert atomic.sweep(tmp_path) == 1
        file.write(b"whole")
        assert atomic.sweep(tmp_path) == 0
    assert (tmp_path / "b").read_bytes() == b"whole"
    assert set(entries(tmp_path)) == before - {".a.npz.0123abcd.part"} | {"b"}
    assert atomic.sweep(tmp_path / "nowhere") == 0


def test_a_sweep_between_making_and_locking_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = atomic.tempfile.mkstemp, []

    def swept(**options: Any) -> tuple[int, str]:
        handle, name = make(**options)
        made.append(name)
        if len(made) == 1:
            assert atomic.sweep(tmp_path) == 1
        return handle, name

    monkeypatch.setattr(atomic.tempfile, "mkstemp", swept)
    with atomic.replacing(tmp_path / "a") as file:
        file.write(b"whole")
    assert len(made) == 2
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_the_content_is_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        status = os.fstat(handle)
        done.append("directory" if stat.S_ISDIR(status.st_mode) else f"{status.st_size} bytes")
        sync(handle)

    def replace(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    with atomic.replacing(tmp_path / "a") as file:
        file.write(b"12345")
    assert done == ["5 bytes", "rename", "directory"]
    with atomic.replacing(tmp_path / "a", durable=False) as file:
        file.write(b"12345")
    assert done[3:] == ["rename"]


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, OSError])
def test_an_error_while_writing_leaves_nothing_behind(
    tmp_path: Path, trouble: type[BaseException]
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(trouble), atomic.replacing(tmp_path / "a") as file:  # noqa: PT012
        file.write(b"new")
        raise trouble
    assert (tmp_path / "a").read_bytes() == b"old"
    assert entries(tmp_path) == ["a"]
