"""The numbers beside the pictures: a gauge is a small function from a change to a panel.

A method lists the gauges that tell its story by their names. What a gauge needs to know of the
adapter itself is a protocol (`demos.protocols`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import flatten
from adapters_np.linalg import Array, angles_from
from demos.change import ROUND_OFF as ROUND_OFF
from demos.change import Change, numerical_rank, significant
from demos.panels import Panel, number
from demos.panels import figures as figures
from demos.protocols import (
    AddsTokens,
    Approximates,
    Bounds,
    Estimates,
    Mixes,
    Needed,
    Rotates,
    Steers,
    Stores,
    Tiles,
    serving,
)

Gauge: TypeAlias = Callable[[Change], Panel]

GAUGES: dict[str, Gauge] = {}
"""All gauges by name."""


def gauge(function: Gauge) -> Gauge:
    GAUGES[function.__name__] = function
    return function


def gauge_of(protocol: type[Needed]) -> Callable[[Callable[[Change, Needed], Panel]], Gauge]:
    """Register a gauge that also takes the adapter, which must satisfy a protocol."""

    def register(function: Callable[[Change, Needed], Panel]) -> Gauge:
        @wraps(function)
        def guarded(change: Change) -> Panel:
            return function(change, serving(change.adapter, protocol, f"gauge {function.__name__}"))

        return gauge(guarded)

    return register


@gauge
def rank(change: Change) -> Panel:
    value = numerical_rank(change)
    note = (
        "How many singular values exceed max(m, n) · ε · σ₁: m × n is the shape, ε the machine "
        "precision, and σ₁ the largest singular value of the layer or of the change."
    )
    return number("rank", f"Rank of Δ{change.symbol}", value, f"of {len(change.sigma)}", note)


@gauge
def stable_rank(change: Change) -> Panel:
    """Return ‖Δ‖_F² / ‖Δ‖₂²: directions counted by energy (Rudelson and Vershynin, 2007)."""
    sigma = significant(change)
    value = float((sigma**2).sum() / sigma[0] ** 2) if len(sigma) else 0.0
    note = "‖Δ‖²_F / ‖Δ‖²₂: how many directions carry the change, by energy."
    return number("stable_rank", "Stable rank", value, "", note)


@gauge
def effective_rank(change: Change) -> Panel:
    """Return exp of the entropy of the normalised singular values (Roy and Vetterli, 2007)."""
    sigma = significant(change)
    p = sigma / sigma.sum() if len(sigma) else sigma
    value = float(np.exp(-(p * np.log(p)).sum())) if len(p) else 0.0
    note = "exp(entropy) of the singular values after division by their sum."
    return number("effective_rank", "Effective rank", value, "", note)


@gauge
def relative_norm(change: Change) -> Panel:
    s = change.symbol
    return number("relative_norm", f"‖Δ{s}‖ / ‖{s}‖", 100 * change.size, "%", "Frobenius norms.")


@gauge_of(Rotates)
def orthogonality(change: Change, adapter: Rotates) -> Panel:
    """Return ‖RᵀR − I‖_F of the adapter's rotation R; where R has few columns, its paper has Rᵀ."""
    R = adapter.rotation()
    value = float(np.linalg.norm(R.T @ R - np.eye(R.shape[1])))
    if R.shape[0] == R.shape[1]:
        label, note = "‖RᵀR − I‖", "0 for a rotation, up to round-off."
    else:
        label, note = "‖RRᵀ − I‖", "0 for orthonormal rows, up to round-off."
    return number("orthogonality", label, value, "", note)


@gauge_of(Rotates)
def largest_angle(change: Change, adapter: Rotates) -> Panel:
    """Return the largest angle by which the adapter's rotation R turns a vector, in degrees.

    ‖R − I‖₂ = 2 sin(θ/2) for a rotation R with largest angle θ.
    """
    R = adapter.rotation()
    chord = float(np.linalg.norm(R - np.eye(len(R)), 2))
    value = float(np.degrees(2 * np.arcsin(min(chord / 2, 1.0))))
    note = "θ with 2 sin(θ/2) = ‖R − I‖₂."
    return number("largest_angle", "Largest angle of R", value, "degrees", note)


