"""Every knob: its text form, its bounds, the sentence when it is turned too far; the presets."""

from __future__ import annotations

import dataclasses
import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.activations import ACTIVATIONS
from nn.batch_norm import BatchNorm
from nn.data import DATASETS
from nn.hyperparameters import HyperparameterError, Hyperparameters
from nn.initializers import INITIALIZERS, suited_to
from nn.names import (
    ActivationName,
    DatasetName,
    InitializerName,
    NormalizationName,
    OptimizerName,
    ScheduleName,
    SkipName,
)
from nn.optimizers import OPTIMIZERS
from nn.presets import PRESETS, assembled, default_preset, resolve
from nn.residual import Residual
from nn.schedules import SCHEDULES
from nn.sources import DATASET_FORMS
from nn.specs import SPECS, Spec, format_value

WARMUP = "a share of the run from 0 to below 1, or auto"
NINES = "9" * 5000
"""More digits than Python reads into a whole number."""

every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


def refusal(spec: Spec, value: object) -> str:
    """The sentence with which a value is refused."""
    with pytest.raises(HyperparameterError) as caught:
        spec.parse(value)
    assert caught.value.name == spec.name
    sentence = str(caught.value)
    assert sentence.startswith(spec.label + " ")
    assert sentence.endswith(").")
    assert sentence.isprintable()
    assert sentence.isascii()
    assert len(sentence) < 200
    return sentence


@every_spec
def test_the_default_survives_being_typed(spec: Spec) -> None:
    parsed = spec.parse(format_value(spec.default))
    assert parsed == spec.default
    assert type(parsed) is type(getattr(Hyperparameters(), spec.name))


@every_spec
def test_every_knob_is_explained(spec: Spec) -> None:
    assert spec.label[0].isupper()
    assert "_" not in spec.label
    assert spec.help
    assert not spec.help.endswith(".")
    assert spec.option == "--" + spec.name.replace("_", "-")
    assert getattr(Hyperparameters(), spec.name) == spec.default


@given(value=st.floats(1e-8, 100) | st.integers(1, 100).map(float))
def test_a_learning_rate_survives_being_typed(value: float) -> None:
    text = format_value(value)
    assert SPECS["learning_rate"].parse(text) == value
    assert SPECS["learning_rate"].parse(f"  {text}\t") == SPECS["learning_rate"].parse(text)


