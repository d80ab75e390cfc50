"""Checks of the exercises on open data."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cnncourse.check import Wrong, call, draw, measurement, predicted, question, value
from cnnlib import data
from cnnlib.data import faults
from cnnlib.data.folders import PictureFolder


def _verdict(given: Callable, path: Path, expected: str) -> tuple[str | None, Any]:
    """What a student's `verify` says of a file: the message of its ValueError or None, and what it gave."""
    try:
        return None, given(path, expected)
    except ValueError as error:
        return f"{type(error).__name__}: {error}", None
    except Exception as error:
        raise Wrong(
            f"a ValueError is asked for where the hash is another; with {path.name} verify stopped with "
            f"{type(error).__name__}: {str(error)[:200]}"
        ) from error


@question
def verify(given: Callable, seed: int = 0) -> str:
    """`given(path, sha256)` raises a ValueError unless the bytes of a file have that hash."""
    if not callable(given):
        call(given)
    whole = np.random.default_rng(seed).bytes(200_000)
    expected = hashlib.sha256(whole).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        true, damaged = Path(folder, "digits.npz"), Path(folder, "copy-7.npz")
        true.write_bytes(whole)
        refused, gave = _verdict(given, true, expected)
        if refused:
            raise Wrong(
                f"a true copy is refused ({refused[:100]}). {_other_hash(refused, true, whole)}".strip()
            )
        for content, what in {
            whole[:-1] + bytes([whole[-1] ^ 1]): "one bit has changed near its end",
            whole[:-1]: "the last byte is missing",
            b"": "it is empty",
        }.items():
            damaged.write_bytes(content)
            said, gave = _verdict(given, damaged, expected)
            _check_refusal(said, gave, what, damaged.name, (expected, hashlib.sha256(content).hexdigest()))
        near = expected[:-1] + ("0" if expected[-1] != "0" else "1")
        if _verdict(given, true, near)[0] is None:
            raise Wrong("a hash that differs in its last digit is accepted. Compare all of it.")
    return "That is how one bit in a gigabyte is found."


def _other_hash(said: str, path: Path, content: bytes) -> str:
    """What was hashed in place of the bytes of a file, where a message shows it."""
    kinds = {
        "MD5 and SHA-1 are other hashes.": (hashlib.md5, hashlib.sha1),
        "SHA-256 has relatives with other numbers.": (hashlib.sha512, hashlib.sha384, hashlib.sha224),
    }
    for hint, others in kinds.items():
        if any(other(content, usedforsecurity=False).hexdigest() in said for other in others):
            return hint
    if any(hashlib.sha256(str(name).encode()).hexdigest() in said for name in (path, path.name)):
        return "What is in the file should be hashed, and not its name."
    if "Unicode" in said or "codec" in said:
        return "This file is no text: read its bytes."
    return ""


def _check_refusal(said: str | None, gave: Any, what: str, name: str, hashes: tuple[str, str]) -> None:
    """Raise Wrong unless a damaged file was refused with a message that says all."""
    if said is None and gave is not None:
        raise Wrong(
            f"for a copy of which {what} verify gave {gave!r}. Nobody need look at that: raise an error."
        )
    if said is None:
        raise Wrong(f"a damaged copy is accepted: {what}. Does the hash follow from the whole file?")
    for part, word in zip((name, *hashes), ("the file", "the hash expected", "the hash found"), strict=True):
        if part not in said:
            raise Wrong(f"the message does not say all: {word} is missing in {said[:120]!r}.")


Tree = Mapping[str, str]
"""What lies at each path of a folder: a "good" picture, one cut "short", or "text"."""


def _tree(seed: int) -> Tree:
    """A folder of pictures as folders are."""
    random = np.random.default_rng(seed)
    tree = {}
    for name, suffix in (("cat", "jpg"), ("dog", "PNG"), ("newt", "jpeg")):
        for number in range(int(random.integers(3, 9))):
            tree[f"{name}/{number}.{suffix}"] = "good"
    tree |= {"cat/cut.jpg": "short", "cat/notes.txt": "text", "cat/._0.jpg": "good", "cat/.index": "text"}
    tree |= {
        "dog/saved.jpg": "text",
        "dog/old/1.png": "good",
        "dog/old/2.png": "good",
        "newt/cut.jpg": "short",
    }
    tree |= {".small/1.png": "good", "cover.png": "good", "readme.txt": "text", "toad/cut.jpg": "short"}
    return tree


