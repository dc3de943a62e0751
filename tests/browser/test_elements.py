"""What holds for every element, once: axe, a phone, no script, missing files, wrong values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, ViewportSize, expect

from demos.lab import TARGETS
from demos.probe import probe
from demos.settings import settings
from scripts.catalog import read
from scripts.macros import examples
from scripts.stored.widgets import opening
from tests.browser.reader import LIVE, LORA, RANDOM, Visit, is_python, record, violations

EDITOR = f"{LORA}#implementation"
PHONE: ViewportSize = {"width": 390, "height": 844}
UNFOLD = "part => part.querySelectorAll('details').forEach((fold) => (fold.open = true))"

# In use


def answers(page: Page) -> None:
    page.locator("adapter-demo").evaluate(UNFOLD)
    page.locator("adapter-demo [name=rank]").press("ArrowLeft")
    page.wait_for_function("() => updates.length")


def compares(page: Page) -> None:
    page.wait_for_function("() => compared.length")
    page.locator("adapter-compare").evaluate(UNFOLD)


def fits(page: Page) -> None:
    page.locator(".specimen[data-share]").wait_for()


def runs(page: Page) -> None:
    page.get_by_role("button", name="Edit and run").click()
    page.locator("code-cell").get_by_role("textbox").fill("x = 1\nx.missing")
    page.locator("code-cell").get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("code-cell").get_by_role("status")).to_contain_text("AttributeError")


def guesses(page: Page) -> None:
    expect(page.locator("five-bets adapter-stage[data-state=live]")).to_be_visible()
    for bet in ("lora", "oft", "ia3", "dora", "pissa"):
        page.locator(f"five-bets nav a[href='#{bet}']").click()
        expect(page.locator(".story")).to_have_attribute("data-bet", bet)
        page.locator("five-bets").get_by_role("button", name="Show me").click()
        page.locator(f"fieldset[name={bet}] button[value='0']").click()
        assert violations(page, "five-bets", colours=False) == {}


def shows_a_recipe(page: Page) -> None:
    page.locator("#shortlist [name=show]:enabled").first.click()
    expect(page.locator("adapter-choice .recipe pre code")).to_be_visible()


USES: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "widget": (LORA, "adapter-demo", answers),
    "comparison": ("compare/?a=oft&b=dora", "adapter-compare", compares),
    "lab": ("lab/?cell=lora.turn", ".md-content", fits),
    "editor": (EDITOR, "code-cell", runs),
    "story": ("story/", "article", guesses),
    "choice": ("choose/", "adapter-choice", shows_a_recipe),
}


@pytest.mark.parametrize("name", USES)
def test_in_use_it_is_accessible_and_asks_no_other_host(
    tab: Page, visit: Visit, site: str, name: str
) -> None:
    path, part, use = USES[name]
    asked = record(tab.context)
    page = visit(path)
    use(page)
    assert violations(page, part) == {}
    hosts = {urlsplit(address).netloc for address in asked if address.startswith("http")}
    assert hosts <= {urlsplit(site).netloc}


def test_neither_python_nor_the_editor_is_fetched_before_a_touch(page: Page, site: str) -> None:
    asked = record(page.context)
    for path in (EDITOR, "compare/", "lab/", "playground/", "story/"):
        page.goto(site + path)
        page.locator("article").hover()
        for _ in range(3):
            page.keyboard.press("Tab")
        page.wait_for_load_state("networkidle")
        late = ("/cell-", "/sandbox-", "-sweep-", "-fits-", ".bin")
        assert [url for url in asked if is_python(url) or any(p in url for p in late)] == [], path


# Without a script, on a phone

STATIC: dict[str, tuple[str, dict[str, str | int]]] = {
    "widget": (
        LORA,
        {
            ".sentence": probe("lora", opening("lora"))["sentence"],
            ".gauges [data-panel=explained]": "41.6",
            ".gauges [data-panel=rank]": "2 of 32",
            "svg.chart:visible": 2,
            ".extents tbody tr": 11,
            "adapter-demo noscript:visible": 1,
            **{f"role=img[name=/{name}.*, 32 × 32/]": 1 for name in ("Target ΔW", "Residual")},
            "adapter-demo :enabled:is(input, select)": 0,
        },
    ),
    "comparison": (
        "compare/",
        {
            ".head .sentence": "OFT comes closest to the 1,024",
            "[data-side=a] .gauges [data-panel=rank]": "8 of 64",
            "[data-side=b] .gauges [data-panel=rank]": "64 of 64",
            "role=img[name=/^ΔW, the change, 64 × 64/]": 2,
            "#pair svg.chart:visible": 4,
            "#pair noscript:visible": 1,
            "#pair select:enabled": 0,
        },
    ),
    "lab": (
        "lab/",
        {"#heat [data-cell='lora.few']": "100", "#heat thead th[scope=col]": len(TARGETS) + 1},
    ),
    "editor": (
        EDITOR,
        {".source-listing pre": "class LoRA(WeightAdapter):", "code-cell button": 0},
    ),
    "playground": (
        "playground/",
        {
            f".source-listing:has(code-cell[name={example.name}]) pre": example.path.read_text(
                "utf-8"
            )
            for example in examples.read()
        },
    ),
    "story": (
        "story/",
        {
            ":is(five-bets, .end-card):visible": 0,
            **{f"#{bet} svg:visible": 2 for bet in ("lora", "oft", "ia3", "dora", "pissa")},
        },
    ),
    "scorecard": ("findings/grading/", {"#scorecard-table tbody tr": len(read().survey)}),
}


@pytest.fixture(scope="module")
def still(browser: Browser) -> Iterator[Page]:
    with browser.new_context(java_script_enabled=False) as context:
        yield context.new_page()


@pytest.mark.parametrize("name", STATIC)
def test_without_a_script_all_that_can_be_read_is_there(still: Page, site: str, name: str) -> None:
    path, parts = STATIC[name]
    still.goto(site + path)
    still.locator("article").evaluate(UNFOLD)
    for selector, wanted in parts.items():
        part = still.locator(selector)
        if isinstance(wanted, int):
            expect(part).to_have_count(wanted)
        else:
            expect(part.first).to_contain_text(wanted.strip())


# What is in view after a scroll to a part: all of it, or some.
THUMBS: dict[str, tuple[str, str, list[tuple[str, str, float]]]] = {
    "widget": (
        LORA,
        "adapter-demo",
        [("adapter-demo [name=rank]", "[data-panel=wanted] .stage:visible", 0.9)],
    ),
    "comparison": (
        "compare/",
        "adapter-compare",
        [
            (".side .picture", ".side .matrix .stage:visible", 1),
            ("[data-side=b] [name=block_size]", ".side .matrix .stage:visible", 0.01),
        ],
    ),
    "editor": (EDITOR, "code-cell", []),
}
SMALL = "all => all.filter((e) => e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)"


@pytest.mark.parametrize("name", THUMBS)
def test_on_a_phone_nothing_scrolls_sideways_and_targets_are_large(
    browser: Browser, site: str, name: str
) -> None:
    path, element, views = THUMBS[name]
    with browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        page.goto(site + path)
        page.locator(f"{element} :is(input, button):enabled").first.wait_for(state="attached")
        if name == "editor":
            page.get_by_role("button", name="Edit and run").click()
            page.locator(".cm-content").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        targets = "input:not([type=checkbox], [type=radio]), label:has([type=radio]), .check"
        shown = page.locator(f"{element} :is({targets}, button, select, summary):visible")
        assert shown.evaluate_all(SMALL) == []
        for goal, part, ratio in views:
            page.locator(goal).first.scroll_into_view_if_needed()
            for seen in page.locator(part).all():
                expect(seen).to_be_in_viewport(ratio=ratio)


# Files that do not come


@pytest.mark.parametrize("file", ["numpy.bin", "chart"])
def test_a_file_that_a_widget_misses_is_named_and_asked_for_again(
    page: Page, site: str, file: str
) -> None:
    page.context.route(f"**/{file}*", lambda route: route.fulfill(status=404))
    page.goto(site + LORA)
    sentence = page.locator(".sentence").inner_text()
    page.locator("adapter-demo [name=seed]").evaluate(
        "seed => { seed.closest('details').open = true }"
    )
    page.locator("adapter-demo [name=seed]").press("ArrowRight")
    page.wait_for_selector("adapter-demo[data-state=error]")
    expect(page.get_by_role("alert").filter(has_text=file)).to_contain_text("reload the page")
    expect(page.locator(".note")).to_contain_text("still hold")
    assert page.locator(".sentence").inner_text() == sentence
    page.context.unroute_all()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(LIVE)
    expect(page.locator(".problem")).to_be_empty()


# A page, the file that it misses, what is pressed, where that is told, and what is there then.
MISSES = {
    "export": (LORA, "export-*", "adapter-demo [name=code]", "adapter-demo .problem", ""),
    "editor": (EDITOR, "cell-*.js", "code-cell button", "code-cell button", ".cm-content"),
    "example": (
        "your-adapter/",
        "*.safetensors",
        "[name=example]",
        "adapter-file .status",
        "[data-cell]",
    ),
}


@pytest.mark.parametrize("name", MISSES)
def test_what_an_element_misses_is_told_and_fetched_by_the_next_try(
    page: Page, site: str, name: str
) -> None:
    path, file, button, told, then = MISSES[name]
    page.context.route(f"**/{file}", lambda route: route.abort())
    page.goto(site + path)
    page.locator(button).first.evaluate("button => button.click()")
    expect(page.locator(told).first).to_contain_text("could not be loaded")
    page.context.unroute_all()
    if not then:
        with page.expect_download():
            return page.locator(button).first.evaluate("button => button.click()")
    page.locator(button).first.evaluate("button => button.click()")
    expect(page.locator(then).first).to_be_visible()


# Values

EVIL = "<img src=x onerror='window.injected = 1'>"
YES = {"rank_stabilised": "yes"}
NONSENSE = [
    (LORA, ".problem", YES | {"rank": "0x4", "alpha": "Infinity", "base": "__proto__", "seed": ""}),
    (LORA, ".problem", {"rank": "999", "seed": EVIL}),
    ("compare/", ".problem", {"a": EVIL, "b": "constructor", "seed": "-1"}),
    ("compare/", ".problem", {"a.rank": "99", "a.alpha": "1e1", "b": "../../index"}),
    ("lab/", ".opened .status", {"ranks": "3", "cell": EVIL}),
]
VALUES = """() => [...document.querySelectorAll("article :is(input, select)")]
  .map((e) => [e.name, /checkbox|radio/.test(e.type) ? e.checked : e.value])"""


@pytest.mark.parametrize(("path", "told", "wrong"), NONSENSE)
def test_nonsense_in_the_address_is_told_and_changes_nothing(
    window: Page, site: str, path: str, told: str, wrong: dict[str, str]
) -> None:
    known = "way=fitted"  # a link that names anything means another rank than the page's own
    seen = []
    for query in (known, f"{known}&{urlencode(wrong)}"):
        window.goto(f"{site}{path}?{query}")
        window.locator("article :is(select, [type=range], [type=radio]):enabled").first.wait_for(
            state="attached"
        )
        seen.append(window.evaluate(VALUES))
    for name, value in wrong.items():
        expect(window.locator(told)).to_contain_text(f"{name}={value[:40]}")
    assert window.locator(f"{told} *").count() == 0
    assert seen[0] == seen[1]


NAMES = st.sampled_from(
    [*settings("lora"), "__proto__", "a", "b", "a.rank", "method", "cell", "pin", "guess", "theme"]
)
NASTY = st.sampled_from(
    [
        *(EVIL, "", "'; window.injected=1; '", "${window.injected=1}", "javascript:injected=1"),
        *("NaN", "-1", "1e309", "0x10", "８", "true", "null", "undefined", "[object Object]"),
        *("%00", "\u202e8", "{{7*7}}", "../../etc", "9" * 4000),
    ]
)
TEXTS = NASTY | st.text(max_size=40) | st.integers().map(str) | st.floats().map(str)
QUERIES = st.lists(st.tuples(NAMES | st.text(max_size=8), TEXTS), max_size=6)
# Python would start for every address; what it is asked, `probe` answers here.
NO_WORKER = "window.Worker = class extends EventTarget { postMessage() {} terminate() {} }"
HASHES = st.just("") | NASTY.map("#{}".format) | st.text(max_size=60).map("#edit={}".format)


@pytest.fixture(scope="module")
def target(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    with browser.new_context() as context:
        context.add_init_script(NO_WORKER)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page, errors


@pytest.mark.parametrize(
    "path", [LORA, "compare/", "lab/", "story/", "choose/", "findings/grading/", "findings/papers/"]
)
@rules(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(query=QUERIES, fragment=HASHES)
def test_no_address_breaks_an_element_or_brings_code_into_it(
    target: Any, site: str, path: str, query: list[tuple[str, str]], fragment: str
) -> None:
    page, errors = target
    safe = [(a.encode("utf-8", "replace"), b.encode("utf-8", "replace")) for a, b in query]
    page.goto("about:blank")
    page.goto(f"{site}{path}?{urlencode(safe)}{fragment}", wait_until="domcontentloaded")
    expect(
        page.locator("article :is(.controls, fieldset, input, select, button):enabled")
    ).not_to_have_count(0)
    assert errors == []
    assert page.evaluate("window.injected") is None
    assert page.locator("article img[src=x], .problem *").count() == 0
    if path == LORA:
        probe("lora", page.locator("adapter-demo").evaluate("demo => demo.knobs"))


# A page, a control, a value that it cannot have, where and how that is told, and one that it can.
IMPOSSIBLE = {
    "widget": (RANDOM, "adapter-demo [name=rank]", "40", "[data-knob=rank] .error", "rank=40", ""),
    "comparison": (
        *("compare/?a=lora&b=dora", "[data-side=b] [name=alpha]", "80"),
        *("[data-side=b] [data-knob=alpha] .error", "alpha=80", "1"),
    ),
    "choice": (
        *("choose/", "adapter-choice [name=memory]", "-3"),
        *("adapter-choice output", "GPU memory, GiB", "24"),
    ),
}
SET = """(control, value) => {
  control.max = "";
  control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
}"""


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_an_impossible_value_is_explained_until_it_is_changed(visit: Visit, name: str) -> None:
    path, selector, wrong, told, words, right = IMPOSSIBLE[name]
    page = visit(path)
    control = page.locator(f"{selector}:enabled").first
    expect(control).to_be_attached()
    control.evaluate(SET, wrong)
    expect(page.locator(told)).to_contain_text(words)
    if right:
        control.evaluate(SET, right)
    else:
        page.locator("adapter-demo [name=reset]").click()
    expect(page.locator(told)).not_to_contain_text(words)
