"""A folder of pictures, one folder per class, made into digits like those of MNIST.

    DIR/cat/1.png ...  DIR/dog/1.jpg ...            the classes are cat and dog
    DIR/train/cat ...  DIR/test/cat ...             the same, with an official split

Each picture is turned grey, its ink bright on black, and centred in 28x28 (`centre`). Pillow does
the decoding; it is shown only files whose size in pixels, as their header has it, can be afforded.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.data.centre import FIELD, centred, ink_of
from nn.data.dataset import DataError, Dataset, Pixels, Progress, shown
from nn.data.idx import as_sentences, open_regular
from nn.data.pixels import named_classes, own_dataset

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pnm")
)
JPEG_NOISE = 24
"""How far from its paper JPEG leaves a pixel beside a stroke, though nothing was drawn there."""

NO_PILLOW = "Pictures are read by Pillow, which is not installed; install it (pip install pillow)."

MOST_IMAGES = 2_000_000
MOST_PIXELS = 40_000_000
LARGEST_FILE = 1 << 27

_PARTS = ("train", "test")
_IGNORED = frozenset(("thumbs.db", "desktop.ini"))
_REPORT_EVERY = 32


@dataclass(frozen=True)
class ImageFolder:
    """Every picture with its class: `paths` and `labels` go together, training pictures first.

    `key` names the contents of all of it: the names of the folders, and the bytes of the pictures.
    """

    folder: Path
    folder_names: tuple[str, ...]
    class_names: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    n_official_train: int | None
    key: str


def find_images(folder: Path, progress: Progress | None = None) -> ImageFolder:
    """Every picture below `folder`, found and hashed.

    Raises DataError if there are not 2 to 256 folders with pictures, if one of them is empty or
    holds anything else, or if train/ and test/ have not the same classes.
    """
    parts = _class_folders(folder)
    names = [path.name for path in parts]
    n_train: int | None = None
    if sorted(names) == sorted(_PARTS):
        train, test = (_class_folders(folder / part) for part in _PARTS)
        _check_same_classes(folder, [p.name for p in train], [p.name for p in test])
        names, halves = [path.name for path in train], [train, test]
    else:
        halves = [parts]
    class_names = named_classes(names, shown(folder))
    paths: list[Path] = []
    labels: list[int] = []
    for half in halves:
        n_train = len(paths) if half is halves[-1] and len(halves) == 2 else None
        for label, class_folder in enumerate(half):
            found = _pictures(class_folder)
            paths += found
            labels += [label] * len(found)
            if len(paths) > MOST_IMAGES:
                raise DataError(f"{shown(folder)} holds more than {MOST_IMAGES:,} pictures.")
    digests = []
    for number, path in enumerate(paths):
        if progress is not None and number % _REPORT_EVERY == 0:
            progress(f"Looking at {shown(folder.name)}", number, len(paths))
        digests.append(hashlib.sha256(_content(path)).digest())
    key = _key(names, labels, n_train, digests)
    return ImageFolder(folder, tuple(names), class_names, tuple(paths), tuple(labels), n_train, key)


def read_images(found: ImageFolder, name: str, progress: Progress | None = None) -> Dataset:
    """Decode and centre every picture: (n, 28, 28).

    Raises DataError, naming the file, for one that is no picture, is damaged, or is too large; and
    if Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise DataError(NO_PILLOW) from None
    images = np.empty((len(found.paths), FIELD, FIELD), np.uint8)
    digests = []
    with _no_warnings(Image):
        for number, path in enumerate(found.paths):
            if progress is not None and number % _REPORT_EVERY == 0:
                progress(f"Reading {shown(found.folder.name)}", number, len(found.paths))
            content = _content(path)
            digests.append(hashlib.sha256(content).digest())
            images[number] = centred(_ink(path, content))
    # The entry is kept under the key of the bytes, so it must have been made from those bytes.
    if _key(found.folder_names, found.labels, found.n_official_train, digests) != found.key:
        raise DataError(f"The pictures in {shown(found.folder)} changed while they were read.")
    return own_dataset(
        name,
        images,
        np.array(found.labels, np.uint8),
        shown(found.folder),
        class_names=found.class_names,
        n_official_train=found.n_official_train,
    )