@given(widths=st.lists(st.integers(1, 8192), max_size=16).map(tuple))
def test_hidden_layers_survive_being_typed(widths: tuple[int, ...]) -> None:
    assert SPECS["hidden"].parse(format_value(widths)) == widths
    assert SPECS["hidden"].parse(" , ".join(map(str, widths))) == widths


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("learning_rate", "0", "must be greater than 0 (got '0')."),
        ("learning_rate", "-1", "must be greater than 0 (got '-1')."),
        ("learning_rate", "100.1", "must be at most 100 (got '100.1')."),
        ("learning_rate", "nan", "must be a finite number (got 'nan')."),
        ("learning_rate", "inf", "must be a finite number (got 'inf')."),
        ("learning_rate", math.nan, "must be a finite number (got 'nan')."),
        ("learning_rate", "fast", "must be a number (got 'fast')."),
        ("learning_rate", "", "must be a number (it is empty)."),
        ("momentum", "-0.1", "must be at least 0 (got '-0.1')."),
        ("momentum", "1", "must be less than 1 (got '1')."),
        ("validation", "-0.1", "must be at least 0 (got '-0.1')."),
        ("validation", "0.6", "must be at most 0.5 (got '0.6')."),
        ("warmup", "-0.1", f"must be {WARMUP} (got '-0.1')."),
        ("warmup", "1", f"must be {WARMUP} (got '1')."),
        ("warmup", "nan", f"must be {WARMUP} (got 'nan')."),
        ("warmup", 1.0, f"must be {WARMUP} (got '1.0')."),
        ("decay", "0", "must be greater than 0 (got '0')."),
        ("decay", "1.1", "must be at most 1 (got '1.1')."),
        ("drops", "0", "must be at least 1 (got '0')."),
        ("drops", "1001", "must be at most 1,000 (got '1001')."),
        ("dropout", "-0.1", "must be at least 0 (got '-0.1')."),
        ("dropout", "1", "must be at most 0.95 (got '1')."),
        ("weight_decay", "-1", "must be at least 0 (got '-1')."),
        ("weight_decay", "11", "must be at most 10 (got '11')."),
        ("label_smoothing", "-1", "must be at least 0 (got '-1')."),
        ("label_smoothing", "0.6", "must be at most 0.5 (got '0.6')."),
        ("clip_norm", "-1", "must be at least 0 (got '-1')."),
        ("clip_norm", "inf", "must be a finite number (got 'inf')."),
        ("clip_norm", "1000001", "must be at most 1,000,000 (got '1000001')."),
        ("ema_decay", "-1", "must be at least 0 (got '-1')."),
        ("ema_decay", "1", "must be less than 1 (got '1')."),
        ("patience", "-1", "must be at least 0 (got '-1')."),
        ("patience", "100001", "must be at most 100,000 (got '100001')."),
        ("patience", "2.5", "must be a whole number (got '2.5')."),
        ("keep", "first", "must be one of last, best (got 'first')."),
        ("shift", "-1", "must be at least 0 (got '-1')."),
        ("shift", "1001", "must be at most 1,000 (got '1001')."),
        ("rotation", "-1", "must be at least 0 (got '-1')."),
        ("rotation", "181", "must be at most 180 (got '181')."),
        ("scaling", "-1", "must be at least 0 (got '-1')."),
        ("scaling", "1", "must be at most 0.9 (got '1')."),
        ("shear", "-1", "must be at least 0 (got '-1')."),
        ("shear", "6", "must be at most 5 (got '6')."),
        ("elastic", "-1", "must be at least 0 (got '-1')."),
        ("elastic", "1001", "must be at most 1,000 (got '1001')."),
        ("elastic_sigma", "0.4", "must be at least 0.5 (got '0.4')."),
        ("elastic_sigma", "1001", "must be at most 1,000 (got '1001')."),
        ("augmentation", "-1", "must be at least 0 (got '-1')."),
        ("augmentation", "11", "must be at most 10 (got '11')."),
        ("batch_size", "0", "must be at least 1 (got '0')."),
        ("batch_size", "65537", "must be at most 65,536 (got '65537')."),
        ("batch_size", "1.5", "must be a whole number (got '1.5')."),
        ("epochs", "0", "must be at least 1 (got '0')."),
        ("epochs", "100001", "must be at most 100,000 (got '100001')."),
        ("seed", "-1", "must be at least 0 (got '-1')."),
        ("seed", "4294967296", "must be at most 4,294,967,295 (got '4294967296')."),
        ("epochs", NINES, f"must be at most 100,000 (got '{NINES[:35]}...)."),
        ("epochs", f"-{NINES}", f"must be at least 1 (got '-{NINES[:34]}...)."),
        ("threads", "-1", "must be at least 0 (got '-1')."),
        ("threads", "257", "must be at most 256 (got '257')."),
        ("pace", "-1", "must be at least 0 (got '-1')."),
        ("pace", "1e-9", "must be 0, or at least 0.001 (got '1e-9')."),
        ("pace", "1000001", "must be at most 1,000,000 (got '1000001')."),
        ("hidden", "0", "must have between 1 and 8192 units each (got '0')."),
        ("hidden", "128,8193", "must have between 1 and 8192 units each (got '128,8193')."),
        ("hidden", "128,-3", "must have between 1 and 8192 units each (got '128,-3')."),
        ("hidden", NINES, f"must have between 1 and 8192 units each (got '{NINES[:35]}...)."),
        (
            "hidden",
            "128,,64",
            "must be whole numbers with commas, such as 128,64 (got '128,,64').",
        ),
        ("activation", "swish", "must be one of " + ", ".join(ACTIVATIONS) + " (got 'swish')."),
        ("optimizer", "lion", "must be one of " + ", ".join(OPTIMIZERS) + " (got 'lion')."),
        ("schedule", "linear", "must be one of " + ", ".join(SCHEDULES) + " (got 'linear')."),
        ("initializer", "", "must be one of auto, he, glorot, lecun (it is empty)."),
        ("normalization", "layer", "must be one of none, batch_norm (got 'layer')."),
        ("skip", "dense", "must be one of none, residual (got 'dense')."),
        ("dataset", "cats", f"must be one of {', '.join(DATASET_FORMS)} (got 'cats')."),
    ],
)
def test_a_bound_is_refused_with_a_sentence(name: str, value: object, problem: str) -> None:
    assert refusal(SPECS[name], value) == f"{SPECS[name].label} {problem}"


