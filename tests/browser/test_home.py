"""The home page: what its first screen holds, where it leads, its figures, and that it is still."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from scripts.catalog import read
from tests.browser.reader import Visit

STEADY = 0.1  # shifts up to here count as good: web.dev/articles/cls

LISTEN = """
window.shifts = 0;
new PerformanceObserver((list) => {
  const own = list.getEntries().filter(({ hadRecentInput }) => !hadRecentInput);
  for (const { value } of own) window.shifts += value;
}).observe({ type: "layout-shift", buffered: true });
"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
WHOLE = """(e) => {
  const { left, right, top, bottom } = e.getBoundingClientRect();
  return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
}"""


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        context.add_init_script(LISTEN)
        yield context.new_page()


def test_the_first_screen_holds_the_thesis_two_ways_on_and_six_tiles(
    screen: Page, site: str
) -> None:
    screen.goto(site)
    screen.evaluate("() => document.fonts.ready")
    opening = screen.locator(".opening")
    ways = opening.locator(".md-button")
    assert [urlsplit(way.evaluate("a => a.href")).path for way in ways.all()] == [
        f"{urlsplit(site).path}{name}/" for name in ("story", "choose")
    ]
    tiles = opening.locator(".bets li").all()
    assert len(tiles) == 6
    for part in (opening.locator("h1"), *ways.all(), *tiles):
        assert part.evaluate(WHOLE), part.inner_text()
    more = int(re.sub(r"\D", "", tiles[-1].locator("b").inner_text()))
    assert more + len(tiles) - 1 == len(read().survey)


def test_nothing_jumps_when_the_fonts_come_late(screen: Page, site: str) -> None:
    late: list[Route] = []
    screen.route("**/*.woff2", lambda route: late.append(route))
    screen.goto(site, wait_until="domcontentloaded")
    expect(screen.locator(".bets")).to_be_visible()
    screen.evaluate(PAINTED)
    assert {re.split(r"-[0-9a-f]{32}", route.request.url)[0].split("/")[-1] for route in late} == {
        "inter",
        "source-serif-4",
    }
    for route in late:
        route.continue_()
    screen.wait_for_function("() => document.fonts.check('16px Inter')")
    screen.evaluate("() => document.fonts.ready")
    screen.evaluate(PAINTED)
    assert screen.evaluate("shifts") <= STEADY


def test_a_short_choice_opens_the_list_with_what_it_says(visit: Visit) -> None:
    page = visit("")
    page.goto(page.locator(".choosing a[href*='memory=']").evaluate("a => a.href"))
    expect(page.locator("adapter-choice [name=memory]")).to_have_value("12")
    expect(page.locator("adapter-choice output")).to_contain_text("with the base in 4 bits")
    page = visit("")
    page.goto(page.locator(".choosing a[href*='merges']").evaluate("a => a.href"))
    expect(page.locator("[name=needs][value=merges]")).to_be_checked()


def test_a_word_leads_to_its_meaning(visit: Visit) -> None:
    page = visit("questions/forgetting/")
    word = page.locator("a.term", has_text="nats").first
    assert word.get_attribute("title")
    word.click()
    expect(page.locator("dt:target")).to_have_text("nats")
