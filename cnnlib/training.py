"""Train a network by a recipe with Keras's `fit`, survive being killed, and write down what came out."""

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import keras
import numpy as np
from keras import ops

from cnnlib import backend, extras
from cnnlib.backend import BackendError, Engine
from cnnlib.checkpoint import Checkpoint, CheckpointError
from cnnlib.data import DataError, DataSet, Split
from cnnlib.data.feed import Fed, Feed
from cnnlib.data.folders import PictureFolder, stream
from cnnlib.data.pixels import Pixels
from cnnlib.inputs import TrainingError, check_inputs, with_fitting_loss
from cnnlib.optimizers import adapted
from cnnlib.recipe import Recipe
from cnnlib.records import pack_answers, sha256
from cnnlib.schedules import Schedule

# One call of the compiled step takes several batches where they are small: as many as these values make up.
VALUES_PER_CALL = 2**20
CHECKPOINT = "checkpoint.npz"
SECONDS_PER_CHECKPOINT = 30.0
# Pictures of a folder that means and colours are measured on.
PICTURES_MEASURED = 2000
# Images tested at a time: as many as these numbers make up, since memory goes by them.
TEST_VALUES, TEST_IMAGES = 2**23, 500

Images = Split | PictureFolder


class Interrupted(KeyboardInterrupt):
    """A training was asked to stop and has saved its state; `signal` is what asked."""

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.signal = signal_number


@dataclass
class Progress:
    """Where a training stands: everything a resumed run needs besides the variables."""

    epoch: int = 0  # epochs finished
    update: int = 0  # updates made in the epoch under way
    metrics: list[float] = field(default_factory=list)  # what Keras's metrics hold of them
    history: dict[str, list[float]] = field(  # one value for each epoch and figure; errors as shares
        default_factory=lambda: {"rate": [], "train_loss": [], "train_error": [], "validation_error": []}
    )
    best_epoch: int = 0  # the first with the lowest validation error, from 1; 0 where nobody asked for it
    seconds: float = 0.0  # time spent training, over all sessions
    schedule: dict = field(default_factory=dict)  # state of the schedule


