"""The crash loop of `bench/`, seeded and short: workers and an app on top of one killed at random
moments, nothing lost."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from processes import come_to_rest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.slow
def test_kill_after_kill_not_a_bit_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(BENCH)])
    crashloop = importlib.import_module("crashloop")
    tally = crashloop.crash_loop(
        tmp_path, 4, 20, interval=0.3, epochs=300, pace=500, longest=0.8, screens=True,
        say=lambda _: None,
    )  # fmt: skip
    assert (tally.kills, tally.screens) == (4, 1)
    assert any(tally.recomputed), "not one of them was killed between two checkpoints"
    come_to_rest(tmp_path / "runs")
