"""The site without a network: pages, Python, and what happens when a new release comes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demos.probe import probe
from scripts.catalog.exports import read_site
from scripts.finish.finish import publish
from scripts.finish.release import add_names
from scripts.serve import serving
from tests.browser.host import copy
from tests.browser.reader import LORA, RECORD, becomes, move

pytestmark = pytest.mark.usefixtures("context")  # each visit is a first one

KEPT = """async (prefix) => {
  const names = (await caches.keys()).filter((name) => name.startsWith(prefix));
  const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return all.flat().map(({ url }) => url);
}"""

WAITING = "navigator.serviceWorker.getRegistration().then(({ waiting }) => Boolean(waiting))"


class Host:
    """A server that can go away and come back, as a network does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        port = int(self.address.rstrip("/").rpartition(":")[2]) if self.address else 0
        self.address = self._running.enter_context(serving(self.folder, port))

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def host(site_folder: Path, tmp_path: Path) -> Iterator[Host]:
    host = Host(copy(site_folder, tmp_path / "site"))
    yield host
    host.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_init_script(RECORD)
        yield context


def visit(page: Page, address: str) -> None:
    """Open a page and wait until what it has loaded is kept."""
    page.goto(address)
    wait_until_kept(page, address)


def wait_until_kept(page: Page, *addresses: str) -> None:
    becomes(page, lambda: set(addresses).difference(page.evaluate(KEPT, "")), set())


def group(host: Host, name: str) -> list[str]:
    """Return the addresses that the service worker keeps together."""
    text = (host.folder / "sw.js").read_text("utf-8")
    found = re.search(rf'\b{name}:(\["[^\]]*\])', text)
    assert found
    return [host.address + path for path in json.loads(found[1])]


def test_a_page_that_was_visited_is_there_without_a_network(page: Page, host: Host) -> None:
    visit(page, host.address + LORA)
    host.stop()
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(f"{host.address}{LORA}?rank=3")
    expect(page.locator("h1")).to_contain_text("LoRA")
    expect(page.locator("adapter-demo .gauges")).to_contain_text("Rank of ΔW2 of 32")
    expect(page.locator("adapter-demo [name=rank]")).to_have_value("3")
    becomes(page, "document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Main'))", True)
    # which the settings ask for, and nobody has used before
    missing = ("/assets/py/", "-fits-", "/sweep-", "/worker-")
    assert [url for url in failed if not any(part in url for part in missing)] == []


def test_before_a_sign_of_reading_nothing_but_the_page_itself_is_kept(
    page: Page, host: Host
) -> None:
    visit(page, host.address + LORA)
    page.wait_for_load_state("networkidle")
    pages = [url for url in page.evaluate(KEPT, "pages") if url.endswith("/")]
    assert pages == [host.address + LORA]


def test_after_a_sign_of_reading_the_whole_text_is_there(page: Page, host: Host) -> None:
    visit(page, host.address + LORA)
    page.keyboard.press("Tab")
    text = group(host, "text")
    wait_until_kept(page, *text)
    host.stop()
    page.reload()
    statuses = page.evaluate(
        "urls => Promise.all(urls.map((url) => fetch(url).then(({ status }) => status)))", text
    )
    assert set(statuses) == {200}
    page.evaluate("window.sameVisit = true")
    page.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    expect(page.locator("h1")).to_contain_text("OFT")
    assert page.evaluate("window.sameVisit")
    page.goto(f"{host.address}scorecard/")
    expect(page.locator("h1")).to_contain_text("Scorecard")


def test_a_page_that_was_not_kept_is_explained(page: Page, host: Host) -> None:
    visit(page, host.address + LORA)
    host.stop()
    page.goto(f"{host.address}methods/oft/")
    expect(page.locator("h1")).to_have_text("No connection")
    page.get_by_role("link", name="start of the survey").click()
    expect(page.locator("h1")).to_have_text("No connection")
    host.start()
    page.goto(f"{host.address}methods/oft/")
    expect(page.locator("h1")).to_contain_text("OFT")


def test_after_one_run_python_answers_without_a_network(page: Page, host: Host) -> None:
    visit(page, host.address + LORA)
    move(page, "rank", "ArrowRight")
    wait_until_kept(page, *group(host, "python"))
    host.stop()
    page.goto(host.address + LORA)
    move(page, "rank", "ArrowRight")
    update = move(page, "rank", "ArrowRight")
    assert update["knobs"]["rank"] == 4
    expected = probe("lora", update["knobs"])["sentence"]
    expect(page.locator(".sentence")).to_have_text(expected)
    rank = page.locator("adapter-demo [name=rank]")
    rank.evaluate("slider => { slider.max = 99; slider.value = 98 }")
    rank.press("ArrowRight")
    expect(page.locator("[data-knob=rank] .error")).to_contain_text("rank=99")