def fit(
    model: keras.Model,
    recipe: Recipe,
    train: Images,
    validation: Images | None = None,
    *,
    seed: int = 0,
    engine: Engine | None = None,
    accumulate: int = 1,
    checkpoint: str | os.PathLike | None = None,
    show_progress: bool = False,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    pixels: Pixels | None = None,
    rate_factors: Sequence[float] | None = None,
    class_weights: Sequence[float] | None = None,
    patience: int | None = None,
) -> Progress:
    """Train `model` in place.

    The order of the images and their distortions follow from `seed` and the epoch alone, so a run
    resumed from its checkpoint ends with the weights of one that was never interrupted (on the same
    backend and machine). A last batch that is not full is left out; every epoch draws a new order.

    Args:
        model: built by the recipe's network, in `engine.scope()`.
        recipe: how to train.
        train: images to learn from.
        validation: images whose error is measured after each epoch; None or empty measures nothing.
        seed: of order and distortions. Initial weights are the caller's.
        engine: see `cnnlib.backend.engine`; None trains on one device.
        accumulate: see `cnnlib.runs.train`.
        checkpoint: a file to save the state in, and to resume from if it is there. With it, SIGTERM and
            Ctrl-C save before they stop the training.
        show_progress: draw Keras's bar for each epoch while it runs, on a terminal.
        on_epoch: called after each epoch with its number from 1 and its figures.
        pixels: how pixels are prepared; None prepares them as the recipe says, by what `train` measures. A
            network that was trained before wants those it was trained with.
        rate_factors: factors of the rate, one for each of the model's trainable variables; None is 1 for all.
        class_weights: see `cnnlib.runs.train`.
        patience: see `cnnlib.runs.train`; None keeps the weights of the last epoch.

    Returns:
        The progress at the end, with the history.

    Raises:
        TrainingError: inputs that do not fit the model (see `cnnlib.inputs.check_inputs`), fewer
            training images than one batch, a loss that is no longer finite, or another process that died.
        CheckpointError: a checkpoint of another run, or one that cannot be read or written.
        Interrupted: SIGTERM or Ctrl-C came and the checkpoint is saved.
    """
    engine = engine or backend.engine("one")
    for images in (train, validation):
        if images is not None:
            check_inputs(model, recipe, images, pixels, class_weights)
    if patience is not None and (not validation or patience < 1):
        raise TrainingError(
            "patience is a number of epochs, and needs validation images to see the best one."
        )
    recipe = with_fitting_loss(recipe, model)
    _check_batch(recipe, len(train), engine, accumulate)
    if played := extras.rehearsal():
        recipe, train, validation = played.shortened(recipe, train, validation, accumulate * engine.devices)
    feed, test_feed = _feeds(recipe, train, validation, engine, pixels)
    schedule = recipe.schedule(len(train), validated=test_feed is not None)
    identity = {
        "engine": "fit",
        "recipe": recipe.settings(),
        "seed": seed,
        "images": len(train),
        "data": None if checkpoint is None else sha256(train, slice(None)),
        "pixels": None if pixels is None else pixels.described(),
        "rate_factors": None if rate_factors is None else list(rate_factors),
        "class_weights": None if class_weights is None else [float(weight) for weight in class_weights],
    }
    with engine.scope(), _in_company(engine), _signals(checkpoint is not None) as asked:
        optimizer = _build_optimizer(recipe, model, schedule, rate_factors, accumulate)
        best = [] if patience is None else [keras.Variable(weight.numpy()) for weight in model.weights]
        variables = [*model.variables, *optimizer.variables, *best]
        saved = Checkpoint(checkpoint, variables, identity, engine.process == 0)
        loss = _weighted(recipe.build_loss(), class_weights)
        fed, metrics = _compiled(model, optimizer, recipe, feed, loss)
        test = tester(model, test_feed) if test_feed else None
        progress = _resume(saved, recipe, schedule, engine)
        watch = _Watch(recipe, progress, saved, engine, asked, seed, accumulate, metrics)

        def is_over() -> bool:
            tired = patience is not None and progress.epoch - progress.best_epoch >= patience
            return tired or schedule.finished(progress.epoch)

        while not is_over():
            figures = _train_epoch(fed, schedule, watch, show_progress)
            if test:
                figures["validation_error"] = test()[0]
            _finish_epoch(figures, schedule, progress)
            errors = progress.history["validation_error"]
            if patience is not None and errors.index(min(errors)) + 1 == progress.epoch:
                progress.best_epoch = progress.epoch
                _copy(model.weights, best)
            if recipe.averaging is not None:
                _copy(watch.current, model.trainable_variables)
            if on_epoch:
                on_epoch(progress.epoch, figures)
            # Not after every epoch: one of a small set may take less time than to write a large network.
            watch.save_if_due(is_over())
    if progress.best_epoch:
        _copy(best, model.weights)
    elif recipe.averaging is not None:
        optimizer.finalize_variable_values(model.trainable_variables)
    return progress


def _compiled(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, recipe: Recipe, feed: Feed, loss: Callable
) -> tuple[Fed, list[keras.metrics.Metric]]:
    """The network behind its preparation, ready for `fit`; and the metrics of its loss and its error."""
    outputs = getattr(model, "output", None) if recipe.heads else {}
    missing = sorted(set(recipe.heads) - set(outputs if isinstance(outputs, dict) else ()))
    if missing:
        raise TrainingError(f"{model.name} has no output {', '.join(missing)} to take a loss of.")
    fed, wrong = Fed(model, feed, list(recipe.heads)), keras.metrics.MeanMetricWrapper(error_of, name="error")
    several = VALUES_PER_CALL // (recipe.batch_size * feed.values_per_image)
    alone = keras.backend.backend() == "tensorflow" and feed.engine.devices == 1  # elsewhere it gains nothing
    fed.compile(
        optimizer,
        loss=dict.fromkeys(["predictions", *recipe.heads], loss) if recipe.heads else loss,
        loss_weights={"predictions": 1.0, **recipe.heads} if recipe.heads else None,
        metrics={"predictions": [wrong]} if recipe.heads else [wrong],
        auto_scale_loss=False,  # see `_build_optimizer`
        steps_per_execution=max(1, several) if alone else 1,
    )
    return fed, [fed.metrics[0], wrong]


