"""Each classic mistake changes what it says and nothing else; its cost is counted on the same pictures."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from PIL import Image

from cnnbook import mistakes
from cnnbook.mistakes import MISTAKES, RIGHT
from cnnbook.photos import photograph
from cnnlib.data import Split
from cnnlib.data.folders import PictureFolder
from cnnlib.data.pixels import Pixels
from cnnlib.data.sources import DataError
from cnnlib.data.views import CentreView
from cnnlib.weights import Pretrained

SIDE = 8
NAMES = ("red", "green", "blue")
CAFFE = Pixels("mean_bgr", {"mean": np.array([120, 110, 100], "float32")})
OF_THE_PICTURE = ("mirrored", "on its side", "squashed", "thumbnail", "too near")


def strongest_colour(pixels: Pixels = CAFFE, view: CentreView | None = None) -> Pretrained:
    """A network whose three scores say which colour an image has most of."""
    image = keras.Input((SIDE, SIDE, 3))
    mean = keras.layers.GlobalAveragePooling2D()(image)
    layer = keras.layers.Dense(3, "softmax")
    model = keras.Model(image, layer(mean))
    order = np.eye(3)[::-1] if pixels.name == "mean_bgr" else np.eye(3)
    layer.set_weights([order / 10, np.zeros(3)])
    return Pretrained(model, pixels, NAMES, "", "", "", view or CentreView(SIDE, SIDE))


def plain(*levels: int) -> Image.Image:
    return Image.new("RGB", (12, 10), levels)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two red and one blue picture, in folders with names of their own."""
    for name, levels in (("a/1", (200, 0, 0)), ("a/2", (250, 90, 80)), ("b/1", (10, 10, 240))):
        path = tmp_path / "pictures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        plain(*levels).save(path)
    return tmp_path / "pictures"


@pytest.mark.backends
def test_without_a_mistake_all_is_as_the_network_classifies() -> None:
    network = strongest_colour(view=CentreView(SIDE, 10))
    photo = photograph()
    outputs = mistakes.scores(network, [photo])
    expected = network.classify(photo, 3)
    found = mistakes.best(network, outputs[0], 3)
    assert [name for name, _ in found] == [name for name, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], rtol=1e-5)


def test_a_network_that_says_nothing_of_views_sees_the_central_square() -> None:
    network = Pretrained(**{**vars(strongest_colour()), "view": None})
    seen = mistakes.see(network, photograph())
    np.testing.assert_array_equal(
        seen, CentreView(SIDE, SIDE)(Image.fromarray(photograph()), np.zeros(0, "float32"))
    )


@pytest.mark.backends
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (RIGHT, (30 - 100, 20 - 110, 10 - 120)),
        ("red and blue exchanged", (10 - 100, 20 - 110, 30 - 120)),
        ("no mean", (30, 20, 10)),
        ("0 to 1 alone", (10 / 255, 20 / 255, 30 / 255)),
        ("0 to 1 and prepared", (30 / 255 - 100, 20 / 255 - 110, 10 / 255 - 120)),
        ("prepared twice", (10 - 120 - 100, 20 - 110 - 110, 30 - 100 - 120)),
    ],
)
def test_mistakes_with_pixels(name: str, expected: tuple[float, ...]) -> None:
    network = strongest_colour()
    seen = np.full((1, SIDE, SIDE, 3), (10, 20, 30), "uint8")
    prepared = mistakes.prepare(network, seen, name)
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared[0, 3, 5], expected, rtol=1e-5)


@pytest.mark.parametrize(
    "pixels",
    [
        CAFFE,
        Pixels("unit"),
        Pixels("as_is"),
        Pixels("standard", {"mean": np.full(3, 99, "float32"), "deviation": np.full(3, 60, "float32")}),
        Pixels("mean_image", {"mean": np.arange(SIDE * SIDE * 3, dtype="float32").reshape(SIDE, SIDE, 3)}),
    ],
    ids=lambda pixels: pixels.name,
)
def test_what_is_prepared_rightly_is_shown_as_it_was(pixels: Pixels) -> None:
    network = strongest_colour(pixels)
    seen = mistakes.see(network, photograph())[None]
    np.testing.assert_array_equal(mistakes.shown(network, mistakes.prepare(network, seen)), seen)
    for name in MISTAKES:
        assert mistakes.shown(network, mistakes.prepare(network, seen, name)).dtype == np.uint8


