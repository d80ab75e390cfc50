"""What another package adds: a network, a recipe, a layer that says what it counts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import keras
import pytest
from keras import layers

from cnnlib import audit, extras, models, recipe


def test_functions_wait_until_their_things_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_waiting", {"models": [], "recipes": []})
    called: list[str] = []
    extras.add("models", lambda: called.append("first"))
    extras.add("recipes", lambda: called.append("of another kind"))
    assert called == []
    extras.collect("models")
    extras.collect("models")
    assert called == ["first"]
    extras.add("models", lambda: called.append("too late to wait"))
    assert called == ["first", "too late to wait"]


def test_a_network_and_a_recipe_of_another_package_are_found_by_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(models, "__all__", [*models.__all__])
    monkeypatch.setitem(vars(models), "Tiny", None)  # so that the name is gone in the end
    monkeypatch.setattr(recipe, "RECIPES", {**recipe.RECIPES})

    @models.add
    def Tiny(classes: int = 10) -> keras.Model:  # noqa: N802
        return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(classes)])

    recipe.add(replace(recipe.find("lenet5"), name="tiny", network="Tiny"))
    assert recipe.find("tiny").build_network(3).output_shape == (None, 3)
    assert models.__all__[-1] == "Tiny"


class Halved(layers.Layer):
    """Takes every second pixel, and says that it multiplies each by something."""

    window = (1, 2)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x[:, ::2, ::2]

    def count_multiply_adds(self) -> int:
        return 7

    def count_connections(self) -> int:
        return 9


def test_a_layer_says_what_it_counts_and_how_it_slides() -> None:
    model = keras.Sequential([keras.Input((8, 8, 1)), Halved(), layers.Conv2D(2, 3)])
    first, second = audit.table(model)
    assert (first.macs, first.connections, first.receptive_field) == (7, 9, 1)
    assert second.receptive_field == 1 + 2 * 2


def test_without_the_book_the_library_has_its_own_and_works() -> None:
    code = (
        "import sys; from cnnlib import data, models, recipe; from cnnlib.data import sets; "
        "assert not any(name.startswith('cnnbook') for name in sys.modules); "
        "assert 'LeNet5Original' not in models.__all__ and 'lenet5_original' not in recipe.RECIPES; "
        "assert 'shapes' not in sets.SETS; "
        "from cnnlib import weights; assert 'lenet5_original' not in weights.OWN; "
        "print(len(data.load('mnist').train))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "3500\n", done.stderr[-500:]
