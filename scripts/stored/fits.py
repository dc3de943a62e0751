"""Store the fits that a method's page shows first, along its main knob, and in other worlds.

The file is that of a sweep. It also says which world is friendly to the method.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import brotli

from adapters_np.core import flatten
from adapters_np.errors import KnobError
from adapters_np.fit import fit, last
from demos import worlds
from demos.settings import AIM, HYPOTHESIS, KEPT, hypothesis, main_knob, opens, start
from demos.ways import reach, show, want
from scripts.bootstrap import ROOT
from scripts.stored import sweeps
from scripts.stored.sweeps import MOST_BYTES, Answer, Sweep, packed, spread

OUT = ROOT / ".build" / "fits"

DEFAULT = "mix"

SOME, FEW = 12, 5
"""The number of stored values of the main knob, of the friendly world and of the mix."""

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
    count, best = len(answers), friendly(slug)
    while len(brotli.compress(data := packed(knob, answers[:count], friendly=best))) > MOST_BYTES:
        count = min(count - 1, int(count * MOST_BYTES / len(brotli.compress(data, quality=5))))
    return Sweep(tuple(a["value"] for a in answers[:count]), data)


def trained(slug: str, chosen: dict[str, Any]) -> int:
    return flatten(start(slug, {n: v for n, v in chosen.items() if n not in AIM})[0]).size


def wanted(slug: str) -> list[tuple[Any, str, str]]:
    """Return values of the main knob, worlds, and what is taken out, most wanted first."""
    knob = main_knob(slug)
    if not knob:
        return []
    best, values = friendly(slug), knob.values()
    first = opens(slug).get(knob.name, knob.default)
    place = values.index(first)
    order = sorted(values, key=lambda value: abs(values.index(value) - place))
    if len(values) > 2 * SOME:
        order = list(dict.fromkeys(values[i] for i in spread(len(values))))
    outs = hypothesis(slug)
    cases = [(first, world, KEPT) for world in (best, "real", "control", DEFAULT)]
    cases += [(first, w, out) for out in (outs.options if outs else ()) for w in (best, "real")]
    cases += [(value, best, KEPT) for value in order[:SOME]]
    cases += [(first, world, KEPT) for world in (*worlds.WORLDS, "own")]
    cases += [(value, DEFAULT, KEPT) for value in order[:FEW]]
    return list(dict.fromkeys(cases))


@cache
def friendly(slug: str) -> str:
    """Return the world that is drawn from a method's family, if it is within reach on its page.

    Otherwise a method's friendly world is a change of its own.
    """
    family = (world.name for world in worlds.WORLDS.values() if world.family == slug)
    return next((name for name in family if error(slug, name) < 0.1), "own")


def error(slug: str, world: str) -> float:
    """Return what is left of a world after some steps of a fit at what a page opens with."""
    adapter, layer = start(slug, {n: v for n, v in opens(slug).items() if n not in AIM})
    goal = want(world, adapter, layer)
    return last(fit(adapter, layer.W, goal.target, goal.X, steps=30, starts=1)).error


def key(slug: str, root: Path = ROOT) -> str:
    return sweeps.made_from(Path(__file__), slug, root)


def main() -> None:
    sweeps.refresh(OUT, "fits", key, fits)
