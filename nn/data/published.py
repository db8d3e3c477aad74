"""MNIST and Fashion-MNIST as published: which files they are, and where they are to be had.

Sizes and SHA-256s are those of the .gz files; the fingerprints are of the decoded contents, so they
also recognise a set that was unpacked or packed anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class RemoteFile:
    """One published file: its name, its size in bytes, and its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


FILES: Mapping[str, tuple[RemoteFile, ...]] = MappingProxyType(
    {
        "mnist": (
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
        "fashion-mnist": (
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
    }
)
"""The files of each set, in the order of `folder.FILE_NAMES`."""

MIRRORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "mnist": (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        "fashion-mnist": (
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
    }
)
"""Where each set is published: base URLs, each ending in a slash, tried in this order."""

PUBLISHED_FINGERPRINTS: Mapping[str, str] = MappingProxyType(
    {
        "mnist": "2205afc5aa6e54ff50847f3294196e57d81442196fec285e25838d4c59782eb1",
        "fashion-mnist": "48ed50938d025f98cfc7d84c9f6e464cfe7442e5fcd610e882d78d2a0ed831d5",
    }
)
"""The `Dataset.fingerprint` of the sets as published."""

MNIST_TEST_FINGERPRINT = "b69c9657baa73cea1359a511f70970d5a9bfe744927151e61f60d0f15df2ff64"
"""`dataset.fingerprint` of MNIST's official test digits alone: they may come with others to train
on."""
