"""A number in a sentence is what its source says, as rounded there, or the fault is told."""

import json

import pytest

from cnnbook import numbers, papers
from cnnbook.numbers import as_shown, elements, fault, resolve
from cnnlib import records

PAPER = """
title = "On Networks"
place = "table 1"
confidence = "read"
error = {value = 8.75, place = "table 6"}
errors.20 = {value = 8.75, place = "table 6", confidence = "computed"}
errors.1202 = {value = 7.93, place = "table 6", confidence = "computed"}
both = {value = [21.43, 4.49], place = "table 4", confidence = "memory"}
weights = 25_557_032
decay = 0.00007
change = -0.25
ten_million = 10_000_000
maps = {value = "64, 128"}
bias = true
"""


@pytest.fixture(autouse=True)
def book(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """A paper, a recipe with two records, one with a single record, and an experiment."""
    paper = papers.read("doe2016", PAPER)
    for seed, (name, error) in enumerate([("net", 0.011), ("net", 0.0124), ("other", 0.2194)]):
        run = {
            "recipe": {"name": name},
            "seed": seed,
            "result": {"test_error": error},
            "history": {"train_loss": [3.0, 1.5], "train_error": [0.5, 0.25]},
            "wall_seconds": 5400,
            "data": {"images": {"train": 60000}},
        }
        _write(tmp_path / name / f"seed{seed}.json", run)
    trials = [
        {"kind": kind, "seed": seed, "test_error": error, "near": {"0.95": 1036}}
        for kind, seed, error in [("base", 0, 0.1), ("base", 1, 0.2), ("top", 0, 0.3)]
    ]
    _write(tmp_path / "experiments" / "layers.json", {"name": "layers", "seconds": 12, "trials": trials})
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    monkeypatch.setattr(papers, "names", lambda: ["doe2016"])
    monkeypatch.setattr(papers, "paper", lambda _: paper)
    resolve.cache_clear()
    yield tmp_path
    resolve.cache_clear()


def _write(path, content) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("key", "value", "source", "page"),
    [
        ("doe2016.error", 8.75, "On Networks, table 6", "references.html"),
        ("doe2016.errors.1202", 7.93, "On Networks, table 6 (computed from it)", "references.html"),
        ("doe2016.both[1]", 4.49, "On Networks, table 4 (not confirmed)", "references.html"),
        ("runs.net.test_error", 1.17, "Our record net, mean of 2 seeds", "results.html#net"),
        ("runs.net.seeds", 2, "Our record net, counted", "results.html#net"),
        ("runs.net.seed1.test_error", 1.24, "Our record net, seed 1", "results.html#net-seed1"),
        ("runs.other.test_error", 21.94, "Our record other, one seed", "results.html#other"),
        ("runs.other.minutes", 90, "Our record other, one seed", "results.html#other"),
        ("runs.other.epochs", 2, "Our record other, one seed", "results.html#other"),
        ("runs.net.data.images.train", 60000, "Our record net, mean of 2 seeds", "results.html#net"),
        ("runs.other.history.train_loss[1]", 1.5, "Our record other, one seed", "results.html#other"),
        (
            "experiments.layers.trials[kind=base].test_error",
            *(15, "Our experiment layers, mean of 2 seeds", "results.html#experiment-layers"),
        ),
        (
            "experiments.layers.trials[kind=base,seed=1].near[0.95]",
            *(1036, "Our experiment layers", "results.html#experiment-layers"),
        ),
    ],
)
def test_a_key_leads_to_its_number_and_source(key: str, value: float, source: str, page: str) -> None:
    number = resolve(key)
    assert (number.value, number.source, number.page) == (value, source, f"book/{page}")


@pytest.mark.parametrize(
    ("citation", "cited"),
    [
        ("he2016", "He et al. 2016"),
        ("simonyan2015", "Simonyan and Zisserman 2015"),
        ("szegedy2015", "Szegedy et al. 2015"),
        ("krizhevsky2014", "Krizhevsky 2014"),
        ("torchvision", ""),
    ],
)
def test_a_paper_is_named_as_the_text_cites_it(citation: str, cited: str) -> None:
    assert numbers._as_cited(citation) == cited


def test_the_spread_over_seeds_is_in_points() -> None:
    number = resolve("runs.net.spread")
    assert number.value == pytest.approx(0.09899, abs=1e-4)
    assert (number.unit, number.source) == ("%", "Our record net, standard deviation over 2 seeds")


