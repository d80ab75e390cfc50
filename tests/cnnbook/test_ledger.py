"""The ledger: every figure of a paper has its claim, and none differs without a written reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

import pytest

from cnnbook import ledger, papers, records
from cnnbook.__main__ import main
from cnnbook.ledger import Claim, close, resnet
from cnnbook.ledger.claim import epochs_to, within_sampling
from cnnbook.papers import Fact, Paper
from cnnbook.papers.errata import errata
from cnnlib.recipe import RECIPES


@pytest.fixture(scope="module")
def rows() -> list[ledger.Row]:
    return ledger.rows()


def test_nothing_differs_without_a_written_reason(rows: list[ledger.Row]) -> None:
    assert [f"{row.key}: {row.expected} against {row.ours}" for row in rows if row.verdict == "differs"] == []


def test_slips_of_the_papers_are_differences_with_a_reason(rows: list[ledger.Row]) -> None:
    for citation in papers.names():
        assert {row.verdict for row in ledger.slips(citation)} <= {"differs, explained"}
    assert sum(len(ledger.slips(citation)) for citation in papers.names()) > 15


def test_what_differs_is_a_slip_of_the_paper_or_of_the_chapter_or_ours(rows: list[ledger.Row]) -> None:
    slips = [row for citation in papers.names() for row in ledger.slips(citation)]
    others = [row for row in rows if row.verdict == "differs, explained" and row not in slips]
    measured = {row.key for row in others if row.records}
    assert len(measured) > 5
    for row in others:
        said = (
            row.paper == "chapter" or row.records or "round number" in row.why or row.why.startswith("Ours")
        )
        assert said, row.key


def test_what_was_measured_leads_to_its_records(rows: list[ledger.Row]) -> None:
    page = ledger.as_markdown(rows)
    for row in rows:
        for name in row.records:
            assert records.load(name)
            assert f'href="../book/results.html#{name}"' in page
    assert sum(bool(row.records) for row in rows) > 5


def test_every_fact_of_every_paper_has_one_claim() -> None:
    claimed = [
        (claim.paper.citation, fact.key)
        for claim in ledger.claims()
        for facts in claim.paper.select(claim.key).values()
        for fact in facts
    ]
    facts = {(citation, key) for citation in papers.names() for key in papers.paper(citation).facts}
    assert set(claimed) == facts
    assert len(claimed) == len(set(claimed))


def test_a_figure_from_memory_is_shown_and_not_asserted(rows: list[ledger.Row]) -> None:
    from_memory = [row for row in rows if row.confidence == "memory"]
    assert len(from_memory) > 10
    assert {row.verdict for row in from_memory} == {"unconfirmed"}
    assert all(row.confidence == "memory" for row in rows if row.verdict == "unconfirmed")
    assert ledger.as_markdown(from_memory).count("(remembered)") == len(from_memory)


def test_what_is_not_reproduced_or_differs_says_why(rows: list[ledger.Row]) -> None:
    for row in rows:
        if row.verdict in ("quoted", "differs, explained"):
            assert len(row.why.split()) > 5, row.key
        if row.verdict == "agrees":
            assert row.ours, row.key


def test_a_section_of_facts_is_one_line_and_a_star_a_line_for_each(rows: list[ledger.Row]) -> None:
    shown = {(row.paper, row.key): row for row in rows}
    for layer, facts in papers.paper("lecun1998").select("layers.*").items():
        row = shown["lecun1998", f"layers.{layer}"]
        assert row.claim == f"{layer}: shape, parameters, connections"
        assert row.expected == row.ours == "; ".join(fact.shown for fact in facts)


def test_an_error_says_on_which_images_of_which_network_and_in_which_unit() -> None:
    errors = {
        f"{citation}.{key}": fact
        for citation in ("krizhevsky2012", "simonyan2015", "szegedy2015", "he2016")
        for key, fact in papers.paper(citation).facts.items()
        if key.rpartition(".")[2] in ("top1", "top5", "top5_test", "test_error") and fact.unit == "%"
    }
    assert len(errors) > 120
    for name, fact in errors.items():
        assert fact.split in ("validation", "test"), name
        assert fact.network or fact.protocol, name


def test_the_errata_are_in_the_order_of_the_sections() -> None:
    sections = [section for section, _ in groupby(entry.section for entry in errata().values())]
    assert sections == ["lenet", "alexnet", "vgg", "inception", "resnet", "transfer"]
    assert list(errata()) == list(range(1, 71))
    assert not any("{" in entry.says + entry.right for entry in errata().values())


def test_what_an_erratum_corrects_does_differ_from_our_own_count(rows: list[ledger.Row]) -> None:
    claimed = {key: erratum.number for erratum in errata().values() for key in erratum.claims}
    differing = {
        row.key: row.why for row in rows if row.paper == "chapter" and row.verdict == "differs, explained"
    }
    assert set(claimed) == set(differing)
    for key, why in differing.items():
        assert f"number {claimed[key]} " in why or why.startswith("The chapter"), key


def test_the_counts_of_a_network_that_is_not_built_follow_from_two_that_are() -> None:
    assert resnet._cifar_counts(44, "B") == resnet._built_counts(44, "B")


@pytest.mark.parametrize(
    ("printed", "agrees"), [(3.8, True), (3.9, True), (3.7, False), (3.86, True), (3.85, True), (3.87, False)]
)
def test_a_printed_number_may_be_rounded_or_cut(printed: float, agrees: bool) -> None:
    assert resnet._rounded_or_cut(printed, 3.858) is agrees


def check(
    claims: Iterable[Claim], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> list[str]:
    """Names of the facts that `ledger --check` finds to differ, of some claims."""
    found = list(claims)
    monkeypatch.setattr(ledger, "claims", lambda: found)
    capsys.readouterr()
    failed = main(["ledger", "--check"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("differs ")]
    assert failed == (1 if lines else 0)
    return [f"{paper}.{key}" for _, paper, key, *_ in lines]


@pytest.mark.parametrize("citation", papers.names())
def test_one_changed_figure_fails_the_check(
    citation: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def is_count(fact: Fact) -> bool:
        return type(fact.value) is int and fact.confidence != "memory"

    asserted = [claim for claim in ledger.claims() if claim.ours and not claim.deviation]
    changeable = {
        next(fact for facts in parts.values() for fact in facts if is_count(fact)).key: claim
        for claim in asserted
        if claim.paper.citation == citation and (parts := claim.paper.select(claim.key))
        if any(is_count(fact) for facts in parts.values() for fact in facts)
    }
    chosen = list(changeable.items())
    for key, claim in dict([chosen[0], chosen[len(chosen) // 2], chosen[-1]]).items():
        with monkeypatch.context() as patch:
            assert check([claim], patch, capsys) == []
            fact = claim.paper.facts[key]
            patch.setitem(claim.paper.facts, key, replace(fact, value=2 * fact.value + 1))
            assert [found for found in check([claim], patch, capsys) if f"{citation}.{key}".startswith(found)]


@pytest.mark.parametrize(
    ("recipe", "key"),
    [
        ("lenet5_original", "lecun1998.schedule"),
        ("alexnet", "krizhevsky2012.rate"),
        ("vgg_d", "simonyan2015.rate"),
        ("googlenet", "szegedy2015.caffe.rate"),
        ("resnet50", "he2016.rate"),
        ("resnet20", "he2016.cifar.rate"),
    ],
)
def test_a_wrong_learning_rate_in_a_recipe_fails_the_check(
    recipe: str, key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def differing() -> list[str]:
        with monkeypatch.context() as patch:
            chosen = [claim for claim in ledger.claims() if f"{claim.paper.citation}.{claim.key}" == key]
            return check(chosen, patch, capsys)

    assert differing() == []
    wrong = tuple(2 * rate for rate in RECIPES[recipe].rates)
    monkeypatch.setitem(RECIPES, recipe, replace(RECIPES[recipe], rates=wrong))
    assert differing() == [key]


def made_up(confidence: str = "read", value: object = 1.0) -> Paper:
    values = value if isinstance(value, dict) else {"": value}
    facts = {f"error.{part}".rstrip("."): each for part, each in values.items()}
    return Paper(
        "someone",
        "A title",
        {key: Fact(key, each, "table 1", confidence, note="% wrong") for key, each in facts.items()},
    )


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
        (Claim(made_up(value={"a": 1, "b": 2}), "error", lambda: (1, 2)), "agrees"),
        (Claim(made_up(value={"a": 1, "b": 2}), "error", lambda: (2, 1)), "differs"),
        (Claim(made_up(value=[1, 2]), "error", lambda: (1, 2)), "agrees"),
        (
            Claim(
                made_up(value={"a": 1, "b": 2}), "error.*", lambda: {"a": 2, "b": 3}, deviation={"a": "so"}
            ),
            "differs, explained, differs",
        ),
        (Claim(made_up(value={"a": 1, "b": 2}), "error.*", lambda: {"a": 1}), "agrees, differs"),
        (Claim(made_up(value={"a": 1}), "error.*", lambda: {"a": 1, "b": 2}), "agrees, differs"),
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
    assert ledger.as_markdown(ledger.rows()).splitlines() == [
        "<details open>",
        "<summary>differs, explained: 1</summary>",
        "",
        "| claim | place | paper | ours | why |",
        "| :-- | :-- | --: | --: | :-- |",
        "| % wrong | table 1 (read) | 1 | 2.5 | another optimiser |",
        "",
        "</details>",
    ]


def test_what_differs_stands_first_and_open_and_the_rest_is_folded(rows: list[ledger.Row]) -> None:
    page = ledger.as_markdown(rows)
    folds = re.findall(r"<details( open)?>\n<summary>(.*): (\d+)</summary>", page)
    assert [verdict for is_open, verdict, _ in folds if is_open] == ["differs, explained"]
    assert folds[0][1] == "differs, explained"
    assert {verdict: int(count) for _, verdict, count in folds} == ledger.counts(rows)
    assert len(re.findall(r"(?m)^\| ", page)) == len(rows) + 2 * len(folds)


def test_epochs_to_an_error_are_counted_to_the_first_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {"fast": [0.5, 0.25, 0.2], "slow": [0.9, 0.6]}
    monkeypatch.setattr(records, "names", lambda: list(errors))
    monkeypatch.setattr(records, "load", lambda name: [{"history": {"train_error": errors[name]}}])
    assert epochs_to("fast", 25) == (2, True)
    assert epochs_to("slow", 25) == (2, False)
    assert epochs_to("never run", 25) is None
