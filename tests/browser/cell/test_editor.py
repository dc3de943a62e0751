"""Edit and run on the page of a method: panels, errors, stop, storage, links, access."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from demos.probe import probe
from scripts.bootstrap import ROOT
from tests.browser.reader import (
    LORA,
    RANDOM,
    Visit,
    becomes,
    is_python,
    limit,
    record,
)

SOURCE = (ROOT / "adapters_np" / "methods" / "lora.py").read_text("utf-8")
DELTA = "        return self.s * self.B @ self.A"
TWICE = SOURCE.replace(DELTA, '        print("twice")\n        return 2 * self.s * self.B @ self.A')
ENDLESS = SOURCE.replace(
    DELTA, '        print("on and on", flush=True)\n        while True:\n            pass'
)
KEPT = "sessionStorage['edit:lora']"
PAGE = f"{RANDOM}#implementation"  # a fit would run the code thousands of times


def cell(page: Page) -> Locator:
    return page.locator("code-cell[name=lora]")


def status(page: Page) -> Locator:
    return cell(page).get_by_role("status")


def button(page: Page, name: str) -> Locator:
    return cell(page).get_by_role("button", name=name, exact=True)


def editor(page: Page) -> Locator:
    return cell(page).get_by_role("textbox", name="Source of lora.py")


def labs(page: Page) -> list[str]:
    """Return the workers that run readers' code, which are started by way of a blob."""
    return [worker.url for worker in page.workers if worker.url.startswith("blob:")]


def open_editor(page: Page, code: str = "") -> Page:
    button(page, "Edit and run").click()
    expect(editor(page)).to_be_focused()
    if code:
        editor(page).fill(code)
    return page


@pytest.fixture
def cold(page: Page, site: str) -> Page:
    """The page in a window where Python has not started."""
    page.goto(site + PAGE)
    return page


def redraw(page: Page) -> dict[str, Any]:
    """Press Run and return the redraw that follows."""
    before = page.evaluate("updates.length")
    button(page, "Run").click()
    page.wait_for_function("before => updates.length > before", arg=before)
    update: dict[str, Any] = page.evaluate("updates.at(-1)")
    return update


def gauge(update: Mapping[str, Any], name: str) -> float:
    return next(panel["value"] for panel in update["panels"] if panel["name"] == name)


TESTED = gauge(probe("lora", {}), "relative_norm")


# Edit and run -------------------------------------------------------------------------------------


def test_the_editor_holds_the_tested_file(visit: Visit) -> None:
    page = open_editor(visit(PAGE))
    expect(page.locator(".source-listing .highlight")).to_be_hidden()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("#")
    becomes(page, KEPT, SOURCE + "#")


def test_an_edit_redraws_every_panel_and_the_widget_says_so(visit: Visit) -> None:
    page = open_editor(visit(PAGE), TWICE)
    update = redraw(page)
    assert update["method"] == "lora"
    assert gauge(update, "relative_norm") == pytest.approx(2 * TESTED)
    assert [panel["name"] for panel in update["panels"]] == [
        panel["name"] for panel in probe("lora", {})["panels"]
    ]
    expect(status(page)).to_have_text("The panels show the edited code.")
    expect(cell(page).get_by_role("region", name="Output")).to_have_text("twice")
    widget = page.locator("adapter-demo")
    expect(widget).to_contain_text("These panels do not show the tested file.")
    widget.locator("[name=rank]").press("ArrowLeft")
    page.wait_for_function("() => updates.at(-1).knobs.rank === 7")
    expected = 2 * gauge(probe("lora", {"rank": 7}), "relative_norm")
    assert gauge(page.evaluate("updates.at(-1)"), "relative_norm") == pytest.approx(expected)
    widget.locator("[name=rank]").press("ArrowRight")
    page.wait_for_function("() => updates.at(-1).knobs.rank === 8")
    cell(page).get_by_role("link", name="Go to the panels").click()
    expect(widget).to_be_in_viewport()
    widget.get_by_role("link", name="Back to the tested file").click()
    expect(widget).not_to_contain_text("Edited code")
    assert gauge(page.evaluate("updates.at(-1)"), "relative_norm") == pytest.approx(TESTED)
    expect(page.locator(".source-listing .highlight")).to_be_visible()
    expect(button(page, "Edit and run")).to_be_focused()


def test_an_error_marks_its_line_and_keeps_the_picture(visit: Visit) -> None:
    page = open_editor(visit(PAGE), TWICE)
    redraw(page)
    editor(page).fill(SOURCE.replace(DELTA, "        return self.missing"))
    editor(page).press("ControlOrMeta+Enter")
    expect(cell(page).locator(".error-line")).to_have_text("        return self.missing")
    line = SOURCE.splitlines().index(DELTA) + 1
    expect(status(page)).to_contain_text(f"Line {line}: AttributeError")
    expect(cell(page).get_by_role("region", name="Output")).to_contain_text("Traceback")
    expect(page.locator("adapter-demo .gauges")).to_contain_text("Rank of ΔW8 of 64")
    editor(page).press("End")
    page.keyboard.type(" ")
    expect(cell(page).locator(".error-line")).to_have_count(0)


