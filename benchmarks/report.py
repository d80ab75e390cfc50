"""Tables and figures of what the benchmarks measured, for the terminal and for the book."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnlib import evaluation, plots
from cnnlib.plots import Drawing, drawing, look
from cnnlib.tables import Table

FOLDER = Path(__file__).parent
Record = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A question that several benchmarks answer.

    Attributes:
        figure: what their figure is.
        form: how it is written.
        below: whether less is better.
    """

    figure: str
    form: str
    below: bool = False


KINDS = {
    "fit": Kind("images a second, as a multiple of model.fit's", "{:.2f}"),
    "fastest": Kind("images a second, as a multiple of the fastest model.fit's", "{:.2f}"),
    "torch": Kind("images a second, as a multiple of plain PyTorch's", "{:.2f}"),
    "wait": Kind("share of the time spent waiting for data", "{:.1%}", below=True),
    "peak": Kind("share of a matrix product's operations a second", "{:.0%}"),
    "growth": Kind("share of the variance that a straight line explains", "{:.4f}"),
}


def load(folder: Path = FOLDER / "results") -> list[Record]:
    """All records, those of one file, which is one kind of hardware, together; `hardware_file` names it."""
    return [
        record | {"hardware_file": path.stem}
        for path in sorted(folder.glob("*.json"))
        for record in json.loads(path.read_text()).values()
    ]


def notes(path: Path = FOLDER / "notes.json") -> dict[str, dict[str, str]]:
    """Explanations of missed goals: for each file of records, by benchmark. Written by hand."""
    return json.loads(path.read_text())


def met(record: Record) -> bool | None:
    """Whether the median meets the goal; None where there is no goal or nothing was measured."""
    if record["goal"] is None or "skipped" in record:
        return None
    if KINDS[record["kind"]].below:
        return record["median"] < record["goal"]
    return record["median"] >= record["goal"]


def missed(records: Sequence[Record]) -> list[Record]:
    """Those that miss their goal."""
    return [record for record in records if met(record) is False]


def line(record: Record) -> str:
    """One line for the terminal."""
    kind = KINDS[record["kind"]]
    if "skipped" in record:
        return f"{record['name']}  skipped: {record['skipped']}"
    told = f"{record['name']}  {kind.figure}: {_measured(record)}"
    told += f" ({_range(record)})" if _range(record) else ""
    if "line" in record:
        told += f"; {_slope(record)}"
    verdict = {None: "no goal", True: "met", False: "missed"}[met(record)]
    return f"{told}, goal {_goal(record) or 'none'}: {verdict}, {record['wall_seconds']:.0f} s in all"


def table(records: Sequence[Record], kind: str) -> Table:
    """What was measured of one kind: a row for each benchmark and hardware, named if there are several."""
    found = [record for record in records if record["kind"] == kind]
    rows = []
    for record in found:
        verdict = {None: "", True: "yes", False: "no"}[met(record)]
        told = ["not run", ""] if "skipped" in record else [_measured(record), _range(record)]
        rows.append([record["case"], *told, _goal(record), verdict, hardware(record)])
    head = ["case", "median", "range", "goal", "met", "hardware"]
    if len(set(map(hardware, found))) == 1:
        head, rows = head[:-1], [row[:-1] for row in rows]
    return Table(head, rows)


def lines_table(records: Sequence[Record]) -> Table:
    """The straight lines of the records of growth."""
    grown = [record for record in records if "line" in record]
    rows = [
        [record["case"], _slope(record), _measured(record), hardware(record), record["finished"][:10]]
        for record in grown
    ]
    return Table(["case", "slope", "R2", "hardware", "date"], rows)


def explanations(records: Sequence[Record], written: dict[str, dict[str, str]]) -> str:
    """In Markdown, why goals were missed and why benchmarks were not run."""
    why: dict[str, list[str]] = {}  # one reason may be that of several
    for record in missed(records):
        told = written.get(record["hardware_file"], {}).get(record["name"], "Not explained yet.")
        missing = f"**{record['case']}** on {hardware(record)}, goal {_goal(record)} missed"
        why.setdefault(told, []).append(missing)
    items = [f"- {'; '.join(missing)}: {told}" for told, missing in why.items()]
    items += [
        f"- **{record['case']}** on {hardware(record)}, not run: {record['skipped']}"
        for record in records
        if "skipped" in record
    ]
    return "\n".join(items)


def surroundings(records: Sequence[Record]) -> str:
    """In Markdown, what each measurement was made with; those made alike share a paragraph."""
    groups: dict[str, list[str]] = {}
    for record in records:
        versions = ", ".join(f"{package} {number}" for package, number in record["versions"].items())
        made, commit = f"{hardware(record)}, {record['finished'][:10]}", (record["commit"] or "none")[:10]
        text = f"- {made}\n- Versions: {versions}\n- Commit: `{commit}`"
        groups.setdefault(text, []).append(f"`{record['name']}`")
    return "\n\n".join(f"{', '.join(names)}:\n\n{text}" for text, names in groups.items())


