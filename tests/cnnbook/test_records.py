"""What was measured: complete, made with today's recipes, data and committed code."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnbook import records
from cnnbook.__main__ import main
from cnnbook.recipes import CANDIDATES
from cnnlib import evaluation
from cnnlib import records as kept
from cnnlib.data.sets import FOLDERS, SETS
from cnnlib.recipe import RECIPES, Recipe
from cnnlib.tables import Table


def plain(value: object) -> object:
    return json.loads(json.dumps(value))


# Trainings for a GPU, days of it on ImageNet. The book says of them that they were not run.
NOT_RUN = {"cuda_convnet", "cuda_convnet_lrn"} | {
    name
    for name, recipe in RECIPES.items()
    if recipe.data == "imagenet"
    or (recipe.network == "ResNetCIFAR" and not name.endswith(("_short", "_depth", "_compared")))
}
RECORDED = sorted(set(RECIPES) - NOT_RUN)
# An hour of two cores buys three seeds of LeNet-5, and one of the others.
SEEDS = {name: 3 if name.startswith("lenet5_") and not name.endswith("_compared") else 1 for name in RECORDED}


def test_every_recipe_that_was_run_has_records_and_every_record_a_recipe() -> None:
    assert records.names() == RECORDED


@pytest.mark.parametrize("name", [name for name in RECORDED if RECIPES[name].data in SETS])
def test_a_recipe_was_measured_on_the_full_set(name: str) -> None:
    for run in records.load(name):
        content = SETS[run["data"]["name"]].full
        assert run["data"]["kind"] == "full"
        assert run["data"]["sha256"] in {content.sha256, *content.variants}
        assert run["data"]["images"] == {"train": content.train, "validation": 0, "test": content.test}


@pytest.mark.parametrize("name", [name for name in RECORDED if RECIPES[name].data in FOLDERS])
def test_a_record_made_with_a_part_of_a_set_says_so(name: str) -> None:
    for run in records.load(name):
        spec, images = FOLDERS[run["data"]["name"]], run["data"]["images"]
        pictures = images["train"] + images["validation"]
        whole = (pictures, images["test"]) == (spec.full.train, spec.full.test)
        assert whole or run["data"]["source"].startswith(f"a part of {spec.name}: {pictures:,} of ")
        assert re.fullmatch("[0-9a-f]{64}", run["data"]["sha256"])
        assert run["skipped_files"] == []


@pytest.mark.parametrize("name", RECORDED)
def test_a_recipe_was_measured_with_as_many_seeds_as_the_book_says(name: str) -> None:
    runs = records.load(name)
    assert len({run["seed"] for run in runs}) == len(runs) >= SEEDS[name]


@pytest.mark.parametrize("name", RECORDED)
def test_records_were_made_with_the_recipe_as_it_is_today(name: str) -> None:
    for run in records.load(name):
        # What a recipe says of itself may be worded anew; what it does may not change.
        made_by = Recipe.from_settings(run["recipe"]).settings()
        assert made_by | {"source": ""} == plain(RECIPES[name].settings()) | {"source": ""}


@pytest.mark.parametrize("name", RECORDED)
def test_a_record_says_from_which_code_machine_and_when(name: str) -> None:
    for run in records.load(name):
        assert re.fullmatch(r"[0-9a-f]{40}", run["commit"])
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT.*\+00:00", run["finished"])
        assert {"python", "keras", "numpy"} < set(run["versions"])
        assert run["hardware"]["cores"] >= 1
        assert run["wall_seconds"] > 0


@pytest.mark.parametrize("name", RECORDED)
def test_a_record_holds_every_epoch_and_a_test_error_of_whole_images(name: str) -> None:
    for run in records.load(name):
        schedule = RECIPES[name].schedule(run["data"]["images"]["train"])
        for epoch, rate in enumerate(run["history"]["rate"]):
            assert rate == schedule.rate(epoch, schedule.updates(epoch) - 1)
            schedule.observe(next(iter(run["history"]["validation_error"][epoch : epoch + 1]), None))
        assert schedule.finished(len(run["history"]["rate"]))
        for figure in ("train_loss", "train_error"):
            assert len(run["history"][figure]) == len(run["history"]["rate"])
        assert all(0 <= error <= 1 for error in run["history"]["train_error"])
        wrong = run["result"]["test_error"] * run["data"]["images"]["test"]
        assert 0 < wrong == pytest.approx(round(wrong), abs=1e-6)


@pytest.mark.parametrize("name", CANDIDATES)
def test_settings_of_our_own_are_those_that_did_best_on_validation(name: str) -> None:
    choice = records.choice(name)
    changed = {field for change in CANDIDATES[name] for field in change}

    def chosen(settings: dict) -> str:
        settings = Recipe.from_settings(settings).settings()
        return json.dumps({field: settings[field] for field in sorted(changed)}, sort_keys=True)

    tried = {chosen(choice["recipe"] | c["change"]): c["validation_error"] for c in choice["candidates"]}
    assert set(tried) == {chosen(replace(RECIPES[name], **change).settings()) for change in CANDIDATES[name]}
    best = min((error, settings) for settings, error in tried.items() if error is not None)
    assert best[1] == chosen(RECIPES[name].settings())
    assert choice["data"]["images"]["validation"] > 0
    if choice["data"]["name"] in SETS:
        content = SETS[RECIPES[name].data].full
        assert choice["data"]["sha256"] in {content.sha256, *content.variants}
    assert re.fullmatch(r"[0-9a-f]{40}", choice["commit"])


def test_mean_and_sample_deviation_over_seeds() -> None:
    assert records.mean_and_spread([2.0, 4.0, 9.0]) == (5.0, pytest.approx(math.sqrt(13)))
    mean, spread = records.mean_and_spread([0.25])
    assert mean == 0.25
    assert math.isnan(spread)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of records in place of the package's."""
    for name, seed, error in (("net", 10, 0.02), ("net", 2, 0.01), ("other", 0, 0.5)):
        (tmp_path / name).mkdir(exist_ok=True)
        record = {"seed": seed, "result": {"test_error": error}, "wall_seconds": 90}
        (tmp_path / name / f"seed{seed}.json").write_text(json.dumps(record))
    (tmp_path / "choices").mkdir()
    (tmp_path / "choices" / "net.json").write_text('{"epochs": 5}')
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("shelf")
def test_records_are_loaded_by_seed_and_listed_with_their_mean() -> None:
    assert [run["seed"] for run in records.load("net")] == [2, 10]
    assert records.names() == ["net", "other"]
    assert records.choice("net") == {"epochs": 5}
    lines = records.as_text().splitlines()
    assert lines[1].split() == ["net", "2", "1.50%", "+-", "0.71%", "1.5", "min"]


