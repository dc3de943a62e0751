"""A new release leaves no reader behind, in whatever order it arrives, whatever caches believe."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.serve import serving
from tests.browser.reader import MAPPED, becomes, touch

LORA = "methods/lora/"
ALIVE = "adapter-demo .aim:not([disabled])"
LOST = ".missing"
PAGES = ("/", ".html", ".xml", "/search_index.json")
"""The ends of addresses that are the same in every release."""
DIGEST = re.compile(r"(?<=-)[0-9a-f]{32}(?=\.(?:js|css)\b)")


def turned(text: str) -> str:
    """Turn round the digests in the names of scripts and styles: the other release has these."""
    return DIGEST.sub(lambda digest: digest[0][::-1], text)


class Host:
    """A plain host that release B arrives at in parts, with caches that believe it for a while.

    B has other pages, and other scripts and styles, with other names.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages = self.files = "A"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path: str = environ["PATH_INFO"]
        release = self.pages if path.endswith(PAGES) else self.files
        name = (turned(path) if release == "B" else path).lstrip("/")
        file = self.folder / name / ("index.html" if path.endswith("/") else "")
        found = file.is_file()
        file = file if found else self.folder / "404.html"
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        body = file.read_bytes()
        if path.endswith("sitemap.xml"):
            body = re.sub(
                rb"(?<=<loc>)https?://[^/<]+", f"http://{environ['HTTP_HOST']}".encode(), body
            )
        elif release == "B" and file.suffix in (".css", ".html", ".js"):
            body = newer(file.name, body.decode()).encode()
        headers = {"Content-Type": kind, "Content-Length": f"{len(body)}"}
        headers["Cache-Control"] = "max-age=600"
        start_response("200 OK" if found else "404 Not Found", [*headers.items()])
        return [body]


def newer(name: str, text: str) -> str:
    """Return what a file of release B holds."""
    if name.startswith("adapter-demo-"):
        text += ';document.documentElement.dataset.release="B";'
    if name.startswith("demo-"):
        text += "adapter-demo { --release: new }"
    text = text.replace("</h1>", " (new)</h1>", 1)
    return turned(text.replace('<meta name="release" content="', '<meta name="release" content="B'))


@pytest.fixture
def host(site_folder: Path) -> Host:
    return Host(site_folder)


@pytest.fixture
def site(host: Host, site_folder: Path) -> Iterator[str]:
    with serving(site_folder, app=lambda _: host) as address:
        yield address


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        yield context


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def shows(page: Page, release: str) -> None:
    """Check that a page is of a release with all its parts, and that it works."""
    expect(page.locator(ALIVE)).to_be_attached()
    title = "document.querySelector('h1').innerText.includes('(new)')"
    script = "document.documentElement.dataset.release"
    style = "getComputedStyle(document.querySelector('adapter-demo')).getPropertyValue('--release')"
    new = [True, "B", "new"] if release == "B" else [False, None, ""]
    becomes(page, f"[{title}, {script}, {style}]", new)


def reloaded(page: Page) -> None:
    """Wait until a page works, with its own offer to reload it where it lacks something."""
    page.wait_for_selector(f"{ALIVE}, {LOST}", state="attached")
    if page.locator(LOST).count():  # a cache still believes what it was told
        page.get_by_role("button", name="Reload the page").click()
        page.wait_for_selector(LOST, state="detached")
    expect(page.locator(ALIVE)).to_be_attached()


@pytest.mark.parametrize("first", ["pages", "files"])
def test_a_release_that_arrives_in_parts_leaves_nobody_behind(
    context: BrowserContext, site: str, host: Host, first: str
) -> None:
    page = opened(context, site + LORA)
    shows(page, "A")
    page.close()
    tab = opened(context, f"{site}methods/oft/")
    shows(tab, "A")
    setattr(host, first, "B")
    during = opened(context, site + LORA)
    during.wait_for_selector(f"{ALIVE}, {LOST}", state="attached")
    host.pages = host.files = "B"
    reloaded(opened(context, site + LORA))
    for old in (during, tab):
        old.reload()
        reloaded(old)
        shows(old, "B")


def test_a_tab_that_a_release_has_overtaken_says_that_reloading_helps(
    context: BrowserContext, site: str, host: Host
) -> None:
    page = opened(context, f"{site}{LORA}#implementation")
    shows(page, "A")
    host.pages = host.files = "B"
    helps = "reload the page"
    page.get_by_role("button", name="Edit and run").click()
    expect(page.locator("code-cell button")).to_contain_text(helps)
    page.locator("adapter-demo .export > summary").click()
    page.get_by_role("button", name="numpy script").click()
    expect(page.locator("adapter-demo .problem")).to_contain_text(helps)
    touch(page)
    page.wait_for_selector("adapter-demo:is([data-state=error], [data-state=live])")
    if page.locator("adapter-demo[data-state=error]").count():
        expect(page.locator("adapter-demo .problem")).to_contain_text(helps)
    page.reload()
    shows(page, "B")


def test_a_visit_that_meets_a_new_release_loads_its_scripts(
    context: BrowserContext, site: str, host: Host
) -> None:
    page = opened(context, site + LORA)
    shows(page, "A")
    page.wait_for_function(MAPPED)
    page.evaluate("window.sameVisit = true")
    host.pages = host.files = "B"
    page.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    becomes(page, "Boolean(window.sameVisit)", False)
    shows(page, "B")