def settings(records: Sequence[Record]) -> Table:
    """What both sides of each measurement had alike."""
    head = ("images", "batch_size", "augmentation", "precision")
    rows = [
        [f"`{record['name']}`", hardware(record), *(record["settings"][name] or "none" for name in head)]
        for record in records
        if "settings" in record
    ]
    return Table(["benchmark", "hardware", *(name.replace("_", " ") for name in head)], rows)


def own_pictures(folder: Path = FOLDER / "results" / "own_pictures") -> Table:
    """Errors and work of learning own pictures by one call and by a script, and whether they differ."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text())
        by_seed = {
            way: {each["seed"]: each["error"] for each in found} for way, found in record["ways"].items()
        }
        points = evaluation.paired_seeds(by_seed["call"], by_seed["script"])
        minutes = {
            way: np.median([each["core_seconds"] for each in found]) / 60
            for way, found in record["ways"].items()
        }
        errors = {way: np.mean(list(found.values())) for way, found in by_seed.items()}
        images = record["images"]
        rows.append(
            [
                f"{record['name']}: {record['classes']} classes; {images['train']} to learn from",
                *(f"{errors[way]:.1%} in {minutes[way]:.1f} core minutes" for way in ("call", "script")),
                points.sentence,
                f"{hardware(record)}, {record['finished'][:10]}, `{(record['commit'] or 'none')[:10]}`",
            ]
        )
    return Table(["pictures", "cnn.learn", "script", "script's error minus the call's", "made with"], rows)


def own_settings(
    path: Path = FOLDER / "results" / "settings" / "flowers12.json",
) -> tuple[Table, dict[str, float]]:
    """What settings of `cnn.learn` were chosen by, as means over seeds; and the best value of each."""
    record, rows, best = json.loads(path.read_text()), list[list[object]](), {}
    for setting, values in record["grid"].items():
        # Of a training's epochs the one with the lowest loss counts, whose weights are kept.
        found = [[min(trial) for trial in seed[setting]] for seed in record["seeds"]]
        means = np.mean(found, axis=0)
        best[setting] = values[int(means[:, 0].argmin())]
        for value, (loss, error) in zip(values, means.tolist(), strict=True):
            mark = "lowest loss" if value == best[setting] else ""
            rows.append([setting, f"{value:g}", f"{loss:.3f}", f"{error:.1%}", mark])
    return Table(["setting", "value", "validation loss", "validation error", ""], rows), best


def hardware(record: Record) -> str:
    """Name the hardware of a record in a few words."""
    found = record["hardware"]
    if found.get("gpus"):
        return f"{len(found['gpus'])} x {found['gpus'][0]}"
    return f"{found['processor']}, {found['cores']} cores"


@look.styled  # the look of the book's figures, for a figure that only this page has
def growth(record: Record) -> Drawing:
    """Draw cost against amount of work, with the range of each point and the straight line through them.

    Args:
        record: of the kind "growth", not skipped.
    """
    devices = record["of"] == "devices"
    heading = "images a second" if devices else "seconds for an epoch"
    figure, axes = drawing.chart(250)
    x = [point["x"] for point in record["points"]]
    y = [point["images_per_second" if devices else "median"] for point in record["points"]]
    fitted = record["line"]
    ends = [0, max(x)]
    axes.plot(
        ends,
        [fitted["intercept"] + fitted["slope"] * end for end in ends],
        color=plots.GREY,
        lw=1.3,
        label="straight line by least squares",
    )
    if not devices:
        low, high = ([point[end] for point in record["points"]] for end in ("low", "high"))
        axes.vlines(x, low, high, color=plots.BLUE, lw=2, alpha=0.6)
    axes.plot(x, y, color=plots.BLUE, marker="o", ms=6, ls="none", label="median of the rounds, with range")
    axes.set(xlim=(0, max(x) * 1.05), ylim=(0, None), xlabel=f"training {record['of']}", title=heading)
    axes.set_xticks(x, [f"{value:,}" for value in x])
    drawing.legend(figure, axes)
    points = "; ".join(f"{a:,} {record['of']}: {b:,.3g}" for a, b in zip(x, y, strict=True))
    return drawing.finish(
        figure, f"{record['case']} on {hardware(record)}, {heading}. {points}. {_slope(record)}."
    )


def _goal(record: Record) -> str:
    if record["goal"] is None:
        return ""
    kind = KINDS[record["kind"]]
    return ("below " if kind.below else "at least ") + kind.form.format(record["goal"])


def _measured(record: Record) -> str:
    return KINDS[record["kind"]].form.format(record["median"])


def _range(record: Record) -> str:
    """From least to most; nothing where there is one figure for all rounds."""
    if record["low"] == record["high"]:
        return ""
    form = KINDS[record["kind"]].form
    return f"{form.format(record['low'])} to {form.format(record['high'])}"


def _slope(record: Record) -> str:
    slope, intercept = record["line"]["slope"], record["line"]["intercept"]
    if record["of"] == "devices":
        return f"{slope:,.0f} images a second more with each device"
    return f"{1e6 * slope:.1f} s for a million images, {intercept:.2f} s at none"
