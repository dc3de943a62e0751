"""A part of a page in a frame of another site, and the form that a correction starts from."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Host
from tests.browser.reader import LORA, Visit, becomes, settle, violations

BESIDES = """() => [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility())
  .filter((e) => !e.closest(".embed-here, .embed-foot") && !e.matches(".embed-way")).length"""


def alone(window: Page, part: str) -> None:
    """Ask that a page shows a part, where it comes from, and nothing else."""
    expect(window.locator(f"{part}.embed-here")).to_be_visible()
    expect(window.locator(".embed-foot a")).to_be_visible()
    assert window.evaluate(BESIDES) == 0


def test_a_widget_is_shown_and_nothing_else(window: Page, site: str) -> None:
    for query in ("?embed", "?rank=3&embed=try-lora"):
        window.goto(f"{site}{LORA}{query}")
        alone(window, "adapter-demo#try-lora")
    assert violations(window, ".embed-here") == {}


@pytest.mark.parametrize(
    ("path", "part"),
    [("findings/changes/", "figure.drawn"), ("findings/grading/", ".scroll")],
)
def test_figures_and_tables_are_shown_at_the_addresses_in_the_foot(
    window: Page, site: str, path: str, part: str
) -> None:
    window.goto(site + path)
    listed = window.locator(".page-foot .embed a").evaluate_all("all => all.map((a) => a.search)")
    ids = [parse_qs(query.removeprefix("?"))["embed"][0] for query in listed]
    own = next(name for name in ids if window.locator(f"{part}[id='{name}']").count())
    window.goto(f"{site}{path}?embed={own}")
    alone(window, f"{part}[id='{own}']")


def test_the_address_of_a_part_that_is_gone_shows_what_is_nearest(window: Page, site: str) -> None:
    window.goto(f"{site}controls/?embed=texts-some-old-figure")
    window.wait_for_url("**/findings/bets/**")
    alone(window, "details[open]#texts")
    window.goto(f"{site}findings/claims/?embed=strength-some-old-table")
    alone(window, "figure.drawn")


def test_an_id_that_is_not_there_shows_the_page(window: Page, site: str) -> None:
    window.goto(f"{site}about/?embed=nothing")
    expect(window.locator("article h1")).to_be_visible()


def test_the_copied_code_is_a_frame_that_takes_the_height_of_its_part(
    browser: Browser, site: str, host: Host
) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{site}{LORA}?rank=3")
    settle(page)
    page.locator("#try-lora details.export summary").click()
    page.locator("#try-lora details.export [name=embed]").click()
    expect(page.locator("#try-lora details.export [name=embed]")).to_have_text("Copied")
    host.html = page.evaluate("navigator.clipboard.readText()")
    (source,) = re.findall(r'src="([^"]+)"', host.html)
    query = parse_qs(urlsplit(source.replace("&amp;", "&")).query)
    assert (query["rank"], query["embed"]) == (["3"], ["try-lora"])
    page.goto(host.address)
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


def test_a_part_works_in_a_frame_that_has_no_origin(window: Page, site: str, host: Host) -> None:
    source = f"{site}{LORA}?rank=3&seed=2&embed=try-lora"  # which no stored answer is for
    host.html = f'<iframe sandbox="allow-scripts" src="{source}"></iframe>'
    window.goto(host.address)
    widget = window.frame_locator("iframe").locator("#try-lora")
    expect(widget).to_have_attribute("data-state", "live")
    widget.locator("[name=rank]").press("ArrowRight")
    expect(widget.locator("[name=rank]")).to_have_value("4")
    expect(widget).to_have_attribute("data-state", "live")
    expect(widget.locator(".problem")).to_be_empty()


def test_without_the_word_a_page_stays_out_of_frames(
    browser: Browser, site: str, host: Host
) -> None:
    host.html = f'<iframe src="{site}{LORA}"></iframe>'
    context = browser.new_context()
    page = context.new_page()
    page.goto(host.address)
    assert page.frames[-1].locator("adapter-demo").count() == 0
    context.close()


def test_a_correction_carries_the_verdict_and_what_is_selected(visit: Visit, site: str) -> None:
    page = visit(f"{LORA}#grade-BF")
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
        const cell = document.querySelector("#grade-BF td");
        getSelection().selectAllChildren(cell);
    }""")
    chosen = page.evaluate("`${getSelection()}`")
    foot = page.locator(".page-foot a.correct")
    foot.dispatch_event("pointerdown")
    carried = parse_qs(urlsplit(foot.get_attribute("href") or "").query)
    assert chosen[:40].strip() in carried["says"][0]
    assert re.search(rf"/{LORA}#.+-evidence-", carried["address"][0])
