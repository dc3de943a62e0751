"""A real Chromium, and the built site on a local server: `site/`, or what `SITE` names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from scripts.bootstrap import CHROMIUM_FLAGS, chromium
from scripts.serve import serving

ROOT = Path(__file__).resolve().parents[2]

# What a test wants to know about redraws, with arrays as lists: those by Python, those from a file.
RECORD = """
window.updates = [];
window.stored = [];
document.addEventListener("adapter-demo:update", ({ detail }) => {
  const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
  (detail.stored ? window.stored : window.updates).push(JSON.parse(JSON.stringify(detail, plain)));
});
"""


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_init_script(RECORD)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that must not meet an error that nothing catches."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []
