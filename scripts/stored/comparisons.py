"""Store what the page that compares two methods opens with.

`.build/compare/compare.html` is all that lies inside `<adapter-compare>`, complete without a
script. `<slug>.json` has, for every method beside this one, the value of its main knob at which it
has as many parameters, and the sentence on how the two differ. Their numbers come from the sweeps,
so only values that are stored there are considered; the sentence says so where another value would
be closer.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from adapters_np.core import knobs, load, slugs
from adapters_np.knobs import signature_knobs
from demos.change import Change
from demos.compare import Measured, Side, compare, distinct, matched, sentence
from demos.probe import measure
from demos.settings import main_knob
from demos.world import toy
from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, read
from scripts.stored.widgets import SWEEPS, along, drawn, head, label, render

OUT = ROOT / ".build" / "compare"
FIRST = ("lora", "oft")
"""They differ in all that is compared: in directions, and in what stays of the weight."""


def page(catalog: Catalog) -> str:
    """Return the page's element with the first pair drawn, the second method matched."""
    shown = catalog.names()
    a, b = (_side(method, shown)._asdict() for method in FIRST)
    answers = compare(a, b, {}, True)
    world = signature_knobs(toy)
    html = render(
        "compare.html",
        names=shown,
        pages={module: m.url for m in catalog.methods.values() for module in m.modules},
        sides={
            letter: {
                "method": m,
                "name": shown[m],
                "own": [
                    knob._replace(default=values.get(name, knob.default))
                    for name, knob in knobs(load(m)).items()
                ],
                **along(m),
            }
            for letter, m, values in zip("ab", FIRST, ({}, answers["own"]), strict=True)
        },
        step=world.pop("step"),
        world=list(world.values()),
        sentence=answers["sentence"],
    )
    sides = [{**side, "sentence": ""} for side in answers["sides"]]
    return drawn({"compare": (html, sides)})["compare"]


def pairs(a: str, shown: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return, for every method beside `a`, the value of its main knob and the sentence."""
    pairs = {}
    for b in slugs():
        one, other = distinct(_side(a, shown), _side(b, shown))
        first = Measured(one, _change(a))
        closest = matched(first, other)
        other = matched(first, other, among=stored(b))
        second = Measured(other, _change(b, **other.own))
        text = sentence(first, second, equal=True, closest=other == closest)
        pairs[b] = {"own": other.own, "sentence": text}
    return pairs


def _side(method: str, shown: dict[str, str]) -> Side:
    knob = main_knob(method)
    return Side(method, shown[method], label(knob.name) if knob else "", {})


@cache
def _change(method: str, **own: Any) -> Change:
    return measure(method, own)


@cache
def stored(slug: str) -> tuple[Any, ...] | None:
    """Return the values of the main knob that a method's sweep holds, or None without a sweep."""
    for path in SWEEPS.glob(f"{slug}-sweep-*.bin"):
        return tuple(answer["value"] for answer in head(path)["answers"])
    return None


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    catalog = read()
    (OUT / "compare.html").write_text(page(catalog), encoding="utf-8")
    for slug in slugs():
        text = json.dumps(pairs(slug, catalog.names()), ensure_ascii=False, separators=(",", ":"))
        (OUT / f"{slug}.json").write_text(text, encoding="utf-8")
    for path in OUT.glob("*.json"):
        if path.stem not in slugs():
            path.unlink()
