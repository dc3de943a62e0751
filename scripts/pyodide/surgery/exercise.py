"""Calls that a first answer may make: the functions that they need are fetched before it.

It runs in the packed Python (pack.mjs --profile).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, pairwise, product
from typing import Any

from adapters_np.budget import best_of_rank, choose, explained
from adapters_np.core import WeightAdapter, load, slugs
from adapters_np.fit import fit, last
from adapters_np.knobs import Knob
from adapters_np.linalg import Array
from demos.settings import AIM, main_knob, settings
from demos.world import World, toy
from demos.worlds import WORLDS, change


def requests() -> list[dict[str, Any]]:
    world = toy(size="16x16")
    targets = cycle([change(name, world.W) for name in WORLDS])
    for method, target in zip(slugs(), targets, strict=False):
        fits(method, world, target, {})
    page = toy(size="32x32")
    for method in slugs():
        small = choose(load(method), page.W, 64)[0].knobs
        fits(method, page, change("mix", page.W), dict(small))
    return [*probes(), *aimed(), *comparisons()]


def probes() -> Iterator[dict[str, Any]]:
    for method in slugs():
        yield {"method": method, "knobs": {}}
        for knob in settings(method).values():
            for value in ends(knob):
                yield {"method": method, "knobs": {knob.name: value}}


def ends(knob: Knob) -> tuple[Any, ...]:
    values = knob.values()
    return (*values[:2], values[-1], knob.low - 1) if knob.kind in ("int", "float") else values


def aimed() -> Iterator[dict[str, Any]]:
    """Yield every method fitted and trained towards each kind of change in turn."""
    wanted = cycle(AIM["world"].options)
    for method, way in product(slugs(), ("fitted", "trained")):
        few = {"way": way, "size": "16x16", "steps": 10}
        yield {"method": method, "knobs": few | {"world": next(wanted)}}
    yield {"method": "lora", "knobs": {"way": "fitted"}}  # too large


def comparisons() -> Iterator[dict[str, Any]]:
    """Yield neighbours, and every method with the first one."""
    sides = [side(method) for method in slugs()]
    pairs = [*pairwise(sides), *((sides[0], other) for other in sides)]
    for (a, b), equal in product(pairs, (False, True)):
        yield {"a": a, "b": b, "world": {}, "equal": equal}
        yield {"a": b, "b": a, "world": {"size": "32x64", "seed": 3}, "equal": equal}


def side(method: str) -> dict[str, Any]:
    knob = main_knob(method)
    own = {knob.name: knob.values()[-1]} if knob else {}
    return {"method": method, "name": method, "knob": knob.name if knob else "", "own": own}


def fits(method: str, world: World, target: Array, own: dict[str, Any]) -> None:
    """Fit a method to a change, and to outputs, for a few steps."""
    cls = load(method)
    adapter = cls.init(world.W, world.rng("init"), **own)
    if isinstance(adapter, WeightAdapter):
        explained(last(fit(adapter, world.W, target, steps=3, starts=2)).error)
    last(fit(adapter, world.W, target @ world.X, world.X, steps=1, starts=1))
    best_of_rank(target)
    for budget in (1, 100):
        choose(cls, world.W, budget)