def test_a_preparation_with_a_border_is_not_taken_back() -> None:
    network = strongest_colour(Pixels("lecun1998"))
    with pytest.raises(ValueError, match="lecun1998"):
        mistakes.shown(network, np.zeros((1, SIDE, SIDE, 3), "float32"))


def test_mistakes_with_the_picture() -> None:
    network = strongest_colour(view=CentreView(SIDE, SIDE))
    gradient = np.linspace(0, 255, 32)[None, :, None] * np.ones((16, 1, 3))
    picture = gradient.astype("uint8")
    right = mistakes.see(network, picture)
    found = {name: mistakes.see(network, picture, name) for name in OF_THE_PICTURE}
    assert all(image.shape == (SIDE, SIDE, 3) for image in found.values())
    np.testing.assert_array_equal(found["mirrored"], right[:, ::-1])
    assert (np.diff(found["on its side"][:, 0, 0].astype(int)) < 0).all()  # what was right is on top
    spans = {name: np.ptp(image[..., 0].astype(int)) for name, image in (found | {RIGHT: right}).items()}
    assert spans["too near"] < 0.7 * spans[RIGHT]
    assert spans["thumbnail"] < spans[RIGHT]
    # The square of the middle then holds a third more of the columns.
    assert spans["squashed"] == pytest.approx(spans[RIGHT] * 4 / 3, rel=0.05)


@pytest.mark.backends
def test_measure_counts_each_mistake_on_the_same_pictures(folder: Path) -> None:
    found = mistakes.measure(strongest_colour(), PictureFolder(folder), ["red", "blue"])
    trials = {trial["mistake"]: trial for trial in found["trials"]}
    assert found["images"] == 3
    assert list(trials) == list(MISTAKES)
    assert (trials[RIGHT]["top1_error"], trials[RIGHT]["lost"], trials[RIGHT]["won"]) == (0, 0, 0)
    exchanged = trials["red and blue exchanged"]
    assert (exchanged["top1_error"], exchanged["lost"], exchanged["among_these"]) == (1, 3, 1)
    assert exchanged["top5_error"] == 0  # of three classes
    assert sum(row["images"] for row in exchanged["bins"]) == 3
    assert sum(row["right"] for row in trials[RIGHT]["bins"]) == 3
    backwards = mistakes.measure(
        strongest_colour(), PictureFolder(folder), ["red", "blue"], mistakes=["red and blue exchanged", RIGHT]
    )
    assert backwards["trials"][1]["won"] == 3


def test_classes_of_the_folder_alone_may_compete(folder: Path) -> None:
    plain(10, 250, 240).save(folder / "b" / "1.png")  # more green than blue
    trial = mistakes.measure(strongest_colour(), PictureFolder(folder), ["red", "blue"])["trials"][0]
    assert (trial["top1_error"], trial["among_these"]) == (pytest.approx(1 / 3), 0)


def test_damaged_pictures_stop_or_are_left_out(folder: Path) -> None:
    (folder / "a" / "2.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"2\.png"):
        mistakes.measure(strongest_colour(), PictureFolder(folder), ["red", "blue"])
    found = mistakes.measure(strongest_colour(), PictureFolder(folder, "skip"), ["red", "blue"])
    assert found["images"] == 2
    for path in folder.rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="none that can be decoded"):
        mistakes.measure(strongest_colour(), PictureFolder(folder, "skip"), ["red", "blue"])


