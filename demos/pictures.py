"""The pictures of hypotheses: what an adapter believes, its target, and what it reached.

A method lists the pictures that show its hypothesis by their names, as it lists its gauges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adapters_np.core import flatten
from adapters_np.linalg import Array, angles_from, row_norms, thin_svd
from demos.change import Change, numerical_rank
from demos.panels import Panel, heatmaps, series, view
from demos.protocols import (
    AddsTasks,
    AddsTokens,
    Estimates,
    Mixes,
    Remembers,
    Rotates,
    Scales,
    Shows,
    Tiles,
    serving,
)


class Reached(NamedTuple):
    """An adapter's change of a layer, and its target."""

    change: Change
    wanted: Change
    errors: tuple[float, ...]
    """‖Δ* − Δ‖ / ‖Δ*‖ at the start and after every step."""
    aim: dict[str, Any]
    held_out: float | None
    """The share that is explained of outputs on fresh tokens."""
    more: bool
    """True while the fit goes on."""
    without: str = ""
    """The part of the method's hypothesis that is taken out, as a sentence."""
    beside: tuple[tuple[str, list[float]], ...] = ()
    """The errors of the same training with other α, by α."""

    @property
    def how(self) -> str:
        """What the change that was reached is called beside its target."""
        return {"trained": "trained", "hand": "set by hand"}.get(self.aim["way"], "fitted")


Picture = Callable[[Reached], Panel | None]
"""A picture shows nothing where there is nothing to be seen."""

PICTURES: dict[str, Picture] = {}
"""All pictures by name."""


def picture(function: Picture) -> Picture:
    PICTURES[function.__name__] = function
    return function


MOST_LAYERS = 16


@picture
def layers(found: Reached) -> Panel:
    """Return the change as a sum of columns times rows, the strongest first: its own directions."""
    change = found.change
    count = min(max(1, numerical_rank(change)), MOST_LAYERS)
    U, sigma, Vt = thin_svd(change.delta)
    signs = np.sign(Vt[np.arange(count), np.abs(Vt[:count]).argmax(axis=1)])
    root = signs * np.sqrt(sigma[:count])
    columns, rows = U[:, :count] * root, Vt[:count] * root[:, None]
    limit, s = float(np.abs(found.wanted.delta).max()), change.symbol
    views = [
        view("columns", "columns", columns, float(np.abs(columns).max() or 1)),
        view("rows", "rows", rows, float(np.abs(rows).max() or 1)),
        view("sum", f"Δ{s}, their sum", change.delta, limit),
    ]
    full = len(sigma)
    many = f"the strongest {count} of {full}" if numerical_rank(change) > count else f"{count}"
    return {
        "kind": "matrix", "name": "layers", "title": "Layers", "views": views,
        "says": f"{many} layer{'' if count == 1 else 's'}, each a column times a row",
        "note": f"Δ{s} as a sum of its singular layers, each a column times a row.",
    }  # fmt: skip


@picture
def parts(found: Reached) -> Panel | None:
    """Return the change, and beside it what it is made of; layers without the hypothesis."""
    change = found.change
    if found.without:
        return layers(found)
    adapter = serving(change.adapter, Shows, "picture parts")
    about, arrays = adapter.shown(change.world.W)
    views = [view(name, name, M, float(np.abs(M).max() or 1)) for name, M in arrays.items()]
    views.append(view("delta", about, change.delta, float(np.abs(found.wanted.delta).max())))
    if isinstance(adapter, Tiles) and all(sides := adapter.tile()):
        views = [v | {"tile": [*sides]} for v in views]
    note = "The change, large, and beside it what it is made of, each on a scale of its own."
    return {
        "kind": "matrix", "name": "parts", "title": "What ΔW is made of", "views": views,
        "says": "", "note": note,
    }  # fmt: skip


@picture
def trained(found: Reached) -> Panel:
    """Return all numbers that are trained, as bars: for methods that train few."""
    numbers = flatten(found.change.adapter)
    title = f"All {len(numbers):,} trained numbers"
    return series("trained_numbers", title, {"trained": numbers}, "number", "value", style="bars")


