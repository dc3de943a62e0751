r"""AntiPaSTO believes that one signed coefficient, turning a weight's own inputs, steers both ways.

$$W'(\alpha) = U\,\mathrm{diag}(S + \alpha\,\Delta S)\,R(\alpha)\,V^\top + W_\text{res}, \qquad
  R(\alpha) = \bigl(I - \tfrac{\alpha}{2} A\bigr)\bigl(I + \tfrac{\alpha}{2} A\bigr)^{-1}$$

Source: clark2026antipasto, equations 4 to 8 and appendix A.4.
Differs: A is stored as its strict upper triangle; the official code trains r² entries for it. The
calibration activations, which choose the directions, are toy contrast pairs.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, cayley, skew, thin_svd


@dataclass(frozen=True, eq=False)
class AntiPaSTO(WeightAdapter):
    """A rotation of r chosen singular directions and a shift of their values, driven by alpha."""

    A: Annotated[Array, Learned("rank * (rank - 1) // 2", unit=0.3)]
    shift: Annotated[Array, Learned("rank", unit=0.2)]
    U: Annotated[Array, Frozen("d_out, rank")]
    S: Annotated[Array, Frozen("rank")]
    Vt: Annotated[Array, Frozen("rank, d_in")]
    alpha: float
    limit: float

    # With A = ΔS = 0 opposite coefficients do the same, and the loss that parts them has no
    # gradient. So the start is small and random: it is the identity at alpha = 0 only.
    starts_at_identity: ClassVar[bool] = False

    gauges = (
        "rank", "relative_norm", "largest_angle", "oddness", "gram_change", "parameters",
    )  # fmt: skip
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        alpha: Annotated[float, Range(-2, 2, 0.1, letter="α")] = 1.0,
        rank: Annotated[int, Range(2, 32, letter="r")] = 12,
        theta_max: Annotated[float, Range(15, 165, 15, letter="θ")] = 60.0,
        selection: Annotated[
            Literal["activations", "top", "random"], Departs("random")
        ] = "activations",
    ) -> Self:
        """Start near the identity, with small random A and ΔS.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A, ΔS and the toy activations.
            alpha: The steering coefficient, set after training; the paper trains at −1, 0 and 1.
            rank: r, how many singular directions turn.
            theta_max: The soft limit in degrees. It bounds the entries of A, not the angles of R.
            selection: Directions by activations (the paper's), by singular value, or at random.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U, S, Vt = thin_svd(W)
        A = rng.normal(scale=0.0085, size=rank * (rank - 1) // 2)
        shift = rng.normal(4e-4, 4e-4, size=rank)
        if selection == "activations":
            kept = choose(S, Vt, *contrast_pairs(W.shape[1], rng), rank)
        elif selection == "random":
            kept = np.sort(rng.choice(len(S), rank, replace=False))
        else:
            kept = np.arange(rank)
        limit = 2 * np.tan(np.radians(theta_max) / 2)
        return cls(A, shift, U[:, kept], S[kept], Vt[kept], alpha, float(limit))

    def rotation(self) -> Array:
        """Return R(α), (r, r); R(−α) is its inverse."""
        bounded = self.limit * np.tanh(self.A / self.limit)
        return cayley(-self.alpha / 2 * skew(bounded, len(self.S)))

    def core(self) -> Array:
        """Return diag(S + αΔS) R(α) − diag(S), the change between the singular vectors, (r, r)."""
        return (self.S + self.alpha * self.shift)[:, None] * self.rotation() - np.diag(self.S)

    def delta(self, W: Array) -> Array:
        """Return U core Vᵀ, (d_out, d_in); W does not enter."""
        return self.U @ self.core() @ self.Vt

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, without forming the change, (d_out, n)."""
        return W @ X + self.U @ (self.core() @ (self.Vt @ X))

    def reversed(self) -> Self:
        """Return the same adapter at the opposite coefficient."""
        return replace(self, alpha=-self.alpha)


def contrast_pairs(d_in: int, rng: np.random.Generator, n: int = 64) -> tuple[Array, Array]:
    """Return toy activations (d_in, n) of chosen and rejected prompts, which differ in one axis."""
    shared = rng.normal(size=(d_in, n))
    axis = rng.normal(size=(d_in, 1))
    offset = axis * rng.normal(1.0, 0.5, size=n)
    return shared + offset, shared - offset


def choose(S: Array, Vt: Array, chosen: Array, rejected: Array, rank: int) -> NDArray[np.intp]:
    """Return the indices of `rank` singular directions, ascending.

    A direction's score is S_k · std(v_k · x), over chosen, over rejected, and over the differences.
    The three scores take turns at picking the best direction that is left, so each gets a third.
    """
    scores = [S * (Vt @ X).std(axis=1) for X in (chosen, rejected, chosen - rejected)]
    kept: list[int] = []
    for turn in range(rank):
        order = np.argsort(-scores[turn % 3], stable=True)
        kept.append(next(int(k) for k in order if k not in kept))
    return np.sort(kept)
