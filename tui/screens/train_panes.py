"""What is in the panes of the Train screen; imported when the screen has been seen."""

from __future__ import annotations

from textual.widget import Widget
from textual.widgets import Static

from nn.hyperparameters import Hyperparameters
from tui.engine.log_lines import HEADER
from tui.screens.train import TrainScreen
from tui.widgets.digit_grid import DigitGrid
from tui.widgets.hyperparameter_form import HyperparameterForm
from tui.widgets.run_chart import RunChart
from tui.widgets.run_log import RunLog


def contents(initial: Hyperparameters | None) -> dict[str, list[Widget]]:
    """The widgets of each pane, bound to what they show; to be called by the screen itself."""
    return {
        "form": [HyperparameterForm(initial).data_bind(TrainScreen.running, TrainScreen.keys)],
        "chart": [
            RunChart().data_bind(
                TrainScreen.history, TrainScreen.overlays, view=TrainScreen.chart_view
            )
        ],
        "digits": [DigitGrid().data_bind(TrainScreen.predictions)],
        "log": [
            Static(HEADER, id="log-header", markup=False),
            RunLog().data_bind(TrainScreen.book),
        ],
    }