def test_unknown_classes_and_mistakes_are_refused_in_words(folder: Path) -> None:
    network, pictures = strongest_colour(), PictureFolder(folder)
    with pytest.raises(ValueError, match="2 classes and 1 names"):
        mistakes.measure(network, pictures, ["red"])
    with pytest.raises(ValueError, match=r"one class called 'pink'.* has 0"):
        mistakes.measure(network, pictures, ["red", "pink"])
    with pytest.raises(KeyError, match="use one of no mistake"):
        mistakes.scores(network, [photograph()], "none")
    with pytest.raises(ValueError, match="give one at least"):
        mistakes.scores(network, [])
    grey = keras.Sequential([keras.Input((SIDE, SIDE, 1)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="square colour images"):
        mistakes.see(Pretrained(**{**vars(network), "model": grey}), photograph())


def test_cost_is_of_the_pictures_that_changed() -> None:
    assert mistakes.cost(0, 0, 10) == (0, 0, 0)
    difference, low, high = mistakes.cost(30, 10, 100)
    assert difference == pytest.approx(0.2)
    # By the variance of a difference of shares of the same pictures.
    changes = np.repeat([1, -1, 0], [30, 10, 60])
    assert high - low == pytest.approx(2 * 1.96 * changes.std() / 10)
    for wrong in ((1, 0, 0), (-1, 0, 5), (3, 3, 5)):
        with pytest.raises(ValueError, match="cannot have changed"):
            mistakes.cost(*wrong)


def test_bins_hold_every_answer_once() -> None:
    sure = np.array([0.0, 0.19, 0.2, 0.95, 1.0, 0.5])
    right = np.array([True, False, True, True, False, True])
    rows = mistakes.in_bins(sure, right)
    assert [row["images"] for row in rows] == [2, 1, 1, 0, 0, 2]
    assert [row["right"] for row in rows] == [1, 1, 1, 0, 0, 1]
    assert "right" not in mistakes.in_bins(sure)[0]


def test_answers_to_pictures_of_no_known_class() -> None:
    found = mistakes.of_unknown(strongest_colour(), [plain(90, 0, 0), plain(80, 0, 9), plain(0, 0, 80)])
    assert found["images"] == 3
    assert list(found["answers"].items()) == [("red", 2), ("blue", 1)]
    assert sum(row["images"] for row in found["bins"]) == 3
    assert 1 / 3 < found["confidence"] <= 1


def test_answers_to_one_picture_with_each_mistake() -> None:
    found = mistakes.of_photograph(strongest_colour(), plain(250, 10, 10), 2)
    assert list(found) == list(MISTAKES)
    assert found[RIGHT][0][0] == "red"
    assert found["red and blue exchanged"][0][0] == "blue"
    assert all(len(answers) == 2 for answers in found.values())


def test_the_experiment_names_what_it_was_made_with(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = strongest_colour()
    for split in ("train", "test"):
        for kind in ("red", "rose"):  # the network has a class for one of them
            path = tmp_path / "user" / "flowers12" / split / kind / "1.png"
            path.parent.mkdir(parents=True)
            plain(200, 0, 90).save(path)
    pictures, grey = PictureFolder(folder, "skip"), np.zeros((5, 28, 28, 1), "uint8")
    sets = {
        "imagenette": SimpleNamespace(
            name="imagenette", source="here", sha256="1", test=pictures, class_names=("red", "blue")
        ),
        "pneumoniamnist": SimpleNamespace(
            name="pneumoniamnist", source="there", sha256="2", test=Split(grey, np.zeros(5, int))
        ),
    }
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "user"))
    monkeypatch.setattr(mistakes.data, "load", lambda name, profile: sets[name])
    monkeypatch.setattr(mistakes.weights, "load", lambda name: network)
    found = json.loads(json.dumps(mistakes.experiment()))
    assert found["images"] == 3
    assert [trial["mistake"] for trial in found["trials"]] == list(MISTAKES)
    assert {name: each["images"] for name, each in found["unknown"].items()} == {
        "flowers": 2,
        "chest X-rays": 5,
    }
    assert {name: each["name"] for name, each in found["data"].items()} == {
        "known": "imagenette",
        "flowers": "flowers12",
        "chest X-rays": "pneumoniamnist",
    }
    assert found["settings"]["pixels"]["name"] == "mean_bgr"
    assert list(found["photograph"]) == list(MISTAKES)
    monkeypatch.delenv("CNNLIB_DATA")
    with pytest.raises(DataError, match=r"holds imagenette/, pneumoniamnist\.npz and flowers12/"):
        mistakes.experiment()
