"""What the widget shows: panels and gauges of an adapter in the toy world.

The build stores `probe`'s answer at the default knobs, the browser computes it again for every
move of a knob. Method names do not occur here: an adapter declares which gauges tell its story.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import (
    Adapter,
    AddsTokens,
    Approximates,
    Bounds,
    Knob,
    Mixes,
    Rotates,
    Steers,
    Stores,
    Tiles,
    WeightAdapter,
    flatten,
    knobs,
    load,
    perturbed,
    signature_knobs,
)
from adapters_np.linalg import Array, row_norms
from demos.world import World, toy

Panel = dict[str, Any]

ROUND_OFF = 1e-9


@dataclass(frozen=True, eq=False)
class Change:
    """A layer before and after: its weight where the adapter has a ΔW, else its output."""

    adapter: Adapter
    world: World
    before: Array
    after: Array

    @property
    def symbol(self) -> str:
        """W or Y: what the matrices are called."""
        return "W" if isinstance(self.adapter, WeightAdapter) else "Y"

    @cached_property
    def delta(self) -> Array:
        """The change, of the shape of `before`."""
        return self.after - self.before

    @cached_property
    def sigma(self) -> Array:
        """Singular values of the change, descending."""
        return np.linalg.svd(self.delta, compute_uv=False)

    @cached_property
    def sigma_before(self) -> Array:
        """Singular values before, descending."""
        if self.before is self.world.W:
            return self.world.svd[1]
        return np.linalg.svd(self.before, compute_uv=False)

    @cached_property
    def sigma_after(self) -> Array:
        """Singular values after, descending."""
        return np.linalg.svd(self.after, compute_uv=False)

    @cached_property
    def drift(self) -> float:
        """The largest change of a singular value, as a share of the largest one before."""
        return float(np.abs(self.sigma_after - self.sigma_before).max() / self.sigma_before[0])

    @cached_property
    def turn(self) -> float:
        """The largest change of a cosine between two rows, from 0 to 2."""
        return float(np.abs(_cosines(self.after) - _cosines(self.before)).max())

    @cached_property
    def keeps_angles(self) -> bool:
        """Whether no angle between two rows changes; those with the first row tell it soonest."""
        after, before = _unit(self.after), _unit(self.before)
        if np.abs(after @ after[0] - before @ before[0]).max() >= ROUND_OFF:
            return False
        return self.turn < ROUND_OFF

    @cached_property
    def stretch(self) -> float:
        """The largest relative change of a row's norm."""
        before = np.maximum(row_norms(self.before), np.finfo(float).tiny)
        return float(np.abs(row_norms(self.after) / before - 1).max())

    @cached_property
    def size(self) -> float:
        """‖change‖_F / ‖before‖_F."""
        return float(np.linalg.norm(self.delta) / np.linalg.norm(self.before))


def settings(method: str) -> dict[str, Any]:
    """Return all knobs of a method's widget: its own, then the toy world's."""
    return {**knobs(load(method)), **signature_knobs(toy)}


def main_knob(method: str) -> Knob | None:
    """Return the knob that a method is first moved by: the first one that is no switch, if any."""
    own = list(knobs(load(method)).values())
    return next((knob for knob in own if knob.kind != "bool"), own[0] if own else None)


def measure(method: str, chosen: dict[str, Any]) -> Change:
    """Build the adapter in the toy world, move its learned arrays by the step, and compare.

    Args:
        method: The slug of a method.
        chosen: Values of knobs; those left out have their defaults.

    Raises:
        ValueError: when a value is not allowed; the text starts with `knob=value`.
    """
    available = settings(method)
    for name in chosen:
        if name not in available:
            raise ValueError(f"{name}={chosen[name]!r} is not a knob of {method}")
    values = {name: knob.check(chosen.get(name, knob.default)) for name, knob in available.items()}
    own = {name: values.pop(name) for name in knobs(load(method))}
    world = toy(**values)
    fresh = load(method).init(world.W, world.rng("init"), **own)
    adapter = perturbed(fresh, world.rng("step"), world.step)
    if isinstance(adapter, WeightAdapter):
        return Change(adapter, world, world.W, world.W + adapter.delta(world.W))
    return Change(adapter, world, adapter.base(world.W, world.X), adapter.forward(world.W, world.X))


