"""How strongly layers respond: against plain NumPy, and against the training that was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from cnnbook import records, responses
from cnnbook.__main__ import main
from cnnlib import data, runs
from cnnlib.models import LeNet5, ResNetCIFAR
from cnnlib.recipe import Recipe

IMAGES = np.random.default_rng(0).normal(size=(7, 8, 8, 3)).astype("float32")


def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    model = ResNetCIFAR(8, input_shape=(8, 8, 3), width=0.25, shortcut="B")
    for weight in model.weights:  # statistics that are not those of a new network
        if weight.name in ("beta", "moving_mean"):
            weight.assign(np.random.default_rng(2).normal(size=weight.shape))
    return model


def test_a_deviation_is_that_of_all_that_leaves_the_normalisation() -> None:
    model = network()
    found = responses.deviations(model, IMAGES, batch_size=3)
    blocks = [f"conv{stage}_block1_{number}_conv" for stage in (2, 3, 4) for number in (1, 2)]
    assert list(found) == ["conv1_conv", *blocks]  # without the projections of 1x1
    for name in ("conv1_conv", "conv3_block1_2_conv"):
        tap = keras.Model(model.input, model.get_layer(name.replace("_conv", "_bn")).output)
        expected = keras.ops.convert_to_numpy(tap(IMAGES, training=False)).std(dtype="float64")
        assert found[name] == pytest.approx(expected, rel=1e-5)


def test_a_network_without_such_layers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"7 images and a model, lenet5, with 0 of them"):
        responses.deviations(LeNet5(), IMAGES)
    with pytest.raises(ValueError, match="0 images"):
        responses.deviations(network(), IMAGES[:0])


def test_a_finished_training_is_measured_with_its_own_weights_and_data(tmp_path: Path) -> None:
    settings = {"depth": 8, "input_shape": [32, 32, 3], "width": 0.25}
    recipe = Recipe(
        *("made_up", "ResNetCIFAR", "shapes", "sgd"),
        rates=(0.1,),
        batch_size=500,
        source="made up",
        network_settings=settings,
    )
    images = data.load("shapes", validation=0)
    run = runs.train(recipe, images, out=tmp_path / "run", verbose=False)
    model, record = run.model, run.record
    assert main(["responses", str(tmp_path / "run"), "--out", str(tmp_path / "out.json")]) == 0
    measured = json.loads((tmp_path / "out.json").read_text())["made_up"]
    prepared = images.train.x[: responses.IMAGES] / np.float32(255)
    assert measured["deviations"] == pytest.approx(responses.deviations(model, prepared), rel=1e-4)
    assert measured["test_error"] == record["result"]["test_error"]
    changed = record | {"data": record["data"] | {"sha256": "0" * 64}}
    (tmp_path / "run" / "record.json").write_text(json.dumps(changed))
    with pytest.raises(ValueError, match="trained on other images than those of shapes"):
        responses.of_trainings([tmp_path / "run"])


def test_recorded_responses_are_those_of_recorded_trainings() -> None:
    measured = json.loads((records.FOLDER / "responses.json").read_text())
    assert set(measured) == set(records.responses())
    for name, found in measured.items():
        (run,) = (run for run in records.load(name) if run["seed"] == found["seed"])
        assert found["test_error"] == run["result"]["test_error"]
        assert found["data"]["sha256"] == run["data"]["sha256"]
        one, other = (Recipe.from_settings(each["recipe"]).settings() for each in (found, run))
        assert one | {"source": ""} == other | {"source": ""}
        assert len(found["deviations"]) == found["recipe"]["network_settings"]["depth"] - 1
        assert re.fullmatch(r"[0-9a-f]{40}", found["commit"])
