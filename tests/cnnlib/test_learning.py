"""One call from a folder of pictures to a network that was tested, and that its file gives back."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import cnnlib as cnn
from cnnlib import data, learning, models, transfer, weights
from cnnlib.__main__ import main
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import CentreView

RED, BLUE = (200, 40, 40), (40, 40, 200)


def folder_of(root: Path, counts: dict[str, int], side: int = 20) -> Path:
    """Pictures of red and of other noise."""
    rng = np.random.default_rng(0)
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        colour = RED if name == "red" else BLUE
        for number in range(count):
            pixels = np.clip(rng.normal(colour, 60, (side, side + 4, 3)), 0, 255).astype("uint8")
            Image.fromarray(pixels).save(root / name / f"{number // 2}_{number}.png")
    return root


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return models.ResNet(50, input_shape=(32, 32, 3), classes=5, width=0.05)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[cnn.Learned, Path]:
    root = folder_of(tmp_path_factory.mktemp("own") / "colours", {"red": 30, "blue": 14})
    (root / "red" / "damaged.png").write_bytes(b"no picture")
    found = cnn.learn(root, network(), preparation=lambda x: x / 255, epochs=2, out=root.parent / "out")
    return found, root


def test_a_folder_becomes_a_tested_network_in_one_call(learned: tuple[cnn.Learned, Path]) -> None:
    found, root = learned
    assert found.class_names == ("blue", "red")
    assert found.error == 0
    for said in (
        "# colours: 2 classes",
        "The 104 features of resnet50",
        "1 pictures were left out, since they cannot be read: red/damaged.png",
        "**Test error 0.0%** (0.0% to ",
        "Always to answer red, the most frequent class in training, would be wrong in 33.3%",
        "| blue | 3 | 0 | 0.0% | 0.0% to 56.1% |",
        "sure of its answers on average, and 100% of them are right",
        "Area under the ROC curve for red: 1.000",
        "| new classifier on features | ",
        "| fine-tuned, rate 1e-05, epoch 2 | ",
    ):
        assert said in found.report, said
    assert found._repr_markdown_().startswith("**")
    kept = {path.name for path in (root.parent / "out").iterdir()}
    assert kept == {
        "network.keras",
        "network.json",
        "report.md",
        "confusion.svg",
        "roc.svg",
        "features",
    }


def test_plain_keras_opens_the_file_and_gives_the_same_answers(
    learned: tuple[cnn.Learned, Path],
) -> None:
    found, root = learned
    file, picture = root.parent / "out" / "network.keras", next(root.glob("red/*.png"))
    seen = found.view(Image.open(picture), np.zeros(0, "float32"))[None].astype("float32")
    again = cnn.Learned.load(file)
    assert again.class_names == found.class_names
    answers = found.classify(picture)
    assert answers[0][0] == "red"
    assert dict(again.classify(str(picture))) == pytest.approx(dict(answers))
    code = f"""