def error_of(labels: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
    """1 for each image (b,) whose best score is not its label's, else 0: a metric of Keras."""
    best = ops.cast(ops.argmax(scores, axis=-1), "int32")
    return ops.cast(best != ops.reshape(ops.cast(labels, "int32"), (-1,)), "float32")


@dataclass(eq=False)
class _Watch(keras.callbacks.Callback):
    """Between updates: save the state when that is due, and stop when that is asked."""

    recipe: Recipe
    progress: Progress
    saved: Checkpoint
    engine: Engine
    asked: list[int]  # numbers of the signals that came to this process
    seed: int
    parts: int  # that a batch is computed in
    metrics: list[keras.metrics.Metric]  # the loss and the error

    def __post_init__(self) -> None:
        super().__init__()
        self.first, self.began = 0, time.monotonic()
        self.current: list[np.ndarray] = []  # the weights, where `fit` puts their average in their place

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Give the metrics what they held when a training was stopped within its epoch."""
        self.first = self.progress.update
        for variable, value in zip(self._held(), self.progress.metrics if self.first else (), strict=False):
            variable.assign(value)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Fix what layers draw on PyTorch, where they keep no state of it."""
        if keras.backend.backend() == "torch":
            part = self.first * self.parts + batch  # of the epoch, wherever it was resumed
            place = self.seed, self.progress.epoch, part, self.engine.process
            keras.utils.set_random_seed(int(np.random.SeedSequence(place).generate_state(1)[0]))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look at the loss, and between updates at the clock and for signals."""
        if not np.isfinite((logs or {})["loss"]):
            epoch = self.progress.epoch + 1
            raise TrainingError(f"The loss is no longer finite in epoch {epoch}: lower the rate.")
        made = min(batch + 1, self.params["steps"])
        self.progress.update = self.first + made // self.parts
        if made % self.parts == 0 and made < self.params["steps"]:  # at an epoch's end it is tested first
            self.save_if_due()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keep what `fit` is about to replace."""
        if self.recipe.averaging is not None:
            self.current = [weight.numpy() for weight in self.model.trainable_variables]

    def save_if_due(self, done: bool = False) -> None:
        """Save after half a minute, at a signal and at the end; then stop if any process was asked to."""
        here = [self.asked[0] if self.asked else 0, done or self.saved.due(SECONDS_PER_CHECKPOINT)]
        agreed, due = self.engine.gathered(np.array(here, "int32")).max(axis=0).tolist()
        if agreed or due:
            now = time.monotonic()
            self.progress.seconds, self.began = self.progress.seconds + now - self.began, now
            if self.progress.update:
                held = np.array([float(variable.numpy()) for variable in self._held()])
                self.progress.metrics = self.engine.gathered(held).mean(axis=0).tolist()
            self.saved.save(vars(self.progress))
        if agreed:
            self.engine.gathered(np.zeros(1))  # the others stay until process 0 has saved
            said = f"Stopped by {signal.Signals(agreed).name}; {self.saved.path} holds all that was done."
            raise Interrupted(f"{said} Resume from it.", agreed)

    def _held(self) -> list[keras.Variable]:
        """The variables of the metrics; `model` brings them up to date on JAX."""
        assert self.model is not None
        return [variable for metric in self.metrics for variable in metric.variables]


def _train_epoch(fed: Fed, schedule: Schedule, watch: _Watch, show_progress: bool) -> dict[str, float]:
    """Make the updates that are left of an epoch by one call of `fit`, and return the epoch's figures."""
    recipe, progress, feed = watch.recipe, watch.progress, fed.feed
    place, updates = (watch.seed, progress.epoch), schedule.updates(progress.epoch)
    rate = schedule.rate(progress.epoch, updates - 1)
    if not schedule.ends:
        fed.optimizer.learning_rate = rate
    if progress.update == 0 and hasattr(fed.optimizer, "prepare_pass"):  # it looks at images first
        fed.optimizer.prepare_pass(fed.network, feed, np.random.default_rng((*place, 1)))
    parts, first, names = watch.parts, progress.update, ["predictions", *recipe.heads]

    def batches() -> Iterator[tuple]:
        for x, y in feed.epoch(np.random.default_rng(place), recipe.batch_size, updates, first, parts):
            yield x, dict.fromkeys(names, y) if recipe.heads else y

    with feed.telling(), feed.engine.shared_gradients(fed.network):
        fed.fit(
            feed.engine.batches(batches),
            steps_per_epoch=(updates - first) * parts,
            shuffle=False,
            callbacks=[watch],
            verbose=int(show_progress and feed.engine.process == 0 and sys.stdout.isatty()),
        )
    if recipe.averaging is not None:  # the average is in place now, in memory that both share
        _copy(fed.trainable_variables, fed.trainable_variables)
    figures = np.array([float(metric.result()) for metric in watch.metrics])
    loss, error = feed.engine.gathered(figures).mean(axis=0).tolist()
    return {"rate": rate, "train_loss": loss, "train_error": error}


def _weighted(loss: keras.losses.Loss, class_weights: Sequence[float] | None) -> Callable:
    """The loss in which each image counts by the weight of its class."""
    if class_weights is None:
        return loss
    weights = np.asarray(class_weights, "float32")
    return lambda labels, scores: loss(labels, scores, ops.take(weights, ops.cast(labels, "int32")))


def _copy(these: Sequence, to: Sequence[keras.Variable]) -> None:
    """Assign values, each copied: on JAX a variable's own memory is given away by the next step."""
    for value, place in zip(these, to, strict=True):
        place.assign(np.array(value))


def _check_batch(recipe: Recipe, images: int, engine: Engine, accumulate: int) -> None:
    if images < recipe.batch_size:
        raise TrainingError(f"{images} training images do not fill one batch of {recipe.batch_size}.")
    if accumulate < 1 or recipe.batch_size % (accumulate * engine.devices):
        raise TrainingError(
            f"A batch of {recipe.batch_size} images on {engine.devices} devices cannot be computed in "
            f"{accumulate} equal parts."
        )


def _feeds(
    recipe: Recipe, train: Images, validation: Images | None, engine: Engine, pixels: Pixels | None
) -> tuple[Feed, Feed | None]:
    """How training and validation images reach the device, prepared by what training images measure."""
    how, sample = recipe.preparation, _sample(train, recipe)
    pixels = how.build_pixels(sample) if pixels is None else pixels
    feed = Feed(train, engine, pixels, how.build_augmentations(sample, pixels), how.train)
    return feed, Feed(validation, engine, pixels, view=how.test) if validation else None


def prepare_pixels(recipe: Recipe, train: Images) -> Pixels:
    """How a recipe prepares pixels, by what it measures on the training images."""
    return recipe.preparation.build_pixels(_sample(train, recipe))


def _sample(train: Images, recipe: Recipe) -> np.ndarray:
    """Training images (n, height, width, channels) to measure means and colours on."""
    if isinstance(train, Split):
        return train.x
    count = min(PICTURES_MEASURED, len(train))
    chosen = np.arange(count) * len(train) // count
    view = recipe.preparation.train
    draws = view.draw(np.random.default_rng(0), count)
    return np.stack([image for image, *_ in stream(train, view, chosen, draws)])


def _build_optimizer(
    recipe: Recipe, model: keras.Model, schedule: Schedule, factors: Sequence[float] | None, accumulate: int
) -> keras.optimizers.Optimizer:
    """The recipe's optimiser; where layers compute in float16, with a scaled loss, or gradients vanish."""
    if factors is not None and len(factors) != len(model.trainable_variables):
        raise TrainingError(
            f"{len(factors)} factors of the rate for {len(model.trainable_variables)} trainable "
            f"variables of {model.name}: give one for each."
        )
    optimizer = adapted(
        recipe.build_optimizer(), factors=factors, weight_decay=recipe.weight_decay, accumulate=accumulate
    )
    if len(schedule.ends) > 1:  # Keras counts parts, and a boundary is the last of a rate
        ends = [end * accumulate - 1 for end in schedule.ends[:-1]]
        optimizer.learning_rate = keras.optimizers.schedules.PiecewiseConstantDecay(ends, list(recipe.rates))
    if any(layer.compute_dtype == "float16" for layer in model.layers):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)
    return optimizer


