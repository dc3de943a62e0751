"""Store the fits that a method's page shows first, along its main knob, and in other worlds.

The file is that of a sweep. It also says with which world the page opens.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import brotli

from adapters_np.core import flatten
from adapters_np.errors import KnobError
from adapters_np.fit import fit, last
from demos.settings import AIM, HYPOTHESIS, KEPT, hypothesis, main_knob, opens, start
from demos.ways import reach, show, want
from scripts.bootstrap import ROOT
from scripts.stored import sweeps
from scripts.stored.sweeps import MOST_BYTES, Answer, Sweep, packed, spread

OUT = ROOT / ".build" / "fits"

DEFAULT = "mix"

LITTLE = 0.08
"""The share of the mix below which a method's page opens with its own kind of change."""

SOME, FEW = 12, 5
"""The number of stored values of the main knob, of the page's world and of others."""

MOST_WORK = 80_000
"""Evaluations of a method's adapter after which no fit is added, two seconds or so: a count, since
by the clock two builds would differ. On tokens one is about as long as three others.
"""

MOST_TRAINED = 600
"""Trained parameters beyond which a fit by steps is left to the reader's Python: products and
solutions of this size take longer than all else together."""


@cache
def fits(slug: str) -> Sweep | None:
    """Return the stored fits of a method, or None if it has no knob."""
    knob = main_knob(slug)
    if not knob:
        return None
    work, by_steps = 0, False
    answers: list[Answer] = []
    for value, world, out in wanted(slug):
        if work > MOST_WORK:
            break
        try:
            chosen = opens(slug) | {knob.name: value, "world": world, HYPOTHESIS: out}
            if by_steps and trained(slug, chosen) > MOST_TRAINED:
                continue
            *_, last = reach(slug, chosen)
        except KnobError:  # the shape of the weight forbids this value, or nothing can be out
            continue
        stored = {"value": value, "world": world, HYPOTHESIS: out, "others": []}
        answers.append(stored | show(last))
        by_steps |= len(last.errors) > 2
        each = 1 if last.change.symbol == "W" else 3
        work += each * len(last.errors) * flatten(last.change.adapter).size
    count, world = len(answers), opening_world(slug)
    while len(brotli.compress(data := packed(knob, answers[:count], opening=world))) > MOST_BYTES:
        count = min(count - 1, int(count * MOST_BYTES / len(brotli.compress(data, quality=5))))
    return Sweep(tuple(a["value"] for a in answers[:count]), data)


def trained(slug: str, chosen: dict[str, Any]) -> int:
    return flatten(start(slug, {n: v for n, v in chosen.items() if n not in AIM})[0]).size


def wanted(slug: str) -> list[tuple[Any, str, str]]:
    """Return values of the main knob, worlds, and what is taken out, most wanted first."""
    knob = main_knob(slug)
    if not knob:
        return []
    world, values = opening_world(slug), knob.values()
    first = opens(slug).get(knob.name, knob.default)
    place = values.index(first)
    order = sorted(values, key=lambda value: abs(values.index(value) - place))
    if len(values) > 2 * SOME:
        order = list(dict.fromkeys(values[i] for i in spread(len(values))))
    control = hypothesis(slug)
    outs = control.options[1:] if control else ()
    cases = [(first, w, KEPT) for w in (world, "real", "control", "own", "noise", DEFAULT)]
    cases += [(first, w, out) for out in outs for w in (world, "real")]
    cases += [(value, world, KEPT) for value in order[:SOME]]
    cases += [(value, world, out) for value in order[:SOME] for out in outs[:1]]
    cases += [(value, w, KEPT) for w in ("own", "noise", DEFAULT) for value in order[:FEW]]
    return list(dict.fromkeys(cases))


@cache
def opening_world(slug: str) -> str:
    """Return the mix, or a method's own kind of change where it explains next to nothing of it."""
    adapter, layer = start(slug, {n: v for n, v in opens(slug).items() if n not in AIM})
    goal = want(DEFAULT, adapter, layer)
    left = last(fit(adapter, layer.W, goal.target, goal.X, steps=30, starts=1)).error
    return DEFAULT if 1 - left**2 > LITTLE else "own"


def key(slug: str, root: Path = ROOT) -> str:
    return sweeps.made_from(Path(__file__), slug, root)


def main() -> None:
    sweeps.refresh(OUT, "fits", key, fits)