@picture
def dials(found: Reached) -> Panel:
    """Return how far each neuron turns, and how much longer it gets; in the target too."""
    lines: dict[str, Array] = {}
    for name, change in (("target", found.wanted), (found.how, found.change)):
        before, after = (row_norms(M) for M in (change.before, change.after))
        longer = 100 * (after / np.maximum(before, np.finfo(float).tiny) - 1)
        along = (change.before * change.after).sum(axis=1)
        across = np.sqrt(np.maximum((before * after) ** 2 - along**2, 0))
        turned = np.degrees(np.arctan2(across, along))
        lines |= {f"{name}, turned by": turned, f"{name}, longer by": longer}
    note = "A point for each neuron. Rings: where the target has it."
    return series(
        "dials", "Each neuron’s direction and length", lines, "neuron", "degrees and per cent",
        style="dials", says="rings: target", note=note,
    )  # fmt: skip


ALIKE = 1e-6
"""Two angles are one where they are so near each other, in radians."""


DRAWN = 8
"""So many neurons are drawn in each plane."""


@picture
def planes(found: Reached) -> Panel | None:
    """Return the planes that R turns or mirrors, and the neurons that are longest in each."""
    adapter = serving(found.change.adapter, Rotates, "picture planes")
    R, change = adapter.rotation(), found.change
    axes = turned_planes(R, change.before)
    if not axes:
        return None
    before: list[Array] = []
    after: list[Array] = []
    for pair in axes:
        lengths = row_norms(change.before @ pair)
        longest = np.argsort(-lengths, kind="stable")[:DRAWN]
        unit = max(float(lengths.max()), np.finfo(float).tiny)
        before.append(change.before[longest] @ pair / unit)
        after.append(change.after[longest] @ pair / unit)
    squares = [a.T @ R @ a for a in axes]
    angles = np.array([180 if _mirrors(M) else np.degrees(abs(_turn(M))) for M in squares])
    turned = [f"{a:.0f}°" for a, M in zip(angles, squares, strict=True) if not _mirrors(M)]
    mirrors = len(axes) - len(turned)
    lines = {"before": np.ravel(before), "after": np.ravel(after)}
    lines["angle of a plane, 180 for a mirror, °"] = angles
    ends = " to ".join(dict.fromkeys((*turned[-1:], *turned[:1])))
    says = [f"{len(turned)} plane{'s' * (len(turned) > 1)}, turned by {ends}"] if turned else []
    says += [f"{mirrors} mirror{'s' * (mirrors > 1)}, from left to right"] if mirrors else []
    title = "; ".join(says)
    note = (
        "Each plane of the inputs turns by its own angle, or is mirrored. The dots are the "
        f"{DRAWN} neurons that are longest in it: grey before, coloured after."
    )
    return series("planes", title, lines, "neuron", "x and y", style="planes",
                  says="grey: before", note=note)  # fmt: skip


def turned_planes(R: Array, W: Array) -> list[Array]:
    """Return the planes that R turns, the largest angles first, as pairs of orthonormal columns.

    A mirror's plane is its normal, and what stays and is longest in W, (d_out, d_in).
    """
    even, odd = (R + R.T) / 2, (R - R.T) / 2
    # Its singular vectors, ordered by angle, are eigenvectors of `even`: one routine less to fetch.
    E = np.linalg.svd(np.linalg.norm(even) * np.eye(len(R)) - even)[0]
    found: list[Array] = []
    still = E[:, np.abs(even @ E - E).max(axis=0) < ALIKE]
    for e in E.T:
        for pair in found:
            e = e - pair @ (pair.T @ e)
        turned = odd @ e
        if np.linalg.norm(e) < 0.5:
            continue  # in a plane already
        first = e / np.linalg.norm(e)
        if np.linalg.norm(turned) < ALIKE:
            if first @ R @ first > 0 or not still.size:
                continue  # left as it is
            turned = still @ thin_svd(W @ still)[2][0]
        second = turned - first * (first @ turned)
        found.append(np.stack([first, second / np.linalg.norm(second)], axis=1))
    return found


def _mirrors(M: Array) -> bool:
    return bool(M[0, 0] * M[1, 1] < M[0, 1] * M[1, 0])


