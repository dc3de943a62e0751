"""What the widget shows: panels and gauges of an adapter in the toy world.

The build stores `probe`'s answer at the default knobs, the browser computes it again for every
move of a knob. Method names do not occur here: an adapter declares which gauges tell its story.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from adapters_np import core
from adapters_np.control import controls, without
from adapters_np.core import Adapter, WeightAdapter, knobs, load, perturbed
from adapters_np.knobs import Knob, signature_knobs
from demos import gauges
from demos.change import ROUND_OFF, Change
from demos.change import numerical_rank as numerical_rank
from demos.gauges import GAUGES as GAUGES
from demos.gauges import determinant
from demos.panels import Panel, digits, figures, series, view
from demos.protocols import Rotates
from demos.world import World, toy

AIM = ("way", "world", "steps", "rate")
"""The knobs by which a change is aimed at another one (`demos.ways`)."""

HYPOTHESIS = "hypothesis"
"""The knob that takes a method's hypothesis out: `kept`, or the name of one of its controls."""

KEPT = "kept"

PAGE = {"way": "fitted", "size": "32x32"}
"""What the page of every method opens with, where that is no knob's default; see `opens`."""

BUDGET = 1 / 6
"""The share of W's parameters that a page opens with at most, where a knob can choose."""


def __getattr__(name: str) -> Any:
    """Find single gauges here, too: examples and shared links import them from this module."""
    return getattr(gauges, name)


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

    >>> taken_out("lora", {"hypothesis": "dense subspace"})
    'Taken out: that the change has few directions, which the data choose.'
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
    halves = [knob.default >> i for i in range(8) if knob.default >> i >= max(knob.low, 2)]
    counts = {v: core.parameters(cls, *size, **{knob.name: v}) for v in halves}
    few = [v for v in halves if counts[v] <= BUDGET * prod(size)] or halves[-1:]
    return PAGE | ({knob.name: few[0]} if counts[few[0]] < counts[halves[0]] else {})


def start(method: str, chosen: dict[str, Any]) -> tuple[Adapter, World]:
    """Return a fresh adapter and the toy world that it stands in.

    Args:
        method: The slug of a method.
        chosen: Values of knobs, and of `hypothesis`; those left out have their defaults.

    Raises:
        ValueError: when a value is not allowed; the text starts with `knob=value`.
    """
    chosen = dict(chosen)
    out = chosen.pop(HYPOTHESIS, KEPT)
    if out != KEPT:  # else its module is not read: a first answer needs none
        if (knob := hypothesis(method)) is None:
            raise ValueError(f"{HYPOTHESIS}={out!r} is not a knob of {method}")
        knob.check(out)
    available = settings(method)
    for name in chosen:
        if name not in available:
            raise ValueError(f"{name}={chosen[name]!r} is not a knob of {method}")
    values = {name: knob.check(chosen.get(name, knob.default)) for name, knob in available.items()}
    own = {name: values.pop(name) for name in knobs(load(method))}
    world = toy(**values)
    rng = world.rng("init")
    adapter = load(method).init(world.W, rng, **own)
    return adapter if out == KEPT else without(method, out, adapter, world.W, rng), world


def measure(method: str, chosen: dict[str, Any]) -> Change:
    """Move the learned arrays of a fresh adapter by a random step, and compare.

    Arguments and errors are those of `start`; the knobs of other ways have no effect.
    """
    fresh, world = start(method, {n: v for n, v in chosen.items() if n not in AIM})
    adapter = perturbed(fresh, world.rng("step"), world.step)
    if isinstance(adapter, WeightAdapter):
        return Change(adapter, world, world.W, world.W + adapter.delta(world.W))
    return Change(adapter, world, adapter.base(world.W, world.X), adapter.forward(world.W, world.X))


def probe(method: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the panels of a method at the chosen knobs and a sentence on what is to be seen.

    Arguments and errors are those of `start` and of `demos.ways.reach`.
    """
    if chosen.get("way", "random") == "random":
        change = measure(method, chosen)
        return show(change, taken_out(method, chosen))
    from demos import ways  # not needed for the first answer of a shared random step

    *_, answer = ways.answers(method, chosen)
    return answer


def show(change: Change, without: str = "") -> dict[str, Any]:
    """Return the panels of a change and the sentence, which says first what is taken out."""
    numbers = [GAUGES[name](change) for name in type(change.adapter).gauges]
    said = f"{without} {sentence(change)}".strip()
    return {"panels": [matrices(change), *spectra(change), *numbers], "sentence": said}


# Panels -------------------------------------------------------------------------------------------


def matrices(change: Change) -> Panel:
    """Return the heatmaps of the change, and of the layer before and after on one scale."""
    s = change.symbol
    limit = float(max(np.abs(change.before).max(), np.abs(change.after).max()))
    views = [
        view("delta", f"Δ{s}", change.delta, float(np.abs(change.delta).max())),
        view("before", s, change.before, limit),
        view("after", f"{s}′", change.after, limit) | {"sum": "1 1"},
    ]
    what = (
        "weight: a row per neuron, a column per input" if s == "W" else "output: a column per token"
    )
    return {"kind": "matrix", "name": "matrices", "title": "Matrix", "note": what, "views": views}


def spectra(change: Change) -> list[Panel]:
    """Return the singular values of the change, and those before against those after."""
    s = change.symbol
    return [
        series("delta_spectrum", f"Singular values of Δ{s}", {f"Δ{s}": change.sigma}),
        series("spectrum", f"{s} and {s}′", {s: change.sigma_before, f"{s}′": change.sigma_after}),
    ]


# Words --------------------------------------------------------------------------------------------


def sentence(change: Change) -> str:
    """Return what is to be seen, computed from the numbers."""
    s = change.symbol
    full = len(change.sigma)
    if change.size < ROUND_OFF:
        return f"Δ{s} is zero: the adapter leaves the layer as it is."
    r = numerical_rank(change)
    ways = f"in all {full} directions" if r == full else f"in {r} of {full} directions"
    thing = "weight" if s == "W" else "output"
    parts = [f"The {thing} moves {ways}, by {digits(100 * change.size)}\xa0% of ‖{s}‖."]
    if s == "W":
        if change.drift < ROUND_OFF:
            kept = ", and so does every angle between neurons" if change.keeps_angles else ""
            how = "turned"
            if isinstance(change.adapter, Rotates) and determinant(change)["value"] < 0:
                how = "mirrored" if r == 1 else "turned and mirrored"
            parts.append(f"Every singular value stays{kept}: the weight is only {how}.")
        elif change.keeps_angles:
            parts.append("The angles between neurons stay, the lengths of neurons do not.")
        elif change.stretch < ROUND_OFF:
            parts.append("Neurons keep their lengths and change their directions only.")
        else:
            old, new = figures(change.sigma_before[0]), figures(change.sigma_after[0])
            path = f"stays at {old}" if new == old else f"goes from {old} to {new}"
            parts.append(f"The largest singular value {path}.")
    return " ".join(parts)
