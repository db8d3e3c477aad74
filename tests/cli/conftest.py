"""The command as a shell would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tui.cli import main

INKLING = str(Path(sys.executable).with_name("inkling"))
"""The command that belongs to the interpreter of the tests, whatever PATH says."""


@dataclass
class Done:
    """What a command left: its exit status and its two streams."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def command() -> str:
    return INKLING


@pytest.fixture
def inkling() -> Callable[..., Done]:
    """`inkling("train", "--epochs", "1")`: run to its end, with nothing to read."""

    def run(*arguments: str | bytes, **environment: str) -> Done:
        done = subprocess.run(
            [INKLING, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            env=os.environ | environment,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[bytes]]:
    """`start("train", ...)`: the same, left running, its streams in pipes."""

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [INKLING, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return run


@pytest.fixture
def refused(runs: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`refused("train", ...)`: one sentence on standard error, status 2, nothing left behind;
    returns the sentence. In this process, for there are many."""

    def run(*arguments: str | bytes) -> str:
        capfd.readouterr()
        try:
            status: object = main([os.fsdecode(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        printed = capfd.readouterr()
        assert status == 2, printed
        assert all("Reading" in line for line in printed.out.splitlines()), printed.out
        sentence = printed.err.removesuffix("\n")
        assert sentence.startswith("inkling: ")
        assert sentence.endswith(".")
        assert sentence.isprintable(), repr(sentence)
        assert "Traceback" not in sentence
        assert not runs.exists() or list(runs.iterdir()) == []
        return sentence

    return run