def _turn(M: Array) -> float:
    return float(np.arctan2(M[1, 0] - M[0, 1], M[0, 0] + M[1, 1]))


@picture
def gains(found: Reached) -> Panel:
    """Return by how much each row is scaled; columns where the adapter scales those."""
    before, after = found.change.before, found.change.after
    return scaled(found, by_row=_left(before, after) <= _left(before.T, after.T) + 1e-12)


@picture
def gains_by_hand(found: Reached) -> Panel | None:
    """Return the gains where they are all that is trained, for a reader to set."""
    if found.without:
        return gains(found)
    adapter = serving(found.change.adapter, Scales, "picture gains_by_hand")
    panel = scaled(found, by_row=not adapter.feedforward)
    target = float(np.abs(panel["lines"][0]["values"]).max())
    return panel | {"top": 1.5 * max(0.1, target)}


def scaled(found: Reached, *, by_row: bool) -> Panel:
    """Return by how much rows are scaled, or columns."""
    before, wanted, after = found.change.before, found.wanted.after, found.change.after
    if not by_row:
        before, wanted, after = before.T, wanted.T, after.T
    lines = {"target": _gains(before, wanted) - 1, found.how: _gains(before, after) - 1}
    which = "neuron" if by_row else "input"
    note = (
        f"The gain of each {which} minus 1: ⟨w, w′⟩ / ‖w‖² − 1. "
        "What else happens to it is not shown."
    )
    return series(
        "gains", f"Gain of each {which} minus 1", lines, which, "gain − 1",
        style="faders", says=f"rings: target; dots: {found.how}", note=note,
    )  # fmt: skip


def _gains(before: Array, after: Array) -> Array:
    return (before * after).sum(axis=1) / np.maximum((before**2).sum(axis=1), np.finfo(float).tiny)


def _left(before: Array, after: Array) -> float:
    """Return what of a change no gain of a row explains."""
    return float(np.linalg.norm(_gains(before, after)[:, None] * before - after))


@picture
def mask(found: Reached) -> Panel:
    """Return which entries change, over those that should change most."""
    inside = found.change.delta != 0
    size = np.abs(found.wanted.delta)
    top = size >= np.sort(size, axis=None)[-max(1, int(inside.sum()))]
    marks = np.where(inside, np.where(top, 1.0, 0.3), np.where(top, -1.0, 0.0))
    note = (
        "Orange: entries that change, strong where they are among the target’s largest. "
        "Blue: as large, and left as they are."
    )
    return heatmaps("mask", "The mask over the target’s largest entries", note, 1.0, mask=marks)


@picture
def core(found: Reached) -> Panel:
    """Return the target and the change in the basis of W's singular vectors."""
    U, _, Vt = found.change.world.svd
    wanted, reached = (U.T @ c.delta @ Vt.T for c in (found.wanted, found.change))
    note = (
        "UᵀΔWV with W = UΣVᵀ: row i and column j connect the i-th left and the j-th right "
        "singular vector of W, the strongest first."
    )
    title, limit = "In the singular basis of W", float(np.abs(wanted).max())
    return heatmaps("core", title, note, limit, **{"target": wanted, found.how: reached})


@picture
def frequencies(found: Reached) -> Panel:
    """Return the sizes of the target and of the change at each frequency."""
    wanted, reached = (
        np.abs(np.fft.fftshift(np.fft.fft2(c.delta, norm="ortho")))
        for c in (found.wanted, found.change)
    )
    note = "Absolute values of the 2-D Fourier transform, slow waves in the middle."
    limit, both = float(wanted.max()), {"target": wanted, found.how: reached}
    return heatmaps("frequencies", "Frequencies", note, limit, **both)


