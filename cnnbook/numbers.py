"""The numbers in the book's sentences: where each comes from, and whether the text has it right.

A number in prose stands in HTML's own element for it, and its `value` says where it is from:

    ResNet-50 has <data value="counts.ResNet50.params">25.6 million</data> weights.

There are three families of such keys.

    lecun1998.test_error           a paper's fact: its citation, the fact, and below it what the fact lists
    runs.lenet5_original.minutes   records of a recipe: test_error, spread, minutes, epochs, seeds, or a path
                                   into the record; means over the seeds, or after `.seed0.` of one of them
    experiments.flowers.trials[weights=ImageNet].test_error
                                   a path into an experiment's record; where several trials are meant, as
                                   here those of all seeds, their mean
    counts.ResNetCIFAR(depth=56).params
                                   params, macs, layers or receptive_field of a network of `cnnlib.models`
                                   or, with its name before the column, of a layer

Shares that records call error, accuracy or the like are in %.
"""

from __future__ import annotations

import ast
import functools
import re
import statistics
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnbook import papers, records

if TYPE_CHECKING:
    from cnnlib.audit import Row

# Records keep these as shares of one.
_SHARES = re.compile(r"(error|accuracy|confidence|sensitivity|specificity|among_these)$")
_RESULTS = "book/results.html"
REFERENCES = Path(__file__).parents[1] / "book" / "references.bib"


@dataclass(frozen=True)
class Number:
    """A number of the book.

    Attributes:
        value: the number, as exactly as its source has it.
        source: where it is from, for a reader.
        unit: "%" or what else is known; empty where nothing is.
        page: where in the rendered book its source is shown; empty where nowhere.
    """

    value: float
    source: str
    unit: str = ""
    page: str = ""


@functools.cache
def resolve(key: str) -> Number:
    """Find the number that a key names.

    Raises:
        LookupError: there is none; the message says at which part the key went wrong, and what is close.
    """
    family, _, rest = key.partition(".")
    found = {"runs": _run, "experiments": _experiment, "counts": _count}.get(family)
    number = found(rest) if found else _fact(key)
    if not _is_number(number.value):
        raise LookupError(f"{key} is no number but {str(number.value)[:60]!r}: name a part of it.")
    return number


def fault(key: str, text: str) -> str | None:
    """Say what is wrong with the text of an element, or nothing where it is right."""
    try:
        number, shown = resolve(key), as_shown(text)
    except LookupError as error:
        return str(error.args[0])
    except ValueError as error:
        return f"{key}: {error}"
    exact = Decimal(str(number.value))
    # A half may go either way, and so may what floating point makes of one.
    if abs(shown.value - exact) > shown.step / 2 * (1 + Decimal("1e-9")):
        return f"{key} is {exact:f}, and the text says {text}."
    if "%" in text and number.unit and "%" not in number.unit:
        return f"{key} is in {number.unit}, and the text says {text}."
    return None


