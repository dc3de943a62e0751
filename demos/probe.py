"""The widget's answer: panels and gauges of an adapter in the toy world.

The build stores `probe`'s answer at the default knobs, the browser computes it again for every
move of a knob. Method names do not occur here: an adapter declares which gauges tell its story.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters_np.core import WeightAdapter, perturbed
from adapters_np.linalg import Array, row_norms
from demos.as_lora import as_lora
from demos.change import ROUND_OFF, Change, numerical_rank
from demos.gauges import GAUGES, determinant
from demos.panels import Answer, Panel, digits, figures, series, view
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


# Panels -------------------------------------------------------------------------------------------


def weights(change: Change) -> Panel:
    """Return the heatmaps of the layer, of its change and of the layer after it, on one scale."""
    s = change.symbol
    limit = 2.5 * float(np.sqrt(np.square(change.before).mean()))
    views = [
        view("before", f"{s}, frozen", change.before, limit),
        view("delta", f"Δ{s}, the change", change.delta, limit),
        view("after", f"{s}′ = {s} + Δ{s}", change.after, limit) | {"sum": "1 1"},
    ]
    what = (
        "Weight: a row per neuron, a column per input."
        if s == "W"
        else "Outputs: a row per feature, a column per token."
    )
    note = f"On one scale, whose ends stand for all that is larger. {what}"
    return {
        "kind": "matrix", "name": "weights", "title": "Before, change, after", "note": note,
        "views": views,
    }  # fmt: skip


def spectra(change: Change, wanted: Array | None = None) -> list[Panel]:
    """Return the singular values of the change, over those wanted, and before against after."""
    s = change.symbol
    stable = GAUGES["stable_rank"](change)["text"]
    lines = {} if wanted is None else {f"Δ{s}*": wanted}
    moved = float(np.abs(change.sigma_after - change.sigma_before).max())
    return [
        series(
            "delta_spectrum", f"Singular values of Δ{s}", lines | {f"Δ{s}": change.sigma},
            style="bars", says=f"rank {numerical_rank(change)}, stable {stable}",
        ),
        series(
            "spectrum", f"Of {s} and {s}′", {s: change.sigma_before, f"{s}′": change.sigma_after},
            style="points",
            says="none has moved" if change.drift < ROUND_OFF else f"largest move {figures(moved)}",
        ),
    ]  # fmt: skip


MOST_PAIRED = 32
"""So many neurons or tokens at most have their cosines drawn: 496 pairs."""


def cosines(change: Change) -> Panel:
    """Return the cosines of all pairs of neurons, or of tokens, before and after."""
    what = "neurons" if change.symbol == "W" else "tokens"
    before, after = (
        paired((M if change.symbol == "W" else M.T)[:MOST_PAIRED])
        for M in (change.before, change.after)
    )
    moved = np.abs(after - before)
    kept = bool(moved.max() < ROUND_OFF)
    mean, largest = figures(float(moved.mean())), figures(float(moved.max()))
    return {
        "kind": "pairs", "name": "cosines", "title": f"Cosines between {what}",
        "before": before, "after": after,
        "says": f"all {len(before)} kept" if kept else f"mean change {mean}, largest {largest}",
        "note": "Across: before. Up: after. On the diagonal a cosine is what it was.",
    }  # fmt: skip


def paired(rows: Array) -> Array:
    """Return the cosine of each pair of rows, in the order of `triu_indices`."""
    unit = rows / np.maximum(row_norms(rows), np.finfo(float).tiny)[:, None]
    return np.clip((unit @ unit.T)[np.triu_indices(len(rows), 1)], -1, 1)


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