def test_every_bound_has_its_case_above() -> None:
    mark = test_a_bound_is_refused_with_a_sentence.pytestmark[0]
    tried = [name for name, _, _ in mark.args[1]]
    for name, spec in SPECS.items():
        bounds = len([part for part in spec.bounds.split(", ") if part])
        assert tried.count(name) >= bounds, f"{name}: {spec.bounds}"


@pytest.mark.parametrize("value", ["auto", "official", "0.2", "0.999"])
def test_good_splits(value: str) -> None:
    assert SPECS["split"].parse(value) == value


@pytest.mark.parametrize("value", ["", "0", "1", "-0.1", "nan", "inf", "half", "0.2 0.3"])
def test_bad_splits(value: str) -> None:
    assert "official, a share such as 0.2, or auto" in refusal(SPECS["split"], value)


def test_too_many_hidden_layers() -> None:
    assert SPECS["hidden"].parse("8," * 15 + "8") == (8,) * 16
    # As a number would be, were it not written out.
    assert SPECS["epochs"].parse("32.0") == SPECS["epochs"].parse(32.0) == 32
    refusal(SPECS["hidden"], "8," * 16 + "8")


@every_spec
@given(text=st.text(max_size=60))
def test_any_text_is_a_value_or_a_sentence(spec: Spec, text: str) -> None:
    try:
        value = spec.parse(text)
    except HyperparameterError:
        refusal(spec, text)
    else:
        assert getattr(Hyperparameters(**{spec.name: value}), spec.name) == value


@every_spec
@pytest.mark.parametrize("value", [None, [], {}, object(), b"\xff", "9" * 400, [[1]], {"a": 1}])
def test_any_object_is_a_value_or_a_sentence(spec: Spec, value: object) -> None:
    try:
        spec.parse(value)
    except HyperparameterError:
        refusal(spec, value)


def test_the_choices_are_the_registries() -> None:
    for name, literal, registry in (
        ("activation", ActivationName, ACTIVATIONS),
        ("optimizer", OptimizerName, OPTIMIZERS),
        ("schedule", ScheduleName, SCHEDULES),
        ("initializer", InitializerName, {"auto": suited_to, **INITIALIZERS}),
        ("normalization", NormalizationName, {"none": None, "batch_norm": BatchNorm}),
        ("skip", SkipName, {"none": None, "residual": Residual}),
    ):
        assert get_args(literal) == tuple(registry) == SPECS[name].choices
    assert get_args(DatasetName) == tuple(DATASETS) == SPECS["dataset"].forms[: len(DATASETS)]
    assert all(ACTIVATIONS[name].name == name for name in ACTIVATIONS)


def test_what_may_change_while_a_network_trains() -> None:
    live = {name for name, spec in SPECS.items() if spec.live}
    assert {"learning_rate", "momentum"} <= live
    assert live.isdisjoint({"dataset", "split", "hidden", "activation", "optimizer", "seed"})
    assert live.isdisjoint({"batch_size", "schedule", "warmup", "threads"})
    assert {"dropout", "weight_decay", "label_smoothing", "clip_norm", "ema_decay"} <= live
    assert {"augmentation", "epochs"} <= live
    assert live.isdisjoint({"validation", "patience", "keep", "normalization", "skip"})


def test_every_knob_is_in_a_group_and_groups_are_not_scattered() -> None:
    groups = [spec.group for spec in SPECS.values()]
    assert "" not in groups
    in_a_row = [group for i, group in enumerate(groups) if i == 0 or group != groups[i - 1]]
    assert in_a_row == list(dict.fromkeys(groups))


def test_what_is_new_is_off_unless_asked_for() -> None:
    h = Hyperparameters()
    off = (h.dropout, h.weight_decay, h.label_smoothing, h.clip_norm, h.ema_decay, h.patience)
    assert not any((*off, h.validation, h.shift, h.rotation, h.scaling, h.shear, h.elastic))
    assert (h.normalization, h.skip, h.keep, h.initializer) == ("none", "none", "last", "auto")


