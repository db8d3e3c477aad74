"""A run is a directory: made whole or not at all, found by name, alive exactly while locked."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nn.hyperparameters import Hyperparameters
from tui.engine.run_config import FORMAT, RunConfig, new_config
from tui.engine.run_directory import RunDirectory, RunError, default_runs_dir, find_run

Make = Callable[..., RunDirectory]

USER = os.geteuid()


def sentence(error: pytest.ExceptionInfo[RunError]) -> str:
    text = str(error.value)
    assert text.isprintable()
    assert text.endswith(".")
    assert "Errno" not in text
    assert "None" not in text
    return text


def test_a_new_run_is_for_its_owner_only(make_run: Make, runs: Path) -> None:
    run = make_run(optimizer="adam", seed=7)
    assert run.path.parent == runs
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(run.config_file.stat().st_mode) == 0o600
    assert run.name.endswith("-digits-adam-7")
    assert [path.name for path in run.path.iterdir()] == ["config.toml"]


def test_runs_of_the_same_second_have_names_of_their_own(runs: Path) -> None:
    config = new_config(Hyperparameters(), None)
    made = [RunDirectory.create(runs, config).name for _ in range(12)]
    assert len(set(made)) == 12
    assert len(list(runs.iterdir())) == 12


def no_place(kind: str, tmp_path: Path) -> Path:
    if kind == "below a file":
        (tmp_path / "file").write_text("")
        return tmp_path / "file" / "runs"
    if kind == "a file":
        (tmp_path / "file").write_text("")
        return tmp_path / "file"
    if kind == "a name too long":
        return tmp_path / ("x" * 300)
    if kind == "a loop of links":
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        return tmp_path / "loop" / "runs"
    if kind == "where the kernel lives":
        return Path("/proc/inkling/runs")
    (tmp_path / "closed").mkdir(mode=0o500)
    return tmp_path / "closed"


@pytest.mark.parametrize(
    "kind",
    [
        "below a file",
        "a file",
        "a name too long",
        "a loop of links",
        pytest.param(
            "where the kernel lives",
            marks=pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here"),
        ),
        pytest.param(
            "closed", marks=pytest.mark.skipif(USER == 0, reason="root may write anywhere")
        ),
    ],
)
def test_an_unwritable_place_is_refused_in_a_sentence(kind: str, tmp_path: Path) -> None:
    place = no_place(kind, tmp_path)
    with pytest.raises(RunError) as error:
        RunDirectory.create(place, new_config(Hyperparameters(), None))
    assert "--runs-dir" in sentence(error)


def test_what_cannot_be_finished_is_taken_away(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunDirectory, "write_config", full)
    with pytest.raises(RunError, match="No space left on device"):
        RunDirectory.create(runs, new_config(Hyperparameters(), None))
    assert list(runs.iterdir()) == []


TEXT = st.text().filter(str.isprintable) | st.sampled_from(["", "a'\"b", "\x1b[0m", "a\nb\\", "é"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    data_dir=TEXT,
    fingerprint=TEXT,
    versions=st.dictionaries(TEXT, TEXT, max_size=3),
    rate=st.floats(1e-30, 100, allow_nan=False),
    hidden=st.lists(st.integers(1, 8192), max_size=4).map(tuple),
    created=st.floats(0, 4e9),
)
def test_the_config_comes_back_as_it_was(
    tmp_path: Path, data_dir: str, fingerprint: str, versions: dict[str, str], rate: float,
    hidden: tuple[int, ...], created: float,
) -> None:  # fmt: skip
    config = RunConfig(
        inkling="0.1.0",
        created=created,
        data_dir=data_dir,
        fingerprint=fingerprint,
        versions=versions,
        hyperparameters=Hyperparameters(learning_rate=rate, hidden=hidden, pace=12.5),
    )
    run = RunDirectory(tmp_path)
    run.write_config(config)
    assert run.read_config() == config


WHOLE = "format = 1\ninkling = '1'\ncreated = 1.0\n[hyperparameters]\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "damaged"),
        (b"format = ", "not TOML"),
        (b"\xff\xfe", "not TOML"),
        (b"a = " + b"[" * 100_000, "not TOML"),
        (WHOLE.encode() + b"hidden = [0]", "hidden"),
        (WHOLE.encode() + b"pace = nan", "pace"),
        (WHOLE.encode() + b"colour = 'red'", "colour"),
        (WHOLE.replace("created = 1.0", "created = 'y'").encode(), "created"),
        (WHOLE.replace("[hyperparameters]", "hyperparameters = 3").encode(), "hyperparameters"),
        (WHOLE.encode() + b'"\\u001b[2J" = 1', "damaged"),
        (f"format = {FORMAT + 1}\nsomething = 'else'".encode(), "newer Inkling"),
    ],
    ids=range(11),
)
def test_a_damaged_config_is_told_in_a_sentence(text: bytes, says: str, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.config_file.write_bytes(text)
    with pytest.raises(RunError) as error:
        run.read_config()
    assert says in sentence(error)


def test_the_config_that_the_others_spoil_can_be_read(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.config_file.write_text(WHOLE)
    assert run.read_config().hyperparameters == Hyperparameters()


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RunError) as error:
        RunDirectory(tmp_path / "gone").read_config()
    assert "no run to read" in sentence(error)
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(RunError) as error:
        RunDirectory(tmp_path).read_config()
    assert "no run to read" in sentence(error)


def test_a_config_is_replaced_whole_or_not_at_all(make_run: Make) -> None:
    run = make_run()
    before = run.config_file.read_bytes()
    broken = run.read_config().model_copy(update={"created": object()})
    with pytest.raises(Exception, match="serialize"):
        run.write_config(broken)
    assert run.config_file.read_bytes() == before
    assert [path.name for path in run.path.iterdir()] == ["config.toml"]


def named(runs: Path, *names: str) -> None:
    for name in names:
        (runs / name).mkdir(parents=True)
        (runs / name / "config.toml").write_text(WHOLE)


def test_a_run_is_found_by_its_name_or_the_beginning_of_it(runs: Path) -> None:
    named(runs, "2026-a", "2026-ab", "2027-c")
    assert find_run(runs, "2027").name == "2027-c"
    assert find_run(runs, "2026-ab").name == "2026-ab"
    assert find_run(runs, "2026-a").name == "2026-a", "a whole name is never ambiguous"


def test_latest_is_the_one_begun_last_whatever_its_name(runs: Path) -> None:
    named(runs, "a", "b", "c")
    for age, name in enumerate(("b", "c", "a")):
        os.utime(runs / name / "config.toml", (1e9 - age, 1e9 - age))
    assert find_run(runs, "latest").name == "b"


@pytest.mark.parametrize("name", ["2026", "", "x", "../runs/2027-c", "\x1b[2J", "latest "])
def test_no_run_or_more_than_one_is_a_sentence(name: str, runs: Path) -> None:
    named(runs, "2026-a", "2026-b")
    with pytest.raises(RunError) as error:
        find_run(runs, name)
    several = name in ("2026", "")
    assert ("More than one run" if several else "No run begins") in sentence(error)


def test_no_runs_at_all(runs: Path) -> None:
    for prepare in (lambda: None, runs.mkdir, (runs / "not a run").mkdir):
        prepare()
        with pytest.raises(RunError) as error:
            find_run(runs, "latest")
        assert "There are no runs" in sentence(error)


def test_the_default_place(monkeypatch: pytest.MonkeyPatch, runs: Path, tmp_path: Path) -> None:
    assert default_runs_dir() == runs
    monkeypatch.setenv("INKLING_RUNS", "~nobody-of-this-name/runs")
    assert default_runs_dir() == Path("~nobody-of-this-name/runs")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("INKLING_RUNS", "~/runs")
    assert default_runs_dir() == tmp_path / "runs"
    monkeypatch.setenv("INKLING_RUNS", "")
    assert default_runs_dir() == tmp_path / "data-home" / "inkling" / "runs"


def test_a_run_is_alive_exactly_while_it_is_locked(make_run: Make) -> None:
    run = make_run()
    assert not run.is_live()
    with run.locked():
        assert run.is_live()
        note = run.note()
        assert note is not None
        assert note.pid == os.getpid()
    assert not run.is_live(), "what stands in the lock means nothing"


def test_a_run_has_one_worker_and_none_waits_for_it(
    make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: pytest.fail("it waits"))
    monkeypatch.setattr("tui.engine.lock.time", clock)
    with run.locked():
        with pytest.raises(RunError) as error, run.locked():
            pytest.fail("two workers in one run")
        assert "a worker already" in sentence(error)
        assert run.is_live(), "the refused one has not let go of the other's lock"
    with run.locked(patience=0):
        pass


def test_looking_at_a_lock_does_not_keep_a_worker_out(make_run: Make) -> None:
    run = make_run()
    with run.locked():
        pass
    looker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom pathlib import Path\n"
            "from tui.engine.run_directory import RunDirectory\n"
            "run = RunDirectory(Path(sys.argv[1]))\nprint('looking', flush=True)\n"
            "while True: run.is_live()",
            str(run.path),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert looker.stdout is not None
        assert looker.stdout.readline() == b"looking\n"
        for _ in range(50):
            with run.locked():
                pass
    finally:
        looker.kill()
        looker.communicate()


def test_a_copy_of_a_live_run_is_not_live(make_run: Make, tmp_path: Path) -> None:
    run = make_run()
    with run.locked():
        shutil.copytree(run.path, tmp_path / "copy")
        assert not RunDirectory(tmp_path / "copy").is_live()
        assert run.is_live()


def test_a_killed_worker_leaves_no_lock(make_run: Make) -> None:
    run = make_run()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom pathlib import Path\n"
            "from tui.engine.run_directory import RunDirectory\n"
            "with RunDirectory(Path(sys.argv[1])).locked():\n"
            "    print('held', flush=True)\n    sys.stdin.read()",
            str(run.path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert run.is_live()
    holder.kill()
    holder.communicate()
    assert not run.is_live()
    note = run.note()
    assert note is not None
    assert note.pid == holder.pid
