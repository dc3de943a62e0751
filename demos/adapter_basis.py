"""The share of a change within the strongest singular directions of the weight it changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters_np.linalg import Array

COUNT = 16
"""Directions of W that a change is held against."""

PASSES = 14
"""Over the rows of W, at most, until its directions are known; one more measures the change."""

SETTLED = 1e-6
"""The largest angle by which the directions that are found may be off, as a residual bounds it."""


class Basis:
    """Block Lanczos for the leading right singular vectors of W, whose rows come in slices.

    Every pass applies WᵀW to a block of directions; Rayleigh and Ritz find the best within the span
    of all blocks (Golub and Underwood, 1977).
    """

    def __init__(self, n: int, first: tuple[Array, Array] | None) -> None:
        """Begin with random directions of n inputs; `first` is the change's own, if known."""
        self.first, self.count = first, min(COUNT, n)
        start = np.random.default_rng(0).normal(size=(n, self.count))
        self.block: Array = np.linalg.qr(start)[0].T.copy()
        self.spanned: Array = np.zeros((0, n))
        self.images: Array = np.zeros((0, n))
        self.image: Array = np.zeros_like(self.block)
        self.passes, self.settled = 0, False
        self.right: Array | None = None  # (count, n), once it is found
        self.sigma: Array = np.zeros(0)
        self.read = 0.0
        self.written: Array = np.zeros_like(self.block)
        self.along = np.zeros(self.count)

    def look(self, W: Array, D: Array, first: int) -> None:
        """Take some rows of W, and of the change, which the last pass measures."""
        if self.right is None:
            self.image += np.einsum("ki,ij->kj", np.ascontiguousarray((W @ self.block.T).T), W)
            return
        left = np.ascontiguousarray((W @ self.right.T / self.sigma).T)
        self.read += float(((D @ self.right.T) ** 2).sum())
        self.written += np.einsum("ki,ij->kj", left, D)
        if self.first:
            self.along += left @ self.first[0][first : first + len(W)]

    def passed(self) -> bool:
        """End a pass, and say whether another is needed."""
        if self.right is not None:
            return False
        self.passes += 1
        self.spanned = np.concatenate([self.spanned, self.block])
        self.images = np.concatenate([self.images, self.image])
        values, vectors = np.linalg.eigh(self.spanned @ self.images.T)
        values, vectors = values[::-1], vectors[:, ::-1]
        best = vectors[:, : self.count].T @ self.spanned
        rest = vectors[:, : self.count].T @ self.images - values[: self.count, None] * best
        whole = len(self.spanned) == self.spanned.shape[1]
        gap = values[self.count - 1] - (values[self.count] if len(values) > self.count else 0)
        self.settled = whole or float(np.linalg.norm(rest)) <= SETTLED * gap
        if self.settled or self.passes == PASSES:
            self.right, self.sigma = best, np.sqrt(np.maximum(values[: self.count], 1e-300))
        else:
            self._next()
        return True

    def _next(self) -> None:
        block = self.image[: self.spanned.shape[1] - len(self.spanned)]
        for _ in range(2):  # twice, since round-off is not orthogonal
            block = block - (block @ self.spanned.T) @ self.spanned
            block = np.linalg.qr(block.T)[0].T
        self.block, self.image = np.ascontiguousarray(block), np.zeros_like(block)

    def shares(self, energy: float, m: int) -> dict[str, Any]:
        """Return shares of the change, ‖ΔW‖² being `energy`, with those of a random subspace.

        `read` and `written` are those of its inputs and outputs within the strongest directions of
        W, `both` of the two together; `first` are those of the change's first direction.
        """
        assert self.right is not None
        k, n = self.right.shape
        both = float(((self.written @ self.right.T) ** 2).sum())
        first = self.first and [
            float((self.along**2).sum()),
            float(((self.right @ self.first[1]) ** 2).sum()),
        ]
        return {
            "count": k,
            "read": [self.read / energy, k / n],
            "written": [float((self.written**2).sum()) / energy, k / m],
            "both": [both / energy, k * k / (m * n)],
            "first": first,
            "settled": self.settled,
        }
