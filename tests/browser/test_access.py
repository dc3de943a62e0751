"""Every page, for everybody: axe in both schemes, a phone, zoom, keyboard, print, the policy."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import sound
from tests.browser.reader import (
    LATER_ROWS,
    LORA,
    WINDOW,
    becomes,
    follow,
    settle,
    touch,
    violations,
)

FRAMES = "frame-ancestors 'none'"
MISSING = "no/such/page/"
PHONE: ViewportSize = {"width": 390, "height": 844}
ZOOMED: ViewportSize = {"width": 640, "height": 844}  # what a zoom of 200 % leaves of 1280

# A page is wider than the screen when something in it sticks out that does not scroll by itself.
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const out = [...document.querySelectorAll("article *")].filter((e) => {
    const { right } = e.getBoundingClientRect();
    return right > width + 1 && !e.closest(".scroll, pre, .katex-display, .md-typeset__scrollwrap");
  });
  return ["page", ...out.slice(0, 3).map((e) => e.outerHTML.slice(0, 150))];
}"""

# The rows behind verdicts, a thousand cells a page, are of one template: a page stands for all.
OPEN_FOLDS = """() => {
  const rows = location.pathname.endsWith("/methods/boft/") ? "" : ":not(.units)";
  for (const details of document.querySelectorAll(`article details${rows}`)) details.open = true;
}"""

LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
  violations.push([violatedDirective, blockedURI, sample]));
"""


@pytest.fixture(scope="module")
def paths(site: str) -> list[str]:
    """The paths of all pages, and of one that does not exist."""
    with urlopen(f"{site}sitemap.xml") as answer:
        text = answer.read().decode()
    found = sorted(address.removeprefix(site) for address in re.findall(r"<loc>(.*?)</loc>", text))
    assert len(found) > 40
    return [*found, MISSING]


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """One window for all pages, in which there must not be an uncaught error."""
    with browser.new_context(viewport=WINDOW) as context:
        context.add_init_script(LISTEN)
        page = context.new_page()
        with sound(page):
            yield page


ALIKE = ".katex, .highlight code"
"""Elements that libraries mark up, for which LoRA's page answers: formulas and code."""

COLOURED = {"methods/", LORA, "methods/boft/", "questions/"}
SAMPLE = {LORA, *(f"methods/{slug}/" for slug in ("boft", "dora", "ia3", "prefix_tuning", "rome"))}
"""Methods of each kind, whose pages axe reads on every run; weekly it reads all of them."""

OTHERS = ("api/", "contributing/", "methods/", "questions/")
"""Folders of pages whose colours are those of another page."""

# What stands on another page too makes room for nothing of its size: so a part that scrolls does.
SPARE = """([rows, alike]) => {
  const all = (selector) => selector ? [...document.querySelectorAll(selector)] : [];
  const tables = all("article table").map((table) => [table, table.offsetWidth]);
  const marked = all(alike).map((e) => [e, e.scrollWidth, e.scrollHeight]);
  for (const row of all(`article ${rows}`)) row.remove();
  for (const [table, width] of tables) table.style.minWidth = `${width}px`;
  for (const [element, width, height] of marked) {
    const room = document.createElement("span");
    room.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px`;
    element.replaceChildren(room);
  }
  const used = "a, [role], [tabindex]";
  for (const part of all(`article svg > :not(title, desc, ${used}, :has(${used}))`)) part.remove();
}"""


def open_page(window: Page, address: str) -> None:
    window.goto(address)
    settle(window)


@pytest.fixture(scope="module")
def walk(
    window: Page, site: str, paths: list[str], pytestconfig: pytest.Config
) -> dict[str, dict[str, Any]]:
    """Return the findings of every check on every page, to each of which a link leads, once."""
    seen: dict[str, dict[str, Any]] = defaultdict(dict)
    weekly = "not weekly" not in pytestconfig.getoption("-m")
    open_page(window, f"{site}about/")
    window.evaluate("window.sameVisit = true")
    for path in paths:
        window.set_viewport_size(PHONE)  # what it draws first need not be drawn again for that
        if path == MISSING:
            seen["links"]["stay in a visit"] = not window.evaluate("window.sameVisit")
            open_page(window, site + path)
        else:
            follow(window, site + path)
        seen["links"][path] = window.locator("article h1").count() != 1
        for size in (PHONE, ZOOMED):
            window.set_viewport_size(size)
            seen["too wide"][f"{path} at {size}"] = window.evaluate(TOO_WIDE)
        window.set_viewport_size(WINDOW)
        window.evaluate("document.fonts.ready.then(() => true)")
        tag = window.locator("head meta[http-equiv=Content-Security-Policy]")
        seen["policy"][path] = tag.get_attribute("content")
        seen["header"][path] = window.request.head(site + path).headers["content-security-policy"]
        seen["violations"][path] = window.evaluate("violations.splice(0)")
        if path.startswith("methods/") and not weekly and path not in {*SAMPLE, "methods/"}:
            continue
        window.evaluate(OPEN_FOLDS)
        window.evaluate(SPARE, [LATER_ROWS, "" if path == LORA else ALIKE])
        own = path in COLOURED or not path.startswith(OTHERS)
        seen["axe"][path] = violations(window, "article", colours=own)
    return seen


