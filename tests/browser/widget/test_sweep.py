"""Stored answers along the main knob: a first drag, while Python is on its way or cannot come."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from demos.change import ROUND_OFF
from scripts.serve import serving
from tests.browser.reader import Visit, record


@pytest.fixture(scope="module")
def without_python(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site with Python's files taken away."""
    folder = tmp_path_factory.mktemp("without") / "site"
    shutil.copytree(site_folder, folder, copy_function=os.link)
    shutil.rmtree(folder / "assets" / "py")
    with serving(folder) as address:
        yield address


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


def update_at(page: Page, name: str, value: Any, *, stored: bool) -> dict[str, Any]:
    """Wait for the redraw at a value of a knob, from the file or from Python, and return it."""
    wanted = f"""([name, value]) => {"stored" if stored else "updates"}.findLast(
        ({{ knobs }}) => knobs[name] === value)"""
    found: dict[str, Any] = page.wait_for_function(wanted, arg=[name, value]).json_value()
    return found


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
def test_stored_numbers_are_those_of_python(
    page: Page,
    visit: Visit,
    without_python: str,
    method: str,
    knob: str,
    text: str,
    value: Any,
) -> None:
    got = {}
    for stored in (True, False):
        if stored:
            page.goto(f"{without_python}methods/{method}/{STEP}")
        else:
            page = visit(f"methods/{method}/{STEP}")
        expect(main_control(page, knob)).to_be_enabled()
        set_value(page, knob, text)
        got[stored] = update_at(page, knob, value, stored=stored)
        got[stored]["sentence"] = widget(page).locator(".sentence").inner_text()
    file, live = got[True], got[False]
    assert file["knobs"] == live["knobs"]
    assert file["sentence"] == live["sentence"]
    assert [p["name"] for p in file["panels"]] == [p["name"] for p in live["panels"]]
    for ours, theirs in zip(file["panels"], live["panels"], strict=True):
        if ours["kind"] == "number":
            assert ours["value"] == pytest.approx(theirs["value"], rel=1e-8, abs=ROUND_OFF)
            if abs(theirs["value"]) > ROUND_OFF:  # the machines round differently
                assert (ours["text"], ours["unit"]) == (theirs["text"], theirs["unit"])
        if ours["kind"] == "series":
            for line, twin in zip(ours["lines"], theirs["lines"], strict=True):
                round_off = 1e-14 * max(twin["values"])
                np.testing.assert_allclose(line["values"], twin["values"], 1e-6, round_off)
        if ours["kind"] == "matrix":
            delta, before, after = (np.array(v["values"]) for v in ours["views"])
            exact = [np.array(v["values"]) for v in theirs["views"]]
            halves = [np.abs(matrix).max() / 63 / 2 * (1 + 1e-9) for matrix in exact]
            assert np.abs(delta - exact[0]).max() <= halves[0]
            assert np.abs(before - exact[1]).max() <= halves[1]
            assert np.abs(after - exact[2]).max() <= halves[0] + halves[1]
            assert [v["limit"] for v in ours["views"]] == pytest.approx(
                [v["limit"] for v in theirs["views"]], rel=1e-12
            )


def test_without_python_the_main_control_still_redraws(page: Page, without_python: str) -> None:
    page.goto(f"{without_python}methods/lora/{STEP}")
    control = main_control(page, "rank")
    control.press("ArrowLeft")
    page.wait_for_selector("adapter-demo[data-state=error]")
    for rank in (6, 5, 4):
        control.press("ArrowLeft")
        assert update_at(page, "rank", rank, stored=True)["milliseconds"] == 0
        expect(page.locator(".gauges")).to_contain_text(f"Rank of ΔW{rank} of 64")
        expect(page.locator(".note")).to_contain_text(f"Stored picture at rank {rank}")
    expect(page.get_by_role("alert").filter(has_text="Python")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_nothing_is_drawn_from_the_file_when_another_control_has_moved(
    page: Page, without_python: str
) -> None:
    page.goto(without_python + "methods/lora/?seed=3")
    main_control(page, "rank").press("ArrowLeft")
    page.wait_for_selector("adapter-demo[data-state=error]")
    main_control(page, "rank").press("ArrowLeft")
    widget(page).evaluate("demo => demo.nearest()")
    assert page.evaluate("[...stored, ...updates]") == []


def test_the_file_is_fetched_when_a_reader_reaches_for_a_control(
    context: BrowserContext, page: Page, site: str
) -> None:
    requests = record(context)
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
    page: Page, without_python: str
) -> None:
    page.goto(f"{without_python}methods/fourierft/{STEP}")
    page.wait_for_function("() => stored.length")
    set_value(page, "n_frequency", "1000")
    shown = page.wait_for_function("() => stored[1]").json_value()
    value = shown["knobs"]["n_frequency"]
    assert value != 1000
    assert abs(value - 1000) < 100
    (count,) = (p["value"] for p in shown["panels"] if p["name"] == "parameters")
    assert count == value
    expect(page.locator(".note")).to_contain_text(f"Stored picture at frequencies {value}")


def test_the_live_picture_takes_the_place_of_the_stored_one_without_a_seam(
    page: Page, site: str, without_python: str
) -> None:
    pictures = []
    for stored, address in ((True, without_python), (False, site)):
        page.goto(f"{address}methods/lora/{STEP}")
        main_control(page, "rank").press("ArrowLeft")
        update_at(page, "rank", 7, stored=stored)
        page.evaluate("document.fonts.ready.then(() => true)")
        pixels = "c => Array.from(c.getContext('2d').getImageData(0, 0, 64, 64).data)"
        heatmap = page.locator("adapter-demo canvas").first.evaluate(pixels)
        charts = page.locator("adapter-demo svg.chart").evaluate_all(
            "all => all.map((svg) => svg.querySelectorAll('path, line').length)"
        )
        sizes = page.locator("adapter-demo :is(figure, .gauges)").evaluate_all(
            "all => all.map((part) => [part.offsetWidth, part.offsetHeight, part.innerText])"
        )
        pictures.append((heatmap, charts, sizes))
    assert pictures[0] == pictures[1]


def test_what_is_exported_is_never_rounded(page: Page, site: str) -> None:
    page.goto(f"{site}methods/lora/{STEP}")
    expect(main_control(page, "rank")).to_be_enabled()
    main_control(page, "rank").press("ArrowLeft")
    page.locator(".export summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text("utf-8")
    values = [row.split(",")[-1] for row in text.splitlines() if row.startswith("matrices,ΔW")]
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


def test_every_file_is_small(site_folder: Path) -> None:
    for kind in ("sweep", "fits"):
        files = list((site_folder / "assets" / "demo").glob(f"*-{kind}-*.bin.br"))
        assert len(files) > 30
        assert max(file.stat().st_size for file in files) <= 60_000
