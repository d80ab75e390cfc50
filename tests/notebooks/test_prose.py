"""A number in a sentence stands in <data>, and is what its source says; no measured figure stands outside."""

import re
import tomllib
from pathlib import Path

import pytest
from prose import Page, parse, read

from cnnbook import numbers
from cnnbook.numbers import elements, fault

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("notebooks/**/*.ipynb"), *ROOT.glob("book/*.ipynb"), *ROOT.glob("book/*.md")])
ALLOWED = tomllib.loads(Path(__file__).with_name("figures.toml").read_text("utf-8"))["allowed"]

every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())

_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_SCALES = "thousand|million|billion"
# Thousands, decimals, powers of ten, percentages, millions: what a fact or a measurement looks like.
FIGURE = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+(?:e-?\d+)?|\d+e-?\d+"
    rf"|\d+(?=\s*(?:%|per ?cent\b|(?:{_SCALES})\b))|(?:{_WORDS})(?=\s+(?:{_SCALES})\b))(?!\.?\d)",
    re.IGNORECASE,
)
_NAMED = "sections?|figures?|tables?|equations?|chapters?|appendix|versions?|CC BY|Python|TensorFlow|Keras"
PLACE = re.compile(rf"(?:{_NAMED})\s+\d[\d.]*(?:(?:,|,? and|,? or|,? to)\s+\d[\d.]*)*", re.IGNORECASE)
TAG = re.compile(r"<data\b[^>]*>.*?</data>|<[^>]*>", re.DOTALL)


def wrong_numbers(page: Page) -> list[str]:
    """The numbers of a page that are not what their sources say, and those that nobody could look up."""
    faults = [f"{alt!r}: a reader would hear the tag" for alt in page.alt if "<data" in alt]
    for text in [*page.prose, *page.html]:
        found = elements(text)
        faults += [wrong for key, shown in found if (wrong := fault(key, shown))]
        if len(re.findall(r"<data\b", text)) != len(found):
            faults.append(f'{text!r} has a number that is not written as <data value="KEY">TEXT</data>')
    return faults


def bare_figures(page: Page) -> list[str]:
    """The measured figures of a page outside <data>; an alternative text may repeat one that stands there."""
    stated = {shown for text in [*page.prose, *page.html] for _, shown in elements(text)}
    found = [match[0] for text in page.prose for match in FIGURE.finditer(_plain(text))]
    repeated = [match[0] for text in page.alt for match in FIGURE.finditer(_plain(text))]
    return found + [figure for figure in repeated if figure not in stated]


def _plain(text: str) -> str:
    return PLACE.sub("", TAG.sub("", text))


def list_faults(bare: list[str], allowed: list[str]) -> list[str]:
    """What is wrong with a page's bare figures, given the list of those that may be."""
    needless = [f"{figure} is allowed and not there" for figure in allowed if figure not in bare]
    return [f"{figure} stands outside of <data>" for figure in bare if figure not in allowed] + needless


@every_page
def test_every_number_is_what_its_source_says(path: Path) -> None:
    assert wrong_numbers(read(path)) == []


def test_the_numbers_of_the_readme_are_right() -> None:
    assert wrong_numbers(read(ROOT / "README.md")) == []


@every_page
def test_no_measured_figure_stands_outside(path: Path) -> None:
    allowed = ALLOWED.get(path.relative_to(ROOT).as_posix(), [])
    assert list_faults(bare_figures(read(path)), allowed) == []


def test_the_list_names_pages_that_there_are() -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in PAGES}
    assert set(ALLOWED) <= pages


