"""The ledger: every figure of a paper has its claim, and none differs without a written reason."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace

import pytest

from cnnlib import ledger, papers
from cnnlib.__main__ import main
from cnnlib.ledger import Claim, close
from cnnlib.papers import Fact, Paper
from cnnlib.papers.lecun1998 import LECUN1998


def all_papers() -> list[Paper]:
    modules = [
        importlib.import_module(f"cnnlib.papers.{found.name}")
        for found in pkgutil.iter_modules(papers.__path__)
    ]
    return [paper for module in modules for paper in vars(module).values() if isinstance(paper, Paper)]


@pytest.fixture(scope="module")
def rows() -> list[ledger.Row]:
    return ledger.rows()


def test_nothing_differs_without_a_written_reason(rows: list[ledger.Row]) -> None:
    assert [f"{row.key}: {row.expected} against {row.ours}" for row in rows if row.verdict == "differs"] == []


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
    assert len(facts) > 50


def test_a_figure_from_memory_is_shown_and_not_asserted(rows: list[ledger.Row]) -> None:
    from_memory = [row for row in rows if row.confidence == "memory"]
    assert {row.key for row in from_memory} >= {"mu", "curvature_patterns"}
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


@pytest.mark.parametrize("key", ["parameters", "c3_links", "schedule", "squash_at_one", "layer_table"])
def test_one_changed_figure_fails_the_check(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    claims = [claim for claim in ledger.claims() if claim.key in ("input_size", key)]
    monkeypatch.setattr(ledger, "claims", lambda: claims)
    assert main(["ledger", "--check"]) == 0
    fact = LECUN1998.facts[key]
    changed = {
        "schedule": fact.value[:-1] if key == "schedule" else None,
        "layer_table": {**fact.value, "s2": ((14, 14, 6), 24, 5_880)} if key == "layer_table" else None,
    }.get(key) or fact.value * 1.01
    monkeypatch.setitem(LECUN1998.facts, key, replace(fact, value=changed))
    assert main(["ledger"]) == 0
    capsys.readouterr()
    assert main(["ledger", "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines if line.startswith("differs")] == [
        ["differs", "lecun1998", f"{key}.s2" if key == "layer_table" else key]
    ]
    assert lines[-1].startswith("agrees: ")
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
    assert ledger._within_sampling(expected, ours=0.9) is agrees


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
