"""Two methods side by side: stored pairs, live pairs, common scales, address, faults, access."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from demos.compare import compare
from tests.browser.reader import Visit, record

ELEMENT = "adapter-compare"
SENTENCE = ".head .sentence"
DORA = "compare/?a=lora&b=dora"


def knob(page: Page, side: str, name: str) -> Locator:
    return page.locator(f"form[data-side={side}] [name={name}]:enabled")


def gauge(page: Page, side: str, name: str) -> str:
    return page.locator(f"form[data-side={side}] .gauges [data-panel={name}] dd").inner_text()


# The first touch of a control asks for an answer too, at the values that there were.
ANSWERED = """(before) => {
  const live = compared.filter(({ stored }) => !stored);
  const { sides } = document.querySelector("adapter-compare");
  const is = ({ letter, own }) =>
    Object.entries(own).every(([name, value]) => live.at(-1)[letter].knobs[name] === value);
  return live.length > before && sides.every(is) && live.at(-1);
}"""

# Lets the first picture wait while others come.
HOLD = """() => {
  window.compare = document.querySelector("adapter-compare");
  const { paint } = compare;
  const first = new Promise((resolve) => { window.release = resolve; });
  compare.paint = (answer) => first.then(() => paint.call(compare, answer));
}"""

# Settings in the address start Python by themselves.
ARRIVED = "() => compared.findLast(({ stored }) => !stored)"


def live(page: Page, change: Any) -> dict[str, Any]:
    """Do something and return the redraw that Python makes of the values that are there then."""
    before = page.evaluate("compared.filter(({ stored }) => !stored).length")
    change()
    update: dict[str, Any] = page.wait_for_function(ANSWERED, arg=before).json_value()
    return update


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


# Stored -------------------------------------------------------------------------------------------


def test_another_pair_is_drawn_from_what_is_stored(page: Page, site: str) -> None:
    requests = record(page.context)
    page.goto(site + "compare/?a=oft&b=hra")
    shown = page.wait_for_function("() => compared.at(-1)").json_value()
    assert shown["stored"]
    answer = compare(
        {"method": "oft", "name": "OFT", "knob": "Block size", "own": {}},
        {"method": "hra", "name": "HRA", "knob": "Rank", "own": {}},
        {},
        True,
    )
    expect(page.locator(SENTENCE)).to_have_text(answer["sentence"].replace("\xa0", " "))
    expect(knob(page, "b", "rank")).to_have_value(str(answer["own"]["rank"]))
    for side, exact in zip("ab", answer["sides"], strict=True):
        for panel in exact["panels"]:
            if panel["kind"] == "number" and panel["value"] > 1e-9:
                assert panel["text"] in gauge(page, side, panel["name"])
    assert not [u for u in requests if "/assets/py/" in u or "worker-" in u]
    expect(page.locator(ELEMENT)).to_have_attribute("data-state", "stored")


def test_both_sides_have_the_same_scales(visit: Visit) -> None:
    page = visit("compare/?a=lora&b=hra")
    page.wait_for_function("() => compared.length")
    for stored in (True, False):
        if not stored:
            live(page, lambda: knob(page, "a", "rank").press("ArrowLeft"))
        sides = [
            page.locator(f"form[data-side={side}]").evaluate(
                """form => [...form.querySelectorAll('.view:first-of-type .scale, .chart')].map(
                (part) => [...part.querySelectorAll('span, text')].map((t) => t.textContent))"""
            )
            for side in "ab"
        ]
        assert sides[0] == sides[1]
        limits = page.evaluate(
            "() => ['a', 'b'].map((s) => compared.at(-1)[s].panels[0].views.map((v) => v.limit))"
        )
        assert limits[0] == limits[1]


def test_what_is_of_other_kinds_or_layers_keeps_its_own_scale(visit: Visit) -> None:
    page = visit("compare/?a=lora&b=reft")
    page.wait_for_function("() => compared.length")
    expect(page.locator("form[data-side=a] .views")).to_contain_text("ΔW")
    expect(page.locator("form[data-side=b] .views")).to_contain_text("ΔY")
    scales = page.locator("form[data-side] .view:first-of-type .scale").all_inner_texts()
    assert scales[0] != scales[1]
    expect(page.locator(SENTENCE)).to_contain_text("LoRA changes a weight and ReFT the output")
    page = visit("compare/?a=reft&b=prefix_tuning")
    expect(page.locator("adapter-compare .sentence")).to_contain_text("of different layers")
    scales = page.locator("form[data-side] .view:first-of-type .scale").all_inner_texts()
    assert len(set(scales)) == 2


# Live ---------------------------------------------------------------------------------------------


def test_live_numbers_and_the_match_are_those_of_cpython(visit: Visit) -> None:
    page = visit(DORA)
    knob(page, "a", "rank").press("ArrowLeft")
    answer = compare(
        {"method": "lora", "name": "LoRA", "knob": "rank", "own": {"rank": 7}},
        {"method": "dora", "name": "DoRA", "knob": "rank", "own": {}},
        {},
        True,
    )
    rank = answer["own"]["rank"]  # a start may ask before the move
    matched = f"() => compared.findLast(({{ stored, b }}) => !stored && b.knobs.rank === {rank})"
    update = page.wait_for_function(matched).json_value()
    assert update["a"]["knobs"]["rank"] == 7
    expect(knob(page, "b", "rank")).to_have_value(str(rank))
    expect(page.locator(SENTENCE)).to_have_text(answer["sentence"].replace("\xa0", " "))
    for side, exact in zip("ab", answer["sides"], strict=True):
        for panel, twin in zip(update[side]["panels"], exact["panels"], strict=True):
            assert panel["name"] == twin["name"]
            if panel["kind"] == "number":
                assert panel["value"] == pytest.approx(twin["value"], rel=1e-9)


def test_a_redraw_tells_its_values_and_late_stored_pictures_take_no_answer_away(
    visit: Visit,
) -> None:
    page = visit("compare/")
    live(page, lambda: knob(page, "a", "rank").press("ArrowLeft"))
    held: list[Route] = []
    page.route("**/assets/demo/lora-*.json", lambda route: held.append(route), times=1)
    page = visit(DORA)  # Python is there, so the touch asks at once, before the move does
    page.evaluate(HOLD)
    knob(page, "a", "rank").press("ArrowLeft")
    page.wait_for_function("() => compare.state.answered === 2")
    (late,) = held
    late.continue_()
    page.evaluate("address => fetch(address).then((file) => file.text())", late.request.url)
    page.evaluate("() => release()")
    page.wait_for_function("() => compared.at(-1)?.a.knobs.rank === 7")
    told = page.evaluate("compared.map(({ a }) => a)")
    drawn = [next(p["value"] for p in a["panels"] if p["name"] == "rank") for a in told]
    assert [a["knobs"]["rank"] for a in told] == drawn == [8, 7]


def test_moving_the_matched_control_ends_the_match(visit: Visit) -> None:
    page = visit(DORA)
    update = live(page, lambda: knob(page, "b", "rank").press("End"))
    expect(page.get_by_label("Equal numbers of parameters")).not_to_be_checked()
    assert update["b"]["knobs"]["rank"] == 16
    page.wait_for_url("**b.rank=16")
    update = live(page, lambda: page.get_by_label("Equal numbers of parameters").check())
    assert update["b"]["knobs"]["rank"] == 8
    page.wait_for_function("() => !location.search.includes('b.rank')")


def test_the_first_pair_differs_and_its_control_says_where_it_is_matched(visit: Visit) -> None:
    page = visit("compare/")
    expect(knob(page, "b", "block_size")).to_have_value("32")
    expect(page.locator(SENTENCE)).to_contain_text("LoRA moves the weight in 8 of 64 directions")
    update = live(page, lambda: knob(page, "a", "rank").press("ArrowLeft"))
    assert update["b"]["knobs"]["block_size"] == 32
    page.get_by_role("button", name="Swap").click()
    page.wait_for_function("() => compared.at(-1).a.method === 'oft' && compared.at(-1)")
    expect(knob(page, "a", "block_size")).to_have_value("8")


# The choice and the address -----------------------------------------------------------------------


def test_a_choice_takes_the_other_method_s_controls(visit: Visit) -> None:
    page = visit(f"{DORA}&a.rank=3&b.alpha=8")
    expect(knob(page, "a", "rank")).to_have_value("3")
    page.select_option("select[name=b]", "oft")
    expect(knob(page, "b", "block_size")).to_be_visible()
    expect(knob(page, "b", "alpha")).to_have_count(0)
    expect(page.locator("#side-b a")).to_have_text("OFT")
    assert page.locator("#side-b a").evaluate("a => a.pathname") == "/methods/oft/"
    page.wait_for_url("**/compare/?a=lora&b=oft")
    page.wait_for_function("() => compared.at(-1)?.b.method === 'oft'")
    ids = page.locator(f"{ELEMENT} [id]").evaluate_all("all => all.map(({ id }) => id)")
    assert len(ids) == len(set(ids))
    page.select_option("select[name=a]", "hra")
    expect(knob(page, "a", "rank")).to_have_value("8")  # its own, not what its page opens with


def test_the_address_restores_pair_and_knobs(visit: Visit, site: str) -> None:
    page = visit("compare/?a=lora&b=vera&other=1")
    page.wait_for_function("() => compared.length")
    live(page, lambda: knob(page, "a", "rank_stabilised").check())
    live(page, lambda: knob(page, "b", "rank").press("Home"))
    page.wait_for_url("**b.rank=1")
    wanted = {"a": "lora", "b": "vera", "other": "1", "a.rank_stabilised": "true", "b.rank": "1"}
    assert query(page) == wanted
    visit(page.url.removeprefix(site))
    expect(knob(page, "a", "rank_stabilised")).to_be_checked()
    expect(knob(page, "b", "rank")).to_have_value("1")
    expect(page.get_by_label("Equal numbers of parameters")).not_to_be_checked()
    update = page.wait_for_function(ARRIVED).json_value()
    assert update["b"]["knobs"]["rank"] == 1
    page.get_by_role("button", name="Defaults").click()
    page.wait_for_url("**/compare/?a=lora&b=vera&other=1")


# Failures -----------------------------------------------------------------------------------------


def test_a_pair_that_cannot_be_fetched_is_explained(page: Page, site: str) -> None:
    page.goto(site + "compare/")
    expect(page.locator("select[name=b]")).to_be_enabled()
    page.route("**/assets/demo/dora-*.html", lambda route: route.abort())
    page.select_option("select[name=b]", "dora")
    expect(page.locator(".problem")).to_contain_text("could not be loaded")
    expect(page.locator("select[name=b]")).to_have_value("oft")
    page.route("**/assets/demo/*.bin", lambda route: route.abort())
    page.select_option("select[name=b]", "hra")
    expect(page.locator(".problem")).to_contain_text("LoRA and HRA could not be loaded")
    update = live(page, lambda: page.get_by_role("button", name="Run").click())
    assert update["b"]["method"] == "hra"
    expect(page.locator(".problem")).to_be_empty()
