"""Transfer learning: what is frozen stays, features are of what they say, rates are each layer's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

from cnnbook import papers
from cnnlib import models, structure, transfer
from cnnlib.audit import without_weights
from cnnlib.data import PictureFolder, Split
from cnnlib.data.pixels import Pixels
from cnnlib.data.views import CentreView, RandomView
from cnnlib.optimizers import adapted
from cnnlib.training import TrainingError
from cnnlib.transfer import extraction

YOSINSKI2014 = papers.paper("yosinski2014")

STANDARD = Pixels("standard", {"mean": np.full(3, 128, "float32"), "deviation": np.full(3, 64, "float32")})


def some_images(count: int = 16, side: int = 16, classes: int = 3) -> Split:
    rng = np.random.default_rng(0)
    return Split(rng.integers(0, 256, (count, side, side, 3)).astype("uint8"), np.arange(count) % classes)


def small_network(classes: int = 5) -> keras.Model:
    keras.utils.set_random_seed(0)
    return models.ResNetCIFAR(8, input_shape=(16, 16, 3), classes=classes, width=0.25)


def transferred(pooling: str = "avg", until: str | float = 1.0) -> keras.Model:
    extractor = transfer.feature_extractor(small_network(), pooling=pooling)
    model = transfer.attach(extractor, transfer.classifier(extractor.output_shape[-1], 3))
    transfer.freeze(model, until)
    return model


def nested() -> keras.Model:
    inside = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Conv2D(4, 3, name="a"), layers.BatchNormalization(name="a_bn")],
        name="inside",
    )
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            inside,
            layers.Conv2D(4, 3, name="b"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, name="c"),
        ]
    )


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.dense = layers.Conv2D(4, 3, name="a"), layers.Dense(3, name="b")

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        return self.dense(ops.mean(self.convolution(images), axis=(1, 2)))


def of_applications(name: str) -> Callable[[], keras.Model]:
    return lambda: getattr(keras.applications, name)(weights=None)


# Builder, weight layers before the classifier, weight layers of the classifier.
NETWORKS: dict[str, tuple[Callable[[], keras.Model], int, int]] = {
    "LeNet5": (models.LeNet5, 3, 2),
    "LeNet5Original": (models.LeNet5Original, 6, 1),
    "AlexNet": (models.AlexNet, 5, 3),
    "VGG16": (models.VGG16, 13, 3),
    "GoogLeNet": (models.GoogLeNet, 57, 1),
    "ResNet50": (models.ResNet50, 53, 1),
    "ResNetCIFAR": (models.ResNetCIFAR, 19, 1),
    "applications.VGG19": (of_applications("VGG19"), 16, 3),
    "applications.ResNet50": (of_applications("ResNet50"), 53, 1),
    "applications.MobileNetV2": (of_applications("MobileNetV2"), 52, 1),
    "nested": (nested, 2, 1),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_weight_layers_are_counted_in_any_network(name: str) -> None:
    build, before, classifier = NETWORKS[name]
    model = build() if name == "nested" else without_weights(build)
    assert len(transfer.pretrained_layers(model)) == before
    assert len(structure.find_classifier(model).layers) == classifier
    assert transfer.how_many(model, 1.0) == before
    assert transfer.how_many(model, 0) == 0


@pytest.mark.parametrize(
    ("share", "layers_frozen"), [(0.6, 8), (0.8, 10), (1 / 3, 4), (0.5, 6), (0.0, 0), (1, 13), (0.04, 1)]
)
def test_a_share_is_of_the_weight_layers_and_rounds_to_the_nearest(share: float, layers_frozen: int) -> None:
    assert transfer.how_many(without_weights(models.VGG16), share) == layers_frozen


def test_freezing_until_a_layer_freezes_it_and_all_before() -> None:
    model = models.VGG("A", input_shape=(32, 32, 3), width=0.05, classes=4)
    found = transfer.freeze(model, "block3_conv1")
    assert [row.name for row in found.rows if row.frozen] == ["block1_conv1", "block2_conv1", "block3_conv1"]
    assert (found.frozen_layers, found.weight_layers) == (3, 8)
    assert found.params == model.count_params()
    assert found.frozen_params == sum(model.get_layer(f"block{n}_conv1").count_params() for n in (1, 2, 3))
    assert transfer.freeze(model, "block2_pool").frozen_layers == 2
    assert transfer.freeze(model, 0.0).frozen_params == 0
    assert len(model.trainable_variables) == len(model.weights)


def test_what_is_frozen_is_shown_as_a_table() -> None:
    model = transferred(until="conv2_block1_1_conv")
    lines = str(transfer.frozen_layers(model)).splitlines()
    assert lines[0] == "| layer | kind | parameters | state |"
    assert lines[2] == "| conv1_conv | Conv2D | 108 | frozen |"
    assert "| conv2_block1_1_bn | BatchNormalization | 8 | frozen |" in lines
    assert "| conv2_block1_2_conv | Conv2D | 144 | trained |" in lines
    assert "| new_predictions | Dense | 51 | trained, classifier |" in lines
    assert lines[-2] == "| **frozen** | 2 of 7 weight layers | 268 |  |"


def test_a_normalisation_is_frozen_with_the_layer_it_follows_also_beside_another_path() -> None:
    model = models.ResNet(50, input_shape=(32, 32, 3), width=0.05, classes=4)
    order = [layer.name for layer in transfer.pretrained_layers(model)]
    for count in range(len(order) + 1):
        transfer.freeze(model, count / len(order))
        frozen = {row.name for row in transfer.frozen_layers(model).rows if row.frozen}
        assert {name for name in frozen if name.endswith("_conv")} == set(order[:count])
        assert {name for name in frozen if name.endswith("_bn")} == {
            name.replace("_conv", "_bn") for name in order[:count]
        }


def test_a_normalisation_before_the_convolutions_is_frozen_where_all_before_it_is() -> None:
    model = keras.applications.DenseNet121(weights=None, input_shape=(32, 32, 3), classes=4)
    found = transfer.freeze(model, 0.5)
    names = [row.name for row in found.rows if row.frozen]
    assert found.frozen_layers == 60
    assert len(names) > 110
    first_trained = next(row.name for row in found.rows if not row.frozen)
    assert names == [row.name for row in found.rows][: [row.name for row in found.rows].index(first_trained)]


def test_layers_inside_a_layer_and_of_a_subclassed_model_are_frozen() -> None:
    model = nested()
    found = transfer.freeze(model, "a")
    assert [row.name for row in found.rows if row.frozen] == ["a", "a_bn"]
    assert [v.path.split("/")[-2] for v in model.trainable_variables] == ["b", "b", "c", "c"]
    subclassed = Subclassed()
    subclassed(np.zeros((1, 8, 8, 3), "float32"))
    assert transfer.freeze(subclassed, 1.0).frozen_layers == 1
    assert len(subclassed.trainable_variables) == 2


@pytest.mark.parametrize(
    ("until", "message"),
    [
        ("conv9", "has no layer 'conv9'. Its weight layers are conv1_conv, conv2"),
        ("predictions", "belongs to the classifier of resnet8_cifar, which is to learn"),
        (1.5, "a share of the weight layers, from 0 to 1, or the name of a layer; not 1.5"),
        (-0.1, "not -0.1. resnet8_cifar has 7 of them before its classifier"),
    ],
)
def test_what_cannot_be_frozen_is_refused_in_words(until: str | float, message: str) -> None:
    model = small_network()
    with pytest.raises(ValueError, match=message):
        transfer.freeze(model, until)
    assert len(model.trainable_variables) == len(transfer.frozen_layers(model).rows) + 8


def test_a_model_that_was_never_built_is_refused() -> None:
    with pytest.raises(ValueError, match="has no layers with weights: build it first"):
        transfer.freeze(Subclassed(), 1.0)


@pytest.mark.backends
def test_frozen_normalisation_stays_in_inference_mode_while_the_rest_learns() -> None:
    model, images = transferred(until="conv3_block1_2_conv"), some_images()
    before = {variable.path: ops.convert_to_numpy(variable.value).copy() for variable in model.variables}
    frozen = {row.name for row in transfer.frozen_layers(model).rows if row.frozen}
    assert "conv2_block1_1_bn" in frozen
    transfer.fine_tune(model, transfer.recipe(epochs=2, batch_size=8), images, pixels=STANDARD)
    moved = {
        variable.path.split("/")[-2]
        for variable in model.variables
        if not np.array_equal(before[variable.path], ops.convert_to_numpy(variable.value))
    }
    learning = {layer.name for layer in model.layers if layer.weights} - frozen
    assert moved - {"seed_generator"} == learning
    assert {"conv4_block1_2_bn", "new_predictions"} <= learning


@pytest.mark.backends
def test_normalisation_whose_weights_alone_are_frozen_is_told_from_a_frozen_one() -> None:
    model, images = transferred(), some_images()
    transfer.freeze(model, 1.0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = True
            for weight in layer.trainable_variables:
                weight.trainable = False
    assert "frozen, averages move" in str(transfer.frozen_layers(model))
    assert [v.path.split("/")[-2] for v in model.trainable_variables] == ["new_predictions"] * 2
    bn = model.get_layer("conv2_block1_1_bn")
    before = bn.get_weights()
    transfer.fine_tune(model, transfer.recipe(epochs=1, batch_size=8), images, pixels=STANDARD)
    same = [np.array_equal(a, b) for a, b in zip(before, bn.get_weights(), strict=True)]
    assert same == [True, True, False, False]
    transfer.freeze(model, 0.0)
    assert len(bn.trainable_variables) == 2


@pytest.mark.backends
def test_a_feature_extractor_gives_what_the_classifier_was_given_and_leaves_the_network_alone() -> None:
    model, images = small_network(), some_images(4)
    extractor = transfer.feature_extractor(model)
    assert extractor.trainable_variables == []
    assert len(model.trainable_variables) > 20
    prepared = STANDARD(images.x)
    inside = keras.Model(model.input, model.layers[-1].input)
    np.testing.assert_allclose(
        ops.convert_to_numpy(extractor(prepared)), ops.convert_to_numpy(inside(prepared)), rtol=1e-6
    )
    extractor.set_weights([0 * value for value in extractor.get_weights()])
    assert np.abs(model.get_weights()[0]).max() > 0


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: models.VGG("A", input_shape=(32, 32, 3), width=0.1), (51,)),
        (lambda: models.GoogLeNet(width=0.1, aux_heads=True, classes=3), (102,)),
        (lambda: keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3)), (1280,)),
        (nested, (4,)),
    ],
)
def test_features_are_the_maps_before_the_classifier(
    build: Callable[[], keras.Model], shape: tuple[int, ...]
) -> None:
    assert transfer.feature_extractor(build()).output_shape[1:] == shape


def test_features_of_a_layer_and_of_every_pooling() -> None:
    model = models.VGG("A", input_shape=(32, 32, 3), width=0.1)
    shapes = {
        pooling: transfer.feature_extractor(model, "block3_pool", pooling).output_shape[1:]
        for pooling in ("avg", "max", "flatten", None)
    }
    assert shapes == {"avg": (26,), "max": (26,), "flatten": (416,), None: (4, 4, 26)}
    assert transfer.feature_extractor(model, "fc1").output_shape[1:] == (410,)


def test_what_features_cannot_be_taken_of_is_refused() -> None:
    with pytest.raises(ValueError, match="has no layer 'conv9'; it has image, conv1_conv"):
        transfer.feature_extractor(small_network(), "conv9")
    with pytest.raises(ValueError, match="pooling must be None or one of avg, max, flatten, not 'mean'"):
        transfer.feature_extractor(small_network(), pooling="mean")
    subclassed = Subclassed()
    subclassed(np.zeros((1, 8, 8, 3), "float32"))
    with pytest.raises(ValueError, match="keeps no graph of its layers"):
        transfer.feature_extractor(subclassed)
    with pytest.raises(ValueError, match=r"has nothing before its classifier, which begins with only"):
        transfer.feature_extractor(
            keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), layers.Dense(2, name="only")])
        )


def test_a_classifier_that_does_not_fit_is_refused() -> None:
    extractor = transfer.feature_extractor(small_network())
    with pytest.raises(ValueError, match=r"gives \(16,\) for each image and new_classifier takes \(8,\)"):
        transfer.attach(extractor, transfer.classifier(8, 3))
    with pytest.raises(ValueError, match="needs features and at least two classes, not 8 and 0"):
        transfer.classifier(8, 0)
    with pytest.raises(ValueError, match="at least two classes, not 8 and 1"):
        transfer.classifier(8, 1)


@pytest.mark.backends
def test_a_classifier_trained_on_features_works_behind_the_extractor() -> None:
    extractor, images = transfer.feature_extractor(small_network()), some_images(24)
    keras.utils.set_random_seed(1)
    head = keras.Sequential(
        [
            keras.Input((16,)),
            layers.Dropout(0.1),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    found = transfer.features(extractor, images, STANDARD)
    progress = transfer.fine_tune(
        head,
        transfer.recipe(epochs=10, rate=0.003, batch_size=8),
        Split(found, images.y),
        Split(found, images.y),
        pixels=Pixels("as_is"),
    )
    assert progress.history["train_loss"][-1] < progress.history["train_loss"][0]
    whole = transfer.attach(extractor, head)
    np.testing.assert_allclose(
        ops.convert_to_numpy(whole(STANDARD(images.x))), ops.convert_to_numpy(head(found)), atol=1e-5
    )
    wrong = (ops.convert_to_numpy(head(found)).argmax(1) != images.y).mean()
    assert progress.history["validation_error"][-1] == pytest.approx(wrong)


def test_a_network_that_prepares_pixels_itself_is_given_them_as_they_are() -> None:
    extractor, images = transfer.feature_extractor(small_network()), some_images(4)
    found = transfer.features(extractor, images)
    np.testing.assert_array_equal(found, transfer.features(extractor, images, Pixels("as_is")))
    assert np.abs(found - transfer.features(extractor, images, STANDARD)).max() > 0.01


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Append to a list whenever features are computed."""
    times, compute = list[int](), extraction._computed
    monkeypatch.setattr(extraction, "_computed", lambda *of: times.append(1) or compute(*of))
    return times


