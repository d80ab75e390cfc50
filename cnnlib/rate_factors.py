"""A rate for each weight: any optimiser, with the rate of some weights smaller than that of others."""

from __future__ import annotations

from collections.abc import Sequence

import keras


def with_rate_factors(
    optimizer: keras.optimizers.Optimizer, factors: Sequence[float]
) -> keras.optimizers.Optimizer:
    """Return an optimiser like this one whose rate is multiplied by a factor of each weight's own.

    It is the rate that is multiplied, not the gradient: Adam divides a gradient by its usual size, so that a
    factor on it would do nothing. The rate is a number in every optimiser of Keras and on every backend.

    Args:
        optimizer: not built yet.
        factors: one for each of the variables that the optimiser will be built for, in their order; at
            least 0.

    Raises:
        ValueError: a factor below 0, or an optimiser that decays weights by itself, which it would do by its
            one rate for all of them.
    """
    if any(not factor >= 0 for factor in factors):
        raise ValueError(f"Factors of the rate must be 0 or more, not {min(factors)}.")
    if getattr(optimizer, "weight_decay", None):
        raise ValueError(
            f"{type(optimizer).__name__} would decay all weights by the same rate: leave out its "
            "weight_decay, and set that of the recipe, which goes through the gradient."
        )
    # On PyTorch Keras replaces its own optimisers by ones that update all weights at once, by one rate; of
    # a class that is not its own it takes the update of a single weight, as on the other backends.
    plain = getattr(keras.optimizers, type(optimizer).__name__, type(optimizer))

    class WithRateFactors(plain):  # type: ignore[misc, valid-type]
        def update_step(
            self, gradient: keras.KerasTensor, variable: keras.Variable, learning_rate: keras.KerasTensor
        ) -> None:
            factor = factors[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * factor)

    WithRateFactors.__name__ = type(optimizer).__name__
    return WithRateFactors.from_config(optimizer.get_config())
