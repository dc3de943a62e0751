"""The numbers in the browser are those of CPython: every method, the ends of every knob."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from adapters_np.core import knobs, load, slugs
from adapters_np.knobs import Knob
from demos.panels import Answer
from demos.probe import probe
from demos.settings import settings

# Sums run in another order in the browser, so what is zero but for round-off is another round-off.
ROUND_OFF = 1e-9
RELATIVE = 1e-9

WIDGET = """(method) => {
  document.querySelector("adapter-demo")?.remove();
  const demo = document.createElement("adapter-demo");
  demo.setAttribute("method", method);
  document.querySelector("article").append(demo);
}"""

# Sets the controls as a reader does, and answers with what the widget has drawn. The widget may be
# asking for what it opens with, and takes the newest question for the one that counts.
RUN = """async (chosen) => {
  const restore = (control) => {
    control.checked = control.defaultChecked;
    if (control.type === "range") control.value = control.defaultValue;
    for (const option of control.options ?? []) option.selected = option.defaultSelected;
  };
  const demo = document.querySelector("adapter-demo");
  for (const control of demo.querySelectorAll("input, select")) {
    const { name, type } = control;
    if (!(name in demo.knobs)) continue;
    const text = `${chosen[name]}`;
    if (!(name in chosen)) restore(control);
    else if (type === "checkbox") control.checked = text === "true";
    else if (type === "radio") control.checked = control.value === text;
    else control.value = text;
  }
  const knobs = demo.knobs;
  const asked = JSON.stringify(knobs);
  let answer = await demo.run();
  for (let i = 0; i < 5 && answer && (answer.stored || JSON.stringify(answer.knobs) !== asked); i++)
    answer = await demo.run();
  const errors = [...demo.querySelectorAll(".error, .problem")].map((e) => e.textContent);
  const result = { knobs, panels: answer?.panels, errors: errors.filter(Boolean) };
  const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
  return JSON.parse(JSON.stringify(result, plain));
}"""


@pytest.fixture(scope="module")
def visit(browser: Browser, site: str) -> Iterator[Page]:
    """One page with one Python, in which one widget after the other is put."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site}methods/lora/")
        yield page


def ends(knob: Knob) -> tuple[Any, Any]:
    if knob.kind == "bool":
        return False, True
    if knob.kind == "choice":
        return knob.options[0], knob.options[-1]
    return knob.low, knob.high


def cases(method: str) -> Iterator[dict[str, Any]]:
    """Yield the defaults, each knob at its ends, and the method's knobs together at theirs."""
    available = settings(method)
    own = [*knobs(load(method)), "step"]
    yield {}
    for name, knob in available.items():
        yield from ({name: value} for value in ends(knob) if value != knob.default)
    for end in (0, 1):
        yield {name: ends(available[name])[end] for name in own}


@pytest.mark.parametrize("method", sorted(slugs()))
def test_every_widget_answers_like_cpython_at_the_ends_of_its_knobs(
    visit: Page, method: str
) -> None:
    visit.evaluate(WIDGET, method)
    visit.wait_for_selector(f"adapter-demo[method={method}] .controls:not([disabled])")
    for chosen in cases(method):
        plain = {name: f"{value}".lower() if isinstance(value, bool) else value
                 for name, value in chosen.items()}  # fmt: skip
        answer = visit.evaluate(RUN, {"way": "random", **plain})
        for name, value in chosen.items():
            assert answer["knobs"][name] == value
        expected = answer_or_reason(method, answer["knobs"])
        if isinstance(expected, str):
            assert answer["errors"] == [expected]
        else:
            assert answer["errors"] == [], chosen
            compare(answer["panels"], expected["panels"], f"{method} {chosen}")


def answer_or_reason(method: str, chosen: dict[str, Any]) -> Answer | str:
    try:
        return probe(method, chosen)
    except ValueError as error:
        return str(error)


def compare(live: list[Any], stored: list[Any], where: str) -> None:
    assert [panel["name"] for panel in live] == [panel["name"] for panel in stored]
    for ours, theirs in zip(live, stored, strict=True):
        if ours["kind"] == "number" and ours["name"] == "rank":
            assert ours["value"] == theirs["value"], where
        elif ours["kind"] == "number":
            close([ours["value"]], [theirs["value"]], 1.0, f"{where} {ours['name']}")
        for part in ("views", "lines"):
            for a, b in zip(ours.get(part, []), theirs.get(part, []), strict=True):
                scale = float(np.abs(b["values"]).max())
                close(a["values"], b["values"], scale, f"{where} {ours['name']} {b['label']}")


def close(ours: Any, theirs: Any, scale: float, where: str) -> None:
    """Hold numbers against each other: relative, and absolute where they are round-off."""
    np.testing.assert_allclose(
        ours, theirs, rtol=RELATIVE, atol=ROUND_OFF * max(scale, 1e-3), err_msg=where
    )
