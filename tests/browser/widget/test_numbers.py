"""The numbers in the browser are those of CPython: every method, the ends of every knob."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import wraps
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from adapters_np.core import knobs, load, slugs
from adapters_np.knobs import Knob
from demos.panels import Answer
from demos.probe import probe
from demos.settings import settings
from demos.world import toy
from scripts.stored.widgets import possible

# Sums run in another order in the browser, so what is zero but for round-off is another round-off.
ROUND_OFF = 1e-9
RELATIVE = 1e-9
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")

WIDGET = """(method) => {
  document.querySelector("adapter-demo")?.remove();
  const demo = document.createElement("adapter-demo");
  demo.setAttribute("method", method);
  document.querySelector("article").append(demo);
}"""

# Sets the controls and answers with what the widget draws of the first settings, and with what it
# would draw of the others: it asks Python for them. Arrays come as the letters of their bytes.
RUN = """async ([first, ...others]) => {
  const demo = document.querySelector("adapter-demo");
  const set = (chosen) => {
    for (const field of demo.fields) field.text = `${chosen[field.name] ?? field.initial}`;
  };
  set(first);
  const asked = JSON.stringify(demo.knobs);
  // it may ask for what it opens with, and takes the newest question for the one that counts
  for (let i = 0; i < 5; i++) {
    const answer = await demo.run();
    if (answer && !answer.stored && JSON.stringify(answer.knobs) === asked) break;
  }
  const part = (name) => demo.querySelector(name).textContent;
  const names = demo.answer.panels.flatMap(({ kind, name }) => (kind === "number" ? [name] : []));
  const value = (name) => part(`.gauges [data-panel=${name}] .value`);
  const drawn = Object.fromEntries(names.map((name) => [name, value(name)]));
  for (const name of ["sentence", "problem"]) drawn[name] = part(`.${name}`);
  for (const { name, kind, says, rest } of demo.answer.panels) {
    const figure = `figure[data-panel=${name}]`;
    if (says && kind !== "matrix") drawn[`${name} says`] = part(`${figure} .says`);
    if (rest) drawn[`${name} rest`] = part(`${figure} output`);
  }
  const answers = others.map((chosen) => {
    set(chosen);
    const { knobs } = demo;
    const refused = ({ message }) => ({ refused: message });
    return demo.computer.ask({}, demo.question()).catch(refused).then((a) => ({ ...a, knobs }));
  });
  const letters = (values) =>
    btoa(Array.from(new Uint8Array(values.buffer), (byte) => String.fromCharCode(byte)).join(""));
  const plain = (_, value) => (ArrayBuffer.isView(value) ? letters(value) : value);
  return JSON.stringify([drawn, demo.answer, ...(await Promise.all(answers))], plain);
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
    offered = {name: possible(method, knob) for name, knob in knobs(load(method)).items()}
    available = settings(method) | offered
    own = [*offered, "step"]
    yield {}
    for name, knob in available.items():
        yield from ({name: value} for value in ends(knob) if value != knob.default)
    for end in (0, 1):
        yield {name: ends(available[name])[end] for name in own}


def ask(page: Page, method: str, *chosen: dict[str, Any]) -> list[Any]:
    """Return what Python answers to settings of a method's widget, which has drawn the first."""
    page.evaluate(WIDGET, method)
    page.wait_for_selector(f"adapter-demo[method={method}] .aim:not([disabled])")
    drawn, *answers = json.loads(page.evaluate(RUN, chosen))
    for answer in answers:
        for panel in answer.get("panels", []):
            for part in [panel, *panel.get("views", []), *panel.get("lines", [])]:
                for name in part.keys() & {"values", "before", "after", "lora"}:
                    part[name] = np.frombuffer(base64.b64decode(part[name]))
    assert drawn == said(answers[0])
    return answers


def said(answer: Any) -> dict[str, str]:
    """Return what a widget writes of an answer: its numbers as shown, and its sentence."""
    written = {"sentence": answer["sentence"], "problem": ""}
    for panel in answer["panels"]:
        if panel["kind"] == "number":
            written[panel["name"]] = panel["text"]
        elif panel["kind"] != "matrix":
            parts = {f"{panel['name']} {part}": panel.get(part) for part in ("says", "rest")}
            written |= {name: text for name, text in parts.items() if text}
    return written


@pytest.mark.parametrize("method", sorted(slugs()))
def test_every_widget_answers_like_cpython_at_the_ends_of_its_knobs(
    visit: Page, method: str
) -> None:
    chosen = list(cases(method))
    answers = ask(visit, method, *({"way": "random", **case} for case in chosen))
    for case, answer in zip(chosen, answers, strict=True):
        assert case.items() <= answer["knobs"].items()
        expected = answer_or_reason(method, answer["knobs"])
        if isinstance(expected, str):
            assert answer["refused"] == expected
        else:
            assert "refused" not in answer, case
            compare(answer["panels"], expected["panels"], f"{method} {case}")


@pytest.mark.weekly
@pytest.mark.parametrize("method", sorted(slugs()))
def test_a_widget_writes_what_cpython_writes_at_random_settings(
    visit: Page, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every eighth method, as on a processor a quarter as fast.

    A random step agrees to the digits shown. Fits and training go down step after step, which
    enlarges round-off: the last digit may be another, and more only as far as it is in CPython
    where the weight has other last bits. Adam, for one, divides slopes of zero by their own size.
    """
    rng = np.random.default_rng([*method.encode()])
    own = [possible(method, knob) for knob in knobs(load(method)).values()]
    slow = 4 if list(slugs()).index(method) % 8 == 0 else 1
    session = visit.context.new_cdp_session(visit)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slow})
    ways, other = ["fitted", "trained", "random"] * 4, []
    while ways:
        chosen = {k.name: k.values()[rng.integers(len(k.values()))] for k in own}
        world = ("mix", "noise", "own")[rng.integers(3)]
        chosen |= {"seed": int(rng.integers(5)), "size": "16x16", "steps": 20}
        chosen |= {"way": ways[-1], "world": world}
        if isinstance(expected := answer_or_reason(method, chosen), str):
            continue  # the shape of the weight forbids it
        ways.pop()
        (answer,) = ask(visit, method, chosen)
        ours, theirs = said(answer), said(expected)
        wrong = {n: t for n, t in theirs.items() if exact(ours.get(n, "")) != exact(t)}
        if chosen["way"] != "random":
            wrong = {n: t for n, t in wrong.items() if apart(ours.get(n, ""), [t])}
            again = [said(rounded(method, chosen, k, monkeypatch)) for k in (2, 3, 4) if wrong]
            wrong = {
                n: t
                for n, t in wrong.items()
                if apart(ours.get(n, ""), [t, *(a[n] for a in again)])
            }
        other += [(chosen, n, ours.get(n), t) for n, t in wrong.items()]
    session.detach()
    assert other == []


def exact(text: str) -> str:
    """Return a text in which round-off, which may be none at all, is 0."""
    return "0" if text == "≈ 0" else text


def rounded(method: str, chosen: dict[str, Any], k: int, patch: pytest.MonkeyPatch) -> Answer:
    """Return CPython's answer for a weight whose entries differ in their last bits."""

    @wraps(toy)
    def other(**values: Any) -> Any:
        world = toy(**values)
        return world._replace(W=world.W * (1 + k * np.finfo(float).eps))

    with patch.context() as patched:
        patched.setattr("demos.settings.toy", other)
        return probe(method, chosen)


def apart(ours: str, theirs: list[str]) -> bool:
    """Say whether words or numbers are other ones, further than a unit and twice their spread."""
    if len({NUMBER.sub("", text) for text in (ours, *theirs)}) > 1:
        return True
    written = [NUMBER.findall(text) for text in (ours, *theirs)]
    units = np.array([[10.0 ** -len(n.partition(".")[2]) for n in found] for found in written])
    numbers = np.array([[float(n.replace(",", "")) for n in found] for found in written])
    spread = np.ptp(numbers[1:], axis=0)
    return bool((np.abs(numbers[0] - numbers[1]) > 1.01 * units.max(axis=0) + 2 * spread).any())


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
        for name in ours.keys() & {"before", "after"}:
            close(ours[name], theirs[name], 1.0, f"{where} {ours['name']} {name}")
        for part in ("views", "lines"):
            for a, b in zip(ours.get(part, []), theirs.get(part, []), strict=True):
                scale = float(np.abs(b["values"]).max())
                close(a["values"], b["values"], scale, f"{where} {ours['name']} {b['label']}")


def close(ours: Any, theirs: Any, scale: float, where: str) -> None:
    """Hold numbers against each other: relative, and absolute where they are round-off."""
    np.testing.assert_allclose(
        ours, theirs, rtol=RELATIVE, atol=ROUND_OFF * max(scale, 1e-3), err_msg=where
    )
