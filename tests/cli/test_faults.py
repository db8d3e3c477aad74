"""What nobody foresaw is told as everything else is."""

from __future__ import annotations

import argparse
import os
import pty
import sys
from pathlib import Path

import pytest

from tui import cli
from tui.exit_codes import DONE, FAILED, USAGE


@pytest.mark.parametrize("writable", [True, False])
def test_a_command_that_is_at_fault_says_so_and_where_the_rest_is(
    writable: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def at_fault(_: argparse.Namespace) -> int:
        raise KeyError("\x1b[31m")

    home = tmp_path / "state"
    if not writable:
        home.write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.setattr(cli, "_manage", at_fault)
    assert cli.main(["runs"]) == FAILED
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.startswith("inkling: A fault of Inkling's own, not of yours, has ended it: ")
    assert printed.err.count("\n") == 1
    assert "(test_faults.py, line 25)" in printed.err
    files = [*home.glob("inkling/log/fault-*.txt")]
    assert [str(file) in printed.err for file in files] == [True] * writable


@pytest.mark.parametrize("arguments", [["runs"], ["rm", "none", "--yes"]])
@pytest.mark.parametrize("closed", [None, "full", "full at once", "terminal"])
def test_an_output_that_is_gone_is_no_fault(
    arguments: list[str],
    closed: str | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("INKLING_RUNS", str(tmp_path / "runs"))
    name = "stdout" if arguments[0] == "runs" else "stderr"
    gone = None
    if closed == "full":
        gone = open("/dev/full", "w")  # noqa: SIM115
    elif closed == "full at once":
        gone = open("/dev/full", "w", buffering=1)  # noqa: SIM115
    elif closed == "terminal":
        ours, theirs = pty.openpty()
        gone = os.fdopen(theirs, "w")
        os.close(ours)
    monkeypatch.setattr(sys, name, gone)
    status = cli.main(arguments)
    assert status == (USAGE if name == "stderr" else DONE if closed is None else FAILED)
    said = capsys.readouterr().err
    assert ("No space left" in said) == ("full" in (closed or "") and name == "stdout")
    # As Python does at exit, which is to have nothing to complain of.
    getattr(sys, name).close()
    assert not [*tmp_path.glob("inkling/log/*")]