def faults(seen: dict[str, Any]) -> dict[str, Any]:
    return {path: found for path, found in seen.items() if found}


def test_axe_finds_nothing_in_the_article_of_any_page(walk: Any) -> None:
    assert LORA in walk["axe"]
    assert faults(walk["axe"]) == {}


def test_no_page_scrolls_sideways_on_a_phone_or_at_twice_the_size(walk: Any) -> None:
    assert faults(walk["too wide"]) == {}


def test_no_page_breaks_the_policy_that_it_carries(walk: Any) -> None:
    assert faults(walk["violations"]) == {}
    assert [path for path, text in walk["header"].items() if FRAMES not in text] == []
    # The next page takes the place of this one under the policy of the first.
    (policy,) = set(walk["policy"].values())
    assert policy
    assert "'unsafe-eval'" not in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


def test_every_page_comes_by_a_link_in_place_of_another(walk: Any) -> None:
    assert faults(walk["links"]) == {}


def test_a_live_widget_its_exports_and_the_next_page_keep_the_policy(
    window: Page, site: str
) -> None:
    window.goto(site + LORA)
    window.locator("adapter-demo [name=rank]").press("ArrowRight")
    window.wait_for_selector("adapter-demo[data-state=live]")
    for kind in ("SVG", "PNG", "CSV"):
        window.locator(".export").evaluate("menu => { menu.open = true }")
        with window.expect_download():
            window.get_by_role("button", name=kind, exact=True).click()
    workers = window.workers
    window.evaluate("window.sameVisit = true")
    window.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    window.wait_for_selector("adapter-demo[method=oft][data-state=stored]")
    touch(window)
    window.wait_for_selector("adapter-demo[data-state=live]")
    assert window.evaluate("window.sameVisit")
    assert window.workers == workers  # what the library still fetches in idle time is no start
    assert window.evaluate("violations") == []


def test_the_policy_reports_what_it_forbids(window: Page, site: str) -> None:
    window.goto(site + LORA)
    window.evaluate("document.body.append(Object.assign(document.createElement('script'), "
                    "{ text: 'window.injected = true' }))")  # fmt: skip
    window.wait_for_function("() => violations.length")
    assert window.evaluate("window.injected") is None


def test_the_keyboard_follows_the_order_of_the_page_and_always_shows_where_it_is(
    window: Page, site: str
) -> None:
    window.emulate_media(color_scheme="light")
    window.set_viewport_size(WINDOW)
    open_page(window, site + LORA)
    window.evaluate("window.last = null")
    seen: list[str] = []
    while len(seen) < 400:
        window.keyboard.press("Tab")
        step = window.evaluate(
            """() => {
              const now = document.activeElement;
              if (!now || now === document.body) return undefined;
              const { width, height, top, bottom } = now.getBoundingClientRect();
              const style = getComputedStyle(now);
              const label = now.labels?.[0] ? getComputedStyle(now.labels[0]) : style;
              const marked = [style, label].some((s) =>
                (s.outlineStyle !== "none" && s.outlineWidth !== "0px") || s.boxShadow !== "none");
              const slider = now.type === "range"; // its thumb is marked: the next test
              const after = !window.last || Boolean(
                window.last.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING);
              window.last = now;
              const visible = width > 0 && height > 0 && bottom > 0 && top < innerHeight;
              const inside = Boolean(now.closest("article"));
              const html = now.outerHTML.slice(0, 120);
              return { html, after, visible, inside, marked: marked || slider };
            }"""
        )
        if step is None:
            break
        seen.append(step["html"])
        if step["inside"]:
            assert (step["after"], step["visible"], step["marked"]) == (True, True, True), step
    assert 'name="rank"' in " ".join(seen)
    assert len(seen) < 400


def test_a_slider_that_has_the_focus_looks_different(window: Page, site: str) -> None:
    open_page(window, site + LORA)
    slider = window.locator("adapter-demo [name=rank]")
    slider.scroll_into_view_if_needed()
    before = slider.screenshot()
    window.keyboard.press("Tab")
    slider.focus()
    becomes(window, lambda: slider.screenshot() != before, True)


def test_a_printed_page_has_the_text_and_the_picture_and_no_controls(
    window: Page, site: str
) -> None:
    window.set_viewport_size({"width": 794, "height": 1123})
    open_page(window, site + LORA)
    window.emulate_media(media="print")
    try:
        gone = ".md-header, .md-sidebar, .md-footer, .export, .controls, article button"
        expect(window.locator(f":is({gone}):visible")).to_have_count(0)
        for part in ("h1", ".verdict", "adapter-demo .matrix", ".gauges", "#references"):
            expect(window.locator(part).first).to_be_visible()
        background = "getComputedStyle(document.body).backgroundColor"
        becomes(window, f"['rgb(255, 255, 255)', 'rgba(0, 0, 0, 0)'].includes({background})", True)
        becomes(window, TOO_WIDE, [])
    finally:
        window.emulate_media(media="screen")
