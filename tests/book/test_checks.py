from pathlib import Path

import checks
import pytest
from finish import finished, with_description, with_sources

HEAD = '<!DOCTYPE html><html lang="en"><head><title>a</title></head><body>'
END = "</body></html>"


def everything(folder: Path) -> list[str]:
    pages = checks.read_pages(folder)
    return [*checks.faults(folder, pages), *checks.network_faults(folder, pages)]


def faults_of(folder: Path, body: str, **files: str) -> list[str]:
    """What is wrong with a folder of a page and other files."""
    (folder / "page.html").write_text(f"{HEAD}{body}{END}")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return everything(folder)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<p id="a"><a href="#a">x</a> <a href="other.html#b">y</a></p>', None),
        ('<p><a href="https://example.org/#x">x</a> <a href="mailto:a@example.org">y</a></p>', None),
        ("<p>x</b></p>", "not valid HTML: line 1: "),
        ("<ul><li>x</ul></div>", "not valid HTML: line 1: "),
        ('<p id="a"></p><p id="a"></p>', '2 elements have the id "a"'),
        ('<a href="#b">x</a>', "#b leads to a page that has no such place"),
        ('<a href="other.html#a">x</a>', "other.html#a leads to a page that has no such place"),
        ('<a href="other.html#batch=4&amp;seed=1">x</a>', None),  # what a page begins with
        ('<a href="nowhere.html#batch=4">x</a>', "nowhere.html#batch=4 leads to no file"),
        ('<a href="nowhere.html">x</a>', "nowhere.html leads to no file"),
        ('<a href="data.csv" download>x</a>', "data.csv leads to no file"),
        ('<img src="_images/none.png" alt="">', "_images/none.png leads to no file"),
        (
            '<script src="https://example.org/x.js"></script>',
            "loads https://example.org/x.js from the network",
        ),
        (
            "<code>pip install git+https://example.org/OWNER/REPOSITORY</code>",
            "OWNER/REPOSITORY stands where",
        ),
    ],
)
def test_faults_of_a_page(tmp_path: Path, body: str, fault: str | None) -> None:
    found = faults_of(tmp_path, body, other_html=f'{HEAD}<p id="b"></p>{END}')
    assert len(found) == (fault is not None)
    assert not fault or found[0].startswith(f"page.html: {fault}")


def test_a_download_with_the_stand_in_address(tmp_path: Path) -> None:
    (found,) = faults_of(tmp_path, "", a_ipynb="pip install git+https://github.com/OWNER/REPOSITORY")
    assert found == "a.ipynb: OWNER/REPOSITORY stands where a reader would click or copy"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<a href="https://example.org/x.js">a link to click</a>', None),
        ('<link rel="canonical" href="https://example.org/">', None),
        ('<script src="../_static/x.js"></script><img src="a//b.png">', None),
        ('<script src="https://cdn.example.org/x.js"></script>', "https://cdn.example.org/x.js"),
        ('<script src="//cdn.example.org/x.js"></script>', "//cdn.example.org/x.js"),
        ('<link rel="stylesheet" href="https://fonts.example.org/css">', "https://fonts.example.org/css"),
        ('<link href="http://x.example.org" rel="preconnect">', "http://x.example.org"),
        ('<img srcset="a.png 1x, https://example.org/b.png 2x">', "https://example.org/b.png 2x"),
        ('<svg><image href="https://example.org/a.png"/></svg>', "https://example.org/a.png"),
        ("<p style=\"background: url('https://example.org/b.png')\">", "https://example.org/b.png"),
        ("<style>@import 'https://example.org/c.css';</style>", "https://example.org/c.css"),
        (
            '<script>require.config({paths: {p: "https://a.example.org/p.js"}})</script>',
            "https://a.example.org/p.js",
        ),
    ],
)
def test_remote_resources_of_a_page(tmp_path: Path, page: str, found: str | None) -> None:
    (tmp_path / "page.html").write_text(page)
    loaded = [fault for _, fault in checks.remote_resources(checks.read_pages(tmp_path))]
    assert len(loaded) == (found is not None)
    assert not found or loaded[0].endswith(f"{found} from the network")