import keras, numpy
model = keras.models.load_model({str(file)!r})
print(*keras.ops.convert_to_numpy(model(numpy.array({seen.tolist()}, "float32")))[0])
"""
    # In a process that never imported this package.
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-500:]
    scores = [float(number) for number in ran.stdout.split()]
    assert scores == pytest.approx([dict(answers)[name] for name in found.class_names], abs=1e-5)
    assert json.loads(file.with_suffix(".json").read_text())["view"] == {"size": 32, "shorter": 32}


def untrained(names: tuple[str, str]) -> cnn.Learned:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    return cnn.Learned(model, Pixels("as_is"), names, "", "", "", CentreView(8, 8))


def test_another_process_loads_what_was_kept_whatever_its_language(tmp_path: Path) -> None:
    kept = untrained(("bleu été", "красный"))
    kept.save(tmp_path / "network.keras")
    picture = folder_of(tmp_path, {"red": 1}) / "red" / "0_0.png"
    code = "import sys, cnnlib; print(ascii(cnnlib.Learned.load(sys.argv[1]).classify(sys.argv[2])[0][0]))"
    # As Windows may be set up, in a language that has not all of these letters.
    plain = os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", code, str(tmp_path / "network.keras"), str(picture)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=plain)
    assert ran.stdout.strip() == ascii(kept.classify(picture)[0][0]), ran.stderr[-500:]


def test_what_belongs_to_the_file_is_missed_in_words(tmp_path: Path) -> None:
    kept = untrained(("a", "b"))
    with pytest.raises(ValueError, match=r"is kept in a file \.keras, not in network\.h5"):
        kept.save(tmp_path / "network.h5")
    kept.save(tmp_path / "alone.keras")
    (tmp_path / "alone.json").unlink()
    with pytest.raises(ValueError, match=r"alone\.json should hold the class names of alone\.keras"):
        cnn.Learned.load(tmp_path / "alone.keras")
    with pytest.raises(ValueError, match=f"{Path.cwd()}/none\\.json should hold"):  # it says where it looked
        cnn.Learned.load("none.keras")


def test_a_rate_that_diverges_is_a_row_and_a_lower_one_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "RATES", (1e6, 1e-5))
    root = folder_of(tmp_path / "set", {"red": 12, "blue": 12})
    found = cnn.learn(root, network(), epochs=2, verbose=False)
    assert "| fine-tuned, rate 1e+06 | given up | The loss" in found.report
    assert "| fine-tuned, rate 1e-05, epoch 2 | " in found.report
    assert np.isfinite(found.model.get_weights()[0]).all()
    assert found.error == 0


def test_few_of_a_class_are_in_every_part_and_count_alike(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "set", {"red": 6, "blue": 95})
    train, validation, test, *_ = learning._divided(root, transfer.body(network()), None, 0, 0.2)
    assert all((np.bincount(part.y) > 0).all() for part in (train, validation, test))
    weights = learning._class_weights(train.y, 2)
    assert weights[train.y[train.y == 1]].sum() == pytest.approx(weights[train.y[train.y == 0]].sum())
    assert weights[train.y].mean() == pytest.approx(1)


def test_a_folder_is_divided_by_groups(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "set", {"red": 24, "blue": 24})
    body = transfer.body(network())
    train, validation, test, *_ = learning._divided(root, body, r"(\d+)_", 0, 0.2)
    assert len(train) + len(validation) + len(test) == 48
    # The number before _ is of two pictures of each class.
    assert all(len(part) % 4 == 0 for part in (train, validation, test))


@pytest.mark.parametrize("module", ["vgg16", "mobilenet_v2", "densenet", "efficientnet"])
def test_a_preparation_becomes_a_layer(module: str) -> None:
    prepare = importlib.import_module(f"keras.applications.{module}").preprocess_input
    net = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    )
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
    found = transfer.body(net, prepare).model(pixels)
    expected = transfer.feature_extractor(net)(prepare(pixels.copy()))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(found), keras.ops.convert_to_numpy(expected), rtol=1e-3, atol=1e-4
    )


def test_networks_that_cannot_be_taken_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="There is no network 'resnet52': use one of vgg16_imagenet"):
        transfer.body("resnet52")
    with pytest.raises(ValueError, match="prepared by more than factors and offsets"):
        transfer.body(network(), lambda x: x - x.mean(axis=(1, 2), keepdims=True))


def test_a_download_that_fails_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure: None")  # as Keras does

    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", fail)
    with pytest.raises(weights.WeightsError, match=r"MobileNetV2's weights .*failure: None\): connect"):
        transfer.body("MobileNetV2")


@pytest.mark.parametrize("splits", [("",), ("train", "test")], ids=["whole", "in splits"])
def test_a_single_class_is_refused_before_a_network_is_looked_for(
    tmp_path: Path, splits: tuple[str, ...]
) -> None:
    for split in splits:
        folder_of(tmp_path / "set" / split, {"red": 12})
    with pytest.raises(data.DataError, match=r"found one, red\. Put the pictures of each other class into"):
        cnn.learn(tmp_path / "set", "resnet52")


@pytest.mark.parametrize("damaged", [("train", "val"), ("test",)])
def test_a_class_whose_pictures_are_all_damaged_is_refused(tmp_path: Path, damaged: tuple[str, ...]) -> None:
    for split in ("train", "val", "test"):
        folder_of(tmp_path / split, {"red": 12, "blue": 12})
    for path in [path for split in damaged for path in tmp_path.glob(f"{split}/blue/*")]:
        path.write_bytes(f"no picture {path.name}".encode())
    with pytest.raises(data.DataError, match=f"{damaged[0]}/blue: .* none .* among the 12 of its split"):
        cnn.learn(tmp_path, network(), epochs=0, verbose=False)


def test_a_class_may_lack_pictures_to_choose_by(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        folder_of(tmp_path / split, {"red": 12, "blue": 12})
    for path in tmp_path.glob("val/blue/*"):
        path.write_bytes(f"no picture {path.name}".encode())
    assert cnn.learn(tmp_path, network(), epochs=0, verbose=False).error == 0


def test_the_command_line_learns_a_folder_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    root = folder_of(tmp_path / "set", {"red": 20, "blue": 20})
    (root / "red" / "IMG_1.HEIC").write_bytes(b"of a telephone")
    command = ["learn", "~/set", "--network", "resnet20_cifar10", "--epochs", "0"]
    assert main([*command, "--out", str(root / "out")]) == 1
    assert "set/out is a file, or lies among your pictures" in capsys.readouterr().err
    assert main([*command, "--out", str(root / "red" / "IMG_1.HEIC")]) == 1
    assert "IMG_1.HEIC is a file, or" in capsys.readouterr().err
    assert main([*command, "--out", "~/out"]) == 0
    said = capsys.readouterr().out
    assert "1 x a file whose name is not that of a picture, such as red/IMG_1.HEIC: Save it as JPEG" in said
    assert "test error" in said
    assert 'cnnlib.Learned.load("~/out/network.keras").classify' in said
    assert (tmp_path / "out" / "report.md").read_text().startswith("# set: 2 classes")
    assert main([*command[:2], "--network", "resnet52", "--out", str(tmp_path / "out")]) == 1
    assert "There is no network 'resnet52'" in capsys.readouterr().err
