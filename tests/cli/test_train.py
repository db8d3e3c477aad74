"""`inkling train`: what a script can rely on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui.engine.facts import Stopped, decode
from tui.engine.run_directory import RunDirectory, find_run

QUICK = ("train", "--epochs", "3", "--batch-size", "100")
LONG = ("train", "--epochs", "100000")

Inkling = Callable[..., Any]
Start = Callable[..., subprocess.Popen[bytes]]


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def last_fact(run: RunDirectory) -> object:
    entry = decode(run.journal.read_bytes().splitlines()[-1])
    assert entry is not None
    return entry.fact


def test_json_lines(inkling: Inkling, runs: Path) -> None:
    done = inkling(*QUICK, "--json")
    assert done.status == 0
    assert done.err == ""
    *epochs, last = objects(done.out)
    assert [line["event"] for line in epochs] == ["epoch_done"] * 3
    assert [line["epoch"] for line in epochs] == [1, 2, 3]
    wanted = {
        "event", "run", "epochs", "train_loss", "test_accuracy", "seconds", "samples_per_second",
    }  # fmt: skip
    assert wanted <= set(last)
    assert last["event"] == "run_finished"
    assert last["epochs"] == 3
    assert (runs / last["run"]).is_dir()
    assert last["train_loss"] == epochs[-1]["train_loss"]
    assert last["test_accuracy"] == epochs[-1]["test_accuracy"] > 0.3
    assert last["seconds"] > 0
    assert last["samples_per_second"] > 0


def test_plain_lines(inkling: Inkling, runs: Path) -> None:
    done = inkling(*QUICK)
    assert done.status == 0
    assert done.err == ""
    assert "\x1b" not in done.out
    assert "\r" not in done.out
    lines = done.out.splitlines()
    assert lines[0] == f"run {find_run(runs, 'latest').name}"
    assert "epoch" in lines[2]
    assert [line.split()[1] for line in lines[3:9:2]] == ["1", "2", "3"]
    assert all("never right" in line for line in lines[4:9:2])
    assert "finished" in lines[-1]
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE"])
def test_not_a_terminal_means_no_escape_codes_whatever_the_environment_says(
    variable: str, inkling: Inkling
) -> None:
    assert "\x1b" not in inkling(*QUICK, **{variable: "1"}).out


def without_times(text: str) -> list[dict[str, Any]]:
    timed = ("seconds", "samples_per_second", "run")
    return [{k: v for k, v in line.items() if k not in timed} for line in objects(text)]


def test_the_same_seed_gives_the_same_run(inkling: Inkling) -> None:
    first, again, other = (inkling(*QUICK, "--json", "--seed", s).out for s in ("7", "7", "8"))
    assert without_times(first) == without_times(again)
    assert without_times(first) != without_times(other)
    assert json.loads(first.splitlines()[-1])["run"] != json.loads(again.splitlines()[-1])["run"]


def test_a_hyperparameter_in_front_of_the_command_counts_too(inkling: Inkling) -> None:
    done = inkling("--epochs", "2", "train", "--json")
    assert len(objects(done.out)) == 3


def test_a_preset_is_a_beginning(inkling: Inkling, runs: Path) -> None:
    assert inkling("train", "--preset", "first-light", "--epochs", "1", "--seed", "3").status == 0
    h = find_run(runs, "latest").read_config().hyperparameters
    assert (h.epochs, h.seed, h.pace) == (1, 3, 0), "nobody watches, so nothing is paced"


def test_a_data_set_of_one_s_own(
    inkling: Inkling, write_mnist: Callable[..., Path], tmp_path: Path, runs: Path
) -> None:
    folder = write_mnist(tmp_path / "data")
    options = ("--dataset", "mnist", "--epochs", "2", "--batch-size", "32", "--json")
    by_option = inkling("train", *options, "--data-dir", str(folder))
    by_variable = inkling("train", *options, INKLING_DATA=str(folder))
    assert by_option.status == by_variable.status == 0
    assert without_times(by_option.out) == without_times(by_variable.out)
    config = find_run(runs, "latest").read_config()
    assert config.data_dir == str(folder)
    assert config.fingerprint
    assert objects(by_option.out)[0]["step"] == 10, "300 digits are its official training set"
    shared = inkling("train", *options, "--data-dir", str(folder), "--split", "0.5")
    assert objects(shared.out)[0]["step"] == 6, "half of 360"


@pytest.mark.parametrize("json_too", [True, False])
def test_a_run_that_diverges_says_so_last_and_fails(json_too: bool, inkling: Inkling) -> None:
    options = ("--learning-rate", "100", "--activation", "gelu")
    done = inkling("train", *options, *(["--json"] if json_too else []))
    assert done.status == 1
    assert "Traceback" not in done.err
    assert "Warning" not in done.err
    last = done.out.splitlines()[-1]
    if json_too:
        said = json.loads(last)
        assert said["event"] == "diverged"
        assert said["run"]
        assert said["loss"] is None or said["loss"] > 1000
        assert "NaN" not in done.out
    else:
        assert "Diverged at step" in last


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_at_a_step(number: int, start: Start, runs: Path) -> None:
    process = start(*LONG, "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "epoch_done"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == b""
    last = objects(out.decode())[-1]
    assert last["event"] == "stopped"
    run = find_run(runs, "latest")
    assert last["run"] == run.name
    fact = last_fact(run)
    assert isinstance(fact, Stopped)
    assert fact.who == ("Ctrl+C" if number == signal.SIGINT else "a signal")
    assert run.steps.stat().st_size == 32 * fact.step
    assert not run.is_live()
    assert not run.control.is_symlink()


def test_a_signal_while_a_paced_run_waits(start: Start, runs: Path) -> None:
    process = start("train", "--pace", "0.001")
    assert process.stdout is not None
    while b"epoch" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert isinstance(last_fact(find_run(runs, "latest")), Stopped)


def test_what_nohup_ignores_stays_ignored(command: str) -> None:
    script = 'trap "" HUP; exec "$0" "$@"'
    from_shell = ["sh", "-c", script, command, "train", "--epochs", "150", "--json"]
    process = subprocess.Popen(from_shell, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert objects(out.decode())[-1]["event"] == "run_finished"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_had_enough(options: list[str], start: Start, runs: Path) -> None:
    """`inkling train | head -1`."""
    process = start(*LONG, *options)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=30) == 1
    run = find_run(runs, "latest")
    assert isinstance(last_fact(run), Stopped)
    assert not run.is_live()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_an_output_that_is_full(command: str, runs: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [command, *QUICK], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert isinstance(last_fact(find_run(runs, "latest")), Stopped)


@pytest.mark.parametrize(("blocks", "status"), [(256, 1), (1, 2)])
def test_a_disk_that_fills_up(blocks: int, status: int, command: str, runs: Path) -> None:
    """A limit on the size of files stands in for it; the smaller one ends it before it begins."""
    script = f'ulimit -f {blocks}; exec "$0" "$@"'
    done = subprocess.run(
        ["sh", "-c", script, command, *LONG, "--pace", "0"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    error = done.stderr.decode()
    assert "File too large" in error
    assert error.count("\n") == 1
    if status == 2:
        assert list(runs.iterdir()) == []
        return
    run = find_run(runs, "latest")
    assert not run.is_live()
    assert run.steps.stat().st_size > 0


def test_a_run_directory_that_is_taken_away(start: Start, runs: Path) -> None:
    process = start(*LONG, "--json")
    assert process.stdout is not None
    process.stdout.readline()
    runs.rename(runs.with_name("elsewhere"))
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert err.count(b"\n") == 1
    assert not runs.exists()


def test_two_at_once(start: Start, runs: Path) -> None:
    processes = [start(*QUICK, "--json") for _ in range(2)]
    outs = [process.communicate(timeout=60)[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert without_times(outs[0]) == without_times(outs[1])
    assert len(list(runs.iterdir())) == 2


def test_a_locale_without_a_single_letter_beyond_ascii(inkling: Inkling) -> None:
    done = inkling(*QUICK, LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.status == 0
    assert done.err == ""


def test_the_environment_is_as_the_tests_want_it() -> None:
    """So that no test of this folder can touch the user's own runs."""
    assert "INKLING_DATA" not in os.environ
    assert os.environ["INKLING_RUNS"].startswith(os.environ["XDG_DATA_HOME"].rsplit("/", 1)[0])
