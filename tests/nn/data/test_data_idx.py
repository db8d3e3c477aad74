"""IDX files: what is right is read, what is wrong is refused in one sentence, at little cost."""

from __future__ import annotations

import gzip
import os
import struct
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nn.data.dataset import DataError
from nn.data.idx import LARGEST, file_sha256, read_idx

ARRAYS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=7))


@settings(deadline=None)
@given(array=ARRAYS, zipped=st.booleans(), name=st.sampled_from(["a", "a.gz", "a.idx"]))
def test_every_array_comes_back_whatever_the_file_is_called(
    idx_bytes, array: np.ndarray, zipped: bool, name: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array))
        got = read_idx(path, array.ndim)
    assert got.dtype == np.uint8
    assert got.flags.c_contiguous
    np.testing.assert_array_equal(got, array)


@settings(deadline=None)
@given(array=ARRAYS, zipped=st.booleans(), data=st.data())
def test_a_file_cut_anywhere_is_refused(idx_bytes, sentence, array, zipped: bool, data) -> None:
    whole = gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array)
    keep = data.draw(st.integers(0, len(whole) - 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cut"
        path.write_bytes(whole[:keep])
        with pytest.raises(DataError) as caught:
            read_idx(path, array.ndim)
        assert "cut'" in sentence(caught)


@settings(deadline=None, max_examples=300)
@given(array=ARRAYS, data=st.data())
def test_a_damaged_gzip_is_refused_or_harmless(idx_bytes, array, data) -> None:
    whole = bytearray(gzip.compress(idx_bytes(array)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hurt.gz"
        path.write_bytes(whole)
        try:
            got = read_idx(path, array.ndim)
        except DataError:
            return
    # Only the parts of the gzip header that mean nothing, such as the time, can be hurt without
    # it showing: never the contents.
    np.testing.assert_array_equal(got, array)


def refusal(path: Path, ndim: int, sentence) -> str:
    with pytest.raises(DataError) as caught:
        read_idx(path, ndim)
    text = sentence(caught)
    assert path.name in text
    return text


def head(*shape: int, zeros: bytes = b"\0\0", code: int = 8) -> bytes:
    return zeros + bytes((code, len(shape))) + struct.pack(f">{len(shape)}I", *shape)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("content", "ndim", "part"),
    [
        (b"\x89PNG\r\n\x1a\n", 3, "not an IDX file: it starts with the bytes 89 50 4e 47"),
        (b"\0\0\x08\0" + bytes(9), 3, "not an IDX file"),
        (head(2, 2, 2, code=0x0D) + bytes(32), 3, "IDX type 0x0d"),
        (head(2) + b"\1\2", 3, "1 dimension(s) where 3 are expected"),
        (head(1, 1, 1) + b"\1", 1, "3 dimension(s) where 1 are expected"),
        (head(0, 28, 28), 3, "holds no samples"),
        (head(3, 0, 28), 3, "holds no samples"),
        (head(3)[:6], 1, "within its IDX header"),
        (b"\0\0", 1, "within its IDX header"),
        (head(3) + b"\1\2", 1, "promises 3 bytes of data, but it holds 2"),
        (head(3) + b"\1\2\3\4", 1, "holds more than the 3 bytes"),
        (head(10**4, 10**4, 10**4) + bytes(10), 3, "promises 1000000000000 bytes"),
        (head(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF), 3, "header is probably damaged"),
        (head(LARGEST - 1) + b"\1", 1, f"promises {LARGEST - 1} bytes of data, but it holds 1"),
    ],
)
def test_each_wrong_content_gets_its_sentence(
    tmp_path: Path, content: bytes, ndim: int, part: str, zipped: bool, sentence
) -> None:
    path = tmp_path / "odd-idx"
    path.write_bytes(gzip.compress(content) if zipped else content)
    tracemalloc.start()
    text = refusal(path, ndim, sentence)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert part in text
    assert peak < 4_000_000


@pytest.mark.parametrize("extra", [-1, 1])
def test_a_large_plain_file_of_the_wrong_size_is_refused_unread(
    tmp_path: Path, sentence, extra: int
) -> None:
    path = tmp_path / "sparse-idx"
    path.write_bytes(head(10_000, 100, 100))
    os.truncate(path, 16 + 10**8 + extra)
    tracemalloc.start()
    text = refusal(path, 3, sentence)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "100000000 bytes" in text
    assert peak < 4_000_000


def test_a_gzip_bomb_is_stopped_at_what_it_promised(tmp_path: Path, sentence) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(head(1000) + bytes(200_000_000), 1))
    tracemalloc.start()
    text = refusal(path, 1, sentence)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "holds more than the 1000 bytes" in text
    assert peak < 4_000_000


def test_damage_to_the_checksum_alone_is_noticed(tmp_path: Path, idx_bytes, sentence) -> None:
    whole = bytearray(gzip.compress(idx_bytes(np.arange(200, dtype=np.uint8))))
    whole[-6] ^= 1
    path = tmp_path / "crc.gz"
    path.write_bytes(whole)
    assert "damaged gzip" in refusal(path, 1, sentence)


def test_rubbish_after_the_gzip_stream_is_noticed(tmp_path: Path, idx_bytes, sentence) -> None:
    path = tmp_path / "tail.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.arange(200, dtype=np.uint8))) + b"rubbish")
    assert "damaged gzip" in refusal(path, 1, sentence)


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, sentence) -> None:
    path = tmp_path / "nothing.gz"
    path.touch()
    assert "is empty" in refusal(path, 3, sentence)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("reader", [lambda path: read_idx(path, 3), file_sha256])
def test_a_fifo_is_refused_without_waiting(tmp_path: Path, reader, sentence) -> None:
    path = tmp_path / "pipe.gz"
    os.mkfifo(path)
    with pytest.raises(DataError) as caught:
        reader(path)
    assert "not a regular file" in sentence(caught)


@pytest.mark.timeout(10)
def test_a_device_is_refused(sentence) -> None:
    assert "not a regular file" in refusal(Path("/dev/zero"), 3, sentence)


def test_a_folder_is_refused(tmp_path: Path, sentence) -> None:
    path = tmp_path / "images"
    path.mkdir()
    assert "not a regular file" in refusal(path, 3, sentence)


def test_a_missing_file_is_named_without_its_control_characters(tmp_path: Path, sentence) -> None:
    with pytest.raises(DataError) as caught:
        read_idx(tmp_path / "no\x1b[2Jsuch", 3)
    assert "No such file" in sentence(caught)


def test_a_name_no_file_can_have_is_refused(sentence) -> None:
    with pytest.raises(DataError) as caught:
        read_idx(Path("a\0b"), 3)
    assert "not a usable path" in sentence(caught)


@pytest.mark.parametrize("zipped", [False, True])
def test_progress_goes_from_nothing_to_everything(tmp_path: Path, idx_bytes, zipped: bool) -> None:
    array = np.zeros((3, 1000, 1000), np.uint8)
    path = tmp_path / "large"
    path.write_bytes(gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array))
    calls: list[tuple[str, int, int | None]] = []
    read_idx(path, 3, lambda *call: calls.append(call))
    done = [call[1] for call in calls]
    assert {call[0] for call in calls} == {"Reading 'large'"}
    assert {call[2] for call in calls} == {array.size}
    assert done[0] == 0
    assert done[-1] == array.size
    assert len(set(done)) >= 3
    assert done == sorted(done)


@pytest.mark.parametrize("kind", [OSError, EOFError, KeyboardInterrupt, RuntimeError])
def test_whatever_progress_raises_comes_out_unchanged(tmp_path: Path, idx_bytes, kind) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.zeros(5, np.uint8))))
    stop = kind("stop")

    def progress(*_: object) -> None:
        raise stop

    with pytest.raises(kind) as caught:
        read_idx(path, 1, progress)
    assert caught.value is stop
