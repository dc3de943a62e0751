"""Figures at the size at which they are shown: letters, names, colours, paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.reader import WINDOW, Visit

BETS, TUNED = "findings/bets/", "findings/tuned/"
PAGES = ("methods/lora/", BETS, TUNED, "findings/papers/", "findings/changes/")
DRAWN = 2  # figures of the page of bets
WIDTHS = (1280, 768, 390, 360)

# The letters of every drawing, in folds too: their size on the screen, and what they lie in.
LETTERS = """() => document.querySelectorAll("details.fold").forEach((e) => (e.open = true)) ??
  [...document.querySelectorAll("svg.plot, svg.chart")].flatMap((svg) => {
  const room = svg.closest("figure").getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((e) => e.getClientRects().length).map((text) => {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
    return { text: text.textContent, kind: text.closest("g[class]")?.getAttribute("class") ?? "",
      size, left, right, top, bottom, cut: left < room.left - 2 || right > room.right + 2 };
  });
})"""


@pytest.mark.parametrize("path", PAGES)
def test_letters_have_one_size_at_every_width_and_none_is_cut(visit: Visit, path: str) -> None:
    page = visit(path)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(LETTERS)
        assert found
        assert [f for f in found if not 10.9 <= f["size"] <= 12.1] == [], width
        assert [f["text"] for f in found if f["cut"]] == [], width
    page.set_viewport_size(WINDOW)


@pytest.mark.parametrize("path", [BETS, TUNED, "findings/papers/", "findings/changes/"])
def test_names_do_not_lie_on_each_other(visit: Visit, path: str) -> None:
    page = visit(path)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        names = [f for f in page.evaluate(LETTERS) if f["kind"] in ("name", "end", "axis")]
        assert len(names) > 10
        for i, a in enumerate(names):
            for b in names[:i]:
                beside = a["left"] >= b["right"] - 1 or b["left"] >= a["right"] - 1
                high = 0.3 * (a["bottom"] - a["top"])
                above = a["top"] >= b["bottom"] - high or b["top"] >= a["bottom"] - high
                assert beside or above, (width, a, b)
    page.set_viewport_size(WINDOW)


def test_one_drawing_is_shown_and_the_wide_one_is_printed(visit: Visit) -> None:
    page = visit(BETS)
    for width, kind in ((1280, "wide"), (390, "narrow")):
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.locator("svg.plot:visible")).to_have_count(DRAWN)
        expect(page.locator(f"svg.plot.{kind}:visible")).to_have_count(DRAWN)
    page.emulate_media(media="print")
    expect(page.locator("svg.plot.wide:visible")).to_have_count(DRAWN)
    expect(page.locator("svg.plot.narrow:visible")).to_have_count(0)
    page.emulate_media(media="screen")
    page.set_viewport_size(WINDOW)


def test_colours_follow_the_scheme_and_give_way_to_the_system_s(visit: Visit) -> None:
    page = visit("questions/learning-rate/")
    name = page.locator("svg.plot.wide .end").get_by_text("LoRA 4", exact=True).first
    colour = "e => getComputedStyle(e).fill"
    seen = {}
    for scheme in ("default", "slate"):
        page.evaluate(f"document.body.dataset.mdColorScheme = '{scheme}'")
        seen[scheme] = name.evaluate(colour)
    assert len(set(seen.values())) == 2
    page.emulate_media(forced_colors="active")
    text = "e => getComputedStyle(e.ownerSVGElement).fill"
    assert name.evaluate(colour) == name.evaluate(text)
    page.emulate_media(forced_colors="none")