@pytest.mark.usefixtures("shelf")
def test_a_record_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(KeyError, match="No record of 'vgg16'; there are records of net, other"):
        records.load("vgg16")
    with pytest.raises(KeyError, match="No choice is recorded for 'other'"):
        records.choice("other")


def made_of(folder: Path, seed: int = 0, error: float | None = 0.25, **changes: object) -> Path:
    """A record.json of 50 epochs of 1000 images; `changes` are of the recipe, or whole parts."""
    recipe = {"name": "net", "network": "Net", "data": "digits", "optimizer": "sgd", "source": "a paper"}
    recipe |= {"rates": [0.1] * 30 + [0.01] * 20, "batch_size": 32}
    record: dict = {
        "profile": "quick",
        "seed": seed,
        "data": {"sha256": "ab" * 32, "images": {"train": 1000, "validation": 0, "test": 400}},
        "commit": "0123456789" * 4,
        "versions": {"keras": "3.13.0"},
        "hardware": {"cores": 2},
        "result": {"test_error": error},
        "history": {"train_loss": [0.5] * 50},
        "wall_seconds": 62,
    }
    record |= {key: value for key, value in changes.items() if key in record}
    record["recipe"] = recipe | {key: value for key, value in changes.items() if key not in record}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(json.dumps(record))
    return folder / "record.json"


def rows(table: Table) -> dict[str, tuple]:
    return {row[0]: tuple(row[1:]) for row in table.rows}


FIGURES = [
    "seeds",
    "test images",
    "test error",
    "its 95 % interval",
    "second minus first",
    "wall time",
    "training images per second",
]


