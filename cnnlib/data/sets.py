"""What each data set must be: the one place of its names, counts, hashes, licence and address.

To add a data set that fits into memory, add one entry to `SETS`. `cnnlib.data.sources.content_sha256`
computes its hashes. A set with a `quick` part also needs a loader of that part in
`cnnlib.data.sources.EMBEDDED`. To add one that is read from disk, as pictures in folders, add one entry to
`FOLDERS`.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Content:
    """One form of a data set, as it is before a validation split is carved from train.

    Attributes:
        train: number of training images.
        test: number of test images.
        validation: number of training images set aside for validation by default.
        sha256: hash of all images and labels, as `cnnlib.data.sources.content_sha256` defines it; None where
            nobody has computed it, and the publisher's file is known by its MD5 alone.
        variants: hashes of copies that differ a little from what was published, or have not been compared
            with it, each with a sentence that says so; a record made with one carries the sentence.
        published_validation: the publisher gives the `validation` images apart from `train`, which does not
            count them.
    """

    train: int
    test: int
    validation: int
    sha256: str | None = None
    variants: dict[str, str] = field(default_factory=dict)
    published_validation: bool = False

    @property
    def splits(self) -> dict[str, int]:
        """Number of images in each published split."""
        held_out = {"validation": self.validation} if self.published_validation else {}
        return {"train": self.train} | held_out | {"test": self.test}


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What is known of any data set.

    Attributes:
        name: name of the set, of its file NAME.npz and of its folder NAME/.
        licence: under which licence the publisher gives the set.
        url: address of the publisher's file, or of the folder of its parts; "" where nothing is downloaded.
        md5: of that file, as the publisher prints it; "" where the hash of its content is known instead.
        full: the whole set.
    """

    name: str
    licence: str
    full: Content
    url: str = ""
    md5: str = ""

    @property
    def file(self) -> str:
        """Name of what lies at `url`: a file, or the folder in which Keras too keeps the parts."""
        return urlsplit(self.url).path.rpartition("/")[2] or f"{self.name.replace('_', '-')}/"


@dataclass(frozen=True, kw_only=True)
class DataSpec(Spec):
    """A data set that is held in memory.

    Attributes:
        class_names: name of the class of each label 0, 1, ...; also the names of its image folders.
        image_shape: height, width and channels (1 or 3).
        quick: the part that an installed package carries, or None.
        archive: where `file` is a tar of binary files, the paths of those of each split within it. They hold
            for each image one byte of label, then each channel's rows.
        parts: MD5 of each of the gzipped IDX files by its name, where they are what lies at `url`.
    """

    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    quick: Content | None = None
    archive: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FolderSpec(Spec):
    """A data set that stays on disk: pictures in NAME/train/CLASS/ and NAME/val/CLASS/.

    A part of it is accepted: what is counted is said. `file` is a tar whose one folder holds train/ and val/;
    those in val/, on which results are reported, are the test pictures.

    Attributes:
        classes: number of classes.
        words: readable name of each class by the name of its folder; empty where any folders will do.
        publisher: where to get it, if it is not downloaded.
    """

    classes: int
    words: dict[str, str]
    publisher: str = ""

    @property
    def root(self) -> str:
        """Name of the one folder in the publisher's tar."""
        return self.file.partition(".")[0]


def _names(listed: str) -> tuple[str, ...]:
    return tuple(listed.split(", "))


SETS = {
    "mnist": DataSpec(
        name="mnist",
        class_names=tuple("0123456789"),
        image_shape=(28, 28, 1),
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        licence="CC BY-SA 3.0; copyright Yann LeCun and Corinna Cortes",
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
    # The archive's MD5 is the one that the publisher's page prints. The archive itself has not been tried:
    # its download is not proven, and the hash of its content is not known.
    "cifar10": DataSpec(
        name="cifar10",
        class_names=_names("airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck"),
        image_shape=(32, 32, 3),
        url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        licence="none stated; the publisher asks that the technical report be cited",
        full=Content(
            train=50_000,
            test=10_000,
            validation=5_000,
            variants={
                "8adf180d54084eaea408408b2e2504c2fb74f99f23cb6c55b09e4167be375f59": (
                    "111 of 60,000 images JPEG-coded (86 for training, 25 for testing), the others exact"
                )
            },
        ),
        md5="c32a1d4ab5d03f1284b67883e8d87530",
        archive={
            "train": tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)),
            "test": ("cifar-10-batches-bin/test_batch.bin",),
        },
    ),
    # The MD5s are those that torchvision checks; the hash is that of the content of files with these MD5s.
    # The download itself has not been tried.
    "fashion_mnist": DataSpec(
        name="fashion_mnist",
        class_names=_names(
            "T-shirt or top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot"
        ),
        image_shape=(28, 28, 1),
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        licence="MIT; copyright Zalando SE",
        full=Content(
            train=60_000,
            test=10_000,
            validation=5_000,
            sha256="1ec0c5f432abea94a4e522543edbb9426461dcc8ac657b11f76fcef15433bc51",
        ),
        parts={
            "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
            "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
            "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
        },
    ),
    # The MD5 is the one that MedMNIST's own package checks. The download itself has not been tried.
    "pneumoniamnist": DataSpec(
        name="pneumoniamnist",
        class_names=("normal", "pneumonia"),
        image_shape=(28, 28, 1),
        url="https://zenodo.org/records/10519652/files/pneumoniamnist.npz?download=1",
        licence="CC BY 4.0",
        full=Content(
            train=4_708,
            test=624,
            validation=524,
            published_validation=True,
            variants={
                "b55902a8f4bc29e89d6789fc82c835d42d871ca83a065e721f6a0389b97b490a": (
                    "a copy with the published splits and an order of its own, not compared with the "
                    "publisher's file"
                )
            },
        ),
        md5="28209eda62fecd6e6a2d98b1501bb15f",
    ),
}

FOLDERS = {
    "imagenet": FolderSpec(
        name="imagenet",
        classes=1_000,
        words={},
        full=Content(train=1_281_167, test=50_000, validation=50_000),
        publisher="https://image-net.org/download-images.php",
        licence="for research and education only, by agreement with the publisher",
    ),
    "imagenette": FolderSpec(
        name="imagenette",
        classes=10,
        words={
            "n01440764": "tench",
            "n02102040": "English springer",
            "n02979186": "cassette player",
            "n03000684": "chain saw",
            "n03028079": "church",
            "n03394916": "French horn",
            "n03417042": "garbage truck",
            "n03425413": "gas pump",
            "n03445777": "golf ball",
            "n03888257": "parachute",
        },
        full=Content(train=9_469, test=3_925, validation=500),
        licence="the pictures are ImageNet's: for research and education only",
        # The smallest of three: 160 pixels. The MD5 is the one that torchvision checks. The download itself
        # has not been tried.
        url="https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
        md5="e793b78cc4c9e9a4ccc0c1155377a412",
    ),
}
