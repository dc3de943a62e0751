"""A new release leaves no reader behind, in whatever order it arrives, whatever caches believe."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from scripts.bootstrap import ROOT, firefox
from scripts.catalog.exports import read_site
from tests.browser.host import Host, copy, hosting, next_release
from tests.browser.page.test_offline import wait_until_kept
from tests.browser.reader import becomes, touch

LORA = "methods/lora/"
ALIVE = "adapter-demo .controls:not([disabled])"
LOST = ".missing"
KEPT = """async () => {
  const cache = await caches.open("files");
  const two = (byte) => byte.toString(16).padStart(2, "0");
  const hex = (hash) => Array.from(new Uint8Array(hash), two).join("");
  return Promise.all((await cache.keys()).map(async ({ url }) => {
    const bytes = await (await cache.match(url)).arrayBuffer();
    return [new URL(url).pathname, hex(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 32)];
  }));
}"""
POISON = "document.documentElement.dataset.poisoned = 1"


@pytest.fixture(scope="module")
def releases(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Release A, which is the built site, and B, with other pages, scripts and styles."""
    folder = tmp_path_factory.mktemp("releases")
    b = next_release(site_folder, folder / "b", read_site().url)
    return {"A": copy(site_folder, folder / "a"), "B": b}


@pytest.fixture
def host(releases: dict[str, Path]) -> Iterator[Host]:
    with hosting(releases["A"], releases) as host:
        yield host