def read_picture(path: Path) -> Pixels:
    """One picture as ink, bright on black, of its own size: (h, w) uint8.

    Raises DataError, naming the file, for one that is no picture, is damaged, or is too large; and
    if Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        raise DataError(NO_PILLOW) from None
    with _no_warnings(Image):
        return _ink(path, _content(path))


def _ink(path: Path, content: bytes) -> Pixels:
    noise = JPEG_NOISE if content.startswith(b"\xff\xd8") else 0
    return ink_of(_grey(path, content), noise)


def _key(
    names: Sequence[str], labels: Sequence[int], n_train: int | None, digests: list[bytes]
) -> str:
    digest = hashlib.sha256(f"images 1\n{[*names]!a}\n{n_train}\n".encode())
    digest.update(np.array(labels, np.uint8).data)
    digest.update(b"".join(digests))
    return digest.hexdigest()


def _in_order(name: str) -> tuple[int, int, str]:
    """2 before 10, and numbers before words."""
    if name.isascii() and name.isdigit() and len(name) < 10:
        return 0, int(name), name
    return 1, 0, name


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """What is in `folder` but for hidden files; DataError if it cannot be looked into."""
    try:
        with os.scandir(folder) as entries:
            return [
                entry
                for entry in entries
                if not entry.name.startswith(".") and entry.name.lower() not in _IGNORED
            ]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise DataError(f"Cannot look into the folder {shown(folder)}: {reason}.") from None


def _class_folders(folder: Path) -> list[Path]:
    names = [entry.name for entry in _listed(folder) if _is_folder(entry)]
    if not names:
        raise DataError(
            f"{shown(folder)} holds no folders; there must be one folder of pictures per class."
        )
    return [folder / name for name in sorted(names, key=_in_order)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        # A link that leads round in a circle is neither a folder nor a file.
        return entry.is_dir()
    except OSError:
        return False


def _pictures(folder: Path) -> list[Path]:
    """The pictures directly in `folder`, by name; never deeper, so no link can lead in a circle."""
    names = sorted(entry.name for entry in _listed(folder))
    for name in names:
        if Path(name).suffix.lower() not in SUFFIXES:
            raise DataError(
                f"{shown(folder / name)} is not a picture (PNG, JPEG, BMP, GIF, TIFF, WebP, PGM); "
                "a class's folder must hold nothing else."
            )
    if not names:
        raise DataError(f"The folder {shown(folder)} holds no pictures; each class needs some.")
    return [folder / name for name in names]


def _check_same_classes(folder: Path, train: list[str], test: list[str]) -> None:
    for here, there, names in (("train", "test", train), ("test", "train", test)):
        lacking = sorted(set(names) - set(train if there == "train" else test), key=_in_order)
        if lacking:
            raise DataError(
                f"{shown(folder)} has the class {shown(lacking[0])} in {here}/ but not in "
                f"{there}/; both need the same classes."
            )


def _content(path: Path) -> bytes:
    with open_regular(path) as file, as_sentences(path):
        if os.fstat(file.fileno()).st_size > LARGEST_FILE:
            raise DataError(f"{shown(path)} is larger than {LARGEST_FILE >> 20} MB.")
        content = file.read(LARGEST_FILE + 1) or b""
    if not content:
        raise DataError(f"{shown(path)} is empty, not a picture.")
    return content


@contextmanager
def _no_warnings(image: Any) -> Iterator[None]:
    """Pillow's remarks on odd files are for nobody here; that one is a bomb is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", image.DecompressionBombWarning)
        yield


def _grey(path: Path, content: bytes) -> Pixels:
    """The picture in `content` as (h, w) uint8."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height <= MOST_PIXELS:
                return _as_grey(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(
            f"{shown(path)} is too large: more than {MOST_PIXELS // 10**6} million pixels."
        ) from None
    except UnidentifiedImageError:
        raise DataError(f"{shown(path)} is not a picture, whatever its name says.") from None
    # Pillow's decoders raise a dozen kinds for a damaged file, and each only means that it is.
    except Exception:
        raise DataError(f"{shown(path)} is damaged or cut short.") from None
    raise DataError(
        f"{shown(path)} is too large: {width:,}x{height:,} pixels, where "
        f"{MOST_PIXELS // 10**6} million are the most."
    )


def _as_grey(image: Image.Image) -> Pixels:
    from PIL import ImageOps

    if image.format != "PNG":
        # A camera held upright says so beside the picture.
        image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        deep = np.asarray(image, np.float32)
        # 16 bits a pixel, unless nothing in it needs them.
        scale = np.float32(257 if deep.max(initial=0) > 255 else 1)
        greys: Pixels = np.rint((deep / scale).clip(0, 255)).astype(np.uint8)
        return greys
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    # What can be seen through lies on paper: bright under dark ink, dark under bright.
    both = np.asarray(image.convert("LA"), np.float32)
    luminance, alpha = both[..., 0], both[..., 1] / 255
    paper = 255 if (luminance * alpha).sum() < 127.5 * alpha.sum() else 0
    return np.rint(luminance * alpha + paper * (1 - alpha)).astype(np.uint8)
