"""Small IDX files made on the spot, a cache of their own, and no network or real data by accident.

The helpers are session fixtures that return functions, so that hypothesis may use them too.
"""

from __future__ import annotations

import gzip
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

REAL_DATA = os.environ.get("INKLING_DATA")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder, empty and below tmp_path; returns where Inkling's part will be."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    monkeypatch.delenv("INKLING_DATA", raising=False)
    return tmp_path / "user-cache" / "inkling"


@pytest.fixture
def real_data() -> Path:
    """The folder with the real sets; the test is skipped where there is none."""
    if not REAL_DATA:
        pytest.skip("INKLING_DATA does not name a folder with mnist/ and fashion-mnist/ below it")
    return Path(REAL_DATA)


@pytest.fixture(scope="session")
def idx_bytes() -> Callable[..., bytes]:
    """`idx_bytes(array, type_code=8)`: the IDX file that holds a uint8 array."""

    def make(array: np.ndarray, type_code: int = 8) -> bytes:
        header = bytes((0, 0, type_code, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
        return header + array.tobytes()

    return make


@pytest.fixture(scope="session")
def write_set(idx_bytes: Callable[..., bytes]) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """`write_set(folder, ...)`: four random IDX files; returns images and labels, train first."""

    def write(
        folder: Path,
        *,
        n_train: int = 30,
        n_test: int = 12,
        size: tuple[int, int] = (5, 4),
        zipped: bool = True,
        dotted: bool = False,
        seed: int = 0,
    ) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        folder.mkdir(parents=True, exist_ok=True)
        images, labels = [], []
        for part, n in (("train", n_train), ("t10k", n_test)):
            images.append(rng.integers(0, 256, (n, *size), dtype=np.uint8))
            labels.append(rng.integers(0, 10, n, dtype=np.uint8))
            for name, array in (("images-idx3", images[-1]), ("labels-idx1", labels[-1])):
                name = f"{part}-{name}-ubyte"
                name = name.replace("-idx", ".idx") if dotted else name
                data = idx_bytes(array)
                path = folder / (name + (".gz" if zipped else ""))
                path.write_bytes(gzip.compress(data, mtime=0) if zipped else data)
        return np.concatenate(images), np.concatenate(labels)

    return write


@pytest.fixture(scope="session")
def sentence() -> Callable[[object], str]:
    """`sentence(excinfo)`: the text of a caught error, checked to be fit for a person."""

    def check(excinfo: object) -> str:
        text = str(excinfo.value)  # type: ignore[attr-defined]
        assert text.isprintable(), text
        assert text.endswith("."), text
        assert len(text) > 20, text
        for jargon in ("Traceback", "Error", "Errno", "zlib", "struct", "EOF"):
            assert jargon not in text, text
        # Nothing of what lay underneath is shown along with it.
        error = excinfo.value  # type: ignore[attr-defined]
        assert error.__context__ is None or error.__suppress_context__
        return text

    return check