@pytest.fixture(params=[True, False], ids=["with a worker", "without a worker"])
def worker(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def context(browser: Browser, worker: bool) -> Iterator[BrowserContext]:
    with browser.new_context(service_workers="allow" if worker else "block") as context:
        yield context


@pytest.fixture
def working(browser: Browser) -> Iterator[BrowserContext]:
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


def visited(context: BrowserContext, host: Host, worker: bool = True) -> None:
    """Open and close a page, when the service worker keeps it, if there is one."""
    page = opened(context, host.address + LORA)
    shows(page, "A")
    if worker:
        wait_until_kept(page, host.address + LORA)
    page.close()


@pytest.mark.parametrize("first", ["pages", "files"])
def test_a_release_that_arrives_in_parts_leaves_nobody_behind(
    context: BrowserContext, worker: bool, host: Host, releases: dict[str, Path], first: str
) -> None:
    visited(context, host, worker)
    tab = opened(context, f"{host.address}methods/oft/")
    shows(tab, "A")
    setattr(host, first, releases["B"])
    during = opened(context, host.address + LORA)
    settled(during)
    host.pages = host.files = releases["B"]

    page = opened(context, host.address + LORA)
    if worker:
        shows(page, "B")
    elif not settled(page):  # a cache still believes what it was told
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
    if worker:
        assert all(digest in path for path, digest in page.evaluate(KEPT))


def test_a_tab_that_a_release_has_overtaken_says_that_reloading_helps(
    context: BrowserContext, worker: bool, host: Host, releases: dict[str, Path]
) -> None:
    visited(context, host, worker)
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


def test_what_a_host_answers_for_another_file_is_never_kept(
    working: BrowserContext, host: Host, releases: dict[str, Path], tmp_path: Path
) -> None:
    """The page is there before its scripts, and the host answers for these with what it has."""
    visited(working, host)
    page = opened(working, host.address + LORA)
    lies = copy(releases["B"], tmp_path / "lies")
    for path in lies.glob("assets/demo/*.js"):
        path.unlink()
        path.write_bytes(POISON.encode())
    host.pages, host.files = releases["B"], lies
    page.goto(host.address + LORA)
    page.wait_for_function("document.documentElement.dataset.poisoned")
    host.files = releases["B"]
    for _ in range(2):
        page.goto(host.address + LORA)
        shows(page, "B")
    assert page.evaluate("document.documentElement.dataset.poisoned") is None
    assert all(digest in path for path, digest in page.evaluate(KEPT))


def test_what_a_script_puts_into_the_caches_reaches_no_other_tab(
    working: BrowserContext, host: Host
) -> None:
    visited(working, host)
    page = opened(working, host.address + LORA)
    shows(page, "A")
    poisoned = page.evaluate(
        """async (code) => {
          const cache = await caches.open("files");
          const scripts = (await cache.keys()).filter(({ url }) => url.endsWith("js"));
          const fake = () => new Response(code, { headers: { "Content-Type": "text/javascript" } });
          await Promise.all(scripts.map((request) => cache.put(request, fake())));
          return scripts.length;
        }""",
        POISON,
    )
    assert poisoned > 3
    other = opened(working, f"{host.address}methods/oft/")
    shows(other, "A")
    other.goto(host.address + LORA)
    shows(other, "A")
    assert other.evaluate("document.documentElement.dataset.poisoned") is None


def test_readers_code_has_no_caches(working: BrowserContext, host: Host) -> None:
    page = opened(working, f"{host.address}playground/")
    page.get_by_role("button", name="Edit and run").first.click()
    page.locator(".cm-content").first.fill(
        "import js\n"
        "print([bool(getattr(js, name)) for name in ('caches', 'navigator', 'indexedDB')])"
    )
    page.locator("code-cell [name=run]").first.click()
    expect(page.locator("code-cell .output").first).to_contain_text("[False, False, False]")


def test_a_full_disk_changes_nothing_but_what_is_kept(
    working: BrowserContext, host: Host, releases: dict[str, Path], tmp_path: Path
) -> None:
    full = copy(releases["A"], tmp_path / "full")
    full_disk = 'new DOMException("full", "QuotaExceededError")'
    refuse = f"Cache.prototype.put = () => Promise.reject({full_disk});"
    script = full / "sw.js"
    script.write_text(refuse + script.read_text("utf-8"), "utf-8")
    host.pages = full
    page = opened(working, host.address + LORA)
    page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    page.goto(f"{host.address}methods/oft/")  # by way of the worker
    assert page.evaluate("Boolean(navigator.serviceWorker.controller)")
    shows(page, "A")
    touch(page)
    page.wait_for_selector("adapter-demo[data-state=live]")
    assert page.evaluate(KEPT) == []


def test_a_page_that_was_put_aside_lives_on_beside_one_of_the_next_release(
    working: BrowserContext, host: Host, releases: dict[str, Path]
) -> None:
    page = opened(working, host.address + LORA)
    shows(page, "A")
    other = opened(working, f"{host.address}methods/oft/")
    page.goto(f"{host.address}catalog.json")
    host.pages = host.files = releases["B"]
    other.locator("a[href$='/lora/']").first.evaluate("a => a.click()")
    expect(other.locator("h1")).to_contain_text("(new)")
    expect(other.locator(ALIVE)).to_be_attached()
    page.go_back()
    assert settled(page)
    page.reload()
    shows(page, "B")


def test_nothing_is_kept_for_later_while_python_loads(working: BrowserContext, host: Host) -> None:
    visited(working, host)
    page = opened(working, host.address + LORA)
    shows(page, "A")
    page.wait_for_load_state("networkidle")
    host.wait = ("/assets/py/", 6)  # longer than a reader has to be still
    begin = len(host.log)
    touch(page)
    page.wait_for_selector("adapter-demo[data-state=live]")
    wait_until_kept(page, f"{host.address}scorecard/")
    log = host.log[begin:]
    text = ("/", ".xml", "search_index.json")
    first = next(i for i, (does, path) in enumerate(log) if path.endswith(text))
    asked, answered = (
        {path for does, path in log[:first] if does == what and path.startswith("/assets/py/")}
        for what in ("asked", "answered")
    )
    assert len(answered) > 4
    assert {Path(path).name for path in asked - answered} <= {"late.bin"}  # asked for afterwards


def test_firefox_meets_a_release_that_arrives_in_parts(host: Host) -> None:
    executable = firefox()
    if executable is None:
        pytest.skip("no Firefox on this machine; on Debian: apt install firefox-esr")
    done = subprocess.run(
        ["node", "tests/browser/release.mjs", str(executable), host.address],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen["before"] == {"alive": True, "release": "A", "title": False}
    assert seen["controlled"]
    assert seen["after"] == {"alive": True, "release": "B", "title": True}
    assert seen["again"] == {"alive": True, "release": "B", "title": True}
    assert "reload the page" in seen["editor"]
    assert seen["errors"] == []
