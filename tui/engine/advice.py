"""Alerts in words: why it is one, and what might be done about it, by one key.

Advice is a suggestion, made from the alert and the hyperparameters of the moment; what it says that
it will do is what it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, assert_never

from nn.events import Diverged
from nn.health import RUINED, Alert, Kind
from nn.hyperparameters import Hyperparameters, Value
from nn.specs import SPECS, format_value

NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        "spike": "the loss jumped",
        "plateau": "no better",
        "overfitting": "overfitting",
        "dead_units": "dead units",
        "vanishing": "vanishing gradient",
        "exploding": "exploding gradient",
    }
)

Act = Literal["set", "fork", "restart", "find"]

TINY, TINY_ADAPTIVE = 1e-4, 1e-5
"""Learning rates below which a loss stands still for want of steps that lead anywhere: plain ones,
and those that the optimiser makes as long as the rate is, whatever the gradient."""

ADAPTIVE = ("rmsprop", "adam", "adamw")


@dataclass(frozen=True)
class Advice:
    """Turn a knob, fork the run from its last checkpoint, or start anew: with another value; or
    find out which value would do."""

    act: Act
    name: str
    value: Value

    @property
    def words(self) -> str:
        """What will be done, short enough for the status line: `learning rate 0.005`."""
        if self.act == "find":
            return f"find a {SPECS[self.name].in_words}"
        change = f"{SPECS[self.name].in_words} {format_value(self.value)}"
        before = {"set": "", "fork": "fork with ", "restart": "restart with "}
        return before[self.act] + change


def why(alert: Alert) -> str:
    """What is amiss, with the numbers that say so."""
    value, usual = alert.value, alert.usual
    match alert.kind:
        case "spike":
            where = f"by step {alert.step:,}"
            return f"loss {value:.3g} {where}, over 3 deviations above its usual {usual:.3g}"
        case "plateau":
            waited = alert.epoch - alert.since
            return f"no better loss for {waited} epochs than epoch {alert.since}'s {value:.4g}"
        case "overfitting":
            best = f"up {_rise(value, usual)} since epoch {alert.since}"
            return f"overfitting: test loss {best}, training loss falls"
        case "dead_units":
            most = f"most in hidden layer {alert.layer}"
            return f"{value:.0%} of units answer all digits alike, {most}"
        case "vanishing":
            times = min(usual / max(value, 1e-30), 1e6)
            return f"gradient vanishes: layer 1 hears 1/{times:,.0f} of what the last does"
        case "exploding":
            return f"gradient explodes: in layer {alert.layer} it is {value:.3g} long"
        case _:
            assert_never(alert.kind)


def short(alert: Alert) -> str:
    """The same in a few words, for a line that has to say other things too."""
    value, usual = alert.value, alert.usual
    match alert.kind:
        case "spike":
            return f"loss jumped to {value:.3g}"
        case "plateau":
            return f"no better for {alert.epoch - alert.since} epochs"
        case "overfitting":
            return f"overfitting, test loss up {_rise(value, usual)}"
        case "dead_units":
            return f"{value:.0%} of units dead"
        case "vanishing" | "exploding":
            return NAMES[alert.kind]
        case _:
            assert_never(alert.kind)


def against(alert: Alert, h: Hyperparameters) -> Advice | None:
    """What might help, or None where nothing simple would."""
    match alert.kind:
        case "spike":
            return Advice("set", "learning_rate", _rounded(h.learning_rate / 2))
        case "plateau":
            tenth = _rounded(h.learning_rate / 10)
            if tenth < _tiny(h):
                # Smaller steps settle what larger ones throw about; these lead nowhere already.
                return Advice("find", "learning_rate", h.learning_rate)
            return Advice("set", "learning_rate", tenth)
        case "overfitting":
            if h.dropout < 0.5:
                return Advice("set", "dropout", round(min(h.dropout + 0.2, 0.5), 2))
            return Advice("set", "weight_decay", _rounded(min(h.weight_decay * 3 or 1e-4, 10)))
        case "dead_units":
            if alert.value > RUINED and h.learning_rate / 10 >= _tiny(h):
                return Advice("restart", "learning_rate", _rounded(h.learning_rate / 10))
            if h.activation == "relu":
                return Advice("fork", "activation", "leaky_relu")
            if h.normalization == "none":
                return Advice("restart", "normalization", "batch_norm")
            return Advice("set", "learning_rate", _rounded(h.learning_rate / 2))
        case "vanishing":
            if h.normalization == "none":
                return Advice("restart", "normalization", "batch_norm")
            return Advice("restart", "skip", "residual") if h.skip == "none" else None
        case "exploding":
            return Advice("set", "clip_norm", _rounded(h.clip_norm / 10) if h.clip_norm else 1.0)
        case _:
            assert_never(alert.kind)


def instead(alert: Alert) -> str:
    """A sentence on an alert against which no key would do anything."""
    return (
        f"Against this ({NAMES[alert.kind]}) nothing simple is left: the network is normalised and "
        "has skips already. Fewer layers may help, or another activation."
    )


def after_divergence(_: Diverged, h: Hyperparameters) -> Advice:
    """Back to where all was well, with a tenth of the learning rate."""
    return Advice("fork", "learning_rate", _rounded(h.learning_rate / 10))


def _tiny(h: Hyperparameters) -> float:
    return TINY_ADAPTIVE if h.optimizer in ADAPTIVE else TINY


def _rise(value: float, usual: float) -> str:
    return f"{value / usual - 1:.0%}" if usual > 0 else f"by {value:.2g}"


def _rounded(value: float) -> float:
    """Two figures are enough for a suggestion."""
    return float(f"{value:.2g}")
