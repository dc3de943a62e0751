"""The widget's answer: panels and gauges of an adapter in the toy world.

The build stores `probe`'s answer at the default knobs, the browser computes it again for every
move of a knob. Method names do not occur here: an adapter declares which gauges tell its story.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters_np.core import WeightAdapter, perturbed
from demos.as_lora import as_lora
from demos.change import ROUND_OFF, Change, numerical_rank
from demos.gauges import GAUGES, determinant
from demos.instrument import cosines, spectra, weights
from demos.panels import Answer, digits, figures
from demos.protocols import Rotates
from demos.settings import AIM, start, taken_out


def measure(method: str, chosen: dict[str, Any]) -> Change:
    """Move the learned arrays of a fresh adapter by a random step, and compare.

    Arguments and errors are those of `start`; the knobs of other ways have no effect.

    Raises:
        ArithmeticError: when the adapter's numbers are not finite; it names method and values.
    """
    try:
        fresh, world = start(method, {n: v for n, v in chosen.items() if n not in AIM})
        adapter = perturbed(fresh, world.rng("step"), world.step)
        if isinstance(adapter, WeightAdapter):
            change = Change(adapter, world, world.W, world.W + adapter.delta(world.W))
        else:
            before, after = adapter.base(world.W, world.X), adapter.forward(world.W, world.X)
            change = Change(adapter, world, before, after)
        problem = "" if np.abs(change.after).max() < np.inf else "entries are not finite"
    except np.linalg.LinAlgError as error:  # of a factorisation, once an entry is not finite
        problem = str(error)
    if problem:
        values = ", ".join(f"{n}={v}" for n, v in chosen.items()) or "its defaults"
        raise ArithmeticError(f"{method} with {values}: {problem}")
    return change


def answer(method: str, chosen: dict[str, Any]) -> Iterator[Answer]:
    """Yield what a method's widget shows, better and better; the last one is the answer.

    Args:
        method: The slug of a method.
        chosen: Values of knobs: `demos.settings.AIM`, `hypothesis`, and those of
            `demos.settings.settings`; those left out have their defaults.

    Raises:
        KnobError: when a value is not allowed.
    """
    if chosen.get("way", AIM["way"].default) != "random":
        from demos import ways  # not needed for the first answer of a shared random step

        yield from ways.answers(method, chosen)
    else:
        yield show(measure(method, chosen), taken_out(method, chosen))


def probe(method: str, chosen: dict[str, Any]) -> Answer:
    """Return the panels of a method at the chosen knobs and a sentence on what is to be seen.

    Arguments and errors are those of `answer`.
    """
    *_, last = answer(method, chosen)
    return last


def show(change: Change, without: str = "") -> Answer:
    """Return the panels of a change and the sentence, which says first what is taken out."""
    numbers = [GAUGES[name](change) for name in type(change.adapter).gauges]
    if change.symbol == "W":
        numbers.append(as_lora(change))
    said = f"{without} {sentence(change)}".strip()
    panels = [weights(change), *spectra(change), cosines(change), *numbers]
    return {"panels": panels, "sentence": said}


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
