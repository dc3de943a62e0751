"""A method's own picture: it stands in the page, plays when asked, and holds still for who asks."""

from __future__ import annotations

from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.reader import Visit

INSIDE = "document.querySelector('method-portrait svg').innerHTML"


def test_it_plays_when_seen(browser: Browser, site: str) -> None:
    low: ViewportSize = {"width": 1280, "height": 500}
    with browser.new_context(viewport=low, reduced_motion="no-preference") as context:
        page = context.new_page()
        page.goto(site)
        end = page.evaluate(INSIDE)
        page.locator("a:has(method-portrait)").first.scroll_into_view_if_needed()
        page.wait_for_function(f"end => {INSIDE} !== end", arg=end)


def test_with_reduced_motion_it_stands_still(browser: Browser, site: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site, wait_until="networkidle")
        page.locator("a:has(method-portrait)").first.hover()
        page.evaluate("fetch(location.href).then(() => true)")  # what it asks for goes before
        assert not [url for url in asked if "-portrait" in url and url.endswith(".json")]


def test_every_card_of_the_methods_has_its_picture_and_none_is_wider_than_a_phone(
    visit: Visit,
) -> None:
    page = visit("methods/")
    page.set_viewport_size({"width": 390, "height": 800})
    cards = page.locator(".card")
    expect(page.locator(".card svg.portrait")).to_have_count(cards.count())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