def test_a_kept_file_that_is_damaged_is_fetched_again(page: Page, host: Host) -> None:
    visit(page, host.address + LORA)
    move(page, "rank", "ArrowRight")
    wait_until_kept(page, *group(host, "python"))
    (snapshot,) = (url for url in group(host, "python") if url.endswith("snapshot.bin"))
    page.evaluate(
        "async (url) => (await caches.open('files')).put(url, new Response('damaged'))", snapshot
    )
    page.reload()
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text))
    move(page, "rank", "ArrowRight")
    assert not [text for text in warnings if "snapshot" in text]


def release(host: Host) -> str:
    """Publish another release with another style and another text; return the style's address."""
    (style,) = host.folder.glob("assets/demo/demo-*.css")
    data = style.read_bytes() + b"adapter-demo { --release: new }\n"
    style.unlink()  # a link to the file of the built site
    style.write_bytes(data)
    for path in host.folder.rglob("index.html"):
        path.write_text(path.read_text("utf-8").replace("</h1>", " (new)</h1>", 1), "utf-8")
    add_names(host.folder, read_site().url)
    publish(host.folder, read_site().url)
    (style,) = host.folder.glob("assets/demo/demo-*.css")
    return style.name


def test_a_new_release_is_shown_at_once_and_never_mixed_with_the_old_one(
    context: BrowserContext, page: Page, host: Host
) -> None:
    visit(page, host.address + LORA)
    page.keyboard.press("Tab")
    wait_until_kept(page, *group(host, "text"))
    style = release(host)
    page.goto(f"{host.address}methods/oft/")
    expect(page.locator("h1")).to_contain_text("(new)")
    named = "document.querySelector('link[href*=\"/demo-\"]').href"
    applied = (
        "getComputedStyle(document.querySelector('adapter-demo')).getPropertyValue('--release')"
    )
    assert page.evaluate(named).endswith(style)
    assert page.evaluate(applied) == "new"
    becomes(page, WAITING, True)  # the new service worker is installed

    host.stop()  # the page of the old release, kept, comes with the style of the old release
    page.goto(host.address + LORA)
    assert not page.evaluate(named).endswith(style)
    assert page.evaluate(applied) == ""
    assert page.evaluate("getComputedStyle(document.querySelector('.demo')).display") != "block"
    page.goto(f"{host.address}methods/oft/")
    assert page.evaluate(applied) == "new"

    host.start()
    page.close()
    rest = context.new_page()

    def waiting() -> bool:
        """Return whether the old worker is still there, which ends after its last page."""
        with context.new_page() as page:
            visit(page, host.address + LORA)
            expect(page.locator("h1")).to_contain_text("(new)")
            return bool(page.evaluate(WAITING))

    becomes(rest, waiting, False)
    rest.goto(host.address + LORA)
    named = "urls => urls.filter((url) => url.includes('/demo-'))"
    becomes(rest, f"({KEPT})('files').then({named})", [f"{host.address}assets/demo/{style}"])


def test_a_visit_that_meets_a_new_release_loads_its_scripts(page: Page, host: Host) -> None:
    visit(page, host.address + LORA)
    tag = "document.querySelector('meta[name=release]').content"
    old = page.evaluate(tag)
    page.evaluate("window.sameVisit = true")
    release(host)
    page.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    expect(page.locator("h1")).to_contain_text("(new)")
    becomes(page, f"!window.sameVisit && {tag} !== '{old}'", True)
    expect(page.locator("adapter-demo [name=step]")).to_be_enabled()


@pytest.mark.parametrize(
    "fault",
    [
        "Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: () => undefined })",
        "ServiceWorkerContainer.prototype.register = () => Promise.reject(new DOMException('no'))",
    ],
    ids=["absent", "refused"],
)
def test_without_a_service_worker_everything_else_works(
    context: BrowserContext, page: Page, site: str, fault: str
) -> None:
    context.add_init_script(fault)
    page.goto(site + LORA)
    page.wait_for_load_state("networkidle")
    update = move(page, "rank", "ArrowRight")
    assert update["knobs"]["rank"] == 3