@gauge_of(Rotates)
def rotation_fill(change: Change, adapter: Rotates) -> Panel:
    """Return the share of R's entries that are not zero (above 1e-12), in per cent."""
    value = 100 * float((np.abs(adapter.rotation()) > 1e-12).mean())
    return number("rotation_fill", "Entries of R in use", value, "%", "Share that is not zero.")


@gauge_of(Rotates)
def rotation_distance(change: Change, adapter: Rotates) -> Panel:
    """Return ‖R − I‖_F: how far the adapter's orthogonal matrix is from the identity."""
    R = adapter.rotation()
    value = float(np.linalg.norm(R - np.eye(len(R))))
    note = "Frobenius norm; at most 2√d for an orthogonal R."
    return number("rotation_distance", "‖R − I‖", value, "", note)


@gauge_of(Rotates)
def determinant(change: Change, adapter: Rotates) -> Panel:
    """Return det R: 1 for a rotation, −1 where an odd number of reflections is left."""
    value = float(np.linalg.det(adapter.rotation()))
    return number("determinant", "det R", value, "", "1 for a rotation, −1 for a mirror image.")


@gauge_of(Approximates)
def distance_to_exact(change: Change, adapter: Approximates) -> Panel:
    """Return ‖R − R*‖_F, how far the adapter's R is from the rotation R* that it approximates."""
    R = adapter.rotation()
    value = float(np.linalg.norm(R - adapter.exact_rotation()))
    note = "Frobenius distance from the exact rotation with the same parameters."
    return number("distance_to_exact", "‖R − exact R‖", value, "", note)


@gauge_of(Bounds)
def bound_share(change: Change, adapter: Bounds) -> Panel:
    """Return ‖ΔW‖_F over the largest value that the adapter's strength allows, in per cent."""
    bound = adapter.bound()
    value = 100 * float(np.linalg.norm(change.delta)) / bound if bound else 0.0
    note = f"‖ΔW‖ over the bound, {bound:.3g}, which no choice of directions can exceed."
    return number("bound_share", "Share of the bound", value, "%", note)


@gauge_of(Steers)
def oddness(change: Change, adapter: Steers) -> Panel:
    """Return ‖Δ(c) + Δ(−c)‖_F / ‖Δ(c) − Δ(−c)‖_F for the adapter's coefficient c.

    Zero when opposite coefficients make opposite changes.
    """
    back = adapter.reversed().delta(change.world.W)
    apart = float(np.linalg.norm(change.delta - back))
    value = float(np.linalg.norm(change.delta + back)) / apart if apart else 0.0
    note = "‖ΔW(α) + ΔW(−α)‖ / ‖ΔW(α) − ΔW(−α)‖: 0 when the two are opposite."
    return number("oddness", "Mismatch of +α and −α", value, "", note)


@gauge
def gram_change(change: Change) -> Panel:
    """Return ‖W′W′ᵀ − WWᵀ‖_F / ‖WWᵀ‖_F: 0 when all norms of and angles between neurons stay."""
    before, after = change.before @ change.before.T, change.after @ change.after.T
    value = 100 * float(np.linalg.norm(after - before) / np.linalg.norm(before))
    s = change.symbol
    note = f"‖{s}′{s}′ᵀ − {s}{s}ᵀ‖ / ‖{s}{s}ᵀ‖."
    return number("gram_change", "Change in the Gram matrix", value, "%", note)


@gauge
def input_gram_change(change: Change) -> Panel:
    """Return ‖W′ᵀW′ − WᵀW‖_F / ‖WᵀW‖_F: 0 when all norms of and angles between columns stay."""
    before, after = change.before.T @ change.before, change.after.T @ change.after
    value = 100 * float(np.linalg.norm(after - before) / np.linalg.norm(before))
    s = change.symbol
    note = f"‖{s}′ᵀ{s}′ − {s}ᵀ{s}‖ over the norm before: columns instead of rows."
    return number("input_gram_change", "Change of the Gram matrix of inputs", value, "%", note)


@gauge
def angle_change(change: Change) -> Panel:
    """Return the largest change of a cosine between two neurons (rows), from 0 to 2."""
    note = "Over all pairs of neurons (rows)."
    return number("angle_change", "Largest change in a cosine", change.turn, "", note)


