"""Alerts as facts of a run: told once, with advice that does what it says."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from nn.events import Diverged, EpochDone, HyperparameterChanged, RunFinished, RunStarted, StepDone
from nn.health import MEMORY, Alert, Kind, Settled
from nn.hyperparameters import Hyperparameters
from nn.specs import SPECS
from tui.engine import advice
from tui.engine.checkup import Checkup
from tui.engine.commands import Set, Stop
from tui.engine.control import Asked
from tui.engine.facts import Entry, Fact, Paused, Stopped, TakenUp, decode, encode
from tui.engine.last_steps import last_steps
from tui.engine.log_lines import is_logged, line
from tui.engine.orders import Stint
from tui.engine.recorder import Recorder
from tui.engine.run_directory import RunDirectory
from tui.engine.state import RunState
from tui.engine.tail import Died
from tui.engine.worker import Worker

Make = Callable[..., RunDirectory]
FactsOf = Callable[[RunDirectory], list[Fact]]

STARTED = RunStarted((64, 128, 64, 10), 17226, 1437, 360, 60, 45, 2.3, 0.1)
ALERTS = {
    "spike": Alert("spike", 300, 7, 3.21, 0.52),
    "plateau": Alert("plateau", 900, 20, 0.4, 0.41, since=10),
    "overfitting": Alert("overfitting", 900, 20, 0.44, 0.4, since=10),
    "dead_units": Alert("dead_units", 900, 20, 0.31, 0.1, layer=2),
    "vanishing": Alert("vanishing", 900, 20, 0.0, 0.007, layer=1),
    "exploding": Alert("exploding", 900, 20, 1234.5, 100.0, layer=3),
}


def state_after(*facts: Fact, **values: Any) -> RunState:
    state = RunState("run", Hyperparameters(**values))
    for fact in (STARTED, *facts):
        state.apply(Entry(0.0, fact))
    return state


@pytest.mark.parametrize("kind", get_args(Kind))
def test_an_alert_says_why_and_what_a_key_would_do(kind: Kind) -> None:
    alert = ALERTS[kind]
    entry = decode(encode(Entry(5.0, alert)))
    assert entry is not None
    assert entry.fact == alert
    assert advice.why(alert) in line(entry)
    assert len(line(entry)) <= 77
    state = state_after(alert)
    assert state.advice is not None
    assert state.status.alert == advice.short(alert)
    assert state.status.remedy == state.advice.words
    assert len(f"{state.status.alert}; a: {state.status.remedy}") < 66
    told = " ".join(" ".join(state.book.lines).split())
    assert "! " + advice.why(alert) in told
    assert told.endswith(f"<health.act>: {state.advice.words}")
    # What is suggested can be done.
    spec = SPECS[state.advice.name]
    assert spec.parse(state.advice.value) == state.advice.value
    assert spec.live or state.advice.act != "set"
    assert not spec.fixed or state.advice.act == "restart"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_it_is_over_when_it_has_settled_or_has_been_acted_on(kind: Kind) -> None:
    state = state_after(ALERTS[kind], Settled("spike" if kind != "spike" else "plateau", 1000))
    assert state.status.alert
    assert not is_logged(Settled(kind, 1000))
    state.apply(Entry(30.0, Settled(kind, 1000)))
    assert (state.status.alert, state.advice) == ("", None)
    state = state_after(ALERTS[kind])
    assert state.advice is not None
    old, name = state.hyperparameters, state.advice.name
    changed = HyperparameterChanged(name, getattr(old, name), state.advice.value, 1000)
    over = state.advice.act == "set"
    state.apply(Entry(0.0, changed))
    assert bool(state.status.alert) != over
    assert (state.advice is None) == over


def test_an_alert_that_is_over_gives_way_to_one_that_is_not() -> None:
    dead = Alert("dead_units", 45, 1, 0.9, 0.1)
    state = state_after(dead, ALERTS["plateau"], ALERTS["spike"])
    assert state.status.alert == advice.short(ALERTS["spike"])
    state.apply(Entry(0.0, Settled("plateau", 1000)))
    assert state.status.alert == advice.short(ALERTS["spike"])
    # What is done about one may be what another suggests, but dead units are not mended by it.
    state.apply(Entry(0.0, ALERTS["plateau"]))
    state.apply(Entry(0.0, HyperparameterChanged("learning_rate", 0.05, 0.005, 1000)))
    assert state.status.alert == advice.short(dead)
    assert state.advice is not None
    assert state.advice.act == "restart"


def test_it_leaves_the_status_line_after_a_while_and_can_still_be_acted_on() -> None:
    state = state_after(ALERTS["dead_units"])
    done = EpochDone(21, 945, 0.3, 0.4, 0.9, 0.05, 1.0, 1.0)
    for time, shown in ((5.0, True), (19.0, True), (21.0, False)):
        state.apply(Entry(time, done))
        assert bool(state.status.alert) == shown
        assert state.advice is not None


def test_the_last_line_that_names_the_key_says_what_it_does() -> None:
    """A jump of the loss is over before anybody has read of it; it can be acted on all the same."""

    def said(state: RunState) -> str:
        return next(line for line in reversed(state.book.lines) if "<health.act>: " in line)

    def after(seconds: float) -> Entry:
        return Entry(seconds, EpochDone(21, 945, 0.3, 0.4, 0.9, 0.05, 1.0, 1.0))

    state = state_after(ALERTS["spike"], Settled("spike", 400))
    assert state.status.alert == advice.short(ALERTS["spike"]) + ", over by now"
    assert len(f"{state.status.alert}; a: {state.status.remedy}") < 66
    state.apply(after(19.0))
    assert state.advice is not None
    assert said(state).endswith(f": {state.advice.words}")
    state.apply(after(21.0))
    assert (state.advice, state.status.alert) == (None, "")
    assert said(state).endswith("nothing any more, it has settled")
    # Nor does it take other news: a run may be held, or its epochs be long.
    state = state_after(ALERTS["spike"], Settled("spike", 400), Paused(400, "me"))
    state.pass_time(19.0)
    assert state.status.alert.endswith("over by now")
    assert state.advice is not None
    state.pass_time(21.0)
    assert (state.advice, state.status.alert, state.status.remedy) == (None, "", "")
    assert said(state).endswith("nothing any more, it has settled")
    lines = len(state.book.lines)
    state.pass_time(22.0)
    assert len(state.book.lines) == lines
    # Beside another alert it need not stay.
    state = state_after(ALERTS["dead_units"], ALERTS["spike"], Settled("spike", 400))
    assert state.advice is not None
    assert said(state).endswith(f": {state.advice.words} (still: dead units)")
    assert state.status.alert == advice.short(ALERTS["dead_units"])
    # Nothing a key could do is not what it did before.
    state.hyperparameters = state.hyperparameters.model_copy(
        update={"normalization": "batch_norm", "skip": "residual"}
    )
    state.apply(Entry(0.0, ALERTS["vanishing"]))
    assert state.advice is None
    assert said(state).endswith(": nothing simple is left to do")
    # What is over gives way to what is not.
    state = state_after(ALERTS["spike"], Settled("spike", 400), ALERTS["plateau"])
    state.apply(Entry(0.0, Settled("plateau", 1000)))
    state.apply(after(30.0))
    assert state.advice is None


def test_where_steps_are_tiny_already_still_smaller_ones_are_no_advice() -> None:
    for optimizer, rate, act in (
        ("sgd", 1e-7, "find"), ("sgd", 1e-3, "set"), ("sgd", 9e-4, "find"),
        ("adam", 1e-4, "set"), ("adam", 9e-5, "find"),
    ):  # fmt: skip
        state = state_after(ALERTS["plateau"], optimizer=optimizer, learning_rate=rate)
        assert state.advice is not None
        assert state.advice.act == act
    assert state.status.remedy == "find a learning rate"
    state.apply(Entry(0.0, HyperparameterChanged("learning_rate", 9e-5, 0.002, 1000)))
    assert state.advice is None


def test_advice_goes_on_from_what_there_is() -> None:
    h = Hyperparameters(dropout=0.5, weight_decay=0.01, clip_norm=1, normalization="batch_norm",
                        skip="residual", activation="tanh")  # fmt: skip
    said = {kind: advice.against(alert, h) for kind, alert in ALERTS.items()}
    assert said["overfitting"] == advice.Advice("set", "weight_decay", 0.03)
    assert said["exploding"] == advice.Advice("set", "clip_norm", 0.1)
    assert said["vanishing"] is None
    assert said["dead_units"] == advice.Advice("set", "learning_rate", 0.025)
    # Where most are dead there is nothing left to go on from.
    most = Alert("dead_units", 900, 20, 0.9, 0.1)
    assert advice.against(most, h) == advice.Advice("restart", "learning_rate", 0.005)


def test_after_a_divergence_it_is_back_with_a_tenth_of_the_learning_rate() -> None:
    state = state_after(Diverged(27, 1, float("nan"), 0.05))
    assert state.advice == advice.Advice("fork", "learning_rate", 0.005)
    assert state.status.sentence.endswith("<health.act>: back, with rate 0.005")
    # Not of one that is taken up all the same: there it would give up a run that may do well.
    state.apply(Entry(1.0, TakenUp(0, 0, 27, 1.0, "me")))
    assert (state.status.phase, state.advice) == ("running", None)
    assert state.book.lines[-1].endswith("by me")


def test_what_is_advised_at_the_end_can_be_done_or_the_log_takes_it_back() -> None:
    finished = RunFinished(60, 2700, 0.3, 0.4, 0.9, 9.0, 1.0)
    ruined, few = Alert("dead_units", 900, 20, 0.9, 0.1), ALERTS["dead_units"]
    for alert, act in ((ruined, "restart"), (few, "fork"), (ALERTS["spike"], "set")):
        for end in (finished, Stopped(945, 21, "me"), Died("", "")):
            state = state_after(alert)
            told = state.advice
            assert told is not None
            assert told.act == act
            state.apply(end if isinstance(end, Died) else Entry(9.0, end))
            kept = act == "restart" or (act == "fork" and end is not finished)
            assert state.advice == (told if kept else None)
            assert (state.status.alert, state.status.remedy) == ("", "")
            last = next(line for line in reversed(state.book.lines) if "<health.act>: " in line)
            assert last.endswith(told.words if kept else "nothing any more, the run has ended")


@pytest.mark.parametrize("end", [Stopped(945, 21, "me"), Diverged(950, 22, float("nan"), 0.05)])
def test_what_was_amiss_at_the_end_is_so_again_when_the_run_is_taken_up(end: Fact) -> None:
    state = state_after(ALERTS["dead_units"], ALERTS["spike"], end)
    assert (state.status.alert, state.alert) == ("", None)
    for fact in (TakenUp(945, 21, 0, 9.0, "me"), Settled("spike", 1000)):
        state.apply(Entry(100.0, fact))
    assert state.status.alert == advice.short(ALERTS["dead_units"])
    assert state.book.lines[-1].endswith("fork with activation leaky_relu (still: dead units)")
    # Of what came after the checkpoint it is not known yet, and would never be over.
    state = state_after(ALERTS["dead_units"], end)
    state.apply(Entry(1.0, TakenUp(ALERTS["dead_units"].step - 1, 8, 9, 9.0, "me")))
    assert (state.status.alert, state.advice) == ("", None)
    # What was over by then is over.
    state = state_after(ALERTS["spike"], Settled("spike", 400), end)
    state.apply(Entry(1.0, TakenUp(945, 21, 0, 9.0, "me")))
    assert (state.status.alert, state.advice) == ("", None)


def test_a_worker_writes_what_is_amiss_and_the_next_one_does_not_repeat_it(
    make_run: Make, facts_of: FactsOf
) -> None:
    run = make_run(learning_rate=2.0, epochs=14)
    for entry in Worker(run, Stint.RUN).run():
        if isinstance(entry.fact, EpochDone) and entry.fact.epoch == 6:
            break
    first = [fact for fact in facts_of(run) if isinstance(fact, Alert)]
    assert ("dead_units", 45) in {(alert.kind, alert.step) for alert in first}
    # The last checkpoint is of the beginning: epochs come again, and their alerts are known.
    list(Worker(run).run())
    alerts = [fact for fact in facts_of(run) if isinstance(fact, Alert)]
    assert len({(alert.kind, alert.step) for alert in alerts}) == len(alerts)
    assert alerts[: len(first)] == first


def test_a_knob_that_changes_what_the_loss_means_is_no_alarm(
    make_run: Make, facts_of: FactsOf
) -> None:
    run = make_run(epochs=18, learning_rate=0.1)
    worker, epochs = Worker(run, Stint.EPOCH), 0
    for entry in worker.run():
        if isinstance(entry.fact, Paused):
            epochs += 1
            commands = {6: Set("label_smoothing", 0.5), 15: Stop()}
            if epochs in commands:
                worker._control.queue.put(Asked(commands[epochs], "", None))
            worker._stint = Stint.EPOCH
    facts = facts_of(run)
    assert any(isinstance(fact, HyperparameterChanged) for fact in facts)
    losses = [fact.train_loss for fact in facts if isinstance(fact, EpochDone)]
    assert losses[7] > losses[5] + 0.5
    # Nor is it for another worker, that has not seen it turned.
    list(Worker(run).run())
    kinds = {fact.kind for fact in facts_of(run) if isinstance(fact, Alert)}
    assert not kinds & {"spike", "plateau"}


def trainer_at(step: int, epochs: int = 0) -> Any:
    """What a checkup looks at of a trainer, after so many dull epochs."""
    nothing = np.zeros((1, 4), np.uint8)
    return SimpleNamespace(
        hyperparameters=Hyperparameters(), train_rows=np.arange(1), step=step,
        history=[dull(epoch) for epoch in range(1, epochs + 1)],
        split=SimpleNamespace(train_images=nothing, train_labels=nothing[0], pixel_max=16),
    )  # fmt: skip


def dull(epoch: int) -> EpochDone:
    return EpochDone(epoch, 45 * epoch, 2.3, 2.3, 0.1, 0.05, 1.0, 1.0)


def test_what_hid_an_alert_hides_it_from_the_next_worker_no_longer_than_from_this_one() -> None:
    trainer = trainer_at(900, epochs=20)
    vanished = Alert("vanishing", 90, 2, 1e-6, 1.0, 1)
    assert Checkup(trainer, (vanished,)).epoch(dull(21)) == ()
    # It was over after the last epoch, which has said nothing of a plateau.
    (found,) = Checkup(trainer, (vanished, Settled("vanishing", 900))).epoch(dull(21))
    assert isinstance(found, Alert)
    assert (found.kind, found.since) == ("plateau", 1)


def test_a_jump_is_told_whenever_a_run_has_been_taken_up_and_at_the_same_steps(
    run: RunDirectory,
) -> None:
    scatter = np.random.default_rng(0).normal(0, 0.05, 700)
    losses = np.where((np.arange(700) // 40) % 7 == 6, 3.0, 0.5) + scatter
    steps = [StepDone(i, 1, float(loss), 0.1, 1.0) for i, loss in enumerate(losses, start=1)]

    def told(checkup: Checkup, steps: list[StepDone]) -> list[tuple[str, int]]:
        found = [finding for step in steps for finding in checkup.step(step)]
        return [(type(finding).__name__, finding.step) for finding in found]

    undisturbed = told(Checkup(trainer_at(0)), steps)
    assert [name for name, _ in undisturbed] == ["Alert", "Settled"] * 2
    with Recorder(run) as pen:
        for step in steps:
            pen.step(step, 0.0)
        # As of a worker that was killed: some come again, and differ in nothing but the file.
        for step in steps[600:]:
            pen.step(step, 0.0)
    for cut in (3, 104, 238, 243, 262, 281, 379, 381, 522, 650):
        past = [Alert("spike", at, 1, 3.0, 0.5) if name == "Alert" else Settled("spike", at)
                for name, at in undisturbed]  # fmt: skip
        checkup = Checkup(trainer_at(cut), (*past, *last_steps(run, cut, MEMORY)))
        assert told(checkup, steps[cut:]) == [(name, at) for name, at in undisturbed if at > cut]
    # Another activation makes another network: how wrong the last one was is no measure of it.
    forked = HyperparameterChanged("activation", "relu", "elu", 230)
    checkup = Checkup(trainer_at(230), (*last_steps(run, 230, MEMORY), forked))
    assert told(checkup, steps[230:320]) == []


def test_the_next_worker_tells_of_a_jump_in_its_first_steps(
    make_run: Make, facts_of: FactsOf
) -> None:
    run = make_run(epochs=6, learning_rate=0.05)
    list(Worker(run).run())
    config = run.read_config()
    longer = config.hyperparameters.model_copy(update={"epochs": 7})
    run.write_config(config.model_copy(update={"hyperparameters": longer}))
    worker = Worker(run)
    for entry in worker.run():
        if isinstance(entry.fact, TakenUp):
            worker._control.queue.put(Asked(Set("learning_rate", 1.0), "", None))
    alerts = {(fact.kind, fact.step) for fact in facts_of(run) if isinstance(fact, Alert)}
    assert ("spike", 275) in alerts


def test_every_alert_has_a_line_that_says_so() -> None:
    assert set(ALERTS) == set(get_args(Kind)) == set(advice.NAMES)
    assert len({advice.why(alert) for alert in ALERTS.values()}) == len(ALERTS)