def probe(method: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return the panels of a method at the chosen knobs and a sentence on what is to be seen.

    Arguments and errors are those of `measure`.
    """
    return show(measure(method, chosen))


def show(change: Change) -> dict[str, Any]:
    """Return the panels of a change and the sentence."""
    gauges = [GAUGES[name](change) for name in type(change.adapter).gauges]
    return {"panels": [matrices(change), *spectra(change), *gauges], "sentence": sentence(change)}


# Panels -------------------------------------------------------------------------------------------


def matrices(change: Change) -> Panel:
    """Return the heatmaps of the change, and of the layer before and after on one scale."""
    s = change.symbol
    limit = float(max(np.abs(change.before).max(), np.abs(change.after).max()))
    views = [
        _view("delta", f"Δ{s}", change.delta, float(np.abs(change.delta).max())),
        _view("before", s, change.before, limit),
        _view("after", f"{s}′", change.after, limit),
    ]
    what = (
        "weight: a row per neuron, a column per input" if s == "W" else "output: a column per token"
    )
    return {"kind": "matrix", "name": "matrices", "title": "Matrix", "note": what, "views": views}


def _view(name: str, label: str, matrix: Array, limit: float) -> Panel:
    rows, columns = matrix.shape
    values = np.ascontiguousarray(matrix).ravel()
    return {
        "name": name,
        "label": label,
        "rows": rows,
        "columns": columns,
        "values": values,
        "limit": limit,
    }


def spectra(change: Change) -> list[Panel]:
    """Return the singular values of the change, and those before against those after."""
    s = change.symbol
    return [
        _series("delta_spectrum", f"Singular values of Δ{s}", {f"Δ{s}": change.sigma}),
        _series("spectrum", f"{s} and {s}′", {s: change.sigma_before, f"{s}′": change.sigma_after}),
    ]


def _series(name: str, title: str, lines: dict[str, Array]) -> Panel:
    drawn = [{"label": label, "values": np.ascontiguousarray(v)} for label, v in lines.items()]
    return {
        "kind": "series",
        "name": name,
        "title": title,
        "x": "index",
        "y": "singular value",
        "lines": drawn,
    }


# Gauges -------------------------------------------------------------------------------------------


def number(name: str, label: str, value: float, unit: str, note: str) -> Panel:
    """Return a number panel."""
    return {
        "kind": "number", "name": name, "label": label, "value": float(value),
        "text": figures(value), "unit": unit, "note": note,
    }  # fmt: skip


def figures(value: float) -> str:
    """Return a number as a reader wants it: whole, in three digits, or as round-off.

    >>> figures(1548), figures(0.5), figures(-33.04), figures(99.96)
    ('1,548', '0.500', '−33.0', '100')
    >>> figures(2.46e-5), figures(2e-15)
    ('2.5 · 10⁻⁵', '≈ 0')
    """
    size = abs(value)
    if 0 < size < ROUND_OFF:
        text = "≈ 0"
    elif abs(value - round(value)) < ROUND_OFF or size >= 100:
        text = f"{value:,.0f}"
    elif size < 1e-4:
        factor, _, power = f"{value:.1e}".partition("e-")
        text = f"{factor} · 10⁻{power.lstrip('0').translate(RAISED)}"
    else:
        text = f"{value:#.3g}".rstrip(".")
    return text.replace("-", "−")


RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def significant(change: Change) -> Array:
    """Return the singular values of the change that exceed max(m, n) · ε · σ₁.

    This is the rule of `matrix_rank`, except that σ₁ is the larger of the change's and the layer's:
    the change is a difference, so it carries the layer's round-off.
    """
    largest = max(change.sigma[0], change.sigma_before[0])
    return change.sigma[change.sigma > largest * max(change.delta.shape) * np.finfo(float).eps]


def numerical_rank(change: Change) -> int:
    """Return how many singular values of the change are significant."""
    return len(significant(change))


def rank(change: Change) -> Panel:
    """Return the numerical rank of the change."""
    value = numerical_rank(change)
    note = "Singular values above max(m, n) · ε · σ₁, σ₁ being the larger one of before and change."
    return number("rank", f"Rank of Δ{change.symbol}", value, f"of {len(change.sigma)}", note)


def stable_rank(change: Change) -> Panel:
    """Return ‖Δ‖_F² / ‖Δ‖₂²: directions counted by energy (Rudelson and Vershynin, 2007)."""
    sigma = significant(change)
    value = float((sigma**2).sum() / sigma[0] ** 2) if len(sigma) else 0.0
    note = "‖Δ‖²_F / ‖Δ‖²₂: how many directions carry the change, by energy."
    return number("stable_rank", "Stable rank", value, "", note)


def effective_rank(change: Change) -> Panel:
    """Return exp of the entropy of the normalised singular values (Roy and Vetterli, 2007)."""
    sigma = significant(change)
    p = sigma / sigma.sum() if len(sigma) else sigma
    value = float(np.exp(-(p * np.log(p)).sum())) if len(p) else 0.0
    note = "exp(entropy) of the singular values after division by their sum."
    return number("effective_rank", "Effective rank", value, "", note)


def relative_norm(change: Change) -> Panel:
    """Return ‖after − before‖_F / ‖before‖_F in per cent."""
    s = change.symbol
    return number("relative_norm", f"‖Δ{s}‖ / ‖{s}‖", 100 * change.size, "%", "Frobenius norms.")


def _rotation(change: Change) -> Array:
    """Return the adapter's matrix R.

    Raises:
        TypeError: when the adapter declares a gauge of R and has no `rotation`.
    """
    if not isinstance(change.adapter, Rotates):
        raise TypeError(f"{type(change.adapter).__name__} has a gauge of R but no rotation()")
    return change.adapter.rotation()


def orthogonality(change: Change) -> Panel:
    """Return ‖RᵀR − I‖_F of the adapter's rotation R; where R has few columns, its paper has Rᵀ."""
    R = _rotation(change)
    value = float(np.linalg.norm(R.T @ R - np.eye(R.shape[1])))
    if R.shape[0] == R.shape[1]:
        label, note = "‖RᵀR − I‖", "0 for a rotation, up to round-off."
    else:
        label, note = "‖RRᵀ − I‖", "0 for orthonormal rows, up to round-off."
    return number("orthogonality", label, value, "", note)


def largest_angle(change: Change) -> Panel:
    """Return the largest angle by which the adapter's rotation R turns a vector, in degrees.

    ‖R − I‖₂ = 2 sin(θ/2) for a rotation R with largest angle θ.
    """
    R = _rotation(change)
    chord = float(np.linalg.norm(R - np.eye(len(R)), 2))
    value = float(np.degrees(2 * np.arcsin(min(chord / 2, 1.0))))
    return number(
        "largest_angle", "Largest angle of R", value, "degrees", "θ with 2 sin(θ/2) = ‖R − I‖₂."
    )


def rotation_fill(change: Change) -> Panel:
    """Return the share of R's entries that are not zero (above 1e-12), in per cent."""
    value = 100 * float((np.abs(_rotation(change)) > 1e-12).mean())
    return number("rotation_fill", "Entries of R in use", value, "%", "Share that is not zero.")


def rotation_distance(change: Change) -> Panel:
    """Return ‖R − I‖_F: how far the adapter's orthogonal matrix is from the identity."""
    R = _rotation(change)
    value = float(np.linalg.norm(R - np.eye(len(R))))
    note = "Frobenius norm; at most 2√d for an orthogonal R."
    return number("rotation_distance", "‖R − I‖", value, "", note)


def determinant(change: Change) -> Panel:
    """Return det R: 1 for a rotation, −1 where an odd number of reflections is left."""
    value = float(np.linalg.det(_rotation(change)))
    return number("determinant", "det R", value, "", "1 for a rotation, −1 for a mirror image.")


def distance_to_exact(change: Change) -> Panel:
    """Return ‖R − R*‖_F, how far the adapter's R is from the rotation R* that it approximates.

    Raises:
        TypeError: when the adapter declares this gauge and has no `exact_rotation`.
    """
    R = _rotation(change)
    if not isinstance(change.adapter, Approximates):
        raise TypeError(f"{type(change.adapter).__name__} has no exact_rotation()")
    value = float(np.linalg.norm(R - change.adapter.exact_rotation()))
    note = "Frobenius distance from the exact rotation with the same parameters."
    return number("distance_to_exact", "‖R − exact R‖", value, "", note)


def bound_share(change: Change) -> Panel:
    """Return ‖ΔW‖_F over the largest value that the adapter's strength allows, in per cent.

    Raises:
        TypeError: when the adapter declares this gauge and has no `bound`.
    """
    if not isinstance(change.adapter, Bounds):
        raise TypeError(f"{type(change.adapter).__name__} declares bound_share but has no bound()")
    bound = change.adapter.bound()
    value = 100 * float(np.linalg.norm(change.delta)) / bound if bound else 0.0
    note = f"‖ΔW‖ over the bound, {bound:.3g}, which no choice of directions can exceed."
    return number("bound_share", "Share of the bound", value, "%", note)


def oddness(change: Change) -> Panel:
    """Return ‖Δ(c) + Δ(−c)‖_F / ‖Δ(c) − Δ(−c)‖_F for the adapter's coefficient c.

    Zero when opposite coefficients make opposite changes.

    Raises:
        TypeError: when the adapter declares this gauge and has no `reversed`.
    """
    if not isinstance(change.adapter, Steers):
        raise TypeError(f"{type(change.adapter).__name__} declares oddness but has no reversed()")
    back = change.adapter.reversed().delta(change.world.W)
    apart = float(np.linalg.norm(change.delta - back))
    value = float(np.linalg.norm(change.delta + back)) / apart if apart else 0.0
    note = "‖ΔW(α) + ΔW(−α)‖ / ‖ΔW(α) − ΔW(−α)‖: 0 when the two are opposite."
    return number("oddness", "Mismatch of +α and −α", value, "", note)


def gram_change(change: Change) -> Panel:
    """Return ‖W′W′ᵀ − WWᵀ‖_F / ‖WWᵀ‖_F: 0 when all norms of and angles between neurons stay."""
    before, after = change.before @ change.before.T, change.after @ change.after.T
    value = 100 * float(np.linalg.norm(after - before) / np.linalg.norm(before))
    s = change.symbol
    note = f"‖{s}′{s}′ᵀ − {s}{s}ᵀ‖ over the norm before."
    return number("gram_change", "Change of the Gram matrix", value, "%", note)


def input_gram_change(change: Change) -> Panel:
    """Return ‖W′ᵀW′ − WᵀW‖_F / ‖WᵀW‖_F: 0 when all norms of and angles between columns stay."""
    before, after = change.before.T @ change.before, change.after.T @ change.after
    value = 100 * float(np.linalg.norm(after - before) / np.linalg.norm(before))
    s = change.symbol
    note = f"‖{s}′ᵀ{s}′ − {s}ᵀ{s}‖ over the norm before: columns instead of rows."
    return number("input_gram_change", "Change of the Gram matrix of inputs", value, "%", note)


def angle_change(change: Change) -> Panel:
    """Return the largest change of a cosine between two neurons (rows), from 0 to 2."""
    note = "Over all pairs of neurons (rows)."
    return number("angle_change", "Largest change of a cosine", change.turn, "", note)


def _cosines(W: Array) -> Array:
    unit = _unit(W)
    return unit @ unit.T


def _unit(W: Array) -> Array:
    return W / np.maximum(row_norms(W), np.finfo(float).tiny)[:, None]


def norm_change(change: Change) -> Panel:
    """Return the largest relative change of a neuron's norm, in per cent."""
    value = 100 * change.stretch
    return number("norm_change", "Largest change of a neuron’s norm", value, "%", "Over all rows.")


def spectrum_change(change: Change) -> Panel:
    """Return the largest change of a singular value, in per cent of the largest one before."""
    label = "Largest change of a singular value"
    return number("spectrum_change", label, 100 * change.drift, "% of σ₁", "σ₁ before the change.")


def subspace_overlap(change: Change) -> Panel:
    """Return the share of ‖ΔW‖_F² inside the top quarter of W's singular directions, in per cent.

    With k = min(d_out, d_in) / 4: ‖U_kᵀ ΔW V_k‖_F² / ‖ΔW‖_F². A random change has k² / (d_out
    d_in).
    """
    U, sigma, Vt = change.world.svd
    k = max(1, len(sigma) // 4)
    energy = float((change.sigma**2).sum())
    inside = float((np.square(U[:, :k].T @ change.delta @ Vt[:k].T)).sum())
    chance = 100 * k * k / change.delta.size
    note = f"Share of ‖ΔW‖² inside the top {k} singular directions of W; {chance:.1f} % by chance."
    return number(
        "subspace_overlap",
        "Inside W’s top directions",
        100 * inside / energy if energy else 0.0,
        "%",
        note,
    )


def singular_entries(change: Change) -> Panel:
    """Return how many entries of UᵀΔWV exceed 1e-9 of the largest, W = UΣVᵀ being the thin SVD.

    They are the pairs of a right and a left singular vector that the change connects.
    """
    U, _, Vt = change.world.svd
    core = np.abs(U.T @ change.delta @ Vt.T)
    value = int((core > 1e-9 * core.max()).sum())
    note = "Entries of UᵀΔWV above 1e-9 of the largest: pairs of singular vectors that ΔW connects."
    return number(
        "singular_entries", "Entries in W’s singular basis", value, f"of {core.size:,}", note
    )


def distinct_columns(change: Change) -> Panel:
    """Return how many different columns the change has, equal up to 1e-9 of its largest entry."""
    scale = float(np.abs(change.delta).max()) or 1.0
    columns = np.round(change.delta.T / scale, 9) + 0.0  # + 0.0 makes −0 the same as 0
    value = len({column.tobytes() for column in np.ascontiguousarray(columns)})
    unit = f"of {change.delta.shape[1]}"
    note = f"Columns of Δ{change.symbol} that differ from one another."
    return number("distinct_columns", "Different columns", value, unit, note)


def changed_rows(change: Change) -> Panel:
    """Return how many rows of the change have an entry above 1e-9 of the largest."""
    value, size = _lines_in_use(change.delta), len(change.delta)
    note = f"Rows of Δ{change.symbol} that are not zero."
    return number("changed_rows", "Rows that change", value, f"of {size}", note)


def changed_columns(change: Change) -> Panel:
    """Return how many columns of the change have an entry above 1e-9 of the largest."""
    value, size = _lines_in_use(change.delta.T), change.delta.shape[1]
    note = f"Columns of Δ{change.symbol} that are not zero."
    return number("changed_columns", "Columns that change", value, f"of {size}", note)


def _lines_in_use(matrix: Array) -> int:
    largest = np.abs(matrix).max(axis=1)
    return int((largest > 1e-9 * largest.max()).sum())


def changed_entries(change: Change) -> Panel:
    """Return how many entries of the change exceed 1e-9 of the largest."""
    value, size = _above_round_off(change.delta), change.delta.size
    note = f"Entries of Δ{change.symbol} that are not zero."
    return number("changed_entries", "Entries that change", value, f"of {size:,}", note)


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


def half_turn(change: Change) -> Panel:
    """Return ‖Δ − Δ°‖_F / ‖Δ‖_F, where Δ°[p, q] = Δ[−p, −q] and indices wrap around.

    Zero when the change looks the same after half a turn about its first entry.
    """
    turned = np.roll(change.delta[::-1, ::-1], 1, axis=(0, 1))
    norm = float(np.linalg.norm(change.delta))
    value = float(np.linalg.norm(change.delta - turned)) / norm if norm else 0.0
    note = f"‖Δ − Δ°‖ / ‖Δ‖ with Δ°[p, q] = Δ{change.symbol}[−p, −q]; about √2 for noise."
    return number("half_turn", "Change under half a turn", value, "", note)


def tile_rank(change: Change) -> Panel:
    """Return the dimension of the space that the tiles of the change span.

    It is the rank of the matrix with a flattened tile in each row (Van Loan and Pitsianis, 1993),
    by the rule of `numerical_rank`.

    Raises:
        TypeError: when the adapter declares this gauge and has no `tile`.
    """
    if not isinstance(change.adapter, Tiles):
        raise TypeError(f"{type(change.adapter).__name__} declares tile_rank but has no tile()")
    (rows, columns), (height, width) = change.delta.shape, change.adapter.tile()
    tiles = change.delta.reshape(rows // height, height, columns // width, width)
    flat = tiles.swapaxes(1, 2).reshape(-1, height * width)
    sigma = np.linalg.svd(flat, compute_uv=False)
    largest = max(sigma[0], change.sigma_before[0])
    value = int((sigma > largest * max(flat.shape) * np.finfo(float).eps).sum())
    note = f"Dimensions that the {height} × {width} tiles of Δ{change.symbol} span."
    return number("tile_rank", "Independent tiles", value, f"of {len(flat):,}", note)


def stored(change: Change) -> Panel:
    """Return how many 32-bit numbers are kept after training.

    Raises:
        TypeError: when the adapter declares this gauge and has no `stored`.
    """
    if not isinstance(change.adapter, Stores):
        raise TypeError(f"{type(change.adapter).__name__} declares stored but has no stored()")
    value = change.adapter.stored()
    share = 100 * value / change.world.W.size
    note = "What a file needs after training, in 32-bit numbers."
    return number("stored", "Numbers to store", value, f"{share:.3g} % of W", note)


def virtual_share(change: Change) -> Panel:
    """Return the attention that virtual tokens take from the others, mean over tokens, in per cent.

    Raises:
        TypeError: when the adapter declares this gauge and has no `virtual_share`.
    """
    if not isinstance(change.adapter, AddsTokens):
        raise TypeError(f"{type(change.adapter).__name__} has no virtual_share()")
    value = 100 * float(change.adapter.virtual_share(change.world.W, change.world.X).mean())
    note = "Mean over tokens of the attention that virtual tokens take from the others."
    return number("virtual_share", "Attention taken", value, "%", note)


def parts_in_use(change: Change) -> Panel:
    """Return exp of the entropy of the mixture's weights, mean over tokens: Hill's number.

    Raises:
        TypeError: when the adapter declares this gauge and has no `mixture`.
    """
    if not isinstance(change.adapter, Mixes):
        raise TypeError(f"{type(change.adapter).__name__} has no mixture()")
    weights = change.adapter.mixture(change.world.W, change.world.X)
    p = weights / weights.sum(axis=0)
    entropy = -(p * np.log(np.maximum(p, np.finfo(float).tiny))).sum(axis=0)
    value = float(np.exp(entropy).mean())
    note = "exp(entropy) of the mixture’s weights, mean over tokens: 1 if a single part acts."
    return number("parts_in_use", "Parts in use", value, f"of {len(weights)}", note)


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


GAUGES = {
    gauge.__name__: gauge
    for gauge in (
        rank, stable_rank, effective_rank, relative_norm, orthogonality, largest_angle,
        rotation_fill, rotation_distance, determinant, distance_to_exact, bound_share, oddness,
        gram_change, input_gram_change,
        angle_change, norm_change, spectrum_change, subspace_overlap, singular_entries,
        distinct_columns, changed_rows, changed_columns, changed_entries, fourier_entries,
        half_turn, tile_rank, virtual_share, parts_in_use, parameters, stored,
    )
}  # fmt: skip


# Words --------------------------------------------------------------------------------------------


def digits(value: float) -> str:
    """Return a positive number in two digits, or all that stand before the point."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


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
