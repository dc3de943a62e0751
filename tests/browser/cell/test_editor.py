"""Edit and run on the page of a method: panels, errors, stop, storage, links, access."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from demos.probe import probe
from scripts.bootstrap import ROOT
from tests.browser.reader import (
    LORA,
    RANDOM,
    Visit,
    becomes,
    is_python,
    limit,
    move,
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


def test_the_editor_holds_the_tested_file_and_keys_lead_out_of_it(visit: Visit) -> None:
    page = open_editor(visit(PAGE))
    expect(page.locator(".source-listing .highlight")).to_be_hidden()
    editor(page).press("Tab")
    expect(editor(page)).to_be_focused()
    editor(page).press("Escape")
    page.keyboard.press("Tab")
    expect(editor(page)).not_to_be_focused()
    describes = editor(page).get_attribute("aria-describedby")
    expect(page.locator(f"#{describes}")).to_contain_text("Escape and then Tab")
    editor(page).fill(SOURCE)  # what the first Tab has changed
    assert gauge(redraw(page), "relative_norm") == pytest.approx(TESTED)
    expect(status(page)).to_have_text("The panels show the tested file.")
    assert labs(page) == []
    editor(page).press("ControlOrMeta+End")
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
    widget.locator(".export > summary").click()
    with page.expect_download() as download:
        widget.locator("button[value=json]").click()
    exported = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert exported["code"] == "edited by a reader"
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


def test_an_error_marks_its_line_and_a_reset_restores_the_file_and_can_be_undone(
    visit: Visit,
) -> None:
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
    before = page.evaluate("updates.length")
    button(page, "Reset").click()
    page.wait_for_function("before => updates.length > before", arg=before)
    assert gauge(page.evaluate("updates.at(-1)"), "relative_norm") == pytest.approx(TESTED)
    becomes(page, KEPT, None)
    expect(editor(page)).not_to_contain_text("missing")
    editor(page).press("ControlOrMeta+z")
    expect(editor(page)).to_contain_text("missing")


def test_two_listings_of_a_page_both_tell_of_the_stop(visit: Visit) -> None:
    page = visit("methods/goft/#implementation")
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


def run_on(page: Page) -> None:
    """Run what does not end."""
    editor(page).fill(ENDLESS)
    button(page, "Run").click()
    expect(cell(page).get_by_role("region", name="Output")).to_contain_text("on and on")


def test_a_stop_and_a_reset_without_python_leave_no_picture_of_edited_code_unsaid(
    page: Page, site: str
) -> None:
    page.goto(site + PAGE)
    run_on(open_editor(page))
    button(page, "Stop").click()
    expect(status(page)).to_contain_text("Stopped.")
    expect(status(page)).to_contain_text("Python is ready again.")
    widget = page.locator("adapter-demo")
    expect(widget).not_to_contain_text("Edited code")
    expect(widget).to_have_attribute("data-state", "stored")
    assert page.evaluate("updates") == []
    editor(page).fill(TWICE)
    assert gauge(redraw(page), "relative_norm") == pytest.approx(2 * TESTED)
    widget.locator("[name=seed]").fill("3")  # which no stored picture has
    page.wait_for_function("() => updates.at(-1).knobs.seed === 3")
    page.context.route("**/assets/py/**", lambda route: route.abort())
    button(page, "Reset").click()
    expect(widget).to_have_attribute("data-state", "error")
    expect(widget).to_contain_text("These panels do not show the tested file.")
    page.context.unroute_all()
    widget.get_by_role("button", name="Try again").click()
    expect(widget).not_to_contain_text("Edited code")


def test_ten_seconds_end_an_endless_loop(visit: Visit) -> None:
    page = open_editor(visit(PAGE))
    limit(page, 1)
    run_on(page)
    expect(status(page)).to_contain_text("Stopped after 10 seconds.")
    expect(status(page)).to_contain_text("Python is ready again.")
    expect(button(page, "Stop")).to_be_disabled()


def test_the_end_of_readers_code_leaves_the_python_of_the_widgets_alone(visit: Visit) -> None:
    page = open_editor(visit(PAGE))
    move(page, "rank", "ArrowRight")
    (worker,) = (worker for worker in page.workers if is_python(worker.url))
    run_on(page)
    before = page.evaluate("updates.length")
    button(page, "Stop").click()
    page.wait_for_function("before => updates.length > before", arg=before)
    run_on(page)
    page.locator("a[href$='methods/oft/'], a[href$='../oft/']").first.evaluate("a => a.click()")
    page.wait_for_selector("adapter-demo[method=oft]")
    becomes(page, lambda: labs(page), [])
    assert worker in page.workers


# Storage and links --------------------------------------------------------------------------------


def shared(page: Page) -> str:
    """Return the link with the editor's code, which the clipboard has."""
    status(page).evaluate("status => status.replaceChildren()")  # an earlier one was copied, too
    button(page, "Copy link").click()
    expect(status(page)).to_contain_text("copied")
    link: str = page.evaluate("navigator.clipboard.readText()")
    return link