def _grow(tree: Tree, root: Path) -> None:
    for number, (path, kind) in enumerate(tree.items()):
        stored = io.BytesIO()
        pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
        form = "PNG" if path.lower().endswith("png") else "JPEG"
        Image.fromarray(pixels).save(stored, form)
        content = stored.getvalue()
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        cut = {"good": content, "short": content[: len(content) // 2], "text": b"no picture"}
        (root / path).write_bytes(cut[kind])


def _counted(root: Path) -> dict[str, int]:
    """Pictures of each class that the package can read."""
    folder = PictureFolder(root, on_bad="skip")
    counts = dict.fromkeys(folder.class_names, 0)
    for place, label in enumerate(folder.labels):
        try:
            folder.read(place)
        except data.DataError:
            continue
        counts[folder.class_names[label]] += 1
    return counts


def _miscounted(tree: Tree, right: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """By hint, the counts that common mistakes lead to."""
    inside = {path: kind for path, kind in tree.items() if path.count("/") == 1}
    shown = {path: kind for path, kind in inside.items() if not path.startswith(".")}
    plain = {path: kind for path, kind in shown.items() if "/." not in path}

    def by_class(paths: Iterable[str], every: bool = True) -> dict[str, int]:
        found = dict(Counter(path.split("/")[0] for path in paths))
        return dict.fromkeys(right, 0) | found if every else found

    def good(files: Mapping[str, str]) -> list[str]:
        return [path for path, kind in files.items() if kind == "good"]

    pictures = (".jpg", ".jpeg", ".png")
    deep = {path: kind for path, kind in tree.items() if "/" in path and "/." not in path and path[0] != "."}
    folders = {path.rpartition("/")[0] for path in deep if path.count("/") > 1}
    wrong = {}
    wrong["Every file is counted, whatever it holds."] = by_class([*shown, *folders])
    wrong["Every file is counted, whatever is in it."] = by_class(shown)
    wrong["Not every file is a picture."] = by_class(plain)
    wrong["A name that ends like a picture's is no picture yet."] = by_class(
        path for path in plain if path.lower().endswith(pictures)
    )
    wrong["A name says little of what is in a file, and may be in capitals."] = by_class(
        path for path in plain if path.endswith(pictures)
    )
    wrong["Some of these were opened, but never decoded to the end."] = by_class(
        path for path, kind in plain.items() if kind != "text"
    )
    wrong["Nothing whose name begins with a dot counts; there are such files."] = by_class(good(shown))
    wrong["Nothing whose name begins with a dot counts; there are such folders."] = by_class(
        good({path: kind for path, kind in inside.items() if "/." not in path})
    )
    wrong["Nothing whose name begins with a dot counts, files or folders."] = by_class(good(inside))
    wrong["A folder within a class is no picture of the class."] = by_class(good(deep))
    wrong["A class of which no picture is good is left out."] = by_class(good(plain), every=False)
    return wrong


@question
def count(given: Callable, seed: int = 0) -> str:
    """`given(folder)` counts the good pictures of each class in FOLDER/CLASS/FILE."""
    for tree_seed in (seed, seed + 100):
        tree = _tree(tree_seed)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "pictures")
            _grow(tree, root)
            got = call(given, root, shown="count_pictures(folder)")
            right = _counted(root)
        if isinstance(got, Mapping) and set(got) != set(right):
            hint = next(
                (hint for hint, counts in _miscounted(tree, right).items() if counts == dict(got)), ""
            )
            names = ", ".join(sorted(map(str, got))) or "none"
            raise Wrong(
                f"the classes found are {names}, and those are not the folder's classes. {hint}".strip()
            )
        value(got, right, "the dict", _miscounted(tree, right))
    return "Publish the number of files that were left out as well."


def my_test(student: str) -> tuple[int, int, int]:
    """A student's own numbers of test pictures, of wrong answers and of copies."""
    choices = [
        (n, wrong, copies)
        for n in (1000, 2000, 5000)
        for wrong in (63, 71, 84, 96)
        for copies in (120, 160, 240, 310)
    ]
    return draw(student, "copies in the test", choices)


@question
def flattered(given: float, student: str) -> str:
    """The error of a student's own classifier on the test pictures that are no copies."""
    pictures, missed, copies = my_test(student)
    unseen = pictures - copies
    wrong = {}
    wrong["That is the error with the copies; they are to be taken out."] = missed / pictures
    wrong["A share lies between zero and one."] = 100 * missed / unseen
    wrong["That is what it gets right."] = 1 - missed / unseen
    wrong["Copies were answered rightly; none of the wrong answers goes with them."] = (
        missed - copies
    ) / unseen
    wrong["The copies are taken out, not added."] = missed / (pictures + copies)
    wrong["A share of the copies is not asked for."] = missed / copies
    wrong["Copies are no mistakes."] = (missed + copies) / pictures
    wrong["A share is asked for, and not a number of pictures."] = missed
    value(given, missed / unseen, "error", wrong, tolerance=1e-4)
    return f"With the copies in the test it had looked like {missed / pictures:.1%}."


def _look_alikes(side: int, seed: int) -> np.ndarray:
    """Pictures, with some that are equal, darker or noisy copies of others, and some that are just bright."""
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 200, (8, side, side, 1)).astype("float64")
    bright = random.integers(225, 256, (3, side, side, 1))
    darker, noisy = 0.4 * pictures[1] + 10, pictures[4] + random.normal(0, 8, (side, side, 1))
    row = [*pictures[:3], pictures[2], *bright, darker, *pictures[3:], noisy]
    return np.clip(np.round(row), 0, 255).astype("uint8")


def _array(got: Any) -> np.ndarray:
    """Read an array, a tensor, a list, a tuple or a set."""
    if isinstance(got, set | frozenset | list | tuple | range):
        return np.asarray(list(got))
    if isinstance(got, np.ndarray):
        return got
    from keras import ops  # takes seconds, and hardly anybody hands in a tensor here

    return np.asarray(ops.convert_to_numpy(got))


def _pairs(got: Any) -> set[tuple[int, int]]:
    """Read pairs of places from whatever holds them."""
    try:
        array = _array(got)
        if not array.size:
            return set()
        if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iuf" or (array % 1).any():
            raise ValueError
    except Exception as error:
        raise Wrong(
            "pairs of places such as [(0, 2), (3, 5)] are asked for, and this is something else."
        ) from (error)
    pairs = [(int(first), int(second)) for first, second in array]
    if len(set(pairs)) < len(pairs):
        raise Wrong("some pairs are there more than once.")
    return set(pairs)


def _above(likeness: np.ndarray, border: float) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in np.argwhere(likeness > border) if i < j}


