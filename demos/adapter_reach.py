"""The distance of a reader's matrix from each family's hypothesis, beside a control.

`begin` opens a matrix, `take` takes its rows a slice at a time, and `answer` says what
`demos.families` make of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters_np.core import load
from adapters_np.linalg import Array
from demos.adapter_base import CHANGES, needs
from demos.adapter_basis import Basis
from demos.adapter_kinds import KINDS, MOST, Pair, block, leading, shaped, sound
from demos.families import HELD, Family, Largest, Sums, Weights, product
from demos.reach import directed

SLICE = 2**18
"""Entries of a matrix that are in memory at once."""

RANKS = (1, 2, 4)
"""A family may have as many parameters as LoRA has at these ranks."""

FEW = 256
"""Directions up to which a control has the singular values of the change."""

EDGE = 300
"""Rows and columns of a bidiagonal matrix within which its leading directions lie."""


# A matrix that is open ----------------------------------------------------------------------------


class Opened:
    """A reader's matrix, its control, and what is summed of both."""

    def __init__(self, layer: dict[str, Any], a: dict[str, Array], norm: Any) -> None:
        """Find factors, draw the control, and begin with no rows.

        Args:
            layer: One of `adapter_file.layers`; its `sides` are None where W is not there.
            a: Its arrays by role.
            norm: ‖ΔW‖, where it is known.

        Raises:
            ValueError: when ΔW needs what is not there, or has too many directions.
        """
        kind, sides = KINDS[layer["kind"]], layer["sides"]
        weighed = sides is not None
        direct = weighed and needs(layer)
        if layer["kind"] == "VERA" and "A" not in a:
            raise ValueError(f"{layer['module']}: ΔW needs the shared A and B of VeRA.")
        few = kind.factors and kind.directions(layer) <= MOST
        first = kind.factors(layer, a) if kind.factors and few else None
        self.layer, self.a, self.factors = layer, a, None if direct else first
        if not (direct or first or layer["kind"] == "LOKR"):
            raise ValueError(
                f"{layer['module']}: its change may have {kind.directions(layer)} directions, and "
                f"up to {MOST} are asked about here."
                if kind.factors
                else f"{layer['module']}: how near ΔW is to a family cannot be told without W. "
                "Choose the base's files, too."
            )
        if not weighed:
            sides = (
                (len(first[0]), first[1].shape[1])
                if first
                else [int(np.prod(s)) for s in zip(*map(self._block, ("w1", "w2")), strict=True)]
            )
        self.shape = m, n = int(sides[0]), int(sides[1])
        self.budgets = [rank * (m + n) for rank in RANKS]
        self.rng = np.random.default_rng(0)
        self.change, self.control = (Sums(self.shape, self.budgets, weighed) for _ in "ab")
        sigma, directions = leading(*first) if first and len(first[1]) <= FEW else (None, None)
        self.weights = Weights(n, self.budgets[-1], directions) if weighed else None
        self.elsewhere: Pair | None = None
        self.scale = norm / np.sqrt(m * n) if norm else 1.0
        self.basis: Basis | None = None
        if self.factors and sigma is not None and sigma[0]:
            self._draw(sigma)
        self.waves = waves(*self.factors) if self.factors else None
        if self.waves:
            self.change.waves = Largest(self.budgets[-1])
            self.control.waves = self.control.entries  # a random change has no favourite basis

    def _block(self, name: str) -> tuple[int, int]:
        P, Q = block(self.a, name)
        return len(P), Q.shape[1]

    def _draw(self, sigma: Array) -> None:
        """Draw the control with these singular values, and what few directions are held against."""
        assert self.factors
        self.elsewhere = directed(sigma, self.shape, self.rng)
        energy = float((sigma**2).sum())
        self.change.strengths = sigma**2 / energy
        self.control.strengths = independent(*self.shape, self.rng)

    def rows(self, W: Array | None, first: int, count: int) -> Array:
        if self.factors:
            return product(self.factors[0][first : first + count], self.factors[1])
        if W is not None and needs(self.layer):
            return CHANGES[self.layer["kind"]](self.layer, self.a, W, first)
        return self._kronecker(np.arange(first, first + count))

    def add(self, W: Array | None, first: int, count: int) -> None:
        rows, D = slice(first, first + count), self.rows(W, first, count)
        if self.elsewhere:
            other = product(self.elsewhere[0][rows], self.elsewhere[1])
        else:
            other = self.scale * self.rng.normal(size=D.shape)
        self.change.add(D, W, first)
        self.control.add(other, W, first)
        if self.waves and self.change.waves:
            squares = product(self.waves[0][rows], self.waves[1]) ** 2
            self.change.waves.add(squares, squares)
        if W is not None and self.weights:
            self.weights.add(W, first)

    def _kronecker(self, rows: Any) -> Array:
        """Return some rows of LoKr's product of two blocks."""
        one, other = (product(*block(self.a, name)) for name in ("w1", "w2"))
        i, j = np.divmod(rows, len(other))
        tiles = one[i][:, :, None] * other[j][:, None, :]
        return np.asarray(self.layer["scale"] * tiles.reshape(len(rows), -1))

    def row(self, name: str, f: Family) -> dict[str, Any]:
        """Return what a family explains of the change and of the control, at every budget."""
        found = [
            [f.form(s, self.weights, b) for s in (self.change, self.control)] for b in self.budgets
        ]
        shares = [[r.share, r.size, k.share] if r and k else None for r, k in found]
        built = self.layer["kind"].lower() in f.methods
        return {
            "name": name,
            "title": f.title,
            "methods": [load(slug).__name__ for slug in f.methods],
            "found": shares,
            "own": built,
        }


