"""The classifier is found from the structure of a network, whatever it ends in."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from cnnlib import models, structure, transfer


def applications(name: str, **settings: object) -> Callable[[], keras.Model]:
    side = 75 if name in ("InceptionV3", "Xception") else 32
    return lambda: getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=(side, side, 3), **settings
    )


def squeezed(x: keras.KerasTensor, maps: int) -> keras.KerasTensor:
    """Squeeze and excite, with dense layers."""
    weights = layers.Dense(2, activation="relu")(layers.GlobalAveragePooling2D()(x))
    weights = layers.Reshape((1, 1, maps))(layers.Dense(maps, activation="sigmoid")(weights))
    return layers.Multiply()([x, weights])


def squeeze_and_excite(top: bool) -> keras.Model:
    image = keras.Input((16, 16, 3))
    x = squeezed(layers.Conv2D(4, 3, name="a")(image), 4)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(3, name="top")(x) if top else x)


def several_outputs(kind: str) -> keras.Model:
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="a")(image)
    aux = layers.Dense(3, name="aux")(layers.GlobalAveragePooling2D()(x))
    x = layers.Conv2D(6, 3, name="b")(x)
    main = layers.Dense(3, name="main")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, [aux, main] if kind == "list" else {"aux": aux, "main": main})


def shared(once_more: bool) -> keras.Model:
    body = models.SqueezeNet(include_top=False, input_shape=(47, 47, 3), width=0.25)
    image = keras.Input((47, 47, 3))
    if once_more:
        body(keras.Input((47, 47, 3)))
    return keras.Model(image, layers.Dense(3, name="top")(layers.GlobalAveragePooling2D()(body(image))))


def inside() -> keras.Model:
    """A network with its classifier, wholly inside another model."""
    return keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), small_vgg()])


def small_vgg() -> keras.Model:
    return models.VGG("A", input_shape=(32, 32, 3), width=0.1, classes=4)


def attached() -> keras.Model:
    body = transfer.feature_extractor(small_vgg())
    return transfer.attach(
        body,
        keras.Sequential(
            [keras.Input((51,)), layers.Dense(5, name="new_hidden1"), layers.Dense(3, name="new_predictions")]
        ),
    )


# Builder, names of the classifier's weight layers, features.
NETWORKS: dict[str, tuple[Callable[[], keras.Model], list[str], int]] = {
    "headless VGG16": (applications("VGG16"), [], 512),
    "headless ResNet50": (applications("ResNet50"), [], 2048),
    "pooled ResNet50": (applications("ResNet50", pooling="avg"), [], 2048),
    "headless MobileNetV2": (applications("MobileNetV2"), [], 1280),
    "pooled MobileNetV2": (applications("MobileNetV2", pooling="max"), [], 1280),
    "headless EfficientNetB0": (applications("EfficientNetB0"), [], 1280),
    "pooled EfficientNetB0": (applications("EfficientNetB0", pooling="avg"), [], 1280),
    "MobileNetV3Small": (
        lambda: keras.applications.MobileNetV3Small(weights=None, input_shape=(32, 32, 3)),
        ["conv_2", "logits"],
        576,
    ),
    "our headless VGG": (lambda: models.VGG("A", False, input_shape=(32, 32, 3)), [], 512),
    "our headless ResNet50": (lambda: models.ResNet50(False, input_shape=(32, 32, 3)), [], 2048),
    "our headless GoogLeNet": (lambda: models.GoogLeNet(include_top=False), [], 1024),
    "our headless AlexNet": (lambda: models.AlexNet(include_top=False), [], 256),
    "our headless SqueezeNet": (lambda: models.SqueezeNet(False, input_shape=(47, 47, 3)), [], 512),
    "our pooled SqueezeNet": (
        lambda: models.SqueezeNet(False, input_shape=(47, 47, 3), pooling="avg"),
        [],
        512,
    ),
    "SqueezeNet": (lambda: models.SqueezeNet(input_shape=(47, 47, 3)), ["conv10"], 512),
    "SqueezeNet of logits": (
        lambda: models.SqueezeNet(input_shape=(47, 47, 3), classifier_activation=None),
        ["conv10"],
        512,
    ),
    "squeeze and excite": (lambda: squeeze_and_excite(True), ["top"], 4),
    "headless squeeze and excite": (lambda: squeeze_and_excite(False), [], 4),
    "outputs in a list": (lambda: several_outputs("list"), ["aux", "main"], 6),
    "outputs by name": (lambda: several_outputs("dict"), ["aux", "main"], 6),
    "a body that is used twice": (lambda: shared(True), ["top"], 128),
    "a body inside": (lambda: shared(False), ["top"], 128),
    "a whole network inside": (inside, ["fc1", "fc2", "predictions"], 51),
    "a new classifier attached": (attached, ["new_hidden1", "new_predictions"], 51),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_classifier_is_traced_back_from_the_output(name: str) -> None:
    build, classifier, features = NETWORKS[name]
    model = build()
    assert sorted(layer.name for layer in structure.find_classifier(model).layers) == classifier
    extractor = transfer.feature_extractor(model)
    assert extractor.output_shape == (None, features)
    extractor(np.zeros((1, *model.input_shape[1:]), "float32"))
    frozen = transfer.freeze(model, 1.0)
    assert [row.name for row in frozen.rows if not row.frozen and row.counted] == classifier


def test_what_was_taken_for_the_classifier_is_said() -> None:
    with pytest.warns(UserWarning, match="squeezenet is taken to be conv10; say classifier=NAME if it"):
        transfer.feature_extractor(models.SqueezeNet(input_shape=(47, 47, 3)))
    with pytest.warns(UserWarning, match="ends without a classifier: all of its layers count as features"):
        transfer.freeze(models.SqueezeNet(False, input_shape=(47, 47, 3)), 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transfer.feature_extractor(small_vgg())


def test_the_classifier_can_be_named() -> None:
    model = small_vgg()
    assert transfer.feature_extractor(model, classifier="predictions").output_shape == (None, 410)
    frozen = transfer.freeze(model, 1.0, classifier="fc2")
    assert [row.name for row in frozen.rows if not row.frozen] == ["fc2", "predictions"]
    convolution = transfer.feature_extractor(model, classifier="block5_conv2")
    assert convolution.output_shape == (None, 51)
    with pytest.raises(ValueError, match="has no layer 'fc9' through which all goes to an output"):
        transfer.freeze(model, 1.0, classifier="fc9")


def test_features_of_a_network_inside_another_are_what_its_classifier_is_given() -> None:
    keras.utils.set_random_seed(0)
    model, images = inside(), np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    found = transfer.feature_extractor(model, pooling=None)(images)
    network = model.layers[-1]
    maps = keras.Model(network.input, network.get_layer("block5_pool").output)(images / 255)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(found), keras.ops.convert_to_numpy(maps), rtol=1e-5, atol=1e-6
    )
