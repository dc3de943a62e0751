"""Settings of a widget: knobs of a method, of the toy layer, and of the ways to a change."""

from __future__ import annotations

from math import prod
from typing import Any

from adapters_np import core
from adapters_np.control import controls, without
from adapters_np.core import Adapter, knobs, load
from adapters_np.errors import KnobError
from adapters_np.knobs import Knob, signature_knobs
from demos import worlds
from demos.world import World, toy

FIRST = ("mix", "own", "noise", "real", "control")
"""The targets that a page offers first; the others follow."""

OFFERED = tuple(dict.fromkeys((*FIRST, *worlds.WORLDS, *worlds.REAL)))

AIM = {
    "way": Knob("way", "choice", "random", options=("fitted", "trained", "random", "hand")),
    "gains": Knob("gains", "text", ""),
    "world": Knob("world", "choice", "mix", options=OFFERED),
    "steps": Knob("steps", "int", 100, 0, 200, 5),
    "rate": Knob(
        "rate", "choice", "0.01", options=("0.001", "0.003", "0.01", "0.03", "0.1", "0.3")
    ),
}
"""The knobs of all ways. `world` is the target: one of `worlds`, or the adapter's own. `gains` are
set by hand: by how many hundredths each trained number is above its start."""

HYPOTHESIS = "hypothesis"
"""The knob that takes a method's hypothesis out: `kept`, or the name of one of its controls."""

KEPT = "kept"

PAGE = {"way": "fitted", "size": "32x32"}
"""Values with which every method's page opens, where they are no knob's default; see `opens`."""

BUDGET = 1 / 6
"""The share of W's parameters that a page opens with at most, where a knob can choose."""


def settings(method: str) -> dict[str, Any]:
    """Return all knobs of a method's widget: its own, then the toy world's."""
    return {**knobs(load(method)), **signature_knobs(toy)}


def hypothesis(method: str) -> Knob | None:
    """Return the knob that takes a method's hypothesis out, if the method has a control.

    >>> hypothesis("svft").values(), hypothesis("xlora")
    (('kept', 'random bases'), None)
    """
    names = tuple(controls(method))
    return Knob(HYPOTHESIS, "choice", KEPT, options=(KEPT, *names)) if names else None


def taken_out(method: str, chosen: dict[str, Any]) -> str:
    """Return what the settings take out of a method's hypothesis, as a sentence; "" for nothing.

    >>> taken_out("miss", {"hypothesis": "random groups"})
    'Taken out: which inputs are a group.'
    """
    name = chosen.get(HYPOTHESIS, KEPT)
    return "" if name == KEPT else f"Taken out: {controls(method)[name].out}"


def main_knob(method: str) -> Knob | None:
    """Return the knob that a method is first moved by: the first one that is no switch, if any."""
    own = list(knobs(load(method)).values())
    return next((knob for knob in own if knob.kind != "bool"), own[0] if own else None)


def opens(method: str) -> dict[str, Any]:
    """Return what a method's page opens with, where that is no knob's default.

    Its first whole number is halved until the parameters are few, if it decides on them; 2 is the
    least.

    >>> opens("lora"), opens("ia3")
    ({'way': 'fitted', 'size': '32x32', 'rank': 2}, {'way': 'fitted', 'size': '32x32'})
    """
    cls = load(method)
    knob = next((knob for knob in knobs(cls).values() if knob.kind == "int"), None)
    if not knob or not knob.default:
        return dict(PAGE)
    size = tuple(map(int, PAGE["size"].split("x")))
    least = min(knob.default, max(knob.low, 2))
    halves = [knob.default >> i for i in range(8) if knob.default >> i >= least]
    counts = {v: core.parameters(cls, *size, **{knob.name: v}) for v in halves}
    few = [v for v in halves if counts[v] <= BUDGET * prod(size)] or halves[-1:]
    return PAGE | ({knob.name: few[0]} if counts[few[0]] < counts[halves[0]] else {})


def start(method: str, chosen: dict[str, Any]) -> tuple[Adapter, World]:
    """Return a fresh adapter and the toy world that it stands in.

    Args:
        method: The slug of a method.
        chosen: Values of knobs, and of `hypothesis`; those left out have their defaults.

    Raises:
        KnobError: when a value is not allowed.
    """
    chosen = dict(chosen)
    out = chosen.pop(HYPOTHESIS, KEPT)
    if out != KEPT:  # else its module is not read: a first answer needs none
        if (knob := hypothesis(method)) is None:
            raise KnobError(HYPOTHESIS, out, f"is not a knob of {method}")
        knob.check(out)
    available = settings(method)
    for name in chosen:
        if name not in available:
            raise KnobError(name, chosen[name], f"is not a knob of {method}")
    values = {name: knob.check(chosen.get(name, knob.default)) for name, knob in available.items()}
    own = {name: values.pop(name) for name in knobs(load(method))}
    world = toy(**values)
    rng = world.rng("init")
    adapter = load(method).init(world.W, rng, **own)
    return adapter if out == KEPT else without(method, out, adapter, world.W, rng), world