@question
def twins(given: Callable, side: int = 9, seed: int = 0) -> str:
    """`given(pictures, border)` finds the pairs whose correlation is above the border."""
    pictures = _look_alikes(side, seed)
    rows = pictures.reshape(len(pictures), -1).astype("float64")
    length = np.linalg.norm(rows, axis=1)
    for border in (0.9, 0.999):
        right = _above(np.corrcoef(rows), border)
        found = _pairs(call(given, pictures.copy(), border, shown=f"twins(pictures, {border})"))
        if found == right:
            continue
        centred = rows - rows.mean(axis=1, keepdims=True)
        equal = faults.same(pictures)
        wrong = {}
        wrong["Every picture is like itself; that is no pair."] = right | {(i, i) for i in range(len(rows))}
        both = right | {(j, i) for i, j in right}
        wrong["Each pair is there twice, in both orders."] = both
        wrong["Each pair is there in both orders, and each picture with itself."] = both | {
            (i, i) for i in range(len(rows))
        }
        wrong["The smaller place comes first."] = {(j, i) for i, j in right}
        with np.errstate(all="ignore"):
            wrong["In uint8 there are no negative numbers and none above 255."] = _above(
                _cosine((pictures - pictures.mean(axis=(1, 2, 3), keepdims=True)).astype("uint8")), border
            )
        wrong["Bright pictures are not alike for being bright: take the mean away from each."] = _above(
            rows @ rows.T / np.outer(length, length), border
        )
        wrong["The mean that is taken away is a picture's own."] = _above(
            _cosine(rows - rows.mean(axis=0)), border
        )
        wrong["Those are the equal ones; the nearly equal ones are missing."] = {
            (group[0], group[1]) for group in equal
        }
        wrong["A product is a correlation when the rows have length one."] = _above(
            centred @ centred.T, border
        )
        _complain(found, right, wrong)
    return "A program points at them; whether they show the same thing, a person says."


