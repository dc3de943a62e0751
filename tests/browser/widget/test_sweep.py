"""Stored answers along the main knob: a first drag, while Python is on its way or cannot come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from demos.probe import probe
from tests.browser.reader import record

STEP = "?way=random&size=64x64"


def widget(page: Page) -> Locator:
    return page.locator("adapter-demo").first


def main_control(page: Page, name: str) -> Locator:
    return widget(page).locator(f"[data-knob={name}] :is(input, select):enabled").first


def set_value(page: Page, name: str, value: str) -> None:
    """Set a control as a reader does: what Playwright does to it depends on its kind."""
    control = main_control(page, name)
    kind = control.evaluate("c => c.type")
    if kind == "radio":
        widget(page).locator(f"[name={name}][value='{value}']").check(force=True)
    elif kind == "checkbox":
        control.set_checked(value == "true")
    elif kind == "select-one":
        control.select_option(value)
    else:
        control.fill(value)


@pytest.fixture(scope="module")
def offline(window: Page) -> Page:
    """A window to whose pages nothing of Python comes."""
    window.context.route("**/assets/py/**", lambda route: route.fulfill(status=404))
    return window


@pytest.mark.parametrize(
    ("method", "knob", "text", "value"),
    [
        ("lora", "rank", "5", 5),
        ("dora", "rank", "16", 16),
        ("oft", "block_size", "16", 16),
        ("goft", "form", "sequential", "sequential"),
        ("ia3", "feedforward", "true", True),
        ("prompt_tuning", "tokens", "3", 3),
        ("antipasto", "alpha", "-2", -2),
    ],
)
def test_every_kind_of_main_control_is_answered_from_the_file(
    offline: Page, site: str, method: str, knob: str, text: str, value: Any
) -> None:
    """That the file's numbers are Python's is tested under Node, in tests/scripts/stored."""
    page = offline
    page.goto(f"{site}methods/{method}/{STEP}")
    expect(main_control(page, knob)).to_be_enabled()
    set_value(page, knob, text)
    drawn = "([name, value]) => stored.findLast(({ knobs }) => knobs[name] === value)"
    shown = page.wait_for_function(drawn, arg=[knob, value]).json_value()
    expect(widget(page).locator(".sentence")).to_have_text(
        probe(method, shown["knobs"])["sentence"]
    )


def test_nothing_is_drawn_from_the_file_when_another_control_has_moved(
    offline: Page, site: str
) -> None:
    page = offline
    page.goto(site + "methods/lora/?seed=3")
    main_control(page, "rank").press("ArrowLeft")
    page.wait_for_selector("adapter-demo[data-state=error]")
    main_control(page, "rank").press("ArrowLeft")
    widget(page).evaluate("demo => demo.nearest()")
    assert page.evaluate("[...stored, ...updates]") == []


def test_the_file_is_fetched_when_a_reader_reaches_for_a_control(page: Page, site: str) -> None:
    requests = record(page.context)
    page.goto(site + "methods/lora/", wait_until="networkidle")
    page.locator("adapter-demo .sentence").hover()
    page.evaluate("fetch(location.href).then(() => true)")  # what hovering asks for goes before it
    assert not [url for url in requests if "fits" in url or "sweep" in url]
    with page.expect_response("**/lora-fits-*.bin") as answer:
        main_control(page, "rank").hover()
    assert answer.value.headers["content-encoding"] == "br"
    page.wait_for_load_state("networkidle")
    assert not [url for url in requests if "/assets/py/" in url or "worker-" in url]


def test_a_value_that_is_not_stored_shows_the_nearest_one_and_says_so(
    offline: Page, site: str
) -> None:
    page = offline
    page.goto(f"{site}methods/fourierft/{STEP}")
    page.wait_for_function("() => stored.length")
    set_value(page, "n_frequency", "1000")
    shown = page.wait_for_function("() => stored[1]").json_value()
    value = shown["knobs"]["n_frequency"]
    assert value != 1000
    assert abs(value - 1000) < 100
    (count,) = (p["value"] for p in shown["panels"] if p["name"] == "parameters")
    assert count == value
    expect(page.locator(".note")).to_contain_text(f"Stored picture at frequencies {value}")


def test_what_is_exported_is_never_rounded(page: Page, site: str) -> None:
    page.goto(f"{site}methods/lora/{STEP}")
    expect(main_control(page, "rank")).to_be_enabled()
    main_control(page, "rank").press("ArrowLeft")
    page.locator(".export summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text("utf-8")
    values = [row.split(",")[-1] for row in text.splitlines() if row.startswith('weights,"ΔW')]
    assert len(values) == 64 * 64
    assert len(set(values)) > 4000


# Two questions wait for stored answers when the export's own, the third, finds Python on its way.
OVERTAKE = """async () => {
  const demo = document.querySelector("adapter-demo");
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  demo.run();
  await pause(100);
  demo.run();
  while (demo.computer.state === "off") await pause(1);
  demo.button("export").click();
}"""


def test_an_export_waits_for_a_question_that_has_taken_the_place_of_its_own(
    page: Page, site: str
) -> None:
    kept: list[Route] = []
    page.route("**/lora-fits-*.bin", lambda route: kept.append(route))
    page.goto(f"{site}methods/lora/")
    expect(main_control(page, "rank")).to_be_enabled()
    with page.expect_download() as download:
        page.evaluate(OVERTAKE)
    assert kept
    assert Path(download.value.path()).stat().st_size > 1000
