"""The nearest Kronecker product of a change of any width, of which two factors are known."""

from __future__ import annotations

import numpy as np

from adapters_np.linalg import Array

STEPS = 25
"""Steps after which a reader may have asked for something else."""

MOST = 400
SETTLED = 1e-7
"""By how much of itself the largest value moves within `STEPS` when it is taken for the largest."""


class Tiles:
    """Lanczos' iteration for the largest singular value of Van Loan's rearrangement.

    That has a row for each of f × f tiles of ΔW. Of a product of two factors it maps Y to the sum
    of B Y Aᵀ, a term for each direction, whose column and row are folded to B and A.
    """

    def __init__(self, P: Array, Q: Array, f: int, energy: float) -> None:
        """Fold factors (m, k) and (k, n) of a change with this ‖ΔW‖²."""
        k, n = Q.shape
        self.f, self.energy = f, energy
        B, A = P.T.reshape(k, f, -1), Q.reshape(k, f, n // f)
        self.down, self.up = (
            np.ascontiguousarray(M) for M in (B.swapaxes(1, 2), B)
        )  # k p i, k i p
        self.right, self.left = (np.ascontiguousarray(M) for M in (A, A.swapaxes(1, 2)))
        start = np.random.default_rng(0).normal(size=(f, f))
        self.now: Array = start / np.linalg.norm(start)
        self.last: Array = np.zeros((f, f))
        self.beta = 0.0
        self.diagonal: list[float] = []
        self.beside: list[float] = []
        self.found = 0.0

    def steps(self) -> float | None:
        """Go on, and return the share of the nearest product once it has settled."""
        for _ in range(STEPS):
            moved = chain(self.up, chain(self.down, self.now, self.right), self.left)
            self.diagonal.append(float((moved * self.now).sum()))
            moved -= self.diagonal[-1] * self.now + self.beta * self.last
            self.beta, self.last = float(np.linalg.norm(moved)), self.now
            if self.beta <= 1e-13 * self.diagonal[0]:
                return self._largest() / self.energy
            self.beside.append(self.beta)
            self.now = moved / self.beta
        before, self.found = self.found, self._largest()
        settled = self.found - before <= SETTLED * self.found or len(self.diagonal) >= MOST
        return self.found / self.energy if settled else None

    def _largest(self) -> float:
        beside = self.beside[: len(self.diagonal) - 1]
        T = np.diag(self.diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        return float(np.linalg.eigvalsh(T)[-1])


def chain(B: Array, Y: Array, A: Array) -> Array:
    """Return the sum of B Y A over the first axis of B, (k, i, p), and A, (k, q, j)."""
    k, i, p = B.shape
    left = np.einsum("ap,pq->aq", B.reshape(k * i, p), Y).reshape(k, i, -1)
    wide = np.ascontiguousarray(left.swapaxes(0, 1)).reshape(i, -1)
    return np.einsum("ia,aj->ij", wide, A.reshape(-1, A.shape[2]))