EVIL = '<img src=x onerror=\'window.evil = 1\'>\n"""</script><script>window.evil = 2</script>'


def test_an_edit_is_kept_and_a_link_brings_it_and_neither_is_run(page: Page, site: str) -> None:
    context = page.context
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(site + PAGE)
    open_editor(page, TWICE)
    becomes(page, KEPT, TWICE)
    link = shared(page)
    assert link.startswith(f"{site}{RANDOM}#edit=lora.")
    assert len(link) < 4000
    editor(page).fill("# mine")
    becomes(page, KEPT, "# mine")
    requests = record(context)
    page.goto("about:blank")
    page.goto(site + PAGE)  # its address has followed the reader to another heading
    button(page, "Edit and run").click()
    expect(status(page)).to_contain_text("your own version")
    page.goto("about:blank")
    page.goto(link)
    expect(status(page)).to_contain_text("It has not run: read it first")
    expect(editor(page)).to_contain_text("class LoRA")
    becomes(page, KEPT, TWICE)
    assert "edit" not in page.url
    editor(page).press("ControlOrMeta+z")
    expect(editor(page)).to_have_text("# mine")
    editor(page).fill(EVIL)
    link = shared(page)
    page.goto("about:blank")
    page.goto(link)
    expect(editor(page)).to_contain_text("<img src=x onerror='window.evil = 1'>")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.evil") is None
    assert editor(page).locator("img, script").count() == 0
    assert [url for url in requests if is_python(url) or "sandbox" in url] == []
    assert labs(page) == []
    assert page.evaluate("updates") == []


def bomb(megabytes: int = 10) -> str:
    """Return a link's letters that unpack to ten million or more."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"#" * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    return base64.urlsafe_b64encode(megabytes * block + packer.flush()).decode().rstrip("=")


# Counts the bytes that have become of a link's letters.
INFLATED = """() => {
  window.inflated = 0;
  const { decode } = TextDecoder.prototype;
  TextDecoder.prototype.decode = function (bytes, options) {
    inflated += bytes.length;
    return decode.call(this, bytes, options);
  };
}"""
UNREADABLE = ["!!!", "AAAA", "a" * 5000, "%00%ff", bomb(), bomb(400), bomb(1400)]


def test_a_link_that_cannot_be_read_is_told_and_fills_no_memory(window: Page, site: str) -> None:
    window.goto(f"{site}{LORA}#edit=lora.")
    expect(editor(window)).to_be_visible()
    window.evaluate(INFLATED)
    for letters in UNREADABLE:
        status(window).evaluate("status => { status.textContent = ''; inflated = 0 }")
        window.evaluate("letters => { location.hash = `edit=lora.${letters}` }", letters)
        told = expect(status(window), letters[:20])
        told.to_contain_text("holds no code that can be read")
        assert window.evaluate("inflated") < 2_000_000
        assert window.evaluate(KEPT) is None
    editor(window).fill("#" * 200_001)
    button(window, "Copy link").click()
    expect(status(window)).to_contain_text("There is no link: 200001 characters")
