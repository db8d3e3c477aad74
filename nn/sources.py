"""What a data set may be called: one of three names, or where to find digits of one's own.

    digits, mnist, fashion-mnist
    idx:DIR      npz:FILE      csv:FILE      images:DIR      openml:NAME

Only the text is looked at here, not the disk (`nn.data` does that), and no NumPy is imported, so
that the command line and the form can check a name before anything else is loaded.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from nn.names import DatasetName

DATASET_NAMES: tuple[str, ...] = get_args(DatasetName)


@dataclass(frozen=True)
class SourceKind:
    """Digits of one's own: what is expected after the colon, a text as an example, and a line of
    help."""

    place: str
    example: str
    help: str


SOURCE_KINDS: Mapping[str, SourceKind] = MappingProxyType(
    {
        "idx": SourceKind(
            "DIR", "idx:~/emnist", "the four IDX files of a set, plain or gzip, named as MNIST's"
        ),
        "npz": SourceKind(
            "FILE",
            "npz:mnist.npz",
            "a NumPy archive with x_train, y_train, x_test and y_test, or with x and y",
        ),
        "csv": SourceKind(
            "FILE",
            "csv:mnist_train.csv",
            "a table, plain or gzip: the label first, then the pixels, one image a line",
        ),
        "images": SourceKind("DIR", "images:~/letters", "a folder of pictures for each class"),
        "openml": SourceKind(
            "NAME", "openml:mnist_784", "a set of openml.org, by name or number; downloaded once"
        ),
    }
)
"""What may stand before the colon."""

DATASET_FORMS: tuple[str, ...] = (
    *DATASET_NAMES,
    *(f"{kind}:{source.place}" for kind, source in SOURCE_KINDS.items()),
)
"""Every form of the text, for help and for messages."""

DATASET_STARTS: tuple[str, ...] = (*DATASET_NAMES, *(f"{kind}:" for kind in SOURCE_KINDS))
"""What the text may begin with: something for a form to offer."""

LONGEST_PLACE = 4096
LONGEST_LABEL = 40

# The name becomes part of an address and of a path in the cache.
_OPENML_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.()+-]{0,127}")


def check_dataset(text: str) -> str:
    """`text`, if it is a name or a form that `nn.data.load` knows; ValueError if not."""
    if text in DATASET_NAMES:
        return text
    kind, colon, place = text.partition(":")
    place = place.strip()
    if not colon or kind not in SOURCE_KINDS:
        raise ValueError("must be one of " + ", ".join(DATASET_FORMS))
    if not place:
        source = SOURCE_KINDS[kind]
        raise ValueError(f"needs a {source.place} after the colon, as in {source.example}")
    if len(place) > LONGEST_PLACE:
        raise ValueError(f"must be {LONGEST_PLACE} characters at most")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in place):
        # A run's configuration is UTF-8 text; and nobody means to type a control character.
        raise ValueError("must be UTF-8 without control characters; give the path another name")
    if kind == "openml" and not _OPENML_NAME.fullmatch(place):
        raise ValueError("needs the name or the number of a set on openml.org after openml:")
    return f"{kind}:{place}"


def source_of(dataset: str) -> tuple[str, str] | None:
    """(kind, place) of a text such as `csv:FILE`; None for a name, and for anything else."""
    kind, colon, place = dataset.partition(":")
    return (kind, place) if colon and place and kind in SOURCE_KINDS else None


def absolute_dataset(dataset: str) -> str:
    """The same data set for a process in another folder: `~` resolved, no relative path."""
    source = source_of(dataset)
    if source is None or source[0] == "openml":
        return dataset
    kind, place = source
    # Not Path.expanduser, which raises RuntimeError for a user that does not exist.
    return f"{kind}:{Path(os.path.expanduser(place)).absolute()}"  # noqa: PTH111


def dataset_label(dataset: str, limit: int = LONGEST_LABEL) -> str:
    """The data set as it is shown on a screen: `images:...ters/handwriting`.

    Without control characters, and at most `limit` long; of a path the end says the most, so
    it is shortened from the left.
    """
    source = source_of(dataset)
    kind, place = source if source else ("", dataset)
    start = f"{kind}:" if kind else ""
    clean = printable_name(place)
    room = max(limit - len(start), 4)
    return start + (clean if len(clean) <= room else "..." + clean[len(clean) - room + 3 :])


def dataset_slug(dataset: str) -> str:
    """The data set in a few letters and digits, for the name of a run: `images-handwriting`."""
    kind, place = source_of(dataset) or ("", dataset)
    words = f"{kind} {Path(place).name}".lower()
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")[:32].strip("-") or "data"


def printable_name(text: str) -> str:
    """`text` on one line: white space becomes a blank, and what cannot be printed `?`."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "?"
        for character in text
    ).strip()
