"""The panels that every method's widget opens with: weights, spectra and cosines."""

from __future__ import annotations

import numpy as np

from adapters_np.linalg import Array, row_norms
from demos.change import ROUND_OFF, Change, numerical_rank
from demos.gauges import GAUGES
from demos.panels import Panel, figures, series, view


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
    note = f"All on one scale; values beyond it have the colours of its ends. {what}"
    return {
        "kind": "matrix", "name": "weights", "title": "Before, change, after", "note": note,
        "views": views,
    }  # fmt: skip


def spectra(change: Change, wanted: Array | None = None) -> list[Panel]:
    """Return the singular values of the change, over those wanted, and before against after."""
    s = change.symbol
    stable = GAUGES["stable_rank"](change)["text"]
    lines = {} if wanted is None else {f"Δ{s}*": wanted}
    rest = f"grey: Δ{s}*; stable rank {stable}" if lines else f"stable rank {stable}"
    moved = float(np.abs(change.sigma_after - change.sigma_before).max())
    return [
        series(
            "delta_spectrum", f"Singular values of Δ{s}", lines | {f"Δ{s}": change.sigma},
            style="bars", says=f"rank {numerical_rank(change)}", rest=rest,
        ),
        series(
            "spectrum", f"Spectra of {s} and {s}′",
            {s: change.sigma_before, f"{s}′": change.sigma_after}, style="points",
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
        "note": "Across: before. Up: after. On the diagonal, a cosine is unchanged.",
    }  # fmt: skip


def paired(rows: Array) -> Array:
    """Return the cosine of each pair of rows, in the order of `triu_indices`."""
    unit = rows / np.maximum(row_norms(rows), np.finfo(float).tiny)[:, None]
    return np.clip((unit @ unit.T)[np.triu_indices(len(rows), 1)], -1, 1)
