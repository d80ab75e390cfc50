"""The ledger: every figure of a paper has its claim, and none differs without a written reason."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace

import keras
import numpy as np
import pytest

from cnnbook import ledger, papers
from cnnbook.__main__ import main
from cnnbook.ledger import Claim, close, resnet
from cnnbook.ledger.claim import epochs_to, within_sampling, without_weights
from cnnbook.papers import Fact, Paper
from cnnbook.papers.chapter import (
    ALEXNET_ERRATA,
    CHAPTER,
    ERRATA,
    INCEPTION_ERRATA,
    LENET_ERRATA,
    RESNET_ERRATA,
    TRANSFER_ERRATA,
    VGG_ERRATA,
)
from cnnbook.papers.he2016 import HE2016
from cnnbook.papers.krizhevsky2012 import KRIZHEVSKY2012
from cnnbook.papers.lecun1998 import LECUN1998
from cnnbook.papers.open_data import OPEN_DATA
from cnnbook.papers.simonyan2015 import SIMONYAN2015
from cnnbook.papers.szegedy2015 import SZEGEDY2015
from cnnbook.papers.yosinski2014 import YOSINSKI2014
from cnnlib import audit, records


def all_papers() -> list[Paper]:
    modules = [
        importlib.import_module(f"cnnbook.papers.{found.name}")
        for found in pkgutil.iter_modules(papers.__path__)
    ]
    return [paper for module in modules for paper in vars(module).values() if isinstance(paper, Paper)]


@pytest.fixture(scope="module")
def rows() -> list[ledger.Row]:
    return ledger.rows()


def test_nothing_differs_without_a_written_reason(rows: list[ledger.Row]) -> None:
    assert [f"{row.key}: {row.expected} against {row.ours}" for row in rows if row.verdict == "differs"] == []


def test_slips_of_the_papers_are_differences_with_a_reason(rows: list[ledger.Row]) -> None:
    found = [row for paper in ledger.SLIPS for row in ledger.slips(paper)]
    assert {(row.paper, row.key.partition(".")[0]) for row in found} == {
        (paper, key) for paper, keys in ledger.SLIPS.items() for key in keys
    }
    assert [row.key for row in found if row.verdict != "differs, explained" or not row.why] == []
    # What differs for want of a training, or of the paper's own network, is no slip of the paper.
    others = {row.key for row in rows if row.verdict == "differs, explained" and row not in found}
    assert {"test_error", "relu_speed", "cifar_error", "building_blocks"} <= others


def test_what_was_measured_leads_to_its_records(rows: list[ledger.Row]) -> None:
    page = ledger.as_markdown(rows)
    for row in rows:
        for name in row.records:
            assert records.load(name)
            assert f'href="../book/results.html#{name}"' in page
    measured = {row.key for row in rows if row.records}
    assert {"test_error", "relu_speed", "cifar_error_lrn", "cifar_responses"} <= measured


def test_every_figure_of_every_paper_has_one_claim() -> None:
    claimed = [(claim.paper.citation, claim.key) for claim in ledger.claims()]
    facts = {
        (paper.citation, key)
        for paper in all_papers()
        for key, fact in paper.facts.items()
        if fact.confidence != "memory"
    }
    assert facts - set(claimed) == set()
    assert len(claimed) == len(set(claimed))
    assert len(facts) > 570


def test_a_figure_from_memory_is_shown_and_not_asserted(rows: list[ledger.Row]) -> None:
    from_memory = [row for row in rows if row.confidence == "memory"]
    assert {row.key for row in from_memory} >= {"mu", "curvature_patterns", "parameters_one_gpu"}
    assert {row.verdict for row in from_memory} == {"unconfirmed"}
    assert all(row.confidence == "memory" for row in rows if row.verdict == "unconfirmed")


def test_what_is_not_reproduced_or_differs_says_why(rows: list[ledger.Row]) -> None:
    for row in rows:
        if row.verdict in ("quoted", "differs, explained"):
            assert len(row.why.split()) > 5, row.key
        if row.verdict == "agrees":
            assert row.ours, row.key


def test_a_table_of_layers_has_a_row_for_each(rows: list[ledger.Row]) -> None:
    shown = {row.key: row for row in rows}
    for layer in LECUN1998["layer_table"]:
        assert shown[f"layer_table.{layer}"].verdict == "agrees"
    assert shown["layer_table.c3"].expected == shown["layer_table.c3"].ours == "10x10x16; 1,516; 151,600"


def test_the_papers_misprints_and_what_was_trained_otherwise_differ_and_nothing_else_does(
    rows: list[ledger.Row],
) -> None:
    differing = {
        paper: {row.key for row in rows if row.paper == paper and row.verdict == "differs, explained"}
        for paper in ("krizhevsky2012", "simonyan2015")
    }
    assert differing == {
        "krizhevsky2012": {
            *("input_side", "million_parameters", "neurons", "conv1_units", "convolution_limit"),
            *("crop_factor", "cifar_rates", "relu_speed", "relu_epochs", "tanh_epochs"),
            *("cifar_error", "cifar_error_lrn"),
        },
        "simonyan2015": {"he_work_d"},
    }


def test_the_slips_of_the_later_papers_and_what_was_trained_otherwise_differ_and_nothing_else_does(
    rows: list[ledger.Row],
) -> None:
    differing = {
        paper: {row.key for row in rows if row.paper == paper and row.verdict == "differs, explained"}
        for paper in ("szegedy2015", "he2016")
    }
    assert differing == {
        "szegedy2015": {
            *("building_blocks", "budget", "fewer_than_alexnet", "seven_nets_144_crops_gain"),
            *(f"printed_weights_odd.{row}" for row in ("4a", "4c", "4d", "4e", "5a", "5b")),
            *("printed_weights_conv1", "printed_work_conv1", "printed_work_5a"),
        },
        "he2016": {"googlenet_nets", "cifar_responses"},
    }


@pytest.mark.parametrize(
    ("paper", "key", "ours"),
    [
        ("krizhevsky2012", "parameters", "60,965,224"),
        ("krizhevsky2012", "multiply_adds_one_group", "1,135,256,096"),
        ("krizhevsky2012", "kernels.conv4", "3x3x192x384"),
        ("krizhevsky2012", "conv1_units", "290,400"),
        ("krizhevsky2012", "cifar_layer_table.local3", "6x6x32; 664,704; 663,552"),
        ("simonyan2015", "parameters.C", "133,638,952"),
        ("simonyan2015", "multiply_adds.E", "19,632,062,464"),
        ("simonyan2015", "weight_layers.B", "13"),
        ("simonyan2015", "more_of_one_7", "81"),
        ("chapter", "vgg_parameters", "138,357,544"),
        ("chapter", "vgg_weights_at_stride_1", "105,226,698,752"),
        ("chapter", "alexnet_convolutions_before_pools", "1, 1, 3"),
        ("szegedy2015", "parameters", "6,998,552"),
        ("szegedy2015", "parameters_with_heads", "13,378,280"),
        ("szegedy2015", "layer_table.5b", "7x7x1024; 1,444,080; 70,697,984"),
        ("szegedy2015", "separable_conv1_weights", "2,712"),
        ("szegedy2015", "test_crops", "144"),
        ("he2016", "parameters.34 C", "22,716,840"),
        ("he2016", "multiply_adds.152 B", "11,282,415,616"),
        ("he2016", "multiply_adds_3x3.50 B", "4,089,184,256"),
        ("he2016", "cifar_parameters.110", "1,727,962"),
        ("he2016", "cifar_parameters.1202", "19,421,274"),
        ("chapter", "inception_naive_maps", "424"),
        ("chapter", "inception_formula", "16,384,000"),
        ("chapter", "resnet_block_convolutions", "2, 3"),
        ("chapter", "transfer_frozen_parameters", "14,714,688"),
        ("chapter", "transfer_frozen_layers.2", "8 to 10"),
        ("chapter", "transfer_frozen_layers.3", "4 to 6"),
        ("yosinski2014", "layers", "8"),
        ("open_data", "cifar10_per_class", "6,000"),
        ("open_data", "pneumonia_images.validation", "524"),
        ("open_data", "label_errors_imagenet", "5.832"),
    ],
)
def test_a_count_is_the_papers(rows: list[ledger.Row], paper: str, key: str, ours: str) -> None:
    assert [row.ours for row in rows if (row.paper, row.key) == (paper, key)] == [ours]


def test_an_error_on_imagenet_says_on_which_images_and_how_it_was_measured() -> None:
    errors = {
        key: fact
        for paper in (KRIZHEVSKY2012, SIMONYAN2015, SZEGEDY2015, HE2016)
        for key, fact in paper.facts.items()
        if "top-5 error" in fact.says and "points" not in fact.says
    }
    assert len(errors) > 80
    for key, fact in errors.items():
        assert any(word in fact.says for word in ("validation", "test")), key
        network = ("one net", "nets, ", "nets:", "nets of", "D and E", "Fisher", "sparse", "classes")
        assert any(word in fact.says for word in network), key


def test_the_errata_are_numbered_through_and_in_the_order_of_the_sections() -> None:
    sections = (
        LENET_ERRATA,
        ALEXNET_ERRATA,
        VGG_ERRATA,
        INCEPTION_ERRATA,
        RESNET_ERRATA,
        TRANSFER_ERRATA,
    )
    assert [erratum.number for erratum in ERRATA] == list(range(1, 71))
    assert [erratum for errata in sections for erratum in errata] == list(ERRATA)
    assert [errata[0].number for errata in sections] == [1, 13, 27, 40, 57, 65]


def test_what_an_erratum_corrects_does_differ_from_our_own_count(rows: list[ledger.Row]) -> None:
    claimed = {key: erratum.number for erratum in ERRATA for key in erratum.claims}
    differing = {
        row.key: row.why for row in rows if row.paper == "chapter" and row.verdict == "differs, explained"
    }
    assert set(claimed) == set(differing)
    assert set(claimed) <= set(CHAPTER.facts)
    for key, why in differing.items():
        if key != "lenet_schedule":
            assert f"number {claimed[key]} " in why, key


def test_the_counts_of_a_network_that_is_not_built_follow_from_two_that_are() -> None:
    assert resnet._cifar_counts(44, "B") == resnet._built_counts(44, "B")


@pytest.mark.parametrize(
    ("printed", "agrees"), [(3.8, True), (3.9, True), (3.7, False), (3.86, True), (3.85, True), (3.87, False)]
)
def test_a_printed_number_may_be_rounded_or_cut(printed: float, agrees: bool) -> None:
    assert resnet._rounded_or_cut(printed, 3.858) is agrees


@pytest.mark.backends
def test_a_network_is_counted_without_memory_for_its_weights() -> None:
    def build() -> int:
        image = keras.Input((25_690_112,))
        return audit.totals(audit.table(keras.Model(image, keras.layers.Dense(4096)(image))))["params"]

    assert without_weights(build) == 105_226_702_848
    with keras.StatelessScope():  # at its end Keras gives values to all weights that still want them
        layer = keras.layers.Dense(3, kernel_initializer="ones")
        layer.build((None, 2))
    assert np.asarray(keras.ops.convert_to_numpy(layer.kernel)).tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize(
    ("paper", "key", "changed"),
    [
        (LECUN1998, "parameters", 60_600),
        (LECUN1998, "c3_links", 61),
        (LECUN1998, "schedule", LECUN1998["schedule"][:-1]),
        (LECUN1998, "squash_at_one", 1.01),
        (LECUN1998, "layer_table.s2", ((14, 14, 6), 24, 5_880)),
        (KRIZHEVSKY2012, "dense_share", 96.3),
        (KRIZHEVSKY2012, "kernels.conv2", (5, 5, 96, 256)),
        (SIMONYAN2015, "parameters.D", 138_423_208),
        (SZEGEDY2015, "printed_work.3b", 306.0),
        (HE2016, "cifar_parameters_b.110", 1_727_962),
        (YOSINSKI2014, "natural", 450),
        (OPEN_DATA, "person_safe", 1_240),
        (OPEN_DATA, "label_errors_imagenet", 5),
        (CHAPTER, "transfer_frozen_layers.3", "4 to 7"),
    ],
)
def test_one_changed_figure_fails_the_check(
    paper: Paper, key: str, changed: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    name, _, part = key.partition(".")
    claims = [
        claim for claim in ledger.claims() if claim.paper is paper and claim.key in ("weight_layers", name)
    ]
    monkeypatch.setattr(ledger, "claims", lambda: claims)
    assert main(["ledger", "--check"]) == 0
    fact = paper.facts[name]
    value = {**fact.value, part: changed} if part else changed
    monkeypatch.setitem(paper.facts, name, replace(fact, value=value))
    assert main(["ledger"]) == 0
    capsys.readouterr()
    assert main(["ledger", "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines if line.startswith("differs ")] == [
        ["differs", paper.citation, key]
    ]
    assert lines[-1].endswith("differs: 1")


def made_up(confidence: str = "read", value: object = 1.0) -> Paper:
    return Paper("someone", "A title", {"error": Fact(value, "table 1", confidence, "% wrong")})


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (Claim(made_up(), "error", lambda: 1.0), "agrees"),
        (Claim(made_up(), "error", lambda: 1.01), "differs"),
        (Claim(made_up(), "error", lambda: 1.01, close(0.02)), "agrees"),
        (Claim(made_up(), "error", lambda: 1.03, close(0.02)), "differs"),
        (Claim(made_up(), "error", lambda: 1.03, close(0.02), "another optimiser"), "differs, explained"),
        (Claim(made_up(), "error", deviation="not run"), "quoted"),
        (Claim(made_up(), "error"), "differs"),
        (Claim(made_up(), "error", lambda: None), "differs"),
        (Claim(made_up("memory"), "error", lambda: 7.0), "unconfirmed"),
        (Claim(made_up(value={"a": 1, "b": 2}), "error", lambda: {"a": 1}), "agrees, differs"),
        (Claim(made_up(value={"a": 1}), "error", lambda: {"a": 1, "b": 2}), "agrees, differs"),
    ],
)
def test_verdicts(claim: Claim, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "claims", lambda: [claim])
    assert ", ".join(row.verdict for row in ledger.rows()) == verdict


@pytest.mark.parametrize(("expected", "agrees"), [(0.85, True), (0.95, True), (1.2, False), (0.6, False)])
def test_a_test_error_agrees_within_what_ten_thousand_images_leave_open(
    expected: float, agrees: bool
) -> None:
    assert within_sampling(10_000)(expected, 0.9) is agrees


def test_a_reason_is_not_given_for_what_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ledger,
        "claims",
        lambda: [
            Claim(made_up(), "error", ours, deviation="a reason") for ours in (lambda: 1.0, lambda: 2.0)
        ],
    )
    assert [row.why for row in ledger.rows()] == ["", "a reason"]


def test_the_ledger_as_text_and_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = [Claim(made_up(), "error", lambda: 2.5, deviation="another optimiser")]
    monkeypatch.setattr(ledger, "claims", lambda: claims)
    line, _, counts = ledger.as_text(ledger.rows()).splitlines()
    assert line.split("  ") == [
        "differs, explained someone error",
        "table 1: 1 | ours 2.5 | another optimiser",
    ]
    assert counts == "differs, explained: 1"
    head, rule, row = ledger.as_markdown(ledger.rows()).splitlines()
    assert head == "| claim | place | paper | ours | verdict |"
    assert rule == "| :-- | :-- | --: | --: | :-- |"
    assert row == "| % wrong | table 1 (read) | 1 | 2.5 | **differs, explained**. another optimiser |"


def test_a_paper_names_the_facts_it_has() -> None:
    with pytest.raises(KeyError, match="someone has no fact 'accuracy'; it has error"):
        made_up()["accuracy"]


def test_epochs_to_an_error_are_counted_to_the_first_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {"fast": [0.5, 0.25, 0.2], "slow": [0.9, 0.6]}
    monkeypatch.setattr(records, "names", lambda: list(errors))
    monkeypatch.setattr(records, "load", lambda name: [{"history": {"train_error": errors[name]}}])
    assert epochs_to("fast", 25) == (2, True)
    assert epochs_to("slow", 25) == (2, False)
    assert epochs_to("never run", 25) is None