@pytest.mark.backends
def test_features_are_computed_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times, images = counted(monkeypatch), some_images(5)
    extractor = transfer.feature_extractor(small_network())
    first = transfer.features(extractor, images, STANDARD, folder=tmp_path)
    # Another network of the same kind: Keras counts up the names of its layers.
    again = transfer.feature_extractor(small_network())
    second = transfer.features(again, images.x, STANDARD, folder=tmp_path)
    assert len(times) == 1
    np.testing.assert_array_equal(first, second)
    assert first.dtype == second.dtype == "float32"
    np.testing.assert_allclose(first, ops.convert_to_numpy(extractor(STANDARD(images.x))), rtol=1e-4)
    assert len(list(tmp_path.iterdir())) == 1


def changed_weight(extractor: keras.Model) -> None:
    weights = extractor.get_weights()
    weights[0].ravel()[0] = np.nextafter(weights[0].ravel()[0], np.float32(9))
    extractor.set_weights(weights)


def test_whatever_changes_gives_features_of_its_own(tmp_path: Path) -> None:
    images, extractor = some_images(4), transfer.feature_extractor(small_network())
    keys = {transfer.features_key(extractor, images.x, STANDARD)}
    other = images.x.copy()
    other[3, 15, 15, 2] ^= 1
    mean = STANDARD.measured["mean"] + np.array([0, 0, 1e-4], "float32")
    keys.add(transfer.features_key(extractor, other, STANDARD))
    keys.add(transfer.features_key(extractor, images.x[:3], STANDARD))
    keys.add(transfer.features_key(extractor, images.x[::-1], STANDARD))
    keys.add(transfer.features_key(extractor, images.x.reshape(4, 8, 32, 3), STANDARD))
    keys.add(transfer.features_key(extractor, images.x, replace(STANDARD, name="mean_rgb")))
    measured = STANDARD.measured | {"mean": mean}
    keys.add(transfer.features_key(extractor, images.x, replace(STANDARD, measured=measured)))
    keys.add(
        transfer.features_key(transfer.feature_extractor(small_network(), pooling="max"), images.x, STANDARD)
    )
    changed_weight(extractor)
    keys.add(transfer.features_key(extractor, images.x, STANDARD))
    assert len(keys) == 9


