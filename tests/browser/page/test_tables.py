"""Sorting, filtering and counting on the built site, in a real browser."""

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reader import WINDOW, becomes


@pytest.fixture
def page(window: Page) -> Page:
    return window


def column(page: Page, index: int) -> list[str]:
    cells = page.locator(f"#scorecard-table tbody tr :is(th, td):nth-child({index})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_scorecard_sorts_by_a_column_with_mouse_and_keyboard(page: Page, site: str) -> None:
    page.goto(f"{site}scorecard/")  # an old address
    head = page.locator("#scorecard-table thead th").first
    expect(head).to_have_attribute("tabindex", "0")
    head.click()
    numbers = [int(text) for text in column(page, 1)]
    assert numbers in (sorted(numbers), sorted(numbers, reverse=True))
    head.focus()
    page.keyboard.press("Enter")
    becomes(page, lambda: [int(text) for text in column(page, 1)], numbers[::-1])


def test_scorecard_filters_and_the_address_restores_the_filter(page: Page, site: str) -> None:
    page.goto(f"{site}findings/grading/#all-methods")
    rows = page.locator("#scorecard-table tbody tr:visible")
    whole = rows.count()
    page.select_option("row-filter select[name=theme]", "gain")
    page.wait_for_url("**theme=gain#scorecard")  # the heading above it
    kept = rows.count()
    assert 0 < kept < whole
    page.reload()
    expect(rows).to_have_count(kept)


def test_the_scorecard_keeps_the_catalogue_s_order_and_sorts_by_what_is_for_a_dimension(
    page: Page, site: str
) -> None:
    page.goto(f"{site}findings/grading/#all-methods")
    assert column(page, 1)[:3] == ["1", "2", "3"]
    head = page.locator("#scorecard-table thead th", has_text="Beats LoRA")
    head.click()
    cells = page.locator("#scorecard-table tbody td:nth-child(6)")
    weights = [float(c.get_attribute("data-sort") or "nan") for c in cells.all()]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0


def test_the_scorecard_has_no_cut_column(browser: Any, site: str) -> None:
    for width in (1280, 390):
        with browser.new_context(viewport={"width": width, "height": 900}) as context:
            page = context.new_page()
            page.goto(f"{site}findings/grading/#all-methods")
            box = page.locator(".scroll", has=page.locator("#scorecard-table"))
            whole, seen = box.evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert whole <= seen
            expect(page.locator("#scorecard-table tbody tr").first).to_contain_text("contested")


def test_a_wide_table_fits_a_window_and_says_where_it_does_not(page: Page, site: str) -> None:
    hint = "e => getComputedStyle(e.querySelector('caption'), '::after').content"
    wide = "e => e.scrollWidth > e.clientWidth + 1"
    for width, overflows in ((1280, False), (800, True)):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(site + "map/")
        box = page.locator(".scroll.wide").first
        becomes(page, partial(box.evaluate, wide), overflows)
        told = partial(box.evaluate, f"e => ({hint})(e).includes('More columns')")
        becomes(page, told, overflows)
    page.set_viewport_size(WINDOW)


def test_a_method_of_several_bets_has_a_word_for_each_by_name(page: Page, site: str) -> None:
    page.goto(f"{site}methods/")
    card = page.locator(".card", has=page.get_by_role("link", name="Prompt tuning", exact=True))
    words = card.locator(".own-word").all_inner_texts()
    assert len(words) == 2
    assert all("tuning, against its own control" in word for word in words)
    expect(page.locator(".bar-key .bar")).to_have_count(4)