@picture
def tiles(found: Reached) -> Panel:
    """Return the singular values of the matrix with a tile in each row (Van Loan, 1993)."""
    adapter = serving(found.change.adapter, Tiles, "picture tiles")
    height, width = adapter.tile()

    def values(D: Array) -> Array:
        flat = D.reshape(len(D) // height, height, -1, width).swapaxes(1, 2)
        return np.linalg.svd(flat.reshape(-1, height * width), compute_uv=False)

    reached = values(found.change.delta)
    lines = {"target": values(found.wanted.delta), found.how: reached}
    note = (
        f"Of the matrix with a {height} × {width} tile in each row: of how many patterns the "
        "tiles of the change are made."
    )
    cut = int((reached > 1e-9 * max(reached[0], 1e-300)).sum())
    return series("tile_spectrum", "Patterns of tiles", lines, cut=cut, note=note)


@picture
def rows(found: Reached) -> Panel:
    lines = {"target": row_norms(found.wanted.delta), found.how: row_norms(found.change.delta)}
    return series("rows", "Length of each row’s change", lines, "row", "length", style="bars")


@picture
def positions(found: Reached) -> Panel:
    """Return how far the output of each token moves."""
    lines = {"target": row_norms(found.wanted.delta.T), found.how: row_norms(found.change.delta.T)}
    title = "Change in each token’s output"
    return series("positions", title, lines, "token", "length", style="bars")


@picture
def memory(found: Reached) -> Panel:
    """Return how far the outputs of keys move, and then those of some other inputs."""
    adapter = serving(found.change.adapter, Remembers, "picture memory")
    inputs = np.hstack([adapter.keys, adapter.others[:, :24]])
    lines = {
        name: row_norms((c.delta @ inputs).T)
        for name, c in (("target", found.wanted), (found.how, found.change))
    }
    count = adapter.keys.shape[1]
    few = "The first of these inputs is the key" if count == 1 else f"The first {count} are keys"
    note = f"{few}; the others are like those that C was estimated from."
    title = "How far outputs move: keys first, then other inputs"
    return series("memory", title, lines, "input", "length", style="bars", note=note)


@picture
def estimate(found: Reached) -> Panel:
    """Return how far the estimated direction is from the true one, as pairs come in."""
    adapter = serving(found.change.adapter, Estimates, "picture estimate")
    lines = {"angle": angles_from(adapter.truth, adapter.estimates())}
    note = "After one pair, after two and so on. A direction drawn at random is at about 90°."
    title = "Angle between the estimated direction and the true one"
    return series("estimate", title, lines, "pair", "degrees", style="bars", note=note)


@picture
def received(found: Reached) -> Panel:
    """Return how much of each task's change is added, and how much of it is there in the end."""
    adapter = serving(found.change.adapter, AddsTasks, "picture received")
    own = adapter.changes.reshape(len(adapter.changes), -1)
    there = own @ found.change.delta.ravel() / (own**2).sum(axis=1)
    lines = {"added": adapter.strengths, "there in the end": there}
    note = (
        "How long the sum is along each task’s change, in lengths of it. Where tasks do not meet "
        "it is what was added."
    )
    title = "Of each task’s change: added, and there in the end"
    return series("received", title, lines, "task", "share", style="bars", note=note)


@picture
def attention(found: Reached) -> Panel:
    """Return the attention that virtual tokens take from each token, in per cent."""
    change = found.change
    adapter = serving(change.adapter, AddsTokens, "picture attention")
    share = 100 * adapter.virtual_share(change.world.W, change.world.X)
    note = "How much of each token’s attention goes to the virtual tokens."
    title = "Attention to virtual tokens, in %"
    return series("attention", title, {found.how: share}, "token", "%", note=note)


@picture
def mixture(found: Reached) -> Panel:
    """Return the weights of the parts that the adapter mixes, mean over tokens."""
    change = found.change
    adapter = serving(change.adapter, Mixes, "picture mixture")
    weights = adapter.mixture(change.world.W, change.world.X).mean(axis=1)
    lines, note = {"weight": weights}, "Mean over tokens."
    return series("mixture", "Weights of the parts", lines, "part", "weight", note=note)


@picture
def surroundings(found: Reached) -> Panel:
    """Return the noise around the merged weight in which a training step takes its slopes."""
    adapter = serving(found.change.adapter, Shows, "picture surroundings")
    title, arrays = adapter.shown(found.change.world.W)
    note = "The first columns are what A reads, the first rows what B writes."
    limit = max(float(np.abs(M).max()) for M in arrays.values()) or 1.0
    return heatmaps("surroundings", title, note, limit, **arrays) | {"says": ""}