def test_a_network_of_the_same_weights_and_another_form_has_another_key() -> None:
    def build(strides: int, padding: str) -> keras.Model:
        image = keras.Input((9, 9, 1), name="image")
        x = layers.Conv2D(2, 3, strides, padding=padding, kernel_initializer="ones", name="a")(image)
        return keras.Model(image, layers.GlobalAveragePooling2D(name="b")(x))

    image = np.zeros((1, 9, 9, 1), "uint8")
    forms = [build(1, "same"), build(2, "same"), build(1, "valid"), build(1, "same")]
    keys = [transfer.features_key(model, image, Pixels("unit")) for model in forms]
    assert len(set(keys)) == 3
    assert keys[0] == keys[3]


def test_a_damaged_or_foreign_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times, images = counted(monkeypatch), some_images(3)
    extractor = transfer.feature_extractor(small_network())
    expected = transfer.features(extractor, images, STANDARD, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 255
    for damage in (whole[:100], b"", bytes(flipped)):
        file.write_bytes(damage)
        np.testing.assert_array_equal(
            transfer.features(extractor, images, STANDARD, folder=tmp_path), expected
        )
    np.savez(file, features=expected + 1, key=np.array("another"))
    np.testing.assert_array_equal(transfer.features(extractor, images, STANDARD, folder=tmp_path), expected)
    assert len(times) == 5
    transfer.features(extractor, images, STANDARD, folder=tmp_path)
    assert len(times) == 5


def test_features_of_a_folder_of_pictures_follow_its_files(tmp_path: Path) -> None:
    for label, colour in (("a", 10), ("b", 200)):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(2):
            pixels = np.full((20, 24, 3), colour + number, "uint8")
            Image.fromarray(pixels).save(tmp_path / "set" / label / f"{number}.bmp")
    folder, view = PictureFolder(tmp_path / "set"), CentreView(16, 16)
    extractor = transfer.feature_extractor(small_network())
    found = transfer.features(extractor, folder, STANDARD, view=view, folder=tmp_path / "kept")
    flat = np.stack([np.full((16, 16, 3), colour, "uint8") for colour in (10, 11, 200, 201)])
    np.testing.assert_allclose(found, transfer.features(extractor, flat, STANDARD), atol=1e-5)
    before = transfer.features_key(extractor, folder, STANDARD, view=view)
    # The same size in bytes, other pixels: what a hash of names and sizes would miss.
    Image.fromarray(np.full((20, 24, 3), 99, "uint8")).save(tmp_path / "set" / "a" / "0.bmp")
    assert transfer.features_key(extractor, folder, STANDARD, view=view) != before
    changed = transfer.features(extractor, folder, STANDARD, view=view, folder=tmp_path / "kept")
    assert not np.allclose(changed[0], found[0])
    for wrong in (None, RandomView(16, (16, 16))):
        with pytest.raises(ValueError, match="needs a view that draws nothing"):
            transfer.features(extractor, folder, STANDARD, view=wrong)


def test_features_that_are_not_finite_are_refused() -> None:
    extractor = transfer.feature_extractor(small_network())
    extractor.set_weights([np.full_like(value, np.inf) for value in extractor.get_weights()])
    with pytest.raises(ValueError, match="Features are not finite: look at the network's weights"):
        transfer.features(extractor, some_images(2), STANDARD)


FACTORS = (1.0, 0.1, 0.0)
OPTIMIZERS: dict[str, dict] = {"sgd": {"momentum": 0.9}, "adam": {}}


@pytest.mark.backends
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_factor_multiplies_the_step_of_every_optimiser(kind: str) -> None:
    def steps(optimizer: keras.optimizers.Optimizer) -> np.ndarray:
        weights = [keras.Variable(np.ones(2, "float32")) for _ in FACTORS]
        optimizer.build(weights)
        for gradient in (1.0, -0.5, 2.0):
            optimizer.apply([ops.full((2,), gradient) for _ in weights], weights)
        return np.stack([ops.convert_to_numpy(weight.value) - 1 for weight in weights])

    def build() -> keras.optimizers.Optimizer:
        recipe = transfer.recipe(epochs=1, rate=0.01, optimizer=kind, optimizer_settings=OPTIMIZERS[kind])
        return recipe.build_optimizer()

    plain, scaled = steps(build()), steps(adapted(build(), factors=FACTORS))
    np.testing.assert_allclose(scaled, plain * np.array(FACTORS)[:, None], rtol=2e-5)


@pytest.mark.backends
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_layers_trained_before_move_by_a_share_of_what_they_would(kind: str) -> None:
    images = some_images(8)
    settings = {"optimizer": kind, "optimizer_settings": OPTIMIZERS[kind], "rate": 1e-3, "batch_size": 8}
    moves = {}
    for factor in (1.0, 0.1):
        keras.utils.set_random_seed(3)
        model = transferred(until=0.0)
        before = model.get_weights()
        recipe = transfer.recipe(epochs=1, **settings)
        transfer.fine_tune(model, recipe, images, pixels=STANDARD, factors=factor)
        moves[factor] = {
            (place, weight.name): np.abs(value - start).sum()
            for place, (weight, value, start) in enumerate(
                zip(model.weights, model.get_weights(), before, strict=True)
            )
            if not weight.name.startswith("moving_")
        }
    shares = [moves[0.1][weight] / moves[1.0][weight] for weight in moves[1.0]]
    assert shares[-2:] == pytest.approx([1, 1], rel=1e-2)
    assert shares[:-2] == pytest.approx([0.1] * (len(shares) - 2), rel=0.05)


def test_factors_hold_from_the_layer_named_to_the_next_one() -> None:
    model = transferred(until=0.0)
    names = [layer.name for layer in model.layers if layer.weights]
    found = transfer.rate_factors(
        model, {"conv2_block1_1_conv": 0.01, "conv4_block1_1_conv": 0.1, "new_predictions": 1}
    )
    assert list(found) == names
    assert found["conv1_conv"] == found["conv3_block1_2_bn"] == 0.01
    assert found["conv4_block1_1_conv"] == found["conv4_block1_2_bn"] == 0.1
    assert found["new_predictions"] == 1
    plain = transfer.rate_factors(model, 0.2)
    assert {name: factor for name, factor in plain.items() if factor != 0.2} == {"new_predictions": 1}
    transfer.freeze(model, 1.0)
    assert transfer.rate_factors(model, 0.2) == {"new_predictions": 1}


def test_falling_factors_are_divided_from_each_layer_to_the_one_below() -> None:
    model = transferred(until=0.0)
    found = list(transfer.falling_factors(model, 2).values())
    assert found == [2.0 ** -(7 - place) for place in range(8)]
    first = transfer.rate_factors(model, transfer.falling_factors(model))["conv1_bn"]
    assert first == pytest.approx(YOSINSKI2014["ulmfit_divisor"] ** -7)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (-0.1, "Factors of the rate are numbers from 0 on, not -0.1"),
        (float("nan"), "not nan"),
        ({"conv9": 0.1}, "has no layer conv9 with weights to give a factor to; it has conv1_conv"),
        ({}, "to give a factor to"),
    ],
)
def test_factors_that_mean_nothing_are_refused(factors: float | dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        transfer.rate_factors(transferred(until=0.0), factors)


def test_an_optimiser_that_decays_weights_by_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="AdamW would decay all weights by the same rate"):
        adapted(keras.optimizers.AdamW(), factors=[1.0])
    with pytest.raises(ValueError, match="must be 0 or more, not -1"):
        adapted(keras.optimizers.SGD(), factors=[1.0, -1.0])


def test_a_network_frozen_whole_has_nothing_to_train() -> None:
    extractor = transfer.feature_extractor(small_network())
    with pytest.raises(TrainingError, match="is frozen: attach a new classifier, or freeze less"):
        transfer.fine_tune(extractor, transfer.recipe(epochs=1), some_images(), pixels=STANDARD)


def test_a_checkpoint_of_other_factors_or_pixels_is_refused(tmp_path: Path) -> None:
    images, recipe, file = some_images(), transfer.recipe(epochs=1, batch_size=8), tmp_path / "c.npz"
    transfer.fine_tune(transferred(until=0.5), recipe, images, pixels=STANDARD, checkpoint=file)
    for changed, pixels, factors in (
        ("rate_factors", STANDARD, 0.2),
        ("pixels", replace(STANDARD, name="mean_rgb"), 0.1),
    ):
        with pytest.raises(RuntimeError, match=rf"another training \(its {changed} differ\)"):
            transfer.fine_tune(
                transferred(until=0.5), recipe, images, pixels=pixels, factors=factors, checkpoint=file
            )
