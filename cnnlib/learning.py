"""Your own pictures, in one call: from a folder to a network that was tested, and from its file back.

The network is a trained one. Its features are computed once and standardised, a new classifier is fitted to
them, and then the whole network learns on at small rates, as long as pictures it has not learned from say
that it helps.
"""

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from keras import layers
from scipy.special import softmax

from cnnlib import data, evaluation, plots, transfer, weights
from cnnlib.data import Split
from cnnlib.data.pixels import Pixels
from cnnlib.data.preparation import Preparation
from cnnlib.data.split import Groups
from cnnlib.data.views import CentreView
from cnnlib.reports import tested
from cnnlib.structure import NEW, leaves
from cnnlib.tables import Table
from cnnlib.training import TrainingError, fit
from cnnlib.transfer.regression import mean_loss, regression

# On the weights of the new classifier; validation pictures choose among them. The range lies around the best
# for twelve kinds of flowers, 3e-4 (benchmarks/results/settings).
PENALTIES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
# Each where the one before does not help: from a tenth of Adam's usual rate to the best for few flowers.
RATES = (1e-4, 1e-5, 1e-6)
EPOCHS = 6
PATIENCE = 2
BATCH = 16
SHARE = 0.2
"""Of the pictures: set aside to choose by, and where the folder has no test pictures, to test on."""
_AS_IS, _NOT_KNOWN = Pixels("as_is"), "not known"