@pytest.mark.parametrize(
    ("warmup", "schedule", "share"),
    [
        ("auto", "one_cycle", 0.25),
        ("auto", "cosine", 0.0),
        ("0", "one_cycle", 0.0),
        ("0.1", "constant", 0.1),
        # As it stands in the files of older runs.
        (0.25, "one_cycle", 0.25),
        (0, "one_cycle", 0.0),
    ],
)
def test_the_share_of_warmup(warmup: object, schedule: str, share: float) -> None:
    h = Hyperparameters.model_validate({"warmup": warmup, "schedule": schedule})
    assert h.warmup_share == share
    assert Hyperparameters.model_validate(h.model_dump(mode="json")) == h


@pytest.mark.parametrize(
    ("given", "name"),
    [({"patience": 1}, "patience"), ({"keep": "best"}, "keep")],
)
def test_what_cannot_stand_alone_names_itself_and_what_it_needs(
    given: dict[str, object], name: str
) -> None:
    with pytest.raises(HyperparameterError) as caught:
        assembled(given)
    assert caught.value.name == name
    assert str(caught.value).startswith(f"{SPECS[name].label} {given[name]} needs validation")
    assert str(caught.value).endswith(".")
    both = assembled({**given, "validation": 0.1})
    assert getattr(both, name) == given[name]
    both.check_together()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_resolve(name: str) -> None:
    h = resolve(name, {})
    for field in SPECS:
        expected = PRESETS[name].get(field, SPECS[field].default)
        assert getattr(h, field) == expected


def test_the_recipes_are_the_published_ones() -> None:
    quick, tutorial = resolve("quick", {}), resolve("tutorial", {})
    for h in (quick, tutorial):
        assert (h.dataset, h.hidden, h.activation) == ("mnist", (128, 64), "relu")
        assert h.batch_size == 128
    assert (quick.optimizer, quick.schedule, quick.warmup_share) == ("adam", "one_cycle", 0.25)
    assert (quick.learning_rate, quick.epochs, quick.split) == (0.005, 5, "auto")
    assert (tutorial.optimizer, tutorial.schedule, tutorial.split) == ("sgd", "constant", "0.2")
    assert (tutorial.learning_rate, tutorial.epochs) == (0.05, 50)


def test_what_is_given_lies_over_the_preset() -> None:
    h = resolve("tutorial", {"epochs": "3", "hidden": "32"})
    assert (h.epochs, h.hidden, h.learning_rate) == (3, (32,), 0.05)


def test_a_data_set_brings_its_own_preset() -> None:
    assert resolve(None, {}) == resolve(default_preset("digits"), {})
    assert resolve(None, {"dataset": "mnist"}) == resolve("quick", {})
    fashion = resolve(None, {"dataset": "fashion-mnist"})
    assert fashion == resolve("quick", {"dataset": "fashion-mnist"})


def test_unknown_presets_and_names_are_refused() -> None:
    with pytest.raises(HyperparameterError, match=r"Preset must be one of .* \(got 'slow'\)"):
        resolve("slow", {})
    with pytest.raises(HyperparameterError, match="There is no hyperparameter 'colour'"):
        resolve(None, {"colour": 1})
    with pytest.raises(HyperparameterError, match="Epochs must be at least 1"):
        resolve("quick", {"epochs": 0})


def test_a_set_of_hyperparameters_is_frozen_and_closed() -> None:
    h = Hyperparameters()
    with pytest.raises(dataclasses.FrozenInstanceError):
        h.epochs = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        Hyperparameters(colour=3)  # type: ignore[call-arg]
    with pytest.raises(HyperparameterError, match="There is no hyperparameter 'colour'"):
        Hyperparameters.model_validate({"colour": 3})
    with pytest.raises(HyperparameterError, match="Epochs must be at least 1"):
        Hyperparameters(epochs=0)


def test_control_characters_never_reach_the_sentence() -> None:
    hostile = "\x1b[31m\x9b1m\u202e[/foo]" * 20
    assert "\x1b" not in refusal(SPECS["optimizer"], hostile)
    with pytest.raises(HyperparameterError) as caught:
        resolve("quick", {hostile: 1})
    assert str(caught.value).isprintable()
