"""Files that nobody wrote by accident: each is refused in a sentence, and costs next to nothing.

Here the files as files and as ZIP archives; `test_archive_contents` has what is inside.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hostile_npz import MB, WORDS, crafted, header, npy, npy_by_hand, refusal, sums, zipped

from nn.archive import ArchiveError, load, save


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hostile.npz"


@pytest.fixture
def small(path: Path) -> bytes:
    """A small file as it should be."""
    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array([True, False])}
    save(path, {"epoch": 3, "loss": 0.25}, arrays, kind="checkpoint", version=1)
    return path.read_bytes()


def test_the_craft_makes_what_is_accepted(path: Path) -> None:
    """Or everything below would be refused for a reason that nobody meant."""
    path.write_bytes(crafted(("w.npy", npy([1.0, 2.0]))))
    found = load(path, kind="checkpoint", version=1)
    assert found.arrays["w"].tolist() == [1.0, 2.0]
    path.write_bytes(crafted(("w.npy", npy_by_hand(header(), b"\0\0\0\0"))))
    assert load(path, kind="checkpoint", version=1).arrays["w"].tolist() == [0.0]


def test_a_file_cut_short_anywhere(path: Path, small: bytes) -> None:
    for length in range(0, len(small), 7):
        assert "use another checkpoint" in refusal(path, small[:length])


def test_any_byte_flipped(path: Path, small: bytes) -> None:
    """Refused, or harmless: the dates and the checksums of ZIP itself are nobody's business."""
    whole = load(path, kind="checkpoint", version=1)
    harmless = 0
    for place in range(len(small)):
        for bit in (0x01, 0x80):
            damaged = bytearray(small)
            damaged[place] ^= bit
            path.write_bytes(damaged)
            try:
                found = load(path, kind="checkpoint", version=1)
            except ArchiveError:
                continue
            harmless += 1
            assert found.words == whole.words
            assert list(found.arrays) == list(whole.arrays)
            for name, array in whole.arrays.items():
                assert found.arrays[name].dtype == array.dtype
                assert found.arrays[name].shape == array.shape
                assert found.arrays[name].tobytes() == array.tobytes()
    members = 4
    assert harmless < 2 * members * (30 + 46)


def test_bytes_before_after_and_between(path: Path, small: bytes) -> None:
    assert "not an .npz" in refusal(path, small + b"\0")
    assert "not an .npz" in refusal(path, b"\0" + small)
    # A gap that the directory knows of.
    stream = io.BytesIO(b"hidden")
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a") as opened:
        opened.writestr("INKLING.json", WORDS)
        opened.writestr("SHA256SUMS", sums([("INKLING.json", WORDS.encode())]))
    refusal(path, stream.getvalue())
    # One between the members and the directory.
    size, directory = struct.unpack("<LL", small[-10:-2])
    content = small[:directory] + b"hidden" + small[directory:]
    content = content[:-10] + struct.pack("<LL", size, directory + 6) + b"\0\0"
    assert "out of place" in refusal(path, content)


def not_a_file(path: Path) -> Iterator[str]:
    os.mkfifo(path)
    yield "it is not a regular file"
    path.unlink()
    path.mkdir()
    yield "it is not a regular file"
    path.rmdir()
    path.symlink_to("/dev/zero")
    yield "it is not a regular file"
    path.unlink()
    path.symlink_to(path.name)
    yield "symbolic links"
    path.unlink()
    yield "No such file"