@dataclass(frozen=True, eq=False)
class Learned(weights.Pretrained):
    """A network that knows your classes; its first layers prepare the pixels.

    Attributes:
        report: what was measured, in Markdown.
        error: share of the test pictures that it classifies wrongly; None of a network that was loaded.
        figures: by name: "confusion", "mistakes", and of two classes "roc".
    """

    report: str = ""
    error: float | None = None
    figures: dict[str, plots.Drawing] = field(default_factory=dict)

    def save(self, path: str | os.PathLike) -> None:
        """Write the network as PATH.keras, which plain Keras opens, and names and view as PATH.json.

        Raises:
            ValueError: the path does not end in .keras.
        """
        path = _keras_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save(path)
        described = {"class_names": self.class_names, "view": vars(self.view), "report": self.report}
        written = json.dumps(described, indent=1, ensure_ascii=False)
        path.with_suffix(".json").write_text(written + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Read what `save` wrote; no code of the file is run.

        Raises:
            ValueError: the path does not end in .keras, or one of the two files is missing or damaged.
        """
        path = _keras_file(path)
        try:
            described = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            names, view = tuple(described["class_names"]), CentreView(**described["view"])
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise ValueError(
                f"{path.with_suffix('.json').absolute()} should hold the class names of {path.name}, and "
                f"cannot be read ({problem}): put it beside it."
            ) from problem
        model, report = keras.models.load_model(path), described["report"]
        return cls(model, _AS_IS, names, path.name, _NOT_KNOWN, _NOT_KNOWN, view, report=report)

    def __str__(self) -> str:
        return self.report

    def _repr_markdown_(self) -> str:
        return re.sub(r"\A# (.*)", r"**\1**", self.report)  # within a notebook it is no title


def _keras_file(path: str | os.PathLike) -> Path:
    if Path(path).suffix != ".keras":
        raise ValueError(f"A network is kept in a file .keras, not in {Path(path).name}.")
    return Path(path).expanduser()


def learn(
    folder: str | os.PathLike,
    network: str | keras.Model | weights.Pretrained = "squeezenet",
    *,
    preparation: Callable[[np.ndarray], Any] | None = None,
    classifier: str | None = None,
    groups: Groups | None = None,
    epochs: int = EPOCHS,
    seed: int = 0,
    out: str | os.PathLike | None = None,
    verbose: bool = True,
) -> Learned:
    """Teach a trained network to tell the classes of your own pictures apart, and test it.

    Args:
        folder: FOLDER/CLASS/FILE, or with splits FOLDER/train/CLASS/FILE and so on. Damaged pictures are left
            out and counted. All are held in memory: ten thousand take 1.5 GB.
        network: "squeezenet", which is small and quick; a name of `cnnlib.weights`; one of
            `keras.applications`, such as "MobileNetV2"; or a Keras model of your own with its weights.
        preparation: of a model of your own: what turns pixels of 0 to 255 into its input; None leaves them.
        classifier: name of the first layer of its classifier; None finds it from the structure.
        groups: what must not be divided, such as a patient: see `cnnlib.data.open_folder`.
        epochs: passes through the pictures for fine-tuning, at most; 0 trains the new classifier alone.
        seed: of what is set aside, of the order and of what is mirrored.
        out: folder for the network, the report and its figures; features are kept there, too.
        verbose: tell what goes on.

    Returns:
        The network, with its report.

    Raises:
        DataError: as `cnnlib.data.open_folder`.
        ValueError: an unknown network, or one whose pixels are not all prepared alike.
        WeightsError: weights that cannot be had.
    """
    say: Callable[..., None] = print if verbose else lambda *words: None
    # Before a network is downloaded in vain.
    found = data.open_folder(folder, seed=seed, on_bad="skip", groups=groups)
    if out is not None:
        out = Path(out).expanduser().resolve()
        if out.is_file() or out.is_relative_to(Path(folder).expanduser().resolve()):
            raise ValueError(f"{out} is a file, or lies among your pictures as a class: give another.")
        out.mkdir(parents=True, exist_ok=True)
    began, body = time.monotonic(), transfer.body(network, preparation, classifier)
    remarks = data.check(folder, groups=groups)
    for severity, what, count, example, remedy in remarks.rows:
        if severity == "error":
            say(f"{count:,} x {what}, such as {example}: {remedy}")
    share, names = 0 if len(found.validation) else SHARE, found.class_names
    train, validation, test, paths, bad = _divided(folder, body, groups, seed, share)
    say(f"{len(train)} pictures to learn from, {len(validation)} to choose by, {len(test)} to test on.")
    kept = out / "features" if out is not None else None
    seen = [transfer.features(body.model, part, _AS_IS, folder=kept) for part in (train, validation)]
    balance = _class_weights(train.y, len(names))
    model = _with_head(body.model, Split(seen[0], train.y), Split(seen[1], validation.y), balance)
    best = _Best(model, validation, say)
    best.measure("new classifier on features")
    for rate in RATES if epochs else ():
        if _fine_tuned(best, rate, train, balance, epochs, seed):
            break
    model.set_weights(best.kept)
    outputs = evaluation.scores(model, test.x.astype("float32"), 100)
    report, error, figures = tested(outputs, test, names, paths, train.y)
    tried = Table(["training", "validation loss", "validation error"], best.rows)
    report += f"\n\nWhat was tried, on the validation pictures; the lowest loss was kept:\n\n{tried}"
    first = [f"# {found.name}: {len(names)} classes", body.source, str(remarks)]
    if bad:
        first.append(f"{len(bad)} pictures were left out, since they cannot be read: {', '.join(bad[:5])}.")
    report = "\n\n".join([*filter(None, first), report, f"It took {time.monotonic() - began:.0f} seconds."])
    made = (model, _AS_IS, names, body.source, _NOT_KNOWN, f"test error {error:.1%}", body.view)
    learned = Learned(*made, report=report + "\n", error=error, figures=figures)
    say(f"test error {error:.1%}; {time.monotonic() - began:.0f} seconds")
    if out is not None:
        learned.save(out / "network.keras")
        (out / "report.md").write_text(report + "\n", encoding="utf-8")
        for name, figure in figures.items():
            figure.save(out / f"{name}.svg")
    return learned


def _divided(
    folder: str | os.PathLike, body: transfer.Body, groups: Groups | None, seed: int, share: float
) -> tuple:
    """Splits to learn from, to choose by (a share of these) and to test on; paths of the last; the bad."""
    settings: dict[str, Any] = {"on_bad": "skip", "channels": body.model.input_shape[-1], "groups": groups}
    opened = data.open_folder(folder, validation=share, seed=seed, **settings)
    parts = opened.train, opened.validation, opened.test
    # Of what is chosen by, a class may have none.
    read = [part.read_all(body.view, every_class=part is not opened.validation) for part in parts]
    named = [(np.array(part.paths), good) for part, (_, good) in zip(parts, read, strict=True)]
    bad = [path for paths, good in named for path in paths[~good].tolist()]
    return *(split for split, _ in read), tuple(named[-1][0][named[-1][1]]), bad


def _class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """Weights (classes,) with which each class counts alike, and a picture 1 on average."""
    return (len(labels) / classes / np.bincount(labels, minlength=classes)).astype("float32")


def _with_head(
    body: keras.Model, train: Split, validation: Split, balance: np.ndarray, penalties: tuple = PENALTIES
) -> keras.Model:
    """The body with standardised features and the classifier of them that is best on validation pictures."""
    mean, variance = train.x.mean(axis=0), train.x.var(axis=0)
    variance = np.where(variance > 0, variance, 1).astype("float32")
    x, chosen = ((features - mean) / np.sqrt(variance) for features in (train.x, validation.x))
    fitted = [regression(x, train.y, balance, penalty) for penalty in penalties]
    losses = [mean_loss(softmax(chosen @ kernel + bias, axis=1), validation.y) for kernel, bias in fitted]
    head = layers.Dense(len(balance), activation="softmax", name=f"{NEW}predictions")
    standard = layers.Normalization(mean=mean.tolist(), variance=variance.tolist(), name=f"{NEW}standardised")
    name = body.name.replace("_features", "_learned")
    model = keras.Model(body.input, head(standard(body.output)), name=name)
    head.set_weights(fitted[int(np.argmin(losses))])
    return model


class _Enough(Exception):  # noqa: N818 - no error: the training has gone on for long enough
    """Some epochs brought no lower loss."""


class _Best:
    """The weights with the lowest loss on the validation pictures so far, and a row for each training."""

    def __init__(self, model: keras.Model, validation: Split, say: Callable[..., None]):
        self.model, self.x, self.y, self.say = model, validation.x.astype("float32"), validation.y, say
        self.rows: list[list[object]] = []
        self.loss, self.kept = np.inf, model.get_weights()

    def measure(self, what: str) -> float:
        """Add a row; keep the weights if they are the best."""
        given = evaluation.scores(self.model, self.x, 100)
        loss, error = mean_loss(given, self.y), (given.argmax(axis=1) != self.y).mean()
        self.rows.append([what, f"{loss:.3f}", f"{error:.1%}"])
        self.say(f"{what}: validation loss {loss:.3f}, error {error:.1%}")
        if loss < self.loss:
            self.loss, self.kept = loss, self.model.get_weights()
        return loss


def _fine_tuned(best: _Best, rate: float, train: Split, balance: np.ndarray, epochs: int, seed: int) -> bool:
    """Let the whole network learn on from its best weights; whether that helped."""
    model, before, losses = best.model, best.loss, list[float]()
    model.set_weights(best.kept)
    transfer.freeze(model, 0.0)
    for layer in leaves(model):
        if isinstance(layer, layers.BatchNormalization) or layer.name == "preparation":
            layer.trainable = False

    def measure(epoch: int, figures: dict[str, float]) -> None:
        losses.append(best.measure(f"fine-tuned, rate {rate:g}, epoch {epoch}"))
        if losses[-1] > 2 * before + 1:
            raise TrainingError("The loss rises")
        if min([before, *losses[:-PATIENCE]]) <= min(losses[-PATIENCE:]) and epoch >= PATIENCE:
            raise _Enough

    whole, counts = CentreView(*train.x.shape[1:3]), balance.tolist()
    settings: dict[str, Any] = {"optimizer": "adam", "optimizer_settings": {}}
    settings |= {"preparation": Preparation("as_is", "flip", whole, whole)}
    how = transfer.recipe(epochs=epochs, rate=rate, batch_size=min(BATCH, len(train)), **settings)
    try:
        fit(model, how, train, pixels=_AS_IS, seed=seed, class_weights=counts, on_epoch=measure)
    except _Enough:
        best.say(f"{PATIENCE} epochs without a lower loss: stopped.")
    except TrainingError as problem:
        best.rows.append([f"fine-tuned, rate {rate:g}", "given up", str(problem).partition(":")[0]])
        best.say(f"{problem}: tried again at a lower rate.")
    return best.loss < before