@gauge
def norm_change(change: Change) -> Panel:
    value = 100 * change.stretch
    return number("norm_change", "Largest change in a neuron’s norm", value, "%", "Over all rows.")


@gauge
def spectrum_change(change: Change) -> Panel:
    """Return the largest change of a singular value, in per cent of the largest one before."""
    label = "Largest change in a singular value"
    return number("spectrum_change", label, 100 * change.drift, "% of σ₁", "σ₁ before the change.")


@gauge
def subspace_overlap(change: Change) -> Panel:
    """Return the share of ‖ΔW‖_F² inside the top quarter of W's singular directions, in per cent.

    With k = min(d_out, d_in) / 4: ‖U_kᵀ ΔW V_k‖_F² / ‖ΔW‖_F². For a random change it is
    k² / (d_out d_in).
    """
    U, sigma, Vt = change.world.svd
    k = max(1, len(sigma) // 4)
    energy = float((change.sigma**2).sum())
    inside = float((np.square(U[:, :k].T @ change.delta @ Vt[:k].T)).sum())
    chance = 100 * k * k / change.delta.size
    note = f"Share of ‖ΔW‖² inside the top {k} singular directions of W; {chance:.1f} % by chance."
    value = 100 * inside / energy if energy else 0.0
    return number("subspace_overlap", "Inside W’s top directions", value, "%", note)


@gauge
def singular_entries(change: Change) -> Panel:
    """Return how many entries of UᵀΔWV exceed 1e-9 of the largest, W = UΣVᵀ being the thin SVD.

    They are the pairs of a right and a left singular vector that the change connects.
    """
    U, _, Vt = change.world.svd
    core = np.abs(U.T @ change.delta @ Vt.T)
    value = int((core > 1e-9 * core.max()).sum())
    note = "Entries of UᵀΔWV above 10⁻⁹ of the largest: pairs of singular vectors that ΔW connects."
    return number(
        "singular_entries", "Entries in W’s singular basis", value, f"of {core.size:,}", note
    )


@gauge
def distinct_columns(change: Change) -> Panel:
    """Return how many different columns the change has, equal up to 1e-9 of its largest entry."""
    scale = float(np.abs(change.delta).max()) or 1.0
    columns = np.round(change.delta.T / scale, 9) + 0.0  # + 0.0 makes −0 the same as 0
    value = len({column.tobytes() for column in np.ascontiguousarray(columns)})
    unit = f"of {change.delta.shape[1]}"
    note = f"Columns of Δ{change.symbol} that differ from one another."
    return number("distinct_columns", "Different columns", value, unit, note)


@gauge
def changed_rows(change: Change) -> Panel:
    """Return how many rows of the change have an entry above 1e-9 of the largest."""
    value, size = _lines_in_use(change.delta), len(change.delta)
    note = f"Rows of Δ{change.symbol} that are not zero."
    return number("changed_rows", "Rows that change", value, f"of {size}", note)


@gauge
def changed_columns(change: Change) -> Panel:
    """Return how many columns of the change have an entry above 1e-9 of the largest."""
    value, size = _lines_in_use(change.delta.T), change.delta.shape[1]
    note = f"Columns of Δ{change.symbol} that are not zero."
    return number("changed_columns", "Columns that change", value, f"of {size}", note)


def _lines_in_use(matrix: Array) -> int:
    largest = np.abs(matrix).max(axis=1)
    return int((largest > 1e-9 * largest.max()).sum())


@gauge
def changed_entries(change: Change) -> Panel:
    """Return how many entries of the change exceed 1e-9 of the largest."""
    value, size = _above_round_off(change.delta), change.delta.size
    note = f"Entries of Δ{change.symbol} that are not zero."
    return number("changed_entries", "Entries that change", value, f"of {size:,}", note)


@gauge
def fourier_entries(change: Change) -> Panel:
    """Return how many entries of the change's 2-D discrete Fourier transform are not zero.

    Counted are those above 1e-9 of the largest.
    """
    value, size = _above_round_off(np.fft.fft2(change.delta)), change.delta.size
    note = f"Entries of the 2-D Fourier transform of Δ{change.symbol} that are not zero."
    return number("fourier_entries", "Frequencies in use", value, f"of {size:,}", note)


def _above_round_off(matrix: NDArray[np.inexact[Any]]) -> int:
    size = np.abs(matrix)
    return int((size > 1e-9 * size.max()).sum())


@gauge
def half_turn(change: Change) -> Panel:
    """Return ‖Δ − Δ°‖_F / ‖Δ‖_F, where Δ°[p, q] = Δ[−p, −q] and indices wrap around.

    Zero when the change looks the same after half a turn about its first entry.
    """
    turned = np.roll(change.delta[::-1, ::-1], 1, axis=(0, 1))
    norm = float(np.linalg.norm(change.delta))
    value = float(np.linalg.norm(change.delta - turned)) / norm if norm else 0.0
    note = f"‖Δ − Δ°‖ / ‖Δ‖ with Δ°[p, q] = Δ{change.symbol}[−p, −q]; about √2 for noise."
    return number("half_turn", "Change under half a turn", value, "", note)


@gauge_of(Tiles)
def tile_rank(change: Change, adapter: Tiles) -> Panel:
    """Return the dimension of the space that the tiles of the change span.

    It is the rank of the matrix with a flattened tile in each row (Van Loan and Pitsianis, 1993),
    by the rule of `numerical_rank`.
    """
    (rows, columns), (height, width) = change.delta.shape, adapter.tile()
    tiles = change.delta.reshape(rows // height, height, columns // width, width)
    flat = tiles.swapaxes(1, 2).reshape(-1, height * width)
    sigma = np.linalg.svd(flat, compute_uv=False)
    largest = max(sigma[0], change.sigma_before[0])
    value = int((sigma > largest * max(flat.shape) * np.finfo(float).eps).sum())
    note = f"Dimensions that the {height} × {width} tiles of Δ{change.symbol} span."
    return number("tile_rank", "Independent tiles", value, f"of {len(flat):,}", note)


@gauge_of(Estimates)
def estimate_angle(change: Change, adapter: Estimates) -> Panel:
    """Return the angle between the estimated direction and the true one, in degrees."""
    value = float(angles_from(adapter.truth, adapter.estimates())[-1])
    note = "Between the difference of the two means and the direction that all pairs share."
    return number("estimate_angle", "Angle to the true direction", value, "degrees", note)


@gauge_of(AddsTokens)
def virtual_share(change: Change, adapter: AddsTokens) -> Panel:
    """Return the attention that virtual tokens take, mean over the other tokens, in per cent."""
    value = 100 * float(adapter.virtual_share(change.world.W, change.world.X).mean())
    note = "Mean over tokens of the attention that virtual tokens take from the others."
    return number("virtual_share", "Attention taken", value, "%", note)


@gauge_of(Mixes)
def parts_in_use(change: Change, adapter: Mixes) -> Panel:
    """Return exp of the entropy of the mixture's weights, mean over tokens: Hill's number."""
    weights = adapter.mixture(change.world.W, change.world.X)
    p = weights / weights.sum(axis=0)
    entropy = -(p * np.log(np.maximum(p, np.finfo(float).tiny))).sum(axis=0)
    value = float(np.exp(entropy).mean())
    note = "exp(entropy) of the mixture’s weights, mean over tokens: 1 if a single part acts."
    return number("parts_in_use", "Parts in use", value, f"of {len(weights)}", note)


@gauge
def parameters(change: Change) -> Panel:
    """Return the number of trained parameters, with their share of the weight's entries."""
    value = flatten(change.adapter).size
    share = 100 * value / change.world.W.size
    return number(
        "parameters",
        "Trained parameters",
        value,
        f"{share:.3g} % of W",
        "All learned arrays of this layer.",
    )


@gauge_of(Stores)
def stored(change: Change, adapter: Stores) -> Panel:
    """Return how many 32-bit numbers are kept after training."""
    value = adapter.stored()
    share = 100 * value / change.world.W.size
    note = "What a file needs after training, in 32-bit numbers."
    return number("stored", "Numbers to store", value, f"{share:.3g} % of W", note)
