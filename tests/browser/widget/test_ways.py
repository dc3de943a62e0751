"""Ways in: sidebar, filter, plots of the benchmark, citations, labels of matrices."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from scripts.catalog import read
from scripts.macros.family import bets
from tests.browser.reader import Visit

THEMES = read().themes


@pytest.mark.parametrize("slug", ["lora", "oft", "bone"])
def test_the_sidebar_has_the_methods_by_theme_and_the_reader_s_place(
    visit: Visit, slug: str
) -> None:
    m = read().methods[slug]
    page = visit(m.url)
    sidebar = page.locator(".md-sidebar--primary")
    group = sidebar.locator("li.md-nav__item--section").filter(
        has=page.locator("> label, > .md-nav__link").get_by_text(THEMES[m.theme], exact=True)
    )
    own = group.last.locator(".md-nav__link--active")
    expect(own.first).to_contain_text(m.title)
    listed = group.last.locator("li a[href]:not([href^='#'])").all_inner_texts()
    for other in read().of_theme(m.theme):
        assert any(other.title in text for text in listed), (other.title, listed)


def test_an_old_method_is_marked_by_a_word(visit: Visit) -> None:
    page = visit("methods/lora/")
    mark = page.locator(".md-sidebar--primary .md-status--deprecated").first
    content = mark.evaluate("e => getComputedStyle(e, '::after').content")
    assert content == '"superseded"'
    expect(mark).to_have_attribute("title", "Superseded by a later method")


def test_methods_are_filtered_by_name_former_name_and_fact(visit: Visit) -> None:
    page = visit("methods/")
    cards = page.locator("#all-methods .card:visible")
    expect(cards).to_have_count(len(read().methods))
    page.locator("row-filter [name=text]").fill("soft prompt")
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text("Prompt tuning")
    expect(page.locator("#all-methods h2:visible")).to_have_count(1)
    page.locator("row-filter [name=text]").fill("")
    page.locator("row-filter [name=peft]").select_option("no")
    without = sum(not m.in_peft for m in read().methods.values())
    expect(cards).to_have_count(without)
    page.wait_for_function("() => location.search === '?peft=no'")
    page.locator("row-filter [name=peft]").select_option("")
    page.get_by_label("Bets on").select_option("what stays")
    expect(cards).to_have_count(sum("kept" in bets(m.modules) for m in read().methods.values()))
    page.wait_for_function("() => location.search === '?bet=kept'")


def test_runs_of_one_method_stand_out_in_the_plot(visit: Visit) -> None:
    page = visit("findings/papers/")
    plot = page.locator("scatter-plot").first
    search, says = plot.get_by_label("Find a method"), plot.locator("output")
    expect(search).to_be_visible()
    search.fill("miss")
    shown = plot.locator("circle.shown").filter(visible=True)
    expect(shown).to_have_count(3)
    expect(says).to_contain_text("MiSS: 50.4 % of GSM8K, 7.34 million trained parameters")
    search.fill("nobody")
    expect(says).to_have_text("No run is called “nobody”.")
    expect(shown).to_have_count(0)
    search.fill("")
    dots = plot.locator("circle[data-method=IA3]").filter(visible=True)
    dots.first.hover()
    expect(shown).to_have_count(3)
    expect(dots.and_(plot.locator(".shown"))).to_have_count(3)
    expect(says).to_contain_text("IA3: 45.5")


PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def test_a_tap_names_the_nearest_dot_and_a_second_one_opens_its_page(
    browser: Browser, site: str
) -> None:
    with browser.new_context(**PHONE) as context:
        page = context.new_page()
        page.goto(f"{site}findings/papers/")
        plot = page.locator("scatter-plot").first
        expect(plot.locator(".search")).to_be_visible()
        dot = plot.locator("circle[data-method=FourierFT]").filter(visible=True).first
        dot.scroll_into_view_if_needed()
        box = dot.bounding_box()
        assert box
        beside = box["x"] + box["width"] + 8, box["y"] + box["height"] / 2
        page.touchscreen.tap(*beside)
        expect(plot.locator("output")).to_contain_text("FourierFT: ")
        assert page.url.partition("#")[0] == f"{site}findings/papers/"
        page.touchscreen.tap(*beside)
        page.wait_for_url(f"{site}methods/fourierft/")


def test_a_citation_says_on_which_day_the_page_was_seen(visit: Visit) -> None:
    page = visit("methods/lora/")
    days = {date.today().isoformat()}
    code = page.locator(".citation code")
    expect(code.nth(0)).to_contain_text("urldate")
    days.add(date.today().isoformat())  # a test may begin before midnight
    assert any(f"urldate      = {{{day}}}" in (code.nth(0).text_content() or "") for day in days)
    assert any(
        f"Y2  - {day.replace('-', '/')}" in (code.nth(1).text_content() or "") for day in days
    )
    assert '"accessed"' in (code.nth(2).text_content() or "")


def test_a_change_of_outputs_says_what_its_rows_and_columns_are(visit: Visit) -> None:
    page = visit("methods/prompt_tuning/")
    figure = page.locator("adapter-demo [data-panel=weights]").first
    expect(figure).to_contain_text("features ×")
    expect(figure).to_contain_text("tokens")