def test_two_records_are_compared_in_figures_and_in_whatever_else_differs(tmp_path: Path) -> None:
    first = made_of(tmp_path / "a")
    second = made_of(
        tmp_path / "b",
        seed=7,
        error=0.5,
        optimizer="adam",
        augmentation="flip",
        source="worded anew",
        versions={"keras": "3.15.1", "jax": "0.7"},
        commit="fedcba9876" * 4 + "-changed",
        wall_seconds=124,
    )
    table = records.compare(first, second)
    assert table.head == ["", str(first), str(second)]
    found = rows(table)
    assert found == {
        "seeds": ("0", "7"),
        "test images": (400, 400),
        "test error": ("25.00%", "50.00%"),
        # Wilson's intervals of 100 and 200 of 400, as roots of the quadratic.
        "its 95 % interval": ("21.01% to 29.47%", "45.12% to 54.88%"),
        "second minus first": ("", evaluation.mcnemar_at_worst(100, 200, 400).sentence),
        "wall time": ("1.0 min", "2.1 min"),
        "training images per second": ("800", "400"),  # 50 epochs of 31 batches of 32 in 62 s
        "recipe.optimizer": ("sgd", "adam"),
        "recipe.augmentation": ("none", "flip"),  # not in the first record, so the default
        "versions.keras": ("3.13.0", "3.15.1"),
        "versions.jax": ("-", "0.7"),
        "commit": ("012345678901", "fedcba9876fe-changed"),
    }


def test_settings_that_an_older_record_lacks_have_their_default(tmp_path: Path) -> None:
    old = made_of(tmp_path / "old")
    new = made_of(tmp_path / "new", weight_decay=0.0, hold=None, pixels="unit", error=0.27)
    found = rows(records.compare(old, new))
    assert list(found) == FIGURES
    assert found["second minus first"][1].startswith("+2.00 points (")
    assert "may be chance, unless the answers to each image show more" in found["second minus first"][1]


def answered(wrong: list[int], images: str = "ab" * 32, seed: int = 0) -> dict:
    """A record of answers to eight images of two classes, wrong for these."""
    labels = np.arange(8) % 2
    given = np.where(np.isin(np.arange(8), wrong), 1 - labels, labels)
    return {
        "recipe": {"name": "net"},
        "seed": seed,
        "data": {"sha256": "cd" * 32, "images": {"test": 8}},
        "result": {"test_error": len(wrong) / 8},
        "answers": kept.pack_answers(given, labels, 2, images),
    }


def test_one_run_of_each_is_compared_by_its_answers() -> None:
    found = records.verdict([answered([0])], [answered(list(range(1, 8)))])
    assert (found.only_first_wrong, found.only_second_wrong) == (1, 7)
    assert "wrong in the first network alone" in found.sentence
    assert records.verdict([answered([])], [answered(list(range(8)))]).lower == "first"


def test_without_answers_counts_decide_what_they_can() -> None:
    bare = [{k: v for k, v in answered(wrong).items() if k != "answers"} for wrong in ([], [0, 1])]
    found = records.verdict([bare[0]], [bare[1]])
    assert (found.lower, "at most" in found.sentence) == ("open", True)
    assert "at most" in records.verdict([bare[0]], [answered([0, 1])]).sentence


def test_seeds_that_both_have_are_paired_and_others_leave_it_open() -> None:
    first = [answered([0], seed=0), answered([0, 1], seed=1)]
    second = [answered([0, 1, 2], seed=1), answered([0, 1], seed=0)]
    assert records.verdict(first, second) == evaluation.paired_seeds(
        {0: 1 / 8, 1: 2 / 8}, {0: 2 / 8, 1: 3 / 8}
    )
    found = records.verdict(first, second[:1])
    assert found.lower == "open"
    assert found.sentence == "+18.75 points: open; two or more seeds that both have would decide."
    with pytest.raises(ValueError, match="Each side needs records"):
        records.verdict(first, [])
    with pytest.raises(ValueError, match="each with a test error"):
        records.verdict(first, [answered([0]) | {"result": {"test_error": None}}])


def test_answers_to_other_images_are_not_compared() -> None:
    first, second = answered([0]), answered([1], images="ef" * 32)
    found = records.verdict([first], [second])
    assert (found.lower, "different images" in found.sentence) == ("open", True)
    del second["answers"]
    second["data"] = {"sha256": "12" * 32, "images": {"test": 8}}
    assert "different images" in records.verdict([first], [second]).sentence