def _resume(saved: Checkpoint, recipe: Recipe, schedule: Schedule, engine: Engine) -> Progress:
    def check(state: dict | None) -> None:  # JAX sets variables in all processes together, or hangs
        place = state["epoch"] * schedule.batches + state["update"] if state else 0
        found = engine.gathered(np.array(place, "int32"))
        if found.min() != found.max():
            raise BackendError(
                f"The processes do not agree ({found.min()} and {found.max()} updates): each must see the "
                "same checkpoint, so put it into a folder they all share."
            )

    def extends(key: str, found: dict | None) -> bool:
        return key == "recipe" and found is not None and recipe.extends(Recipe.from_settings(found))

    state = saved.load(check, extends)
    progress = Progress(**state) if state else Progress(schedule=schedule.state)
    schedule.state = progress.schedule
    return progress


# The last comes where a terminal closes; Windows has none.
_STOPS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def _signals(heeded: bool) -> Iterator[list[int]]:
    """Take note of SIGTERM, SIGHUP and Ctrl-C instead of dying of them; a second Ctrl-C is obeyed at once."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(number)

    # Python lets only the main thread handle signals.
    heeded = heeded and threading.current_thread() is threading.main_thread()
    before = {each: signal.signal(each, note) for each in _STOPS if heeded}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def locked(folder: Path | None) -> Iterator[None]:
    """Keep a folder from other processes that would train into it, and find out at once if it is writable."""
    if folder is None:
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError("it may not be written to")
    except OSError as problem:
        raise TrainingError(f"{folder} cannot be made or used ({problem}): give another folder.") from problem
    with contextlib.ExitStack() as stack:
        if os.name != "nt":  # where folders cannot be locked
            import fcntl

            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                said = f"Another process trains into {folder}: wait for it, or give another folder."
                raise TrainingError(said) from None
        yield


@contextlib.contextmanager
def _in_company(engine: Engine) -> Iterator[None]:
    """Leave the other processes behind when this one fails, and say so where it fails because of them."""
    try:
        yield
    except Exception as problem:
        if engine.processes == 1:
            raise
        if keras.backend.backend() == "jax":  # which would wait for the others for minutes
            atexit.register(os._exit, 1)
            atexit.register(sys.stdout.flush)  # what is registered last runs first
        ours = (TrainingError, CheckpointError, BackendError, DataError)
        if not isinstance(problem, RuntimeError) or isinstance(problem, ours):
            raise
        raise TrainingError(
            f"Process {engine.process} of {engine.processes} cannot go on, most likely because another one "
            "has died or cannot be reached: see what the others printed, then start all of them again with "
            f"--resume. ({str(problem).strip().partition(chr(10))[0]})"
        ) from problem


def _finish_epoch(figures: dict[str, float], schedule: Schedule, progress: Progress) -> None:
    for name, value in figures.items():
        progress.history[name].append(value)
    schedule.observe(figures.get("validation_error"))
    progress.epoch, progress.update, progress.metrics = progress.epoch + 1, 0, []


def tester(model: keras.Model, feed: Feed) -> Callable[[], tuple[float, np.ndarray]]:
    """Return a function that measures the share of a split's images that the model classifies wrongly.

    It also says for each image 1 + the class that is answered: see `cnnlib.data.feed.answered`.
    """
    engine, fed = feed.engine, Fed(model, feed, answers=True)
    most = max(1, min(TEST_IMAGES, TEST_VALUES // feed.values_per_image, len(feed)))
    batch_size = -(-most // engine.devices) * engine.devices

    def measure() -> tuple[float, np.ndarray]:
        steps = -(-len(feed) // batch_size)
        with feed.telling():
            found = fed.predict(engine.batches(lambda: feed.in_order(batch_size)), steps=steps, verbose=0)
        if len(found) < steps * batch_size:  # of this process's share of every batch
            shares = engine.gathered(found.reshape(steps, -1))
            found = np.concatenate(list(shares), axis=1).ravel()
        answers = found[: len(feed)].astype("int64")
        counted = answers > 0
        return float((answers[counted] - 1 != feed.labels[counted]).mean()), answers

    return measure


def measure_test(
    model: keras.Model, recipe: Recipe, data: DataSet, pixels: Pixels, engine: Engine
) -> tuple[float, dict]:
    """The error on the test images, and the record's part with the answers that were given to them."""
    feed = Feed(data.test, engine, pixels, view=recipe.preparation.test)
    with engine.scope():
        error, answers = tester(model, feed)()
    tested = answers > 0
    images = sha256(data.test, tested)
    kept = pack_answers(answers[tested] - 1, feed.labels[tested], model.output_shape[-1], images)
    return error, {"answers": kept}
