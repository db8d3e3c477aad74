"""MNIST and Fashion-MNIST over the network, from the first mirror that gives the right bytes.

Every byte is checked against the SHA-256 published for it, so a mirror need not be trusted, only
tried. A file appears under its own name only once it is complete and right; what a cancelled or
broken transfer leaves is removed. The transfer itself is pooch's.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from nn.data.cache import sweep_stale
from nn.data.dataset import DataError, Progress, shown
from nn.data.idx import file_sha256
from nn.data.published import FILES, MIRRORS, RemoteFile

_PARTIAL = ".part-"
_CHUNK = 16 * 1024
# Seconds to connect, and between two pieces of an answer.
_TIMEOUT = (10.0, 20.0)
# Without this a server may send the .gz unpacked, and its SHA-256 would be another one.
_HEADERS = {"Accept-Encoding": "identity"}


class _MirrorError(Exception):
    """One mirror did not give the file; `str()` is a few words on why."""


def fetch_set(
    set_name: str,
    folder: Path,
    *,
    files: Sequence[RemoteFile] | None = None,
    mirrors: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> None:
    """See to it that `folder` holds every file of `set_name`, whole and right.

    A file that is there already with the right SHA-256 is not fetched again. `progress` gets the
    bytes of the whole set; what it raises ends the transfer at once and reaches the caller.
    `files` and `mirrors` replace the published ones. Raises DataError if no mirror gives a file
    or if `folder` cannot be written to.
    """
    files = FILES[set_name] if files is None else files
    order = list(MIRRORS[set_name] if mirrors is None else mirrors)
    meter = _Meter(f"Downloading {set_name}", sum(file.size for file in files), progress)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _unwritable(folder, error) from None
    sweep_stale(folder, _PARTIAL)
    for file in files:
        if not _is_right(folder / file.name, file):
            good = _fetch_one(set_name, file, folder, order, meter)
            # The mirror that answered is asked first from here on: a dead one would otherwise
            # cost its time-out for every single file.
            order.remove(good)
            order.insert(0, good)
        meter.finish(file.size)


class _Meter:
    """Bytes of the whole set, never going back although a second mirror starts a file again."""

    def __init__(self, what: str, total: int, progress: Progress | None) -> None:
        self._what = what
        self._total = total
        self._progress = progress
        self._finished = 0
        self._furthest = 0
        self.cancelled: BaseException | None = None

    def at(self, done: int) -> None:
        """Report `done` bytes of the file under way."""
        self._furthest = max(self._furthest, self._finished + done)
        if self._progress is None:
            return
        try:
            self._progress(self._what, self._furthest, self._total)
        except BaseException as error:
            # Remembered, since a cancellation may be of a kind that a bad mirror raises too.
            self.cancelled = error
            raise

    def finish(self, size: int) -> None:
        """Count the file under way, of `size` bytes, as done."""
        self.at(size)
        self._finished += size


class _Sink:
    """What pooch writes into: counts and hashes on the way to the file, and stops a flood."""

    def __init__(self, part: BinaryIO, file: RemoteFile, meter: _Meter) -> None:
        self._part = part
        self._file = file
        self._meter = meter
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._size += len(data)
        if self._size > self._file.size:
            raise _MirrorError("sent more than the file's size")
        self._digest.update(data)
        try:
            self._part.write(data)
        except OSError as error:
            raise _unwritable(Path(self._part.name).parent, error) from None
        self._meter.at(self._size)
        return len(data)

    def flush(self) -> None:
        """Nothing: pooch asks for it after every piece, and closing the file does it once."""

    def check(self) -> None:
        """_MirrorError unless exactly the published bytes went through."""
        if self._size < self._file.size:
            raise _MirrorError(f"sent {self._size} of {self._file.size} bytes")
        if self._digest.hexdigest() != self._file.sha256:
            raise _MirrorError("sent other bytes (wrong SHA-256)")


def _is_right(path: Path, file: RemoteFile) -> bool:
    try:
        return path.stat().st_size == file.size and file_sha256(path) == file.sha256
    except (OSError, DataError):
        return False


def _fetch_one(
    set_name: str, file: RemoteFile, folder: Path, order: Sequence[str], meter: _Meter
) -> str:
    """Put `file` into `folder` from the first mirror in `order` that gives it, and return that."""
    failures = []
    for mirror in order:
        meter.at(0)
        try:
            _transfer(mirror + file.name, file, folder, meter)
            return mirror
        except _MirrorError as error:
            failures.append(f"{urlsplit(mirror).netloc}: {error}")
    raise DataError(
        f"Could not download {set_name}; without a network, give --data-dir DIR or set "
        f"INKLING_DATA to a folder with its four IDX files in {set_name}/ "
        f"({file.name}: {'; '.join(failures)})."
    )


def _transfer(url: str, file: RemoteFile, folder: Path, meter: _Meter) -> None:
    """Fetch `url` to `folder / file.name`, by way of a partial file that never outlives this."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=_PARTIAL, dir=folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    partial = Path(name)
    try:
        os.close(descriptor)
        with partial.open("wb") as part:
            sink = _Sink(part, file, meter)
            _download(url, sink, meter)
        sink.check()
        partial.replace(folder / file.name)
    except OSError as error:
        if error is meter.cancelled:
            raise
        raise _unwritable(folder, error) from None
    finally:
        partial.unlink(missing_ok=True)


def _download(url: str, sink: _Sink, meter: _Meter) -> None:
    """Let pooch write what `url` answers into `sink`; _MirrorError for all that the network does.

    What `progress` and `sink` raise passes through.
    """
    import pooch  # type: ignore[import-untyped]
    import requests
    from urllib3.exceptions import HTTPError

    # pooch leaves an answer open when writing it is interrupted, which is what a cancellation does;
    # the hook is how to get hold of it.
    answers: list[requests.Response] = []
    download = pooch.HTTPDownloader(
        chunk_size=_CHUNK,
        timeout=_TIMEOUT,
        headers=_HEADERS,
        hooks={"response": lambda answer, **_: answers.append(answer)},
    )
    try:
        download(url, sink, None)
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        if error is meter.cancelled:
            raise
        raise _MirrorError(_in_short(error)) from None
    finally:
        for answer in answers:
            answer.close()


def _in_short(error: Exception) -> str:
    import requests
    from urllib3.exceptions import ProtocolError, ReadTimeoutError

    response = getattr(error, "response", None)
    # requests says ConnectionError for these two as well, and keeps what urllib3 said inside.
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.HTTPError) and response is not None:
        return f"HTTP {response.status_code}"
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return "no answer in time"
    if isinstance(cause, ProtocolError):
        return "the connection broke off"
    if isinstance(error, requests.exceptions.SSLError):
        return "no secure connection"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, ValueError):
        return "an answer that makes no sense"
    return "the transfer failed"


def _unwritable(folder: Path, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or "not a usable path"
    return DataError(
        f"Cannot keep downloads in {shown(folder)}: {reason}; make room there or make it "
        "writable, or give --data-dir DIR with the files."
    )