def test_the_examples_for_contributors_are_right() -> None:
    examples = elements((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    keys = re.findall(r"^ {4}(\S+(?:\([^)]*\))?\.\S+)(?:\s|$)", numbers.__doc__ or "", re.MULTILINE)
    assert len(examples) == 3
    assert len(keys) == 4
    assert [fault(key, shown) for key, shown in examples] == [None] * 3
    assert [numbers.resolve(key).value > 0 for key in keys] == [True] * 4


# --- that the tests can fail ---------------------------------------------------------------------------

RIGHT = '<data value="he2016.cifar.resnet20.test_error">8.75</data>'
WRONG = RIGHT.replace("8.75", "8.76")


@pytest.mark.parametrize(
    "markdown",
    [
        f"In a sentence: {WRONG} %.",
        f"**{WRONG}**",
        f"- an item\n- {WRONG}",
        f"| a | b |\n|---|---|\n| {WRONG} | |",
        f"```{{figure}} a.png\n:name: a\n\nA caption: {WRONG}\n```",
        f":::{{note}}\n{WRONG}\n:::",
        f"<figure><img src='a.png'><figcaption>{WRONG}</figcaption></figure>",
        f"> {WRONG}",
        WRONG.replace("8.76", "**8.76**"),
    ],
)
def test_a_wrong_number_is_found_wherever_it_stands(markdown: str) -> None:
    assert wrong_numbers(parse(markdown)) == [
        "he2016.cifar.resnet20.test_error is 8.75, and the text says 8.76."
    ]
    assert wrong_numbers(parse(markdown.replace("8.76", "8.75"))) == []


@pytest.mark.parametrize(
    ("markdown", "told"),
    [
        (RIGHT.replace("test_error", "error"), "did you mean cifar.resnet20.test_error"),
        ('<data value="runs.resnet20_gone.test_error">21.9</data>', "runs has no 'resnet20_gone'"),
        ("<data>8.75</data>", "is not written as"),
        ("<data value='he2016.nets'>six</data>", "is not written as"),
        ('<data value="he2016.nets">six', "is not written as"),
        (f"![{RIGHT} %](a.png)", "a reader would hear the tag"),
    ],
)
def test_what_else_is_wrong_with_a_number(markdown: str, told: str) -> None:
    (found,) = wrong_numbers(parse(markdown))
    assert told in found


def test_what_a_cell_gave_is_read_too() -> None:
    assert wrong_numbers(Page(html=[f"<figcaption>{WRONG}</figcaption>"]))


@pytest.mark.parametrize("markdown", ["`<data>`", "```html\n<data>\n```", "<datalist>"])
def test_an_element_that_is_spoken_of_is_none(markdown: str) -> None:
    assert wrong_numbers(parse(markdown)) == []


@pytest.mark.parametrize(
    ("markdown", "figures"),
    [
        ("61,706 weights and 0.95, 95 %, *4.5* or 7e-5", ["61,706", "0.95", "95", "4.5", "7e-5"]),
        ("25 million, 3.9 billion, two million, 60 thousand", ["25", "3.9", "two", "60"]),
        ("5x5, 32 x 32, 20 passes, 2016, 2026-11-22, Python 3.11, 3.12 or 3.13, 3.11.7", []),
        ("section 3.4, Figure 5.14, tables 1.2 and 1.3, CC BY 4.0", []),
        ("`0.5`, $1.5$, [a](http://b/1.5), <a href='1.5'>b</a>", []),
        ("$$\n1.5\n$$\n\n```python\n1.5\n```\n\n```{code-block} sh\n1.5\n```", []),
        (f"{RIGHT} % is not 8.8 %", ["8.8"]),
        ("![an error of 8.75 %](a.png)", ["8.75"]),
        (f"![an error of 8.75 %](a.png) {RIGHT}", []),
        ("```{figure} a.png\n:alt: 8.75 %\n\n9.5\n```", ["9.5", "8.75"]),
    ],
)
def test_figures_are_recognised(markdown: str, figures: list[str]) -> None:
    assert bare_figures(parse(markdown)) == figures


def test_texts_typed_in_code_are_read(tmp_path: Path) -> None:
    import nbformat

    code = 'plots.images(a, alt="of 8.75 %", caption=f"{a:.2f} and 9.5", other="1.5")'
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(notebook, tmp_path / "a.ipynb")
    assert bare_figures(read(tmp_path / "a.ipynb")) == ["9.5", "8.75"]


@pytest.mark.parametrize(
    ("bare", "allowed", "faults"),
    [
        (["1.5"], [], ["1.5 stands outside of <data>"]),
        (["1.5"], ["1.5"], []),
        ([], ["1.5"], ["1.5 is allowed and not there"]),
    ],
)
def test_a_figure_is_listed_while_it_stands_there(bare, allowed, faults) -> None:
    assert list_faults(bare, allowed) == faults
