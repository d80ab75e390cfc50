"""An optimiser of Keras as the papers have it: decay within the gradient, a rate for each weight, parts."""

from collections.abc import Sequence

import keras


def adapted(
    optimizer: keras.optimizers.Optimizer,
    *,
    factors: Sequence[float] | None = None,
    weight_decay: float = 0.0,
    accumulate: int = 1,
) -> keras.optimizers.Optimizer:
    """Return an optimiser like this one that does more with every weight.

    It is the rate that a factor multiplies, not the gradient: Adam divides a gradient by its usual size, so
    that a factor on it would do nothing.

    Args:
        optimizer: not built yet.
        factors: of the rate, one for each of the variables that the optimiser will be built for, in their
            order; at least 0. None is 1 for all.
        weight_decay: lambda; adds lambda * w to the gradient of every weight w, so that it passes through the
            momentum as in the papers (Krizhevsky et al. 2012, section 5). Keras's own decay does not.
        accumulate: how many gradients are averaged for each update.

    Raises:
        ValueError: a factor below 0, or factors for an optimiser that decays weights by itself, which it
            would do by its one rate for all of them.
    """
    if factors is not None and any(not factor >= 0 for factor in factors):
        raise ValueError(f"Factors of the rate must be 0 or more, not {min(factors)}.")
    if factors is not None and getattr(optimizer, "weight_decay", None):
        raise ValueError(
            f"{type(optimizer).__name__} would decay all weights by the same rate: leave out its "
            "weight_decay, and set that of the recipe, which goes through the gradient."
        )
    settings = optimizer.get_config()
    if accumulate > 1:
        settings["gradient_accumulation_steps"] = accumulate
        if settings.get("use_ema"):  # Keras moves the average with every part
            settings["ema_momentum"] **= 1 / accumulate
    # On PyTorch Keras replaces its own optimisers by ones that update all weights at once; of a class that is
    # not its own it takes the update of a single weight, as on the other backends.
    plain = getattr(keras.optimizers, type(optimizer).__name__, type(optimizer))
    if factors is None and not weight_decay:
        return plain.from_config(settings)

    class Adapted(plain):  # type: ignore[misc, valid-type]
        def update_step(
            self, gradient: keras.KerasTensor, variable: keras.Variable, learning_rate: keras.KerasTensor
        ) -> None:
            if weight_decay:
                gradient = keras.ops.cast(gradient, variable.dtype) + weight_decay * variable
            if factors is not None:
                learning_rate = learning_rate * factors[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate)

    Adapted.__name__ = type(optimizer).__name__
    return Adapted.from_config(settings)
