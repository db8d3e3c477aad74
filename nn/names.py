"""The names by which things are chosen: on the command line, in the form, in the tables of `nn`."""

from __future__ import annotations

from typing import Literal

DatasetName = Literal["digits", "mnist", "fashion-mnist"]
ActivationName = Literal["relu", "leaky_relu", "elu", "tanh", "sigmoid", "gelu"]
OptimizerName = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
ScheduleName = Literal["constant", "step", "exponential", "cosine", "one_cycle"]
InitializerName = Literal["auto", "he", "glorot", "lecun"]
NormalizationName = Literal["none", "batch_norm"]
SkipName = Literal["none", "residual"]
