"""What a run cannot take over while it goes on: a new run in its place."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on, work

from nn.hyperparameters import HyperparameterError, Hyperparameters, Value
from nn.specs import SPECS, differences, format_value
from tui.engine.run_directory import RunError
from tui.run_control import RunControl
from tui.screens.dialogs import about_a_new_run, about_advice
from tui.screens.train import TrainScreen

NEW_RUN = "new-run"
"""The workers at whose end there may be another run."""


class TuningControl(RunControl):
    """The part of the app that replaces a run by another one."""

    @on(TrainScreen.NewRunAsked)
    @on(TrainScreen.ActAsked)
    @on(TrainScreen.RateAsked)
    @work(group=NEW_RUN)
    async def _see_to_a_new_run(
        self, event: TrainScreen.NewRunAsked | TrainScreen.ActAsked | TrainScreen.RateAsked
    ) -> None:
        """Unless another worker does: a key may have come twice."""
        at_it = [each for each in self.workers if each.group == NEW_RUN and each.is_running]
        if len(at_it) > 1:
            return
        match event:
            case TrainScreen.NewRunAsked():
                await self._offer_new_run(event.hyperparameters)
            case TrainScreen.ActAsked():
                await self._act()
            case TrainScreen.RateAsked():
                await self._find_rate(event.hyperparameters)

    async def _offer_new_run(self, wanted: Hyperparameters) -> None:
        """Say what a new run would mean, and do what is chosen."""
        from nn.fork import changed

        state = self.session.state
        if state is None:
            self.complain(
                "There is no run to fork here; <run.toggle> starts one, <room.runs> lists every "
                "run."
            )
            return
        changes = differences(state.hyperparameters, wanted)
        no_fork = "" if state.begun else "The run has not begun, so there is nothing to fork from."
        try:
            changed(state.hyperparameters, changes)
        except HyperparameterError as problem:
            no_fork = str(problem)
        question = about_a_new_run(in_words(changes), no_fork, live=self.session.live)
        match await self.push_screen_wait(question):
            case "fork":
                await self.fork(changes)
            case "restart":
                await self.restart(wanted)

    async def _act(self) -> None:
        """Do what is suggested; a live run is not given up for it without a question."""
        from tui.engine.advice import instead

        state = self.session.state
        advice = state.advice if state else None
        if state is None or advice is None:
            alert = state.alert if state else None
            nothing = "Nothing is amiss, so there is nothing to act on."
            self.complain(instead(alert) if alert else nothing)
            return
        if advice.act == "find":
            await self._find_rate(state.hyperparameters)
            return
        changes = {advice.name: advice.value}
        if advice.act == "set":
            from tui.engine.commands import Set

            # No new run comes of it: one that is asked for meanwhile need not wait for the answer.
            self._ask_aside(Set(advice.name, format_value(advice.value)))
            return
        if self.session.live:
            question = about_advice(in_words(changes), restart=advice.act == "restart")
            if await self.push_screen_wait(question) != "do":
                return
        if advice.act == "fork":
            await self.fork(changes)
        else:
            await self.restart(state.hyperparameters.model_copy(update=changes))

    async def _find_rate(self, initial: Hyperparameters) -> None:
        """Of a live run the network as it is by now is tried, else one drawn anew by the form."""
        from tui.engine.rate_finder import RateRequest
        from tui.engine.run_config import new_config
        from tui.screens.rate_finder import RateFinder

        self._renew()
        await self._renewed.wait()
        if self.room is not self.train:
            # Whoever has gone elsewhere meanwhile is not to be called back.
            return
        run = self.session.run
        if self.session.live and run is not None and run.checkpoint.exists():
            config, checkpoint = run.read_config(), str(run.checkpoint)
        else:
            config, checkpoint = new_config(initial, self.session.data_dir), ""
        request = RateRequest.of_config(config, checkpoint)
        rate = await self.push_screen_wait(RateFinder(request, ascii_only=self.train.ascii_only))
        if rate is not None:
            self.train.suggest("learning_rate", rate)

    async def fork(self, changes: Mapping[str, Value]) -> None:
        """Stop the run, if it is live, and go on from there with a new one."""
        if await self._stopped():
            try:
                await self.session.fork(changes)
            except (RunError, HyperparameterError) as problem:
                self.complain_of(problem)
            else:
                self._follow()

    async def restart(self, hyperparameters: Hyperparameters) -> None:
        """Stop the run, if it is live, and start a new one from nothing."""
        if await self._stopped():
            self._door(self.session.start, hyperparameters, "run")

    async def _stopped(self) -> bool:
        """Is there no live run any more?"""
        from tui.engine.commands import Stop

        if self.session.live and not await self._ask(Stop()):
            return False
        try:
            await self.session.ended()
        except RunError as problem:
            self.complain_of(problem)
            return False
        return True


def in_words(changes: Mapping[str, Value]) -> str:
    """`optimiser adam, learning rate 0.01`."""
    return ", ".join(
        f"{SPECS[name].in_words} {format_value(value)}" for name, value in changes.items()
    )
