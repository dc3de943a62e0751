"""A new release leaves no reader behind, in whatever order it arrives, whatever caches believe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.catalog.exports import read_site
from tests.browser.host import Host, copy, hosting, next_release
from tests.browser.reader import becomes, touch

LORA = "methods/lora/"
ALIVE = "adapter-demo .controls:not([disabled])"
LOST = ".missing"


@pytest.fixture(scope="module")
def releases(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Release A, which is the built site, and B, with other pages, scripts and styles."""
    folder = tmp_path_factory.mktemp("releases")
    b = next_release(site_folder, folder / "b", read_site().url)
    return {"A": copy(site_folder, folder / "a"), "B": b}


@pytest.fixture
def host(releases: dict[str, Path]) -> Iterator[Host]:
    with hosting(releases["A"]) as host:
        yield host


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


def settled(page: Page) -> bool:
    """Wait until a page works or says that it lacks something; return whether it works."""
    page.wait_for_selector(f"{ALIVE}, {LOST}", state="attached")
    return page.locator(LOST).count() == 0


@pytest.mark.parametrize("first", ["pages", "files"])
def test_a_release_that_arrives_in_parts_leaves_nobody_behind(
    context: BrowserContext, host: Host, releases: dict[str, Path], first: str
) -> None:
    page = opened(context, host.address + LORA)
    shows(page, "A")
    page.close()
    tab = opened(context, f"{host.address}methods/oft/")
    shows(tab, "A")
    setattr(host, first, releases["B"])
    during = opened(context, host.address + LORA)
    settled(during)
    host.pages = host.files = releases["B"]

    page = opened(context, host.address + LORA)
    if not settled(page):  # a cache still believes what it was told
        page.get_by_role("button", name="Reload the page").click()
        page.wait_for_selector(LOST, state="detached")
        shows(page, "B")
    page.goto(f"{host.address}catalog.json")
    page.go_back()
    assert settled(page)
    for old in (during, tab):
        old.reload()
        if not settled(old):
            old.get_by_role("button", name="Reload the page").click()
            old.wait_for_selector(LOST, state="detached")
        shows(old, "B")


def test_a_tab_that_a_release_has_overtaken_says_that_reloading_helps(
    context: BrowserContext, host: Host, releases: dict[str, Path]
) -> None:
    page = opened(context, f"{host.address}{LORA}#implementation")
    shows(page, "A")
    host.pages = host.files = releases["B"]
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
    context: BrowserContext, host: Host, releases: dict[str, Path]
) -> None:
    page = opened(context, host.address + LORA)
    shows(page, "A")
    page.evaluate("window.sameVisit = true")
    host.pages = host.files = releases["B"]
    page.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    becomes(page, "Boolean(window.sameVisit)", False)
    shows(page, "B")