@pytest.mark.parametrize("name", RECORDED)
def test_answers_that_a_record_keeps_are_those_its_error_was_counted_from(name: str) -> None:
    for run in records.load(name):
        if "answers" in run:
            wrong = kept.wrong_answers(run)
            assert wrong.mean() == pytest.approx(run["result"]["test_error"], abs=1e-12)
            most = run["data"]["images"]["test"]
            assert most - len(run.get("skipped_files", [])) <= len(wrong) <= most


def test_schedules_are_compared_in_short(tmp_path: Path) -> None:
    falling = [0.1 * 0.5**i for i in range(8)]
    by_updates = made_of(tmp_path / "a", rates=[0.1, 0.01, 0.001], hold=[1000, 1000, 400])
    found = rows(records.compare(by_updates, made_of(tmp_path / "b", rates=falling)))
    assert found["recipe.rates"] == ("0.1, 0.01, 0.001", "8 values, 0.1 to 0.00078125")
    assert found["recipe.hold"] == ("1000 x 2, 400", "none")
    assert found["training images per second"] == ("1,239", "800")  # 2,400 updates of 32 images in 62 s
    assert (
        rows(records.compare(by_updates, made_of(tmp_path / "c")))["recipe.rates"][1] == "0.1 x 30, 0.01 x 20"
    )


def test_a_recipe_is_compared_by_the_mean_of_its_seeds(tmp_path: Path, shelf: Path) -> None:
    for seed, error in ((2, 0.24), (10, 0.26)):
        record = made_of(tmp_path / "x", seed, error, hardware={"cores": seed})
        record.rename(shelf / "net" / f"seed{seed}.json")
    found = rows(records.compare("net", made_of(tmp_path / "y", error=None)))
    assert list(found) == [*FIGURES, "hardware.cores"]
    assert found["seeds"] == ("2, 10", "0")
    assert found["test error"] == ("25.00% +- 1.41%", "not measured")
    assert found["its 95 % interval"] == ("21.01% to 29.47%", "not measured")
    assert found["second minus first"] == ("", "not measured")
    assert found["hardware.cores"] == ("10; 2", "2")


def test_a_recipe_of_the_book_and_a_record_are_compared_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    errors = [run["result"]["test_error"] for run in records.load("resnet20_short")]
    assert main(["compare", "resnet20_short", str(made_of(tmp_path / "b", error=0.3))]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines[0].index(str(tmp_path / "b"))
    assert lines[3][:start].split()[:3] == ["test", "error", f"{records.mean_and_spread(errors)[0]:.2%}"]
    assert lines[3][start:] == "30.00%"


@pytest.mark.usefixtures("shelf")
def test_what_cannot_be_compared_is_refused_by_name(tmp_path: Path) -> None:
    good = made_of(tmp_path / "a")
    with pytest.raises(FileNotFoundError, match=r"No record of 'vgg16'.*record.json.*net, other"):
        records.compare(good, "vgg16")
    with pytest.raises(FileNotFoundError, match="No record of 'choices'"):
        records.compare("choices", good)
    (tmp_path / "cut.json").write_text('{"seed": 1')
    with pytest.raises(ValueError, match=r"cut\.json is not JSON"):
        records.compare(good, tmp_path / "cut.json")
    with pytest.raises(
        ValueError, match=r"net\.json is not the record of a training: it has no data, history"
    ):
        records.compare(good, tmp_path / "choices" / "net.json")


def test_records_under_a_folder_are_listed_one_by_one(tmp_path: Path) -> None:
    made_of(tmp_path / "runs" / "b", seed=1, error=None)
    made_of(tmp_path / "runs" / "a" / "deep")
    lines = [line.split() for line in records.list_as_text(tmp_path / "runs").splitlines()]
    assert lines[1:] == [
        ["a/deep/record.json", "net", "0", "25.00%", "1.0", "min"],
        ["b/record.json", "net", "1", "not", "measured", "1.0", "min"],
    ]
    with pytest.raises(FileNotFoundError, match=r"No record\.json under .*none"):
        records.list_as_text(tmp_path / "none")


def test_records_and_numbers_are_read_without_keras() -> None:
    code = "import sys, cnnbook.numbers; cnnbook.records.load('lenet5_modern'); print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