def independent(m: int, n: int, rng: np.random.Generator) -> Array:
    """Return the squares of the leading singular values of independent entries, as shares of all.

    Householder's reflections make such a matrix, (m, n), bidiagonal, and what they leave is known:
    independent χ with m, m − 1, … degrees of freedom on the diagonal and n − 1, n − 2, … beside it
    (Dumitriu and Edelman, 2002). Entries fall along it, so the leading directions lie at its start.
    """
    m, n = max(m, n), min(m, n)
    squares = rng.chisquare(np.arange(m, m - n, -1)), rng.chisquare(np.arange(n - 1, 0, -1))
    k = min(n, EDGE)
    start = np.diag(np.sqrt(squares[0][:k])) + np.diag(np.sqrt(squares[1][: k - 1]), 1)
    found = np.linalg.svd(start, compute_uv=False) ** 2
    return np.asarray(found[: RANKS[-1]] / sum(part.sum() for part in squares))


def waves(P: Array, Q: Array) -> Pair:
    """Return factors of a change in cosines: the orthonormal DCT (II) of columns and of rows."""
    return cosines(P), cosines(Q.T).T


def cosines(M: Array) -> Array:
    """Return the orthonormal DCT (II) of every column, by one FFT of as many entries.

    >>> np.round(cosines(np.ones((4, 1))).ravel(), 3) + 0.0
    array([2., 0., 0., 0.])
    """
    n = len(M)
    folded = np.fft.fft(np.concatenate([M[::2], M[1::2][::-1]]), axis=0)
    turn = np.exp(-0.5j * np.pi * np.arange(n) / n)[:, None]
    scale = np.full((n, 1), np.sqrt(2 / n))
    scale[0] = np.sqrt(1 / n)
    return np.ascontiguousarray(scale * (folded * turn).real)


# What the browser asks ----------------------------------------------------------------------------

_open: list[Opened] = []  # the matrix that is open, if any


def begin(layer: dict[str, Any], arrays: dict[str, Any], norm: Any) -> dict[str, Any]:
    """Open a matrix in the place of the last one; see `Opened`.

    Returns:
        `shape`, and `step`, how many rows `take` takes at once, an even number.
    """
    _open[:] = [Opened(layer, shaped(layer, arrays), norm)]
    shape = _open[0].shape
    return {"shape": [*shape], "step": max(2, SLICE // shape[1] // 2 * 2)}


def take(values: Any, first: int, count: int) -> None:
    """Take some rows: of W, where it is there, `values` has the entries row by row."""
    (opened,) = _open
    W = None if values is None else np.array(values, dtype=float).reshape(count, -1)
    if W is not None:
        sound(f"{opened.layer['weight']}.weight", W)
    opened.add(W, first, count)


def look(values: Any, first: int, count: int) -> None:
    """Take some rows of W once more, to find its strongest directions; see `Basis`."""
    (opened,) = _open
    if opened.basis is None:
        opened.basis = Basis(opened.shape[1], opened.weights.first if opened.weights else None)
    W = np.array(values, dtype=float).reshape(count, -1)
    D = W if opened.basis.right is None else opened.rows(W, first, count)
    opened.basis.look(W, D, first)


def passed() -> dict[str, Any]:
    """End a pass over W: `again` says that another is needed, else `within` has what is found."""
    (opened,) = _open
    assert opened.basis
    if opened.basis.passed():
        return {"again": True, "within": None}
    within, opened.basis = opened.basis.shares(opened.change.energy, opened.shape[0]), None
    return {"again": False, "within": within}


def answer() -> dict[str, Any]:
    """Return what is known of the matrix, once all rows are taken: as `reach.own`.

    `same` says that the control has the singular values of the change, `answers` how strongly W
    answers to the first direction among outputs and inputs, beside a random one.
    """
    (o,) = _open
    weighed = o.weights is not None
    asked = {name: f for name, f in HELD.items() if weighed or not f.weighed}
    rows = [o.row(name, f) for name, f in asked.items()] if o.change.energy else []
    return {
        "budgets": o.budgets,
        "families": [row for row in rows if any(row["found"])],
        "same": o.elsewhere is not None,
        "answers": o.weights.answers(o.shape[0]) if o.weights else None,
    }
