"""What nobody foresaw is told as everything else is."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tui import cli
from tui.exit_codes import FAILED


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
    assert "(test_faults.py, line 22)" in printed.err
    files = [*home.glob("inkling/log/fault-*.txt")]
    assert [str(file) in printed.err for file in files] == [True] * writable
