"""The widget in a real browser: stored picture, live numbers, address, faults, access."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from playwright.sync_api import Browser, Page, Route, expect

from demos.probe import probe
from demos.settings import opens
from scripts.stored.widgets import opening
from tests.browser.reader import (
    LIVE,
    RANDOM,
    WINDOW,
    Visit,
    becomes,
    follow,
    knob,
    move,
    rest,
    touch,
    unfold,
)
from tests.browser.reader import LORA as PAGE

# Live ---------------------------------------------------------------------------------------------


def test_the_live_picture_takes_the_place_of_the_stored_one_without_a_jump(visit: Visit) -> None:
    page = visit(PAGE)
    page.set_viewport_size({"width": 1280, "height": 1600})  # nothing has to scroll into view
    picture = page.locator("figure[data-panel=weights]")
    unfold(page)
    parts = "figure, dl, .sentence, .tools"
    boxes = f"""[...document.querySelectorAll('adapter-demo :is({parts})')].map(
        (part) => JSON.stringify(part.getBoundingClientRect()))"""
    expect(knob(page, "rank")).to_be_enabled()
    stored, places = picture.screenshot(), page.evaluate(boxes)
    move(page, "rank", "Shift+End")
    move(page, "rank", "Home")
    page.locator("[name=reset]").click()
    page.wait_for_function("() => updates.at(-1).knobs.rank === 2")
    knob(page, "rank").blur()
    live = picture.screenshot()
    difference = imread(io.BytesIO(stored)) - imread(io.BytesIO(live))
    assert np.abs(difference).max() < 0.05  # a line that moves by half a pixel differs by more
    assert page.evaluate(boxes) == places
    page.set_viewport_size(WINDOW)


def test_other_kinds_of_layer_are_drawn_in_their_own_shape(visit: Visit) -> None:
    page = visit(PAGE + "?way=random&size=32x64")
    page.wait_for_selector(LIVE)
    canvas = page.locator("[data-panel=weights] canvas").first
    assert canvas.evaluate("c => [c.width, c.height]") == [64, 32]
    box = canvas.bounding_box()
    assert box
    assert box["width"] == pytest.approx(2 * box["height"], rel=0.02)


# A page's words on its widget -----------------------------------------------------------------


def test_figures_stay_open_while_the_reader_stays(visit: Visit, site: str) -> None:
    page = visit(PAGE)
    figures = page.locator("adapter-demo .figures")
    expect(figures.locator(".gauges")).to_be_hidden()
    figures.locator(":scope > summary").click()
    expect(figures.locator(".gauges")).to_be_visible()
    follow(page, site + "methods/oft/")
    expect(figures.locator(".gauges")).to_be_visible()
    figures.locator(":scope > summary").press("Enter")
    follow(page, site + PAGE)
    expect(knob(page, "rank")).to_be_enabled()
    expect(figures.locator(".gauges")).to_be_hidden()


def test_a_link_sets_the_widget_without_leaving_the_page(visit: Visit) -> None:
    page = visit("methods/lora_starts/")
    expect(knob(page, "rank")).to_be_enabled()
    page.locator("adapter-demo").evaluate("demo => { demo.same = true }")
    page.get_by_text("A dozen papers as settings").click()
    page.get_by_role("link", name="Set MiLoRA").press("Enter")
    page.wait_for_selector(LIVE)
    update = page.evaluate("updates.at(-1)")
    assert update["knobs"]["start"] == "weight"
    assert update["knobs"]["segment"] == "weakest"
    assert (update["knobs"]["way"], update["knobs"]["size"]) == ("random", "64x64")
    expect(page.locator("adapter-demo .panels")).to_be_in_viewport()
    becomes(
        page,
        "location.search + location.hash",
        "?way=random&size=64x64&start=weight&segment=weakest#try-lora_starts",
    )
    page.get_by_role("link", name="Set PiSSA").press("Enter")
    page.wait_for_function("() => updates.at(-1).knobs.segment === 'strongest'")
    assert page.evaluate("updates.at(-1).knobs.start") == "weight"
    expected = probe("lora_starts", page.evaluate("updates.at(-1).knobs"))["sentence"]
    expect(page.locator(".sentence")).to_have_text(expected)
    assert page.locator("adapter-demo").evaluate("demo => demo.same")


def test_a_knob_has_its_hint_below_it(visit: Visit) -> None:
    page = visit("methods/oft/")
    expect(knob(page, "block_size")).to_have_accessible_description(re.compile("Larger blocks"))


# The address --------------------------------------------------------------------------------------


def test_the_address_follows_the_controls_and_restores_them(visit: Visit, site: str) -> None:
    page = visit(PAGE + "?other=1")
    move(page, "rank", "ArrowRight")
    page.get_by_text("Toy layer").click()
    move(page, "seed", "ArrowRight")
    page.wait_for_url(re.compile(r"\?other=1&rank=3&seed=1(#|$)"))
    visit(page.url.removeprefix(site))
    expect(knob(page, "rank")).to_have_value("3")
    expect(knob(page, "seed")).to_have_value("1")
    page.wait_for_selector(LIVE)
    assert page.evaluate("updates.at(-1).knobs.rank") == 3
    page.get_by_role("button", name="Defaults").click()
    page.wait_for_url(re.compile(r"\?other=1(#|$)"))  # the theme adds the heading that is in view


def test_the_layer_is_remembered_on_the_next_page(visit: Visit, site: str) -> None:
    page = visit(PAGE)
    touch(page)
    page.wait_for_selector(LIVE)
    page.get_by_text("Toy layer").click()
    knob(page, "base").select_option("clustered")
    page.wait_for_function("() => updates.at(-1).knobs.base === 'clustered'")
    page.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    page.wait_for_selector("adapter-demo[method=oft][data-state=live]")
    expect(knob(page, "base")).to_have_value("clustered")
    assert page.evaluate("updates.at(-1).method") == "oft"
    assert page.evaluate("updates.at(-1).knobs.base") == "clustered"
    becomes(page, "location.search", "?base=clustered")
    page.get_by_role("button", name="Reset").click()
    follow(page, site + PAGE)
    expect(knob(page, "base")).to_have_value("power_law")


def test_an_address_with_settings_is_stronger_than_what_is_remembered(
    visit: Visit, site: str
) -> None:
    page = visit(PAGE)
    page.get_by_text("Toy layer").click()
    knob(page, "size").select_option("16x16")
    page.wait_for_selector(LIVE)
    follow(page, f"{site}methods/dora/?rank=4")
    expect(knob(page, "size")).to_have_value("32x32")
    follow(page, site + PAGE)
    expect(knob(page, "size")).to_have_value("16x16")


def test_reset_goes_back_to_the_link_and_from_there_to_the_defaults(
    visit: Visit, site: str
) -> None:
    page = visit(PAGE + "?rank=4&world=few")
    reset = page.locator("[name=reset]")
    expect(reset).to_have_text("Defaults")
    knob(page, "rank").press("ArrowRight")
    knob(page, "world").select_option("rows")
    expect(reset).to_have_text("Reset")
    reset.click()
    becomes(page, "location.search", "?rank=4&world=few")
    expect(knob(page, "rank")).to_have_value("4")
    expect(knob(page, "world")).to_have_value("few")
    expect(page.locator(".sentence")).to_have_text(
        probe("lora", opens("lora") | {"rank": 4, "world": "few"})["sentence"]
    )
    expect(reset).to_have_text("Defaults")
    reset.click()
    becomes(page, "location.search", "")
    expect(knob(page, "rank")).to_have_value("2")
    expect(knob(page, "world")).to_have_value("mix")


def test_an_address_names_its_rank_and_its_change_or_means_those_of_older_links(
    visit: Visit,
) -> None:
    page = visit(f"{PAGE}?seed=3")
    expect(knob(page, "rank")).to_have_value("8")
    expected = probe("lora", opens("lora") | {"rank": 8, "seed": 3})["sentence"]
    expect(page.locator(".sentence")).to_have_text(expected)
    page = visit(PAGE)
    knob(page, "world").select_option("rows")
    becomes(page, "location.search", "?rank=2&world=rows")
    knob(page, "world").select_option("mix")
    becomes(page, "location.search", "")
    knob(page, "rank").fill("8")
    becomes(page, "location.search", "?rank=8")


def test_only_the_first_widget_on_a_page_owns_the_address(visit: Visit) -> None:
    page = visit(PAGE + "?rank=4")
    page.locator("adapter-demo").evaluate(
        "d => d.insertAdjacentHTML('afterend', '<adapter-demo method=lora></adapter-demo>')"
    )
    second = page.locator("adapter-demo").nth(1)
    expect(second.locator("[name=rank]")).to_have_value("2")
    expect(second.locator("[name=rank]")).to_be_enabled()
    second.locator("[name=rank]").press("ArrowRight")
    page.wait_for_function("() => updates.at(-1)?.knobs.rank === 3")
    rest(page)
    assert page.evaluate("location.search") == "?rank=4"
    ids = page.locator("adapter-demo [id]").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_a_further_widget_stands_in_a_fold_that_its_address_opens(visit: Visit, site: str) -> None:
    page = visit("methods/prompt_tuning/?tokens=3#prefix-tuning")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first, prefix, llama = (page.locator("adapter-demo").nth(i) for i in range(3))
    expect(prefix.locator("[name=tokens]")).to_be_visible()
    expect(prefix.locator("[name=tokens]")).to_have_value("3")
    expect(first.locator("[name=tokens]")).to_have_value("4")
    expect(llama.locator(".panels")).to_be_hidden()

    page.locator("summary:has(#llama-adapter)").press("Enter")
    llama.locator("[name=tokens]").press("ArrowRight")
    llama.get_by_role("button", name="Copy link").click()
    link = f"{site}methods/prompt_tuning/?tokens=6#try-llama_adapter"
    becomes(page, "navigator.clipboard.readText()", link)
    visit(link.removeprefix(site))
    expect(llama.locator("[name=tokens]")).to_be_visible()
    expect(llama.locator("[name=tokens]")).to_have_value("6")
    expect(first.locator("[name=tokens]")).to_have_value("4")


@pytest.mark.parametrize("script", [True, False])
def test_a_printed_page_has_its_further_widgets(browser: Browser, site: str, script: bool) -> None:
    with browser.new_context(java_script_enabled=script) as context:
        page = context.new_page()
        page.goto(f"{site}methods/goft/")
        picture = page.locator("adapter-demo[method=qgoft] .panels img").first
        expect(picture).to_be_hidden()
        page.emulate_media(media="print")
        expect(picture).to_be_visible()


def test_a_setting_stays_out_of_the_next_page_s_address(visit: Visit, site: str) -> None:
    held: list[Route] = []
    page = visit(PAGE)
    page.route("**/methods/oft/", lambda route: held.append(route))
    knob(page, "rank").press("ArrowLeft")
    page.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    becomes(page, lambda: len(held), 1)
    rest(page)
    held[0].continue_()
    page.wait_for_selector("adapter-demo[method=oft][data-state]")
    becomes(page, lambda: page.url, f"{site}methods/oft/")


# Failures -----------------------------------------------------------------------------------------


def test_while_python_is_on_its_way_old_numbers_are_dim_and_cancel_brings_them_back(
    page: Page, site: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(site + PAGE)
    page.wait_for_selector("adapter-demo[data-state=stored]:not([data-stale])")
    sentence = page.locator(".sentence").inner_text()
    strength = "getComputedStyle(document.querySelector('adapter-demo .says')).opacity"
    assert page.evaluate(strength) == "1"
    page.context.route("**/assets/py/**", lambda _: None)  # does not arrive
    page.locator("adapter-demo [name=way][value=trained]").check()
    expect(page.locator("adapter-demo[data-state=loading][data-pending]")).to_have_count(1)
    assert float(page.evaluate(strength)) < 1
    page.locator(".note").scroll_into_view_if_needed()
    expect(page.locator(".note")).to_contain_text("MB")
    for part in (".note", "progress"):
        expect(page.locator(f"adapter-demo {part}")).to_be_in_viewport(ratio=0.9)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("adapter-demo[data-state=stored]:not([data-pending])")).to_have_count(1)
    expect(page.locator("progress")).to_be_hidden()
    assert page.evaluate(strength) == "1"
    assert page.locator(".sentence").inner_text() == sentence
    assert page.evaluate("updates") == []
    page.context.unroute_all()
    page.locator("adapter-demo [name=way][value=fitted]").check()
    assert move(page, "rank", "ArrowRight")["knobs"]["rank"] == 3


# For everybody ------------------------------------------------------------------------------------


def test_single_values_can_be_read_by_keyboard_and_pointer(visit: Visit) -> None:
    page = visit(PAGE)
    unfold(page)
    heatmap = page.locator("[data-panel=weights] .stage").nth(1)
    readout = page.locator("[data-panel=weights] output")
    heatmap.press("ArrowRight")
    expect(readout).to_contain_text("row 1, column 1: ≈")
    heatmap.press("End")
    expect(readout).to_contain_text("row 1, column 32: ≈")
    about = float(readout.inner_text().split("≈ ")[1].replace("−", "-"))
    exact = probe("lora", opening("lora"))["panels"][0]["views"][1]
    assert about == pytest.approx(exact["values"][31], abs=exact["limit"] / 90)
    heatmap.press("Escape")
    expect(readout).to_have_text("32 outputs × 32 inputs")
    move(page, "rank", "ArrowLeft")
    move(page, "rank", "ArrowRight")
    heatmap.hover(position={"x": 1, "y": 1})
    expect(readout).to_contain_text("row 1, column 1:")
    live = float(readout.inner_text().split(": ")[1].replace("−", "-"))
    assert live == pytest.approx(exact["values"][0], rel=0.01)
    spectrum = page.locator(".series .stage").first
    spectrum.press("ArrowRight")
    sigma = probe("lora", opening("lora"))["panels"][1]["lines"][1]["values"]
    expect(page.locator(".series output").first).to_contain_text(f", ΔW {sigma[0]:.3g}")


def test_a_row_that_is_pointed_at_is_marked_in_all_matrices_and_among_the_cosines(
    visit: Visit,
) -> None:
    page = visit(PAGE)
    expect(knob(page, "rank")).to_be_enabled()
    form, lit = page.locator("adapter-demo form"), page.locator("[data-panel=cosines] .lit")
    page.locator("[data-panel=weights] .stage").first.hover()
    expect(form).to_have_attribute("data-lit", "")
    becomes(page, lambda: (lit.get_attribute("d") or "").count("M"), 31)
    page.locator(".sentence").hover()
    expect(form).not_to_have_attribute("data-lit", "")
    expect(lit).to_have_count(0)


def test_alpha_trains_and_reaches_no_more_than_the_fit(visit: Visit) -> None:
    page = visit(PAGE)
    update = move(page, "alpha", "ArrowRight")
    assert update["knobs"]["way"] == "trained"
    expect(page.locator("[name=way][value=trained]")).to_be_checked()
    panels = (update["panels"], probe("lora", opening("lora"))["panels"])
    trained, fitted = (next(p["value"] for p in ps if p["name"] == "explained") for ps in panels)
    assert 0 < trained <= fitted


def test_a_double_click_on_a_slider_sets_it_back(visit: Visit, site: str) -> None:
    page = visit(PAGE + "?rank=5")
    page.get_by_role("slider", name="Rank r").dblclick()
    page.wait_for_function("() => [...updates, ...stored].some(({ knobs }) => knobs.rank === 2)")
    expect(knob(page, "rank")).to_have_value("2")
    expect(page.locator(".live")).to_have_text(page.locator(".sentence").inner_text())
    becomes(page, "location.search", "")


def test_pictures_and_numbers_can_be_taken_away(visit: Visit, site: str) -> None:
    path = f"{RANDOM}&rank=2&seed=5"
    page = visit(path)
    got: dict[str, bytes] = {}
    for kind in ("SVG", "PNG", "CSV", "JSON"):
        page.locator(".export").evaluate("menu => { menu.open = true }")
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        assert download.value.suggested_filename == f"lora.{kind.lower()}"
        got[kind] = Path(download.value.path()).read_bytes()
    svg = got["SVG"].decode()
    for said in ("lora", "rank=2", "seed=5", "version", f"{site}{path}".replace("&", "&amp;")):
        assert said in svg
    assert got["PNG"].startswith(b"\x89PNG")
    data = json.loads(got["JSON"])
    assert data["knobs"]["rank"] == 2
    expected = probe("lora", data["knobs"])["panels"]
    np.testing.assert_allclose(
        data["panels"][0]["views"][0]["values"], expected[0]["views"][0]["values"]
    )
    rows = [row.split(",") for row in got["CSV"].decode().splitlines()]
    sigma = [float(row[4]) for row in rows if row[:2] == ["delta_spectrum", "ΔW"]]
    np.testing.assert_allclose(sigma, expected[1]["lines"][0]["values"], atol=1e-12)


def test_the_link_can_be_copied(visit: Visit, site: str) -> None:
    page = visit(PAGE + "?rank=5")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy link")
    button.evaluate(
        """button => {
          const note = () => said.push(button.textContent);
          window.said = [];
          new MutationObserver(note).observe(button, { childList: true });
        }"""
    )
    button.click()
    becomes(page, "said", ["Copied", "Copy link"])
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == site + PAGE + "?rank=5#try-lora"


@pytest.mark.parametrize("path", [f"{PAGE}?rank=5#try-lora", "compare/?a=oft&b=hra#pair"])
def test_a_copied_link_arrives_at_the_widget_on_a_phone(
    browser: Browser, site: str, path: str
) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(site + path)
        widget = page.locator(f"#{path.partition('#')[2]}")
        expect(widget).to_have_attribute("data-state", re.compile("live|stored"))
        header = page.locator(".md-header").bounding_box()
        assert header

        def arrived() -> bool:
            box = widget.bounding_box()
            return bool(box and header["height"] <= box["y"] < header["height"] + 100)

        becomes(page, arrived, True)