def test_an_export_says_that_the_code_is_edited(visit: Visit) -> None:
    page = open_editor(visit(PAGE), TWICE)
    redraw(page)
    page.locator("adapter-demo .export > summary").click()
    with page.expect_download() as download:
        page.locator("adapter-demo button[value=json]").click()
    exported = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert exported["code"] == "edited by a reader"


def test_running_the_file_unchanged_draws_the_tested_code(cold: Page) -> None:
    page = open_editor(cold)
    assert gauge(redraw(page), "relative_norm") == pytest.approx(TESTED)
    expect(status(page)).to_have_text("The panels show the tested file.")
    assert labs(page) == []


def test_reset_restores_the_tested_file_and_can_be_undone(visit: Visit) -> None:
    page = open_editor(visit(PAGE), TWICE)
    redraw(page)
    button(page, "Reset").click()
    page.wait_for_function("() => updates.length === 2")
    assert gauge(page.evaluate("updates[1]"), "relative_norm") == pytest.approx(TESTED)
    becomes(page, KEPT, None)
    expect(editor(page)).not_to_contain_text("twice")
    editor(page).press("ControlOrMeta+z")
    becomes(page, KEPT, TWICE)


def test_an_edited_picture_says_so_until_another_one_is_drawn(cold: Page) -> None:
    page = cold
    redraw(open_editor(page, TWICE))
    page.locator("adapter-demo [name=seed]").fill("3")  # which no stored picture has
    page.wait_for_function("() => updates.at(-1).knobs.seed === 3")
    page.context.route("**/assets/py/**", lambda route: route.abort())
    button(page, "Reset").click()
    widget = page.locator("adapter-demo")
    expect(widget).to_have_attribute("data-state", "error")
    expect(widget).to_contain_text("These panels do not show the tested file.")
    page.context.unroute_all()
    widget.get_by_role("button", name="Try again").click()
    expect(widget).not_to_contain_text("Edited code")


def test_two_listings_of_a_page_both_tell_of_the_stop(visit: Visit) -> None:
    page = visit("methods/goft/#implementation")
    page.locator("details.fold:not([open]):has(code-cell) > summary").click()
    cells = page.locator("code-cell")
    for nth in (0, 1):
        cells.nth(nth).get_by_role("button", name="Edit and run").click()
        source = cells.nth(nth).get_by_role("textbox")
        source.fill('print("on and on", flush=True)\nwhile True: pass')
    for nth in (0, 1):
        cells.nth(nth).get_by_role("button", name="Run", exact=True).click()
    expect(cells.get_by_role("region", name="Output").get_by_text("on and on")).to_have_count(1)
    cells.nth(0).get_by_role("button", name="Stop").click()
    for nth in (0, 1):
        expect(cells.nth(nth).get_by_role("status")).to_contain_text("Stopped.")


# Stop ---------------------------------------------------------------------------------------------


def test_stop_ends_an_endless_loop_and_the_picture_is_that_of_the_tested_code(cold: Page) -> None:
    page = open_editor(cold, ENDLESS)
    button(page, "Run").click()
    output = cell(page).get_by_role("region", name="Output")
    expect(output).to_contain_text("on and on")
    button(page, "Stop").click()
    expect(status(page)).to_contain_text("Stopped.")
    expect(status(page)).to_contain_text("Python is ready again.")
    expect(page.locator("adapter-demo")).not_to_contain_text("Edited code")
    expect(page.locator("adapter-demo")).to_have_attribute("data-state", "stored")
    assert page.evaluate("updates") == []
    editor(page).fill(TWICE)
    assert gauge(redraw(page), "relative_norm") == pytest.approx(2 * TESTED)


def test_ten_seconds_end_an_endless_loop(visit: Visit) -> None:
    page = open_editor(visit(PAGE), ENDLESS)
    limit(page, 10)
    button(page, "Run").click()
    expect(cell(page).get_by_role("region", name="Output")).to_contain_text("on and on")
    expect(status(page)).to_contain_text("Stopped after 10 seconds.")
    expect(status(page)).to_contain_text("Python is ready again.")
    expect(button(page, "Stop")).to_be_disabled()


def test_stopping_readers_code_leaves_the_python_of_the_widgets_alone(cold: Page) -> None:
    page = open_editor(cold)
    page.locator("adapter-demo [name=rank]").press("ArrowRight")
    page.wait_for_function("() => updates.length === 1")
    (worker,) = (worker for worker in page.workers if is_python(worker.url))
    editor(page).fill(ENDLESS)
    button(page, "Run").click()
    expect(cell(page).get_by_role("region", name="Output")).to_contain_text("on and on")
    button(page, "Stop").click()
    page.wait_for_function("() => updates.length === 2")
    assert worker in page.workers


def test_leaving_the_page_ends_readers_code(cold: Page) -> None:
    page = open_editor(cold, ENDLESS)
    button(page, "Run").click()
    expect(cell(page).get_by_role("region", name="Output")).to_contain_text("on and on")
    page.evaluate("window.sameVisit = true")
    page.locator("a[href$='methods/oft/'], a[href$='../oft/']").first.evaluate("a => a.click()")
    page.wait_for_selector("adapter-demo[method=oft]")
    assert page.evaluate("window.sameVisit")
    becomes(page, lambda: labs(page), [])


