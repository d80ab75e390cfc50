"""What each data set must be: the one place of its names, counts, hashes, licence and address.

To add a data set, add one entry to `SETS`. `cnnlib.data.sources.content_sha256` computes its hashes. A set
with a `quick` part also needs a loader of that part in `cnnlib.data.sources.EMBEDDED`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Content:
    """One form of a data set, as it is before a validation split is carved from train.

    Attributes:
        train: number of training images.
        test: number of test images.
        validation: number of training images set aside for validation by default.
        sha256: hash of all images and labels, as `cnnlib.data.sources.content_sha256` defines it.
    """

    train: int
    test: int
    validation: int
    sha256: str


@dataclass(frozen=True)
class DataSpec:
    """A data set.

    Attributes:
        name: name of the set, of its file NAME.npz and of its folder NAME/.
        class_names: name of the class of each label 0, 1, ...; also the names of its image folders.
        image_shape: height, width and channels (1 or 3).
        url: address of NAME.npz.
        licence: under which licence the publisher gives the set.
        citation: the publication to cite.
        full: the whole set.
        quick: the part that an installed package carries, or None.
    """

    name: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    url: str
    licence: str
    citation: str
    full: Content
    quick: Content | None


SETS = {
    "mnist": DataSpec(
        name="mnist",
        class_names=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
        image_shape=(28, 28, 1),
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        licence="CC BY-SA 3.0; copyright Yann LeCun and Corinna Cortes",
        citation=(
            "Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document "
            "recognition, Proceedings of the IEEE 86(11), 2278-2324, 1998"
        ),
        full=Content(
            train=60_000,
            test=10_000,
            validation=5_000,
            sha256="f336f10db250b4a9fd67f32c025bf12242bd4d738d7cd4d5f62d6a58806a4f28",
        ),
        quick=Content(
            train=4_000,
            test=1_000,
            validation=500,
            sha256="e82b32494db6fd69291ce2197e2f8235afc21252ece165a4afcbe7023c348845",
        ),
    ),
}
