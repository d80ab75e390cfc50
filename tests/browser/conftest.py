"""The built book in a browser: what every test of a page starts from."""

import gzip
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book"))

from build import BuildError  # noqa: E402
from pdf import launch  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    if not (HTML / "index.html").is_file():
        pytest.exit("There is no book in _build/html: make book", returncode=1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except BuildError as error:
            pytest.exit(f"error: {error}", returncode=1)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address() -> Callable[[str], str]:
    """The address of a page, such as "book/welcome.html"."""
    return lambda page: (HTML / page).as_uri()


class Compressed(SimpleHTTPRequestHandler):
    """Sends files as the servers of pages do: compressed."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        body = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """The address of the book on a server."""
    handler = partial(Compressed, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A reader's browser without a network; what pages complain of or ask of elsewhere fails the test."""
    # Colours on their way from one to another would be looked at half-way.
    context = browser.new_context(
        offline=True, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    complaints: list[str] = []
    context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    context.on("weberror", lambda thrown: complaints.append(str(thrown.error)))
    context.on(
        "request",
        lambda request: None if _own(request.url) else complaints.append(f"asks for {request.url}"),
    )
    context.on(
        "requestfailed",
        # What is on its way when a page is left is no fault of the page.
        lambda request: (
            None
            if request.failure == "net::ERR_ABORTED"
            else complaints.append(f"does not get {request.url}")
        ),
    )
    yield context
    context.close()
    assert not complaints


def _own(url: str) -> bool:
    """Whether an address is of the book's folder, or made by a page itself."""
    return url.startswith((f"{HTML.as_uri()}/", "data:", "blob:"))


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def contrast(ink: str, paper: str) -> float:
    """The contrast of two CSS colours, as WCAG defines it."""
    brighter, darker = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of a CSS colour, as WCAG defines it; none for what lets light through."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", colour)]
    assert len(numbers) == 3 or numbers[3] == 1, f"{colour} is not opaque"
    shares = [number / 255 for number in numbers[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def barriers(page: Page, **options: list[str]) -> list[str]:
    """What axe-core finds on a page, of any severity."""
    settings = {"resultTypes": ["violations"], "preload": False}  # its preloading asks for files by script
    # The rows of a long table are alike: looking at all of the ledger's takes a minute.
    found = Axe().run(page, {"exclude": ["tr:nth-child(n+12)"]}, settings | options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def assert_its_picture_stands_in(browser: Browser, page: Page, widget: str) -> None:
    """A widget, which a page shows, gives its place to its picture on paper and where no scripts run."""
    drawn = f".cnn-widget[data-widget={widget}] > figure"
    assert not page.locator(drawn).is_visible()
    page.emulate_media(media="print")
    assert page.locator(drawn).is_visible()
    assert not page.locator(f".cnn-{widget}").is_visible()
    bare = browser.new_page(java_script_enabled=False)
    bare.goto(page.url)
    assert bare.locator(drawn).is_visible()
    bare.close()
