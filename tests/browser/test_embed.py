"""A part of a page in a frame of another site, and the form that a correction starts from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.reader import LORA, Visit, becomes, settle, violations

BESIDES = """() => [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility())
  .filter((e) => !e.closest(".embed-here, .embed-foot") && !e.matches(".embed-way")).length"""


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the address of another site with one page, and that page's HTML to be filled in."""
    said = {"html": ""}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<!doctype html><title>x</title><h1>Another site</h1>{said['html']}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}/", said
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (f"{LORA}?embed", "adapter-demo#try-lora"),
        (f"{LORA}?rank=3&embed=try-lora", "adapter-demo#try-lora"),
        ("real-changes/?embed=figure", "figure.drawn"),
        ("scorecard/?embed=", "#table"),
    ],
)
def test_a_part_is_shown_and_nothing_else(window: Page, site: str, path: str, part: str) -> None:
    address = path
    if part == "#table" or "figure" in path:  # by the list at the foot of the page
        window.goto(site + urlsplit(path).path)
        links = window.locator(".page-foot .embed a").evaluate_all("all => all.map((a) => a.href)")
        kind = "table" if part == "#table" else "figure"
        address = next(link for link in links if kind in urlsplit(link).query).removeprefix(site)
        part = f"[id='{parse_qs(urlsplit(address).query)['embed'][0]}']"
    window.goto(site + address)
    expect(window.locator(f"{part}.embed-here")).to_be_visible()
    expect(window.locator(".embed-foot a")).to_be_visible()
    assert window.evaluate(BESIDES) == 0
    assert violations(window, ".embed-here") == {}


def test_an_id_that_is_not_there_shows_the_page(window: Page, site: str) -> None:
    window.goto(f"{site}about/?embed=nothing")
    expect(window.locator("article h1")).to_be_visible()


def test_the_copied_code_is_a_frame_that_takes_the_height_of_its_part(
    browser: Browser, site: str, elsewhere: tuple[str, dict[str, str]]
) -> None:
    address, said = elsewhere
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{site}{LORA}?rank=3")
    settle(page)
    page.locator("#try-lora details.export summary").click()
    page.locator("#try-lora details.export [name=embed]").click()
    expect(page.locator("#try-lora details.export [name=embed]")).to_have_text("Copied")
    said["html"] = page.evaluate("navigator.clipboard.readText()")
    (source,) = re.findall(r'src="([^"]+)"', said["html"])
    query = parse_qs(urlsplit(source.replace("&amp;", "&")).query)
    assert (query["rank"], query["embed"]) == (["3"], ["try-lora"])
    page.goto(address)
    frame = page.frame_locator("iframe")
    expect(frame.locator("#try-lora [name=rank]")).to_have_value("3")
    measure = "document.querySelector('iframe').offsetHeight !== 600"
    becomes(page, measure, wanted=True)
    inner = page.frames[-1]
    assert inner.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
    assert not inner.evaluate("document.documentElement.scrollWidth > innerWidth")
    with context.expect_page() as opened:
        frame.locator(".embed-foot a").click()
    assert opened.value.url.startswith(f"{site}{LORA}")
    context.close()


def test_without_the_word_a_page_stays_out_of_frames(
    browser: Browser, site: str, elsewhere: tuple[str, dict[str, str]]
) -> None:
    address, said = elsewhere
    said["html"] = f'<iframe src="{site}{LORA}"></iframe>'
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    assert page.frames[-1].locator("adapter-demo").count() == 0
    context.close()


def test_a_correction_carries_the_verdict_and_what_is_selected(visit: Visit, site: str) -> None:
    page = visit(LORA)
    page.locator("#grade-BF > summary").click()
    link = page.locator("#grade-BF a.correct").first
    query = parse_qs(urlsplit(link.get_attribute("href") or "").query)
    assert query["address"][0].endswith(f"/{LORA}#grade-BF")
    assert query["says"][0].startswith("LoRA, Matches full fine-tuning: ")
    page.locator("#grade-BF details.units > summary").click()
    row = page.locator("#grade-BF tbody tr:not(.voter)").first
    unit = row.locator("td").first.text_content() or "nothing"
    of_row = parse_qs(urlsplit(row.locator("a.correct").get_attribute("href") or "").query)
    assert of_row["says"][0].startswith(unit)
    assert of_row["address"] == query["address"]
    page.evaluate("""() => {
        const cell = document.querySelector("table.evidence td:last-child");
        getSelection().selectAllChildren(cell);
    }""")
    chosen = page.evaluate("`${getSelection()}`")
    foot = page.locator(".page-foot a.correct")
    foot.dispatch_event("pointerdown")
    carried = parse_qs(urlsplit(foot.get_attribute("href") or "").query)
    assert chosen[:40].strip() in carried["says"][0]
    assert re.search(rf"/{LORA}#.+-table", carried["address"][0])
