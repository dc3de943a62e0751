"""A method's own picture: it stands in the page, plays when asked, and holds still for who asks."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.reader import LORA, Visit

# Where none plays by itself.
PHONE: dict[str, Any] = {"has_touch": True, "is_mobile": True, "reduced_motion": "no-preference"}
INSIDE = "() => document.querySelector('method-portrait svg').innerHTML"


def picture(page: Page) -> str:
    found: str = page.evaluate(INSIDE)
    return found


def test_the_slider_goes_from_w_to_w_prime_and_back_to_what_stood_there(
    browser: Browser, site: str
) -> None:
    with browser.new_context(**PHONE) as context:
        page = context.new_page()
        page.goto(f"{site}methods/oft/")
        slider = page.get_by_role("slider", name="From before to after training")
        slider.scroll_into_view_if_needed()
        expect(page.locator("method-portrait button")).to_have_text("Play")
        expect(slider).to_have_value("100")
        end = picture(page)
        slider.focus()
        slider.press("Home")
        expect(slider).to_have_attribute("aria-valuetext", "before")
        page.wait_for_function(f"before => ({INSIDE})() !== before", arg=end)
        slider.press("End")
        expect(slider).to_have_attribute("aria-valuetext", "after")
        page.wait_for_function(f"before => ({INSIDE})() === before", arg=end)


def test_playing_ends_where_the_picture_stood(browser: Browser, site: str) -> None:
    with browser.new_context(**PHONE) as context:
        page = context.new_page()
        page.goto(f"{site}{LORA}")
        play = page.locator("method-portrait button")
        play.scroll_into_view_if_needed()
        expect(play).to_have_text("Play")
        end = picture(page)
        play.click()
        page.wait_for_function(f"before => ({INSIDE})() !== before", arg=end)
        expect(play).to_have_text("Play")
        assert picture(page) == end


def test_with_reduced_motion_it_stands_at_w_prime_until_the_slider_moves(
    browser: Browser, site: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{site}{LORA}")
        slider = page.get_by_role("slider", name="From before to after training")
        slider.scroll_into_view_if_needed()
        expect(slider).to_have_value("100")
        expect(page.locator("method-portrait button")).to_be_hidden()
        assert not [url for url in asked if "-portrait-" in url and url.endswith(".json")]


def test_every_card_of_the_methods_has_its_picture_and_none_is_wider_than_a_phone(
    visit: Visit,
) -> None:
    page = visit("methods/")
    page.set_viewport_size({"width": 390, "height": 800})
    cards = page.locator(".card")
    expect(page.locator(".card svg.portrait")).to_have_count(cards.count())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
