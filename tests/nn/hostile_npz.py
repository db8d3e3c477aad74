"""Archives made by hand: as Inkling writes them, but with any words and any members.

Their checksums are right, so that it is not a checksum that saves the reader but the check under
test.
"""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.archive import ArchiveError, load

MB = 1024**2
WORDS = json.dumps({"kind": "checkpoint", "format": 1, "words": {}})


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), version=(1, 0), allow_pickle=True)
    return stream.getvalue()


def npy_by_hand(header: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """An array file whose header says anything."""
    text = header.encode("latin1") + b"\n"
    length = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + length + text + body


def header(descr: str = "'<f4'", order: str = "False", shape: str = "(1,)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def sums(members: list[tuple[str, bytes]]) -> bytes:
    return "".join(f"{hashlib.sha256(b).hexdigest()}  {n}\n" for n, b in members).encode()


def zipped(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as opened:
        for name, body in members:
            info = zipfile.ZipInfo("placeholder")
            # Set afterwards, because ZipInfo cleans the name it is given.
            info.filename = info.orig_filename = name
            info.compress_type = method
            opened.writestr(info, body)
    return stream.getvalue()


def crafted(*arrays: tuple[str, bytes], words: str | bytes = WORDS, **options: Any) -> bytes:
    """An archive as Inkling writes it, with any words and any members."""
    text = words.encode() if isinstance(words, str) else words
    members = [("INKLING.json", text), *arrays]
    return zipped([*members, ("SHA256SUMS", sums(members))], **options)


def refusal(path: Path, content: bytes, **options: Any) -> str:
    """The sentence with which `content` is refused, having cost less than its size and 1 MB."""
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError) as caught:
            load(path, **{"kind": "checkpoint", "version": 1, **options})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(content) + MB
    sentence = str(caught.value)
    assert repr(str(path))[-20:] in sentence
    assert sentence.isprintable()
    assert sentence.endswith(".")
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return sentence
