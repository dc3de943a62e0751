"""The lab: a table that opens, and a reader's adapter."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from demos.lab import TARGETS, examine
from scripts.stored.lab import OUT
from scripts.survey.results.experiment import fitted
from tests.browser.reader import WINDOW, Visit, becomes, follow, is_python, record

LAB = "lab/"
LONG_FITS = 600_000  # milliseconds that a busy machine may take for all of them
READY = "adapter-lab[data-state=ready]"
STORED = json.loads(OUT.read_text("utf-8")) if OUT.exists() else {}

GAINS = """
from dataclasses import dataclass
from typing import Annotated
import numpy as np
from adapters_np.core import Learned, WeightAdapter

@dataclass(frozen=True, eq=False)
class MyGains(WeightAdapter):
    g: Annotated[np.ndarray, Learned("d_out")]

    @classmethod
    def init(cls, W, rng):
        return cls(np.zeros(len(W)))

    def delta(self, W):
        return self.g[:, None] * W
"""


def ready(page: Page) -> Page:
    expect(page.locator(READY)).to_have_count(1)
    return page


def open_lab(visit: Visit, query: str = "") -> Page:
    return ready(visit(LAB + query))


def cell(page: Page, key: str) -> Locator:
    return page.locator(f"[data-cell='{key}']")


def share(page: Page, key: str) -> Locator:
    """Return the open cell once Python has answered."""
    method, world = key.split(".", 1)
    name = next(m["name"] for m in STORED["methods"] if m["slug"] == method)
    title = TARGETS[world].title if world in TARGETS else ""
    return page.locator(f".specimen[data-share]:has(h2:has-text('{name} on')):has-text('{title}')")


def stored(method: str, world: str, at: int = 1) -> Any:
    return next(m for m in STORED["methods"] if m["slug"] == method)["worlds"][world][at]


def percent(value: float) -> str:
    return f"{round(100 * value)}".replace("-", "−")


# The table ----------------------------------------------------------------------------------------


def test_the_page_is_light_and_python_waits_for_a_cell(page: Page, site: str) -> None:
    requests = record(page.context)
    page.goto(site + LAB)
    ready(page)
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate(
        "performance.getEntries().map(({ name, transferSize }) => [name, transferSize ?? 0])"
    )
    assert sum(size for _, size in sizes) <= 260_000  # 70,000 of them are fonts
    (data,) = (size for name, size in sizes if "/lab-" in name and name.endswith(".json"))
    assert 1000 < data <= 120_000
    assert [url for url in requests if is_python(url)] == []


def test_another_budget_changes_the_table_and_the_address(visit: Visit) -> None:
    page = open_lab(visit)
    page.get_by_label("261").check()
    expect(cell(page, "lora.turn")).to_have_text(percent(stored("lora", "turn", 2)[0]))
    expect(page).to_have_url(re.compile(r"ranks=4"))
    expect(page.locator("#heat caption")).to_contain_text("261 parameters")


def test_a_click_opens_target_fit_and_rest_as_python_computes_them(visit: Visit) -> None:
    page = open_lab(visit)
    page.evaluate(
        "document.addEventListener('adapter-lab:update', ({ detail }) => (window.told = detail))"
    )
    cell(page, "lora.turn").click()
    expect(share(page, "lora.turn")).to_have_count(1)
    found, _, knobs = stored("lora", "turn")
    *_, expected = examine("lora", knobs, "turn")
    told = page.evaluate("({ share: told.share, residual: Array.from(told.views.residual) })")
    assert told["share"] == pytest.approx(expected["share"], rel=1e-6)
    assert told["share"] == pytest.approx(found, abs=1e-3)
    np.testing.assert_allclose(told["residual"], expected["views"]["residual"], atol=1e-5)
    expect(page.locator(".specimen canvas")).to_have_count(3)
    expect(page.locator(".specimen .finding")).to_contain_text(f"Explains {percent(found)} %")


def test_an_open_cell_leads_to_the_same_share_in_the_widget(visit: Visit) -> None:
    page = open_lab(visit, "?cell=ia3.turn")
    found, _, knobs = stored("ia3", "turn")
    assert knobs == {"feedforward": True}
    expect(page.locator(".specimen .settings")).to_contain_text("the best within 130 parameters")
    page.get_by_role("link", name="The same in its widget").click()
    explained = page.locator("adapter-demo[data-state=live] [data-panel=explained] .value")
    expect(explained).to_have_text(f"{100 * found:.1f}")
    expect(page.locator("adapter-demo [name=world]")).to_have_value("turn")


def test_a_real_change_says_what_a_fit_of_it_is_worth_to_the_model(visit: Visit) -> None:
    page = open_lab(visit, "?cell=oft.real")
    # nearest to LoRA's rank 2 in parameters
    (oft,) = (f for f in fitted() if f.method == "oft 16")
    finding = page.locator(".specimen .loss")
    expect(finding).to_contain_text(f"with {oft.parameters} parameters (block_size=16)")
    expect(finding).to_contain_text(f"describes {percent(oft.share)} %")
    expect(finding).to_contain_text(f"{percent(oft.kept)} % of the {oft.worth:.3f} nats")
    share(page, "oft.real").wait_for()
    with page.expect_navigation():
        page.get_by_role("link", name="The same in its widget").click()
    expect(page.locator("adapter-demo [name=world]").first).to_have_value("real")
    cell(open_lab(visit), "oft.mix").click()
    share(page, "oft.mix").wait_for()
    expect(page.locator(".specimen .loss")).to_have_count(0)


def test_a_link_opens_its_cell_and_an_older_one_the_cell_that_it_names_alone(
    visit: Visit, site: str
) -> None:
    page = open_lab(visit)
    cell(page, "oft.turn").click()
    expect(page).to_have_url(re.compile(r"cell=oft\.turn"))
    link = page.url
    follow(page, f"{site}findings/grading/")
    follow(page, f"{link}&pin=ia3.turn&world=pairs&guess=1")
    ready(page)
    expect(page.locator(".specimen h2")).to_have_text(re.compile("^OFT on"))
    expect(page.locator(".specimen")).to_have_count(1)


def test_keys_move_in_the_table_and_open_its_cells(visit: Visit) -> None:
    page = open_lab(visit)
    first = page.locator("#heat [data-cell][tabindex='0']")
    first.focus()
    focused = "document.activeElement.dataset.cell"
    for arrow in ("ArrowDown", "ArrowRight"):
        before = page.evaluate(focused)
        page.keyboard.press(arrow)
        becomes(page, f"{focused} !== '{before}'", True)
    key = page.evaluate(focused)
    page.keyboard.press("Enter")
    expect(share(page, key)).to_have_count(1)
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".specimen")).to_have_count(0)
    expect(cell(page, key)).to_be_focused()


def test_closing_leads_back_to_the_number_on_a_phone(visit: Visit) -> None:
    page = open_lab(visit)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".hint")).to_be_visible()
    cell(page, "lora.turn").click()
    share(page, "lora.turn").wait_for()
    expect(page.locator(".status").first).to_contain_text("fitted in your browser")
    page.get_by_role("button", name="Close").click()
    expect(cell(page, "lora.turn")).to_be_in_viewport()
    expect(cell(page, "lora.turn")).to_be_focused()
    expect(page.locator(".status").first).to_have_text("")
    page.set_viewport_size(WINDOW)


def test_a_student_and_its_teacher_open(visit: Visit) -> None:
    page = open_lab(visit)
    cell(page, "lora.by.ia3").click()
    expect(page.locator(".specimen[data-share] h2")).to_have_text(
        re.compile(r"LoRA on a change by")
    )
    expect(page.locator(".specimen canvas")).to_have_count(3)


# The reader's own ---------------------------------------------------------------------------------


def run_own(page: Page, source: str) -> Locator:
    """Run code in the open cell and return where its end is told."""
    code = page.locator("code-cell[name=own]")
    code.get_by_role("textbox", name="Python code").fill(source)
    code.get_by_role("button", name="Run", exact=True).click()
    return code.get_by_role("status")


def open_own(visit: Visit) -> Page:
    page = open_lab(visit)
    page.locator("code-cell[name=own]").get_by_role("button", name="Edit and run").click()
    return page


def test_a_readers_adapter_takes_its_row(visit: Visit) -> None:
    page = open_own(visit)
    expect(run_own(page, GAINS)).to_contain_text("fitted to all changes", timeout=LONG_FITS)
    row = page.locator("#heat .yours")
    expect(row.locator("th")).to_have_text("MyGains yours")
    place = list(TARGETS).index("rows")
    expect(row.locator("td").nth(place)).to_have_text("100")
    at_pairs = stored("ia3", "pairs")[0]
    expect(row.locator("td").nth(list(TARGETS).index("pairs"))).to_have_text(percent(at_pairs))


LONG = GAINS.replace("MyGains", "A" * 5000)
NUL = GAINS.replace("(WeightAdapter)", "(WeightAdapter, metaclass=Meta)").replace(
    "@dataclass", 'class Meta(type(WeightAdapter)):\n    __name__ = "My\\0Gains"\n\n@dataclass'
)
NAME = "The class is called {}, and a row takes a name of 1 to 99 letters, digits and _."
WRONG = {
    "x = 1": "the code defines no adapter",
    LONG: NAME.format(f'"{"A" * 59}…'),
    NUL: NAME.format(r'"My\u0000Gains"'),
}


def test_what_no_row_takes_is_told_why(visit: Visit) -> None:
    page = open_own(visit)
    for code, reason in WRONG.items():
        expect(run_own(page, code)).to_contain_text(reason)
    expect(page.locator("#heat .yours")).to_have_count(0)
