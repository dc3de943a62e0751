"""A real Chromium, and the built site on a local server: `site/`, or what `SITE` names.

A test takes `page` where it begins with nothing kept and Python starts cold; where a first visit is
its subject, `context` as well: then the browser has no past either.
Others take `visit`, which spares them the start; once Python is there, a widget whose settings are
not the defaults asks it at once. What loads a page and needs no Python takes `window`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    expect,
    sync_playwright,
)

from scripts.bootstrap import CHROMIUM_FLAGS, shell
from scripts.serve import serving
from tests.browser.reader import PATIENCE, RECORD, WINDOW, Visit, empty, revisit
from tests.browser.workbench import bench, damaged, workbench  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]

expect.set_options(timeout=1000 * PATIENCE)


# Files that take longest come first, so that no worker waits for one at the end.
LONGEST = (
    *("test_access", "test_site", "test_preview", "test_elements", "test_editor", "test_fits"),
    *("test_widget", "test_subpath", "test_faults", "test_sandbox", "test_damage"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as one that needs the built site, and put them in order."""
    order = {name: place for place, name in enumerate(LONGEST)}
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("site")
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session")
def site_folder() -> Path:
    folder = Path(os.environ.get("SITE", ROOT / "site"))
    if not (folder / "index.html").is_file():
        pytest.fail(f"{folder} holds no built site; run python3 scripts/dev.py build")
    return folder


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[str]:
    with serving(site_folder) as address:
        yield address


@dataclass
class Host:
    """Another host that takes every request, the paths it was asked for, and its one page."""

    address: str
    asked: list[str]
    html: str = ""


@pytest.fixture
def host() -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/html" if found.html else "text/javascript")
            self.end_headers()
            self.wfile.write((found.html or "export default 1").encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Host(f"http://localhost:{server.server_port}/", [])
    Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a browser whose pages are still: a test that is about motion asks for it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shell(), args=CHROMIUM_FLAGS)
        browser.on("context", lambda context: context.set_default_timeout(1000 * PATIENCE))
        browser.new_context = partial(browser.new_context, reduced_motion="reduce")  # type: ignore[method-assign]
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=WINDOW) as context:
        context.add_init_script(RECORD)
        yield context


@contextmanager
def apart(browser: Browser) -> Iterator[Page]:
    """One page that keeps what it meets from all others."""
    with browser.new_context(viewport=WINDOW) as context:
        context.add_init_script(RECORD)
        yield context.new_page()


@contextmanager
def sound(page: Page) -> Iterator[None]:
    """Fail if the page raises an uncaught error."""
    errors: list[str] = []

    def note(error: Error) -> None:
        errors.append(str(error))

    page.on("pageerror", note)
    yield
    page.remove_listener("pageerror", note)
    assert errors == []


@pytest.fixture(scope="module")
def used(browser: Browser) -> Iterator[Page]:
    """One window, emptied between tests of a file: its engine is warm, which halves a load."""
    with apart(browser) as page:
        yield page


@pytest.fixture
def page(request: pytest.FixtureRequest, site: str) -> Iterator[Page]:
    """A page of a fresh profile, which must not raise an uncaught error."""
    if "context" in request.fixturenames:
        context: BrowserContext = request.getfixturevalue("context")
        page = context.new_page()
    else:
        page = request.getfixturevalue("used")
        empty(page, site)
    with sound(page):
        yield page


@pytest.fixture
def without_python(page: Page, site: str) -> str:
    """The address of the site, of whose Python nothing comes to the test's page."""
    page.context.route("**/assets/py/**", lambda route: route.fulfill(status=404))
    return site


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """One window in which the tests of a file load their pages, where no first visit is meant.

    What pages remember for a visit stays. There must not be an uncaught error.
    """
    with apart(browser) as page, sound(page):
        yield page


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """One page for the tests of a file, and with it one Python."""
    with apart(browser) as page:
        yield page


@pytest.fixture
def visit(tab: Page, site: str) -> Iterator[Visit]:
    """Open a page as a link does, in a visit that other tests have begun and that forgets them.

    What they have left, in storage, in the address, in records and routes, is gone; Python may
    have started. As with `page`, there must not be an uncaught error.
    """
    with sound(tab):
        yield partial(revisit, tab, site)
        tab.unroute_all()
        tab.context.unroute_all()
        tab.context.clear_permissions()
        tab.emulate_media(reduced_motion="reduce")