# Storage and links --------------------------------------------------------------------------------


def test_an_edit_survives_a_reload_and_is_not_run(cold: Page, site: str) -> None:
    page = open_editor(cold, TWICE)
    becomes(page, KEPT, TWICE)
    page.goto("about:blank")
    page.goto(site + PAGE)  # its address has followed the reader to another heading
    button(page, "Edit and run").click()
    expect(status(page)).to_contain_text("your own version")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("updates") == []
    assert gauge(redraw(page), "relative_norm") == pytest.approx(2 * TESTED)


def shared(page: Page, context: BrowserContext) -> str:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    button(page, "Copy link").click()
    expect(status(page)).to_contain_text("copied")
    link: str = page.evaluate("navigator.clipboard.readText()")
    return link


def test_a_link_brings_the_edit_and_runs_nothing(
    browser: Browser, context: BrowserContext, page: Page, site: str
) -> None:
    page.goto(f"{site}{LORA}#implementation")
    open_editor(page, TWICE)
    link = shared(page, context)
    assert link.startswith(f"{site}{LORA}#edit=lora.")
    assert len(link) < 4000
    with browser.new_context() as other:
        guest = other.new_page()
        requests = record(other)
        guest.goto(link)
        expect(status(guest)).to_contain_text("It has not run: read it first")
        expect(editor(guest)).to_contain_text("class LoRA")
        guest.wait_for_load_state("networkidle")
        assert [url for url in requests if is_python(url) or "sandbox" in url] == []
        assert labs(guest) == []
        becomes(guest, KEPT, TWICE)
        assert "edit" not in guest.url
        button(guest, "Run").click()
        expect(status(guest)).to_have_text("The panels show the edited code.")


def test_a_link_is_shown_as_text_whatever_it_holds(context: BrowserContext, cold: Page) -> None:
    evil = '<img src=x onerror=\'window.evil = 1\'>\n"""</script><script>window.evil = 2</script>'
    page = open_editor(cold, evil)
    link = shared(page, context)
    page.goto("about:blank")
    page.goto(link)
    expect(editor(page)).to_contain_text("<img src=x onerror='window.evil = 1'>")
    assert page.evaluate("window.evil") is None
    assert editor(page).locator("img, script").count() == 0


def test_a_link_can_be_undone_back_to_the_readers_own_edit(
    context: BrowserContext, cold: Page
) -> None:
    page = open_editor(cold, "# theirs")
    link = shared(page, context)
    editor(page).fill("# mine")
    becomes(page, KEPT, "# mine")
    page.goto("about:blank")
    page.goto(link)
    expect(editor(page)).to_have_text("# theirs")
    editor(page).press("ControlOrMeta+z")
    expect(editor(page)).to_have_text("# mine")


def letters_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bomb(megabytes: int = 10) -> str:
    """Return a link's letters that unpack to ten million or more."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"#" * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    return letters_of(megabytes * block + packer.flush())


@pytest.mark.parametrize("letters", ["", "!!!", "AAAA", "a" * 5000, "%00%ff", bomb()])
def test_a_link_that_cannot_be_read_is_told(window: Page, site: str, letters: str) -> None:
    window.goto("about:blank")  # only its end would be new
    window.goto(f"{site}{LORA}#edit=lora.{letters}")
    if letters:
        expect(status(window)).to_contain_text("holds no code that can be read")
    else:
        expect(editor(window)).to_be_visible()
    assert window.evaluate(KEPT) is None


# Counts the bytes that have become of a link's letters.
INFLATED = """
window.inflated = 0;
const { decode } = TextDecoder.prototype;
TextDecoder.prototype.decode = function (bytes, options) {
  inflated += bytes.length;
  return decode.call(this, bytes, options);
};
"""


@pytest.mark.parametrize("megabytes", [400, 1400])
def test_a_link_that_would_fill_the_memory_is_not_inflated(
    context: BrowserContext, page: Page, site: str, megabytes: int
) -> None:
    context.add_init_script(INFLATED)
    page.goto(f"{site}{LORA}#edit=lora.{bomb(megabytes)}")
    expect(status(page)).to_contain_text("holds no code that can be read")
    assert page.evaluate("inflated") < 2_000_000


def test_code_that_is_too_long_for_a_link_is_told(visit: Visit) -> None:
    page = open_editor(visit(PAGE), "#" * 200_001)
    button(page, "Copy link").click()
    expect(status(page)).to_contain_text("There is no link: 200001 characters")


# For everybody ------------------------------------------------------------------------------------


def test_escape_and_tab_lead_out_of_the_editor(visit: Visit) -> None:
    page = open_editor(visit(PAGE))
    editor(page).press("Tab")
    expect(editor(page)).to_be_focused()
    editor(page).press("Escape")
    page.keyboard.press("Tab")
    expect(editor(page)).not_to_be_focused()
    describes = editor(page).get_attribute("aria-describedby")
    expect(page.locator(f"#{describes}")).to_contain_text("Escape and then Tab")