def _cosine(pictures: np.ndarray) -> np.ndarray:
    rows = pictures.reshape(len(pictures), -1).astype("float64")
    length = np.linalg.norm(rows, axis=1)
    return rows @ rows.T / np.maximum(np.outer(length, length), 1e-9)


def _complain(found: set, right: set, wrong: Mapping[str, set]) -> None:
    """Say how a set of places differs from the right one."""
    hint = next((hint for hint, others in wrong.items() if others == found), "")
    over, under = len(found - right), len(right - found)
    parts = ([f"{over} that should not be there"] if over else []) + ([f"{under} missing"] if under else [])
    raise Wrong(f"{len(found)} were found, {' and '.join(parts)}. {hint}".strip())


def _mask(got: Any, pictures: int) -> np.ndarray:
    """Read one boolean for each picture."""
    try:
        mask = _array(got)
    except Exception as error:
        raise Wrong("an array of booleans is asked for, and this is something else.") from error
    if mask.shape != (pictures,):
        raise Wrong(f"one boolean for each of {pictures} pictures is asked for; the shape is {mask.shape}.")
    if mask.dtype.kind not in "biu" or not set(mask.tolist()) <= {0, 1}:
        raise Wrong("True or False is asked for, for each picture.")
    return mask.astype(bool)


@question
def split(given: Callable, people: int = 17, share: float = 0.25, seed: int = 0) -> str:
    """`given(patients, share, seed)` marks the pictures of a share of the patients."""
    random = np.random.default_rng(seed)
    names = np.array([f"P{number:03}" for number in random.permutation(500)[:people]])
    patients = random.permutation(np.repeat(names, random.integers(1, 8, people)))

    def masked(draw_seed: int) -> np.ndarray:
        got = call(given, patients.copy(), share, draw_seed, shown=f"split(patients, {share}, {draw_seed})")
        return _mask(got, len(patients))

    wanted, tested = round(share * people), []
    for draw_seed in range(8):
        mask = masked(draw_seed)
        _check_sides(patients, mask, wanted, share)
        np.random.seed(draw_seed + 1)
        if (masked(draw_seed) != mask).any():
            raise Wrong("the same seed should draw the same patients, whatever was drawn before.")
        tested.append(frozenset(patients[mask]))
    if len(set(tested)) < 4:
        raise Wrong("other seeds draw the same patients. What has the seed to decide?")
    return "Where nobody has noted who is on a picture, that question cannot be answered any more."


def _check_sides(patients: np.ndarray, mask: np.ndarray, wanted: int, share: float) -> None:
    """Raise Wrong unless each patient is on one side, and the right number of them on that of the test."""
    test, train = set(patients[mask]), set(patients[~mask])
    torn = sorted(test & train)
    if torn:
        raise Wrong(f"patient {torn[0]} is on both sides. Is it pictures that are drawn?")
    if len(test) == wanted:
        return
    hint = "The share is one of the patients, rounded to the nearest number."
    if len(train) == wanted:
        hint = "True marks the pictures to test on, not those to learn from."
    elif not test:
        hint = "Nobody is left to test on."
    elif abs(len(patients[mask]) - share * len(patients)) <= 3:
        hint = "The share is one of the patients; this is one of the pictures."
    many = "many" if len(test) > wanted else "few"
    raise Wrong(f"{len(test)} patients are tested on, which is too {many}. {hint}")