def test_what_is_no_file_is_not_waited_for(path: Path) -> None:
    for reason in not_a_file(path):
        with pytest.raises(ArchiveError, match=reason):
            load(path, kind="checkpoint", version=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(path: Path, small: bytes) -> None:
    path.write_bytes(small)
    path.chmod(0)
    with pytest.raises(ArchiveError, match="Permission denied"):
        load(path, kind="checkpoint", version=1)


@pytest.mark.parametrize("content", [b"", b"x", b"\x93NUMPY" * 100, b"PK\x05\x06" + bytes(18)])
def test_no_archive_at_all(path: Path, content: bytes) -> None:
    refusal(path, content)


def test_somebody_else_s_npz(path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, w=np.ones(3))
    refusal(path, stream.getvalue())
    assert "not written by Inkling" in refusal(path, zipped([("w.npy", npy(np.ones(3)))]))


def test_a_file_that_is_too_large(path: Path, small: bytes) -> None:
    assert f"more than the {len(small) - 1} that" in refusal(path, small, limit=len(small) - 1)
    # A hole of a terabyte takes no room on the disk, and must not be read either.
    os.truncate(path, 1024**4)
    with pytest.raises(ArchiveError, match="1099511627776 bytes, more than"):
        load(path, kind="checkpoint", version=1)


def test_bombs(path: Path) -> None:
    zeros = npy(np.zeros(8 * MB, np.uint8))
    assert "is compressed" in refusal(path, crafted(("w.npy", zeros), method=zipfile.ZIP_DEFLATED))
    assert "is compressed" in refusal(path, crafted(("w.npy", zeros), method=zipfile.ZIP_LZMA))
    promise = npy_by_hand(header("'<f4'", shape="(1000000, 1000000)"), b"\0\0\0\0")
    assert "promises 4000000000000 bytes, but 4 are there" in refusal(
        path, crafted(("w.npy", promise))
    )
    empty = npy_by_hand(header(shape=f"(0, {10**17}, {10**17})"))
    refusal(path, crafted(("w.npy", empty)))


def test_thousands_of_members(path: Path) -> None:
    many = [(f"w{i}.npy", b"") for i in range(20_000)]
    assert "20002 members, more than the 258" in refusal(path, crafted(*many))
    # The count is a lie; the size of the directory is not.
    lie = bytearray(crafted(*many))
    lie[-14:-10] = struct.pack("<HH", 3, 3)
    assert "members, more than" in refusal(path, bytes(lie))
    # As many as 64 KB of directory can hold, with a count that says fewer.
    lie = bytearray(crafted(*((f"{i}", b"") for i in range(1000))))
    lie[-14:-10] = struct.pack("<HH", 3, 3)
    refusal(path, bytes(lie))


def test_some_hundreds_of_members(path: Path) -> None:
    many = crafted(*((f"w{i}.npy", npy(0.0)) for i in range(257)))
    assert "259 members, more than the 258" in refusal(path, many)
    lie = bytearray(many)
    lie[-14:-10] = struct.pack("<HH", 3, 3)
    assert "out of place" in refusal(path, bytes(lie))


def test_checksums_that_only_those_of_zip_agree_with(path: Path) -> None:
    members = [("INKLING.json", WORDS.encode()), ("w.npy", npy([1.0]))]
    for place in (0, 1):
        others = list(members)
        others[place] = (members[place][0], b"something else")
        content = zipped([*members, ("SHA256SUMS", sums(others))])
        assert f"{members[place][0]} does not match its checksum" in refusal(path, content)


@pytest.mark.parametrize(
    "name",
    ["../../evil.npy", "/etc/passwd.npy", "a/b.npy", "..npy", ".npy", "w", "w.npy.npy", "W.npy",
     "w.npy\0", "w\0.npy", "\x1b[31mw.npy", "w\n.npy", "w..x.npy", "\u00e9.npy", "\u0661.npy",
     "C:\\w.npy", "x" * 101 + ".npy", "INKLING.json", "SHA256SUMS"],
    ids=ascii,
)  # fmt: skip
def test_doubtful_names(path: Path, name: str) -> None:
    members = [("INKLING.json", WORDS.encode()), (name, npy(np.ones(1)))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        content = zipped([*members, ("SHA256SUMS", sums(members))])
    refusal(path, content)


def test_duplicate_and_overlapping_members(path: Path) -> None:
    twice = ("w.npy", npy(np.ones(1)))
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = crafted(twice, twice)
    assert "same name" in refusal(path, content)
    # The second entry of the directory points at the bytes of the first.
    content = bytearray(crafted(("v.npy", twice[1]), twice))
    directory = content.index(b"PK\x01\x02")
    first = content.index(b"v.npy", directory) - 46
    second = content.index(b"w.npy", directory) - 46
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    assert "out of place" in refusal(path, bytes(content))


def test_members_missing_unlisted_or_in_another_order(path: Path) -> None:
    words, w, v = ("INKLING.json", WORDS.encode()), ("w.npy", npy([1.0])), ("v.npy", npy([2.0]))
    both = [words, w, v]
    for members, listed in (
        ([words, w], both),
        (both, [words, w]),
        ([words, v, w], both),
        (both, [*both, v]),
    ):
        content = zipped([*members, ("SHA256SUMS", sums(listed))])
        assert "checksums" in refusal(path, content)
    assert "not written" in refusal(path, zipped([w, words, ("SHA256SUMS", sums([w, words]))]))
    assert "not written" in refusal(path, zipped(both))
    assert "checksums" in refusal(path, zipped([*both, ("SHA256SUMS", sums(both).upper())]))


def test_zip64(path: Path) -> None:
    """The larger records would be believed instead of the ones that were checked."""
    content = crafted(("w.npy", npy([1.0])))
    end = len(content) - 22
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    size, directory = struct.unpack("<LL", content[-10:-2])
    longer = struct.pack("<LL", size + len(record) + len(locator), directory)
    for tail in (content[end:], content[end:-10] + longer + b"\0\0"):
        assert "not an .npz" in refusal(path, content[:end] + record + locator + tail)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened, opened.open("INKLING.json", "w", force_zip64=True):
        pass
    refusal(path, stream.getvalue())


def test_encrypted_and_unknown_methods(path: Path) -> None:
    for place, value in ((8, 1), (10, 8), (10, 99), (6, 255)):
        content = bytearray(crafted(("w.npy", npy([1.0]))))
        entry = content.index(b"PK\x01\x02")
        content[entry + place] = value
        refusal(path, bytes(content))