# --- the text ------------------------------------------------------------------------------------------

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
_SCALES = {"thousand": 3, "million": 6, "billion": 9}
_NUMBER = re.compile(
    r"(?P<digits>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?)"
    rf"(?:\s+(?P<scale>{'|'.join(_SCALES)}))?\s*[%\u00d7]?"
)
_ELEMENT = re.compile(r'<data\s+value="([^"]*)">(.*?)</data>', re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """What a text says: a number, and what one more in its last digit is worth."""

    value: Decimal
    step: Decimal


def elements(text: str) -> list[tuple[str, str]]:
    """List the keys and texts of the numbers in Markdown or HTML, in order."""
    return [(key, re.sub(r"<[^>]*>|[*_]", "", inner).strip()) for key, inner in _ELEMENT.findall(text)]


def as_shown(text: str) -> Shown:
    """Read a number as prose writes it: 25,557,032, 25.6 million, 7e-5, 4.49 %, seven, or two million.

    Raises:
        ValueError: the text is no number; a range is two of them, each in its own element.
    """
    plain = text.replace("\u2212", "-").strip()
    word, *rest = plain.split() or [""]
    if word.lower() in _WORDS:
        plain = " ".join([str(_WORDS.index(word.lower())), *rest])
    found = _NUMBER.fullmatch(plain)
    if not found:
        raise ValueError(f"{text!r} is no number: write digits, or a word from zero to twelve.")
    digits = Decimal(found["digits"].replace(",", "")).scaleb(_SCALES.get(found["scale"], 0))
    return Shown(digits, Decimal(1).scaleb(int(digits.as_tuple().exponent)))


# --- papers --------------------------------------------------------------------------------------------

_SURE = {"computed": "computed from it", "secondary": "as others quote it", "memory": "not confirmed"}


def _fact(key: str) -> Number:
    fact, value = _paper_says(key)
    citation = key.partition(".")[0]
    doubt = f" ({_SURE[fact.confidence]})" if fact.confidence in _SURE else ""
    cited = _as_cited(citation) or papers.paper(citation).title
    return Number(value, f"{cited}, {fact.place}{doubt}", fact.unit, "book/references.html")


def _paper_says(key: str) -> tuple[papers.Fact, Any]:
    """A fact, and its value or, after `[1]`, the part of it that is meant."""
    citation, _, rest = key.partition(".")
    paper = papers.paper(_one_of(citation, papers.names(), "the book", ["runs", "experiments", "counts"]))
    name, bracket, choice = rest.partition("[")
    fact = paper.facts[_one_of(name, paper.facts, citation)]
    (value,) = _at({"": fact.value}, [bracket + choice], key) if bracket else (fact.value,)
    return fact, value


@functools.cache
def _as_cited(citation: str) -> str:
    """A paper as the text cites it, such as He et al. 2016; nothing where the references do not list it."""
    listed = REFERENCES.read_text("utf-8") if REFERENCES.is_file() else ""
    entry = re.search(rf"@\w+{{{citation},(.*?)\n}}", listed, re.DOTALL)
    if not entry:
        return ""
    found = dict(re.findall(r"(author|year) *= *{(.*?)},\n", entry[1] + "\n", re.DOTALL))
    first, *others = (author.partition(",")[0] for author in found["author"].split(" and "))
    more = " et al." if len(others) > 1 else "".join(f" and {other}" for other in others)
    return f"{first}{more} {found['year']}"


# --- records -------------------------------------------------------------------------------------------


def _run(key: str) -> Number:
    recipe, *path = _parts(key) or [""]
    runs = records.load(_one_of(recipe, records.names(), "runs"))
    place, of = recipe, f"mean of {len(runs)} seeds" if len(runs) > 1 else "one seed"
    if path and re.fullmatch(r"seed\d+", path[0]):
        seeds = {f"seed{run['seed']}": run for run in runs}
        runs = [seeds[_one_of(path[0], seeds, f"runs.{recipe}")]]
        place, of = records.anchor(runs[0]), path.pop(0).replace("seed", "seed ")
    found = [value for run in runs for value in _at(_figures(run), path, f"runs.{recipe}")]
    if path == ["seeds"]:
        found, of = [len(runs)], "counted"
    elif path == ["spread"]:
        found, of = [records.mean_and_spread(found)[1]], f"standard deviation over {len(runs)} seeds"
    unit = "minutes" if path == ["minutes"] else _unit(path)
    return Number(_mean(found, unit), f"Our record {recipe}, {of}", unit, f"{_RESULTS}#{place}")


def _figures(run: dict) -> dict[str, Any]:
    """A record with short names for what is asked most."""
    error = run["result"].get("test_error")
    return run | {
        "test_error": error,
        "spread": error,
        "minutes": run["wall_seconds"] / 60,
        "epochs": len(run["history"]["train_loss"]),
        "seeds": run["seed"],
    }


def _experiment(key: str) -> Number:
    name, *path = _parts(key) or [""]
    known = [file.stem for file in (records.FOLDER / records.EXPERIMENTS).glob("*.json")]
    found = _at(records.experiment(_one_of(name, known, "experiments")), path, f"experiments.{name}")
    of = f", mean of {len(found)} seeds" if len(found) > 1 else ""
    unit = _unit(path)
    return Number(_mean(found, unit), f"Our experiment {name}{of}", unit, f"{_RESULTS}#experiment-{name}")


def _unit(path: list[str]) -> str:
    return "%" if path and (path[-1] == "spread" or _SHARES.search(path[-1])) else ""


def _mean(values: list[Any], unit: str) -> Any:
    """The mean of what was found, in % where that is the unit; or the first of it that is no number."""
    others = [value for value in values if not _is_number(value)]
    if others:
        return others[0]
    mean = statistics.mean(Decimal(str(value)) for value in values) * (100 if unit == "%" else 1)
    return int(mean) if mean == mean.to_integral_value() else float(mean)


# --- counts --------------------------------------------------------------------------------------------


def _count(key: str) -> Number:
    network, *layer, column = _parts(key) if "." in key else [key, ""]
    builder, _, settings = network.removesuffix(")").partition("(")
    counts = _counts(builder, settings)
    of = ".".join(layer)
    found = counts[_one_of(of, counts, f"counts.{network}")]
    return Number(
        found[_one_of(column, found, f"counts.{network}")],
        f"Counted in cnnlib.models.{network}" + (f", layer {of}" if of else ""),
    )


@functools.cache
def _counts(builder: str, settings: str) -> dict[str, dict[str, int]]:
    """The counts of a network's layers, by their names, and under no name those of all of it."""
    # TensorFlow takes seconds to load, and pages without a count do without it.
    from cnnlib import audit, models
    from cnnlib.audit import without_weights

    builders = [name for name in models.__all__ if name[0].isupper()]
    build = getattr(models, _one_of(builder, builders, "counts"))
    given = _settings(settings)

    def count() -> dict[str, dict[str, int]]:
        network = build(**given)
        rows = audit.table(network)
        columns = ("params", "macs", "receptive_field")
        layers = {row.name: {column: getattr(row, column) for column in columns} for row in rows}
        fields = [row.receptive_field for row in rows if row.receptive_field]
        whole = audit.totals(rows) | {"receptive_field": max(fields), "layers": _longest_path(network, rows)}
        return {"": whole} | layers

    try:
        return without_weights(count)
    except (TypeError, ValueError) as error:
        raise LookupError(f"cnnlib.models.{builder}({settings}) can't be counted: {error}") from error


def _settings(text: str) -> dict[str, Any]:
    """Read settings written as in a call: depth=56, width=0.5."""
    try:
        call = ast.parse(f"network({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError) as error:
        raise LookupError(f"({text}) are no settings: write them as in (depth=56).") from error


def _longest_path(network: Any, rows: list[Row]) -> int:
    """How many layers that multiply lie on the longest way through a network: papers call that its depth."""
    multiplies = {row.name: bool(row.macs) for row in rows}
    depths: dict[str, int] = {}
    for layer in network.layers:
        parents = [tensor._keras_history.operation.name for tensor in layer._inbound_nodes[0].input_tensors]
        above = max((depths.get(name, 0) for name in parents), default=0)
        depths[layer.name] = above + multiplies.get(layer.name, False)
    return max(depths.values())


# --- paths ---------------------------------------------------------------------------------------------


def _parts(path: str) -> list[str]:
    """Divide a path at its dots, but not at those inside brackets."""
    return re.findall(r"(?:\[[^\]]*\]|\((?:[^()]|\([^()]*\))*\)|[^.\[(])+", path)


def _at(tree: Any, path: list[str], above: str) -> list[Any]:
    """The values at a path: several where a choice such as [layers=6] leaves trials of several seeds."""
    found = [tree]
    for part in path:
        name, _, choice = part.removesuffix("]").partition("[")
        found = [_child(node, name, above) for node in found]
        above = f"{above}.{name}"
        if "=" in choice:
            found = _chosen(found[0], dict(pair.split("=", 1) for pair in choice.split(",")), above)
        elif choice:
            found = [_child(node, choice, above) for node in found]
    return found


def _child(node: Any, name: str, above: str) -> Any:
    pairs = (
        node.items()
        if isinstance(node, Mapping)
        else enumerate(node if isinstance(node, list | tuple) else [])
    )
    children = {str(key): value for key, value in pairs}
    return children[_one_of(name, children, above)]


def _chosen(items: list[dict], wanted: dict[str, str], above: str) -> list[dict]:
    rows = [item for item in items if isinstance(item, dict)]
    chosen = [row for row in rows if all(str(row.get(key)) == value for key, value in wanted.items())]
    if not chosen:
        raise LookupError(f"{above} has nothing with {wanted}.")
    seeds = [item.get("seed") for item in chosen]
    if len(set(seeds)) < len(seeds):
        raise LookupError(f"{above} has {len(chosen)} with {wanted}, and not of so many seeds: say more.")
    return chosen


def _one_of(name: str, known: Collection[str], above: str, more: Iterable[str] = ()) -> str:
    """Return a name that is known.

    Raises:
        LookupError: it is not; the message has those that are close, or a few that there are.
    """
    names = [name for name in (*known, *more) if name]
    if name in known:
        return name
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    instead = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names[:12])} ..."
    raise LookupError(f"{above} has no {name!r}: {instead}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