def test_remote_resources_of_a_style_sheet(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text(
        "a { background: url(b.png) } @font-face { src: url(https://example.org/f.woff2) }"
    )
    assert [fault for _, fault in checks.remote_styles(tmp_path)] == [
        "loads https://example.org/f.woff2 from the network"
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('<script src="../_static/vendor/fontawesome/6/js/all.min.js?d=1"></script>', ""),
        ('<link rel="preload" as="font" crossorigin href="../vendor/fontawesome/x.woff2" />', ""),
        ('<a href="x">A</a><details><summary>', '<a href="x">A</a><details><summary aria-label="Under “A”">'),
        (
            '<input id="search-input"><input id="search-input">',
            '<input id="search-input"><input id="search-input-again">',
        ),
        ('<div role="list" class="citation-list">', '<div class="citation-list">'),
        ('<div class="citation" role="doc-biblioentry">', '<div class="citation">'),
        (
            '<div class="sidebar-primary-item"><a class="navbar-brand">',
            '<div class="sidebar-primary-item" role="navigation" aria-label="Cover"><a class="navbar-brand">',
        ),
        (
            '<div class="cell tag_scroll-output">…<div class="cell_output docutils container">',
            '<div class="cell tag_scroll-output">…<div class="cell_output docutils container" tabindex="0">',
        ),
        ('<th class="head text-left"><p></p></th>', "<td></td>"),
        ('<script src="../_static/book.js"></script>', '<script src="../_static/book.js"></script>'),
    ],
)
def test_a_page_is_finished(written: str, expected: str) -> None:
    assert finished(written) == expected


def test_the_first_page_leads_on_and_is_valid(tmp_path: Path) -> None:
    (tmp_path / "welcome.html").write_text(f"{HEAD}{END}")
    written = '<meta http-equiv="Refresh" content="0; url=welcome.html" />\n'
    (tmp_path / "index.html").write_text(finished(written))
    assert not everything(tmp_path)
    assert 'content="0; url=welcome.html"' in (tmp_path / "index.html").read_text()


def test_a_page_says_in_its_head_what_it_is_about() -> None:
    page = "<head><title>VGG — The book</title></head><article><p>Small <em>kernels</em> &amp; depth.</p>"
    told = with_description(page)
    assert '<meta name="description" content="Small kernels &amp; depth." />' in told
    assert '<meta property="og:title" content="VGG" />' in told
    assert with_description("<head></head><p>no article</p>") == "<head></head><p>no article</p>"


def test_a_number_of_a_page_gets_its_source() -> None:
    page = (
        '<p><data value="he2016.cifar.resnet20.test_error">8.75</data> <data value="runs.none">1</data></p>'
    )
    assert with_sources(page, "../") == (
        '<p><data value="he2016.cifar.resnet20.test_error" data-source="He et al. 2016, '
        'table 6" data-page="../book/references.html">8.75</data> <data value="runs.none">1</data></p>'
    )
    run = with_sources('<data value="runs.resnet20_short.test_error">', "")
    assert ' data-page="book/results.html#resnet20_short">' in run
    assert "data-page" not in with_sources('<data value="counts.LeNet5.params">', "")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<data value="he2016.cifar.resnet20.test_error">8.75</data>', None),
        ('<data value="he2016.cifar.resnet20.test_error">8.76</data>', "is 8.75, and the text says 8.76."),
        ('<data value="he2016.cifar.resnet20.error">8.75</data>', "did you mean cifar.resnet20.test_error"),
        ("<data>8.75</data>", "the book has no ''"),
        ('<p id="b"><data value="he2016.nets" data-page="page.html#b">6</data>', None),
        (
            '<data value="he2016.nets" data-page="page.html#a">six</data>',
            "page.html#a, the source of",
        ),
    ],
)
def test_numbers_of_a_page_are_what_their_sources_say(tmp_path: Path, body: str, fault: str | None) -> None:
    found = faults_of(tmp_path, body)
    assert len(found) == (fault is not None)
    assert not fault or fault in found[0]
