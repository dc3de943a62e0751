"""Fits in the widget: first picture, stored and live answers, links with settings, the steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from adapters_np.budget import choose
from adapters_np.core import load, slugs
from demos.probe import probe
from demos.settings import HYPOTHESIS, opens
from scripts.catalog import read
from scripts.stored.widgets import opening
from tests.browser.reader import (
    LIVE,
    LORA,
    Visit,
    becomes,
    is_python,
    knob,
    record,
    revisit,
    unfold,
)
from tests.browser.widget.test_numbers import ask

OFT = "methods/oft/"


@pytest.fixture(scope="module")
def early(browser: Browser, site: str) -> Iterator[Page]:
    """A page whose Python stays without the part that no first answer needs."""
    with browser.new_context() as context:
        context.route("**/late.bin", lambda route: route.abort())
        page = context.new_page()
        page.goto(site + LORA)
        yield page


def value(update: Mapping[str, Any], name: str) -> float:
    (panel,) = (p for p in update["panels"] if p["name"] == name)
    return float(panel["value"])


def test_the_main_control_and_the_world_are_answered_without_python(
    page: Page, without_python: str
) -> None:
    page.goto(f"{without_python}{LORA}")
    knob(page, "rank").press("ArrowRight")
    page.wait_for_function("() => stored.at(-1)?.knobs.rank === 3")
    expect(page.locator(".gauges [data-panel=rank]")).to_contain_text("3 of 32")
    knob(page, "rank").press("ArrowLeft")
    knob(page, "world").select_option("own")
    page.wait_for_function("() => stored.at(-1)?.knobs.world === 'own'")
    assert value(page.evaluate("stored.at(-1)"), "explained") == pytest.approx(100, abs=1e-3)
    expect(page.locator(".sentence")).to_contain_text("explain 100 % of this change")
    expect(page.locator(".remark:visible")).to_have_count(0)
    knob(page, "world").select_option("real")
    expect(page.locator(".remark:visible")).to_have_text(
        read().methods["lora"].changes["lora"]["real"]
    )


WORLD = {"cpt": "own", "loha": "own", "prefix_tuning": "own"}
"""Worlds of methods for which round-off would choose among many minima of a wrong hypothesis."""


@pytest.mark.parametrize("method", sorted(slugs()))
def test_a_fit_in_the_browser_ends_where_cpython_s_does(early: Page, method: str) -> None:
    own = choose(load(method), np.eye(32), 64)[0].knobs
    aim = {"size": "32x32", "way": "fitted", "world": WORLD.get(method, "mix")}
    (answer,) = ask(early, method, {**own, **aim})
    expected = probe(method, answer["knobs"])
    ours, theirs = (np.sqrt(1 - value(a, "explained") / 100) for a in (answer, expected))
    assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-6 if method in WORLD else 0)


# Links that name settings -------------------------------------------------------------------------


def test_a_link_to_what_is_stored_is_answered_without_python(page: Page, site: str) -> None:
    requests = record(page.context)
    page.goto(f"{site}{LORA}?rank=2&world=noise&alpha=4")
    page.wait_for_function("() => stored.length")
    page.wait_for_load_state("networkidle")
    assert not [url for url in requests if is_python(url)]
    shown = page.evaluate("stored.at(-1)")
    assert (shown["knobs"]["rank"], shown["knobs"]["world"]) == (2, "noise")
    expect(page.locator(".sentence")).to_be_visible()
    expect(page.locator(".sentence")).to_have_text(
        probe("lora", opens("lora") | {"world": "noise"})["sentence"]
    )


NOT_STORED = ["?rank=1&seed=5", "?way=random", "?way=trained&steps=10&rank=2", "?rank=1&step=1"]


def test_a_link_to_what_is_not_stored_shows_no_other_numbers_until_python_answers(
    page: Page, site: str
) -> None:
    held: list[Route] = []
    page.route("**/numpy.bin*", lambda route: held.append(route))
    for query in NOT_STORED:
        page.goto(f"{site}{LORA}{query}")
        expect(page.locator(".note"), query).to_contain_text("Loading Python")
        unfold(page)
        for part in (".bench .picture", ".panels", ".gauges", ".sentence"):
            expect(page.locator(f"adapter-demo {part}"), query).to_be_hidden()
    becomes(page, lambda: len(held), len(NOT_STORED))
    held[-1].continue_()
    page.unroute("**/numpy.bin*")
    for query in reversed(NOT_STORED):
        if query != NOT_STORED[-1]:
            revisit(page, site, f"{LORA}{query}")
            unfold(page)
        page.wait_for_selector(LIVE)
        update = page.evaluate("updates.at(-1)")
        expect(page.locator(".gauges")).to_be_visible()
        assert update["knobs"] == page.locator("adapter-demo").evaluate("d => d.knobs"), query
        assert page.locator(".sentence").inner_text() == probe("lora", update["knobs"])["sentence"]
        if "step=" in query:  # a link from before there were ways means a random one
            assert (update["knobs"]["way"], update["knobs"]["size"]) == ("random", "64x64")


def test_where_python_does_not_come_a_link_says_what_the_picture_is_of(
    page: Page, without_python: str
) -> None:
    page.goto(f"{without_python}{LORA}?seed=5")
    page.wait_for_selector("adapter-demo[data-state=error]")
    expect(page.locator(".sentence")).to_be_visible()
    expect(page.locator(".note")).to_contain_text("Stored picture at the default settings")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_compared_pair_shows_no_other_numbers_than_its_link_names(page: Page, site: str) -> None:
    held: list[Route] = []
    page.route("**/numpy.bin*", lambda route: held.append(route))
    page.goto(site + "compare/?a=lora&b=oft&seed=3")
    expect(page.locator(".note")).to_contain_text("Loading Python")
    expect(page.locator(".picture").first).to_be_hidden()
    expect(page.locator(".sentence")).to_be_hidden()
    for route in held:
        route.continue_()
    page.unroute("**/numpy.bin*")
    page.wait_for_selector("adapter-compare[data-state=live]")
    expect(page.locator(".sentence")).to_be_visible()
    one, two = page.evaluate("['a', 'b'].map((s) => compared.at(-1)[s].panels[0].views[0].values)")
    change = probe("lora", {"seed": 3})["panels"][0]["views"][0]["values"]
    assert one == two == pytest.approx(change.ravel().tolist())


# Live ---------------------------------------------------------------------------------------------


def test_a_newer_move_ends_a_fit_that_goes_on(visit: Visit) -> None:
    page = visit("methods/vblora/")
    knob(page, "world").select_option("shards")
    page.get_by_text("Toy layer").click()
    knob(page, "seed").press("ArrowRight")
    knob(page, "world").select_option("few")
    page.wait_for_function("() => updates.at(-1)?.knobs.world === 'few'")
    seen = page.evaluate("updates.map(({ knobs }) => [knobs.world, knobs.seed].join())")
    assert seen[-1] == "few,1"
    assert "shards,1" not in seen


def live(page: Page) -> None:
    """Have a first fit done: the first key asks for two, of the old value and of the new one."""
    page.get_by_text("Toy layer").click()
    knob(page, "seed").press("ArrowRight")
    page.wait_for_selector("adapter-demo[data-state=live]")


# Presses a button as soon as it says "Stop": a fit on a fast machine is soon over.
STOP = """button => new MutationObserver((_, eyes) => {
  if (button.textContent !== "Stop") return;
  eyes.disconnect();
  button.click();
}).observe(button, { childList: true })"""


# Stops a fit while its second picture waits for the next frame.
STOP_BEFORE_THE_FRAME = """demo => {
  const { draw } = Object.getPrototypeOf(Object.getPrototypeOf(demo));
  demo.draw = () => {
    const drawn = draw.call(demo);
    if (demo.answer.more && demo.dataset.state === "loading") {
      delete demo.draw;
      demo.cancel();
    }
    return drawn;
  };
}"""


def test_a_fit_can_be_stopped_and_keeps_the_best_so_far(visit: Visit) -> None:
    page = visit("methods/vblora/")
    live(page)
    page.locator("adapter-demo").evaluate(STOP_BEFORE_THE_FRAME)
    knob(page, "seed").press("ArrowRight")
    expect(page.locator(".note")).to_contain_text("Unfinished: stopped after ")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
    expect(page.locator(".note")).to_contain_text("Unfinished: stopped after ")
    expect(page.locator("adapter-demo")).to_have_attribute("data-state", "live")
    page.locator("adapter-demo [name=action]").evaluate(STOP)
    knob(page, "seed").press("ArrowRight")
    page.wait_for_function("() => updates.at(-1).knobs.seed === 3 && updates.at(-1).unfinished")
    expect(page.locator(".note")).to_contain_text("Unfinished: stopped after ")
    expect(page.locator(".sentence")).to_contain_text("Unfinished: ")
    expect(page.locator("adapter-demo")).to_have_attribute("data-unfinished", "")
    expect(page.locator(".gauges [data-panel=explained]")).to_contain_text("%")
    for compared in ("lora", "chance"):
        expect(page.locator(f".gauges [data-panel={compared}]")).to_have_count(0)
    page.get_by_role("button", name="Finish").click()
    expect(page.locator("adapter-demo:not([data-unfinished])")).to_be_visible()
    update = page.evaluate("updates.at(-1)")
    assert page.locator(".sentence").inner_text() == probe("vblora", update["knobs"])["sentence"]


def test_training_has_controls_of_its_own(visit: Visit) -> None:
    page = visit(LORA)
    for name in ("steps", "step"):
        expect(knob(page, name)).to_be_hidden()
    expect(page.get_by_text("More settings")).to_be_hidden()  # they have no part in a fit either
    page.locator("adapter-demo").get_by_text("Trained", exact=True).click()
    page.wait_for_function("() => updates.at(-1)?.knobs.way === 'trained'")
    for name in ("steps", "rate", "world", "alpha"):
        expect(knob(page, name)).to_be_visible()
    update = page.evaluate("updates.at(-1)")
    assert 0 < value(update, "explained") < 100
    page.get_by_text("Random", exact=True).click()
    page.wait_for_function("() => updates.at(-1)?.knobs.way === 'random'")
    for name in ("step", "alpha"):
        expect(knob(page, name)).to_be_visible()
    expect(knob(page, "world")).to_be_hidden()


def test_a_scale_that_a_link_names_has_no_part_in_a_fit_and_acts_in_training(visit: Visit) -> None:
    page = visit(f"{LORA}?rank=2&seed=3&alpha=4")
    page.wait_for_function("() => updates.length")
    update = page.evaluate("updates.at(-1)")
    plain = probe("lora", opens("lora") | {"seed": 3})
    assert value(update, "relative_norm") == pytest.approx(value(plain, "relative_norm"), rel=1e-6)
    page.locator("adapter-demo").get_by_text("Trained", exact=True).click()
    page.wait_for_function("() => updates.at(-1)?.knobs.way === 'trained'")
    expect(knob(page, "alpha")).to_have_value("4")
    update = page.evaluate("updates.at(-1)")
    assert value(update, "explained") == pytest.approx(
        value(probe("lora", update["knobs"]), "explained"), rel=1e-6
    )


def test_a_fader_is_set_by_hand_and_the_panels_and_the_address_follow(visit: Visit) -> None:
    page = visit("methods/ia3/")
    fader, hand = page.get_by_role("slider", name="Gain of neuron 5"), "?way=hand&gains="
    fader.scroll_into_view_if_needed()
    box = fader.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], middle + 30, steps=4)
    page.mouse.up()
    becomes(page, f"location.search.startsWith('{hand}')", True)
    fader.press("ArrowRight")
    fader.press("ArrowDown")
    expect(page.get_by_role("slider", name="Gain of neuron 6")).to_be_focused()
    value = fader.evaluate("e => e.value")
    assert int(value) > 20
    becomes(page, "updates.at(-1)?.knobs.gains.split('_')[4]", value)
    knobs = page.evaluate("updates.at(-1).knobs")
    sentence = probe("ia3", knobs)["sentence"]
    assert "set by hand" in sentence
    expect(page.locator(".sentence")).to_have_text(sentence)
    becomes(page, "location.search", hand + knobs["gains"])
    page.get_by_text("Fitted", exact=True).click()
    expect(page.locator(".sentence")).not_to_contain_text("by hand")


# Without the hypothesis ----------------------------------------------------------------------


def test_a_stored_fit_without_the_hypothesis_needs_no_python(
    page: Page, without_python: str
) -> None:
    method, out = "oft", "shuffled"
    page.goto(f"{without_python}methods/{method}/")
    knob(page, HYPOTHESIS).select_option(out)
    page.wait_for_function("out => stored.at(-1)?.knobs.hypothesis === out", arg=out)
    expected = probe(method, opening(method) | {HYPOTHESIS: out})["sentence"]
    assert "Taken out: that " in expected
    expect(page.locator(".sentence")).to_have_text(expected)
    expect(page.locator(".gauges")).to_contain_text("Explained without it")
    becomes(page, "new URLSearchParams(location.search).get('hypothesis')", out)
    page.reload()
    expect(knob(page, HYPOTHESIS)).to_have_value(out)
    expect(page.locator(".sentence")).to_have_text(expected)


def test_the_picture_cross_fades_unless_the_reader_wants_less_motion(
    page: Page, without_python: str
) -> None:
    page.add_init_script("""
        window.fades = 0;
        const start = Document.prototype.startViewTransition;
        Document.prototype.startViewTransition = function (draw) {
          return fades++, start.call(this, draw);
        };
    """)
    page.emulate_media(reduced_motion="no-preference")
    page.goto(f"{without_python}methods/galore/")  # which has no control
    knob(page, "rank").press("ArrowRight")
    page.wait_for_function("() => stored.length")
    assert page.evaluate("fades") == 0
    page.goto(f"{without_python}{OFT}")
    for motion, out, fades in (("no-preference", "shuffled", 1), ("reduce", "kept", 1)):
        page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        knob(page, HYPOTHESIS).select_option(out)
        page.wait_for_function("out => stored.at(-1)?.knobs.hypothesis === out", arg=out)
        assert page.evaluate("fades") == fades


def test_a_layer_lights_its_singular_value_and_its_rank_on_the_curve(visit: Visit) -> None:
    page = visit(LORA)
    rows = page.locator("[data-panel=layers] .stage").nth(1)
    bars = page.locator("[data-panel=delta_spectrum] .stage")
    lit = page.locator("svg.curve .lit")
    for stage, key in ((rows, "ArrowDown"), (bars, "ArrowRight")):
        stage.focus()
        for rank, press in ((1, "Home"), (2, key)):
            stage.press(press)
            place = page.locator("svg.curve .lora").evaluate(
                "(e, rank) => e.getAttribute('d').slice(1).split('L')[rank]", rank
            )
            expect(lit).to_have_attribute("cx", place.split(",")[0])
            expect(bars).to_contain_class("reading")
        stage.blur()
        expect(lit).to_have_count(0)
        expect(bars).not_to_contain_class("reading")
