"""How a chart is looked at: what of the run, which numbers, along what, how smooth.

`ChartView` is made of plain values, so that it can be kept in a file of settings and read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar, get_args

Scope = Literal["run", "recent", "epoch"]
Metric = Literal["loss", "accuracy", "learning rate", "gradient norm", "samples/s"]
Along = Literal["step", "epoch", "time"]

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
METRICS: Final[tuple[Metric, ...]] = get_args(Metric)
ALONGS: Final[tuple[Along, ...]] = get_args(Along)

SMOOTHEST: Final = 40

T = TypeVar("T")


@dataclass(frozen=True)
class ChartView:
    """What a person has chosen to see.

    Attributes:
        scope: all of the run, its newest tenth, or the epoch it is in.
        metric: what is drawn.
        axis: what it is drawn along; time is that spent in the trainer.
        smoothing: columns after which a value counts half in the line; 0 draws it as it is.
        log_scale: whether the metric counts in powers of ten.

    Raises:
        ValueError: a value is none of those there are; the sentence says which.
    """

    scope: Scope = "run"
    metric: Metric = "loss"
    axis: Along = "step"
    smoothing: int = 0
    log_scale: bool = False

    def __post_init__(self) -> None:
        allowed = {"scope": SCOPES, "metric": METRICS, "axis": ALONGS}
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                listed = ", ".join(values)
                raise ValueError(f"The chart's {name} is one of {listed}.")
        if type(self.smoothing) is not int or not 0 <= self.smoothing <= SMOOTHEST:
            raise ValueError(f"The chart's smoothing is a whole number up to {SMOOTHEST}.")
        if type(self.log_scale) is not bool:
            raise ValueError("The chart's log_scale is true or false.")

    def next_scope(self) -> ChartView:
        """The same, of another part of the run."""
        return replace(self, scope=_after(SCOPES, self.scope))

    def next_metric(self) -> ChartView:
        """Other numbers."""
        return replace(self, metric=_after(METRICS, self.metric))

    def next_axis(self) -> ChartView:
        """The same along something else."""
        return replace(self, axis=_after(ALONGS, self.axis))

    def smoothed(self, by: int) -> ChartView:
        """Smoother by so much, or less; not at all for 0."""
        smoothing = min(max(self.smoothing + by, 0), SMOOTHEST) if by else 0
        return replace(self, smoothing=smoothing)

    @property
    def words(self) -> str:
        """What stands above the chart: its metric, and whatever is not as usual."""
        said = [self.metric[0].upper() + self.metric[1:]]
        if self.scope != "run":
            said.append({"recent": "newest tenth", "epoch": "this epoch"}[self.scope])
        if self.axis != "step":
            said.append(f"by {self.axis}")
        if self.log_scale:
            said.append("log")
        if self.smoothing:
            said.append(f"smoothed {self.smoothing}")
        return ", ".join(said)


def _after(values: Sequence[T], value: T) -> T:
    return values[(values.index(value) + 1) % len(values)]