def _judgements(classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that networks might give, surer of some classes than of others, and labels."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(30 * classes) % classes)
    scores = random.normal(0, 1, (len(labels), classes)) + np.linspace(0, 3, classes)
    scores[np.arange(len(labels)), labels] += random.choice([2.5, -0.5], len(labels), p=[0.8, 0.2])
    scores = np.exp(scores)
    return scores / scores.sum(axis=1, keepdims=True), labels


@question
def doubtful(given: Callable, classes: int = 3, seed: int = 0) -> str:
    """`given(probabilities, labels)` finds doubtful labels by a threshold for each class."""
    probabilities, labels = _judgements(classes, seed)
    got = call(given, probabilities.copy(), labels.copy(), shown="doubtful(probabilities, labels)")
    right = set(faults.doubtful(probabilities, labels).tolist())
    found = _places(got, len(labels))
    own = probabilities[np.arange(len(labels)), labels]
    guess = probabilities.argmax(axis=1)

    def with_thresholds(thresholds: np.ndarray | float) -> set[int]:
        passed = np.where(probabilities >= thresholds, probabilities, -1)
        other = (passed.max(axis=1) > 0) & (passed.argmax(axis=1) != labels)
        return set(np.flatnonzero(other).tolist())

    usual = np.array([probabilities[labels == name, name].mean() for name in range(classes)])
    passed = np.where(probabilities >= usual, probabilities, -1)
    wrong = {}
    wrong["That is wherever the network says something else. How sure is sure?"] = set(
        np.flatnonzero(guess != labels).tolist()
    )
    wrong["Where no threshold is reached, nothing is doubtful."] = set(
        np.flatnonzero(passed.argmax(axis=1) != labels).tolist()
    )
    wrong["Each class has a threshold of its own."] = with_thresholds(float(own.mean()))
    wrong["One half is a habit; each class has a threshold of its own."] = with_thresholds(0.5)
    wrong["The average is over the pictures that carry the label of the class, not over all."] = (
        with_thresholds(probabilities.mean(axis=0))
    )
    wrong["That is where the label's own probability is low. Is the network sure of anything else?"] = set(
        np.flatnonzero(own < usual[labels]).tolist()
    )
    wrong["The surest of all classes may have missed its threshold; look among those that reached it."] = set(
        np.flatnonzero((guess != labels) & (probabilities.max(axis=1) >= usual[guess])).tolist()
    )
    wrong["Those are the labels that are not doubtful."] = set(range(len(labels))) - right
    if found != right:
        _complain(found, right, wrong)
    return "Then somebody looks at them: many doubted labels are right."


def _places(got: Any, pictures: int) -> set[int]:
    """Read places from whatever holds them."""
    try:
        array = _array(got)
    except Exception as error:
        raise Wrong("places of labels are asked for, and this is something else.") from error
    if array.dtype.kind == "b":
        raise Wrong("places are asked for, and those are booleans: where are they True?")
    if array.size and (array.ndim != 1 or array.dtype.kind not in "iuf" or (array % 1).any()):
        raise Wrong("a row of whole numbers is asked for, the places of labels.")
    return {int(place) for place in array}


LEARNED, TESTED = 2000, 500


@measurement
def _flattery(seed: int) -> dict[str, float]:
    """By how much the test error of two classifiers falls when half of the test slips into training."""
    digits = data.load("mnist")
    random = np.random.default_rng(seed)
    rows = random.permutation(len(digits.train))[:LEARNED]
    x, y = digits.train.x[rows].reshape(LEARNED, -1) / 255, digits.train.y[rows]
    unseen, truth = digits.test.x[:TESTED].reshape(TESTED, -1) / 255, digits.test.y[:TESTED]
    leaked = random.permutation(TESTED)[: TESTED // 2]
    with_copies = np.concatenate([x, unseen[leaked]])
    with_labels = np.concatenate([y, truth[leaked]])
    return {
        name: _missed(said(x, y, unseen), truth) - _missed(said(with_copies, with_labels, unseen), truth)
        for name, said in (("nearest neighbour", _neighbours), ("nearest mean", _means))
    }


def _missed(said: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean(said != truth))


def _neighbours(x: np.ndarray, y: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """The label of each picture's nearest one."""
    return y[((x**2).sum(axis=1) - 2 * unseen @ x.T).argmin(axis=1)]


def _means(x: np.ndarray, y: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """The class of each picture's nearest mean."""
    means = np.stack([x[y == label].mean(axis=0) for label in range(10)])
    return _neighbours(means, np.arange(10), unseen)


@question
def memory(prediction: str, seed: int = 0) -> str:
    """The prediction of whom copies flatter more, held against a measurement."""
    gains = predicted(
        prediction,
        ("nearest neighbour", "nearest mean"),
        lambda: _flattery(seed),
        0.005,
        "What does each of the two keep of a single picture?",
    )
    said = " and ".join(f"{100 * points:+.1f} points by the {name}" for name, points in gains.items())
    return f"The copies took off {said}, and nobody has learned more."