def test_networks_are_counted_without_weights() -> None:
    keys = {
        "counts.ResNet50.params": 25_557_032,
        "counts.ResNet50.macs": 3_857_973_248,
        "counts.ResNet50.layers": 50,  # the longest way: convolutions on shortcuts lie beside it
        "counts.GoogLeNet.layers": 22,
        "counts.LeNet5Original.layers": 7,
        "counts.VGG16.receptive_field": 212,
        "counts.VGG16.block1_conv1.params": 1792,
        "counts.ResNetCIFAR(depth=56).params": 853_018,
        "counts.ResNetCIFAR(depth=20, input_shape=(64, 64, 3)).macs": 4 * (40_551_040 - 640) + 640,
    }
    assert {key: resolve(key).value for key in keys} == keys
    assert resolve("counts.VGG16.block1_conv1.params").source == (
        "Counted in cnnlib.models.VGG16, layer block1_conv1"
    )


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("doe2016.eror", "doe2016 has no 'eror': did you mean error"),
        ("doe2016", "doe2016 has no '': there are error, errors.20,"),
        ("doe2016.errors.21", "doe2016 has no 'errors.21': did you mean errors.20"),
        ("doe2016.both[2]", "has no '2'"),
        ("doe2016.both", "doe2016.both is no number but "),
        ("doe2016.maps", "doe2016.maps is no number but '64, 128'"),
        ("doe2016.bias", "doe2016.bias is no number but 'True'"),
        ("doe2015.error", "the book has no 'doe2015': did you mean doe2016?"),
        ("run.net.test_error", "the book has no 'run': did you mean runs?"),
        ("", "the book has no '': there are doe2016, runs, experiments, counts"),
        ("runs.nets.test_error", "runs has no 'nets': did you mean net?"),
        ("runs.net.seed7.test_error", "runs.net has no 'seed7': did you mean seed1 or seed0?"),
        ("runs.net.tst_error", "runs.net has no 'tst_error': did you mean test_error"),
        ("runs.net", "runs.net is no number"),
        ("experiments.layer.seconds", "experiments has no 'layer': did you mean layers?"),
        ("experiments.layers.trials[kind=tip].test_error", "has nothing with {'kind': 'tip'}"),
        (
            "experiments.layers.trials[seed=0].test_error",
            "has 2 with {'seed': '0'}, and not of so",
        ),
        ("experiments.layers.trials[9].test_error", "experiments.layers.trials has no '9'"),
        ("counts.ResNet51.params", "counts has no 'ResNet51': did you mean ResNet50"),
        ("counts.ResNet50.parms", "counts.ResNet50 has no 'parms': did you mean params"),
        ("counts.ResNet50.conv1.params", "counts.ResNet50 has no 'conv1': did you mean conv1_"),
        ("counts.ResNet50", "counts.ResNet50 has no ''"),
        ("counts.ResNet50(depth=).params", "(depth=) are no settings"),
        ("counts.ResNetCIFAR(depth=21).params", "cnnlib.models.ResNetCIFAR(depth=21) can't be counted: "),
        ("counts.ResNetCIFAR(wide=2).params", "cnnlib.models.ResNetCIFAR(wide=2) can't be counted: "),
    ],
)
def test_an_unknown_key_is_told_with_those_that_are_close(key: str, told: str) -> None:
    assert told in fault(key, "8.75")


def test_a_record_that_is_gone_is_told(book) -> None:
    assert fault("runs.other.test_error", "21.94") is None
    (book / "other" / "seed2.json").unlink()
    resolve.cache_clear()
    assert fault("runs.other.test_error", "21.94").startswith("runs has no 'other'")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("doe2016.error", "8.75"),
        ("doe2016.error", "8.8"),  # half up
        ("doe2016.error", "8.75 %"),
        ("doe2016.error", "9\N{MULTIPLICATION SIGN}"),
        ("doe2016.weights", "25,557,032"),
        ("doe2016.weights", "25557032"),
        ("doe2016.weights", "25.6 million"),
        ("doe2016.weights", "26\N{NO-BREAK SPACE}million"),
        ("doe2016.weights", "25,557 thousand"),
        ("doe2016.weights", "0.026 billion"),
        ("doe2016.decay", "7e-5"),
        ("doe2016.decay", "0.00007"),
        ("doe2016.change", "\N{MINUS SIGN}0.25"),
        ("doe2016.change", "-0.2"),  # half even
        ("runs.net.test_error", "1.17"),
        ("runs.net.seeds", "two"),
        ("runs.net.seeds", "Two"),
        ("runs.net.data.images.train", "60 thousand"),
        ("doe2016.ten_million", "ten million"),
        ("runs.net.data.images.train", "60,000"),
        ("runs.other.test_error", "21.94"),
    ],
)
def test_a_text_is_right_as_rounded_there(key: str, text: str) -> None:
    assert fault(key, text) is None


@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        ("doe2016.error", "8.74", "doe2016.error is 8.75, and the text says 8.74."),
        ("doe2016.error", "8.750001", "the text says 8.750001"),
        ("doe2016.error", "8", "the text says 8."),
        ("doe2016.weights", "25.5 million", "doe2016.weights is 25557032, and"),
        ("doe2016.weights", "25.6", "the text says 25.6."),
        ("doe2016.weights", "26,000,000", "the text says 26,000,000"),
        ("doe2016.weights", "25,5570,32", "'25,5570,32' is no number"),
        ("doe2016.change", "0.25", "the text says 0.25"),
        ("doe2016.decay", "7e-4", "doe2016.decay is 0.00007, and"),
        ("runs.net.seeds", "three", "the text says three"),
        ("runs.net.seeds", "a few", "'a few' is no number: write digits, or a word from zero to twelve."),
        ("runs.net.seeds", "two of them", "'two of them' is no number"),
        ("runs.net.seeds", "two million", "the text says two million"),
        ("runs.net.seeds", "2 to 3", "'2 to 3' is no number"),
        ("runs.net.seeds", "", "'' is no number"),
        ("runs.other.minutes", "90 %", "runs.other.minutes is in minutes, and the text says 90 %."),
        ("runs.net.test_error", "0.0117", "runs.net.test_error is 1.17, and"),
    ],
)
def test_a_wrong_text_is_told(key: str, text: str, told: str) -> None:
    assert told in fault(key, text)


@pytest.mark.parametrize(("text", "step"), [("60,000", "1"), ("4.49", "0.01"), ("25.6 million", "1e5")])
def test_what_the_last_digit_is_worth(text: str, step: str) -> None:
    assert as_shown(text).step == numbers.Decimal(step)


def test_elements_are_found_with_their_texts() -> None:
    text = 'reached <data value="a.b">4.49</data> %,\nor **<data value="c">*25.6\nmillion*</data>**'
    assert elements(text) == [("a.b", "4.49"), ("c", "25.6\nmillion")]
