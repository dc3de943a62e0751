r"""KRAdapter believes that a change needs a flat spectrum: each row is a product of two short ones.

$$W' = W + s\,(B^\top \bullet A^\top)^\top, \qquad \Delta W_{i,\,:} = s\; b_i \otimes a_i, \qquad
k\,\lceil d / k \rceil \ge d$$

Row i of ΔW is the Kronecker product of the i-th rows of A, k numbers, and of B, ⌈d / k⌉ numbers; d
is the larger side of W. Where that is the output, the columns are made so. The columnwise product
is Khatri's and Rao's, hence the name.

Source: albert2025kradapter, the formula by its abstract and the layer in its authors' code.
Differs: k is ⌊√d'⌋ there, d' being the smaller side, and no knob. The layer draws B with PyTorch's
Kaiming at a = 5, the authors' experiment on matrices at √5, which is LoRA's and twice as large; it
is taken here. What is left over at the end of a row is cut off, as there.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Absorbed, Learned, Range, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, kaiming_uniform


@dataclass(frozen=True, eq=False)
class KRAdapter(WeightAdapter):
    """Two thin matrices, multiplied row by row as Kronecker does."""

    A: Annotated[Array, Learned("min(d_out, d_in), k", unit=0.1)]
    B: Annotated[Array, Learned("min(d_out, d_in), ceil(max(d_out, d_in) / k)", unit=0.1)]
    scale: float

    gauges = ("rank", "stable_rank", "effective_rank", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        k: Annotated[int, Range(1, 64)] = 8,
        scale: Annotated[float, Range(0.5, 8, 0.5, letter="s"), Absorbed] = 2.0,
    ) -> Self:
        """Start at the identity: A is zero, B is random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of B.
            k: The length of a row of A. The authors take the root of W's smaller side; there it is
                about cheapest. At 1 every entry of ΔW is free.
            scale: s, which multiplies the change.

        Raises:
            ValueError: when k exceeds the larger side of W.
        """
        d, longer = sorted(W.shape)
        if k > longer:
            raise KnobError("k", k, f"is larger than max(d_out, d_in)={longer}")
        return cls(np.zeros((d, k)), kaiming_uniform(rng, (d, -(-longer // k))), scale)

    def lies(self, W: Array) -> bool:
        """Return whether rows are products, as where W is square or wide; else columns are."""
        return W.shape[0] <= W.shape[1]

    def delta(self, W: Array) -> Array:
        """Return s b_i ⊗ a_i as rows, or as columns if d_out > d_in, (d_out, d_in)."""
        products = (self.B[:, :, None] * self.A[:, None, :]).reshape(len(self.A), -1)
        products = self.scale * products[:, : max(W.shape)]
        return products if self.lies(W) else products.T

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: the two thin matrices."""
        line = "row" if self.lies(W) else "column"
        pair = {"B": self.B, "A": self.A} if self.lies(W) else {"B": self.B.T, "A": self.A.T}
        return f"ΔW, each {line} one of B ⊗ one of A", pair

    def nearest(self, W: Array, change: Array) -> Self | None:
        """Return the best factors row by row; None where a row is cut, so that none are closed."""
        rows = change if self.lies(W) else change.T
        (d, k), length = self.A.shape, self.B.shape[1]
        if k * length != rows.shape[1] or not self.scale:
            return None
        U, sigma, Vt = np.linalg.svd(rows.reshape(d, length, k) / self.scale, full_matrices=False)
        root = np.sqrt(sigma[:, :1])
        return replace(self, A=root * Vt[:, 0], B=root * U[:, :, 0])

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by k products and then ⌈d / k⌉ for each row, without ΔW, (d_out, n)."""
        k, length = self.A.shape[1], self.B.shape[1]
        spare = k * length - max(W.shape)
        if self.lies(W):
            tokens = np.concatenate([X, np.zeros((spare, X.shape[1]))]).reshape(length, k, -1)
            inner = np.einsum("dk,lkn->dln", self.A, tokens)
            return W @ X + self.scale * np.einsum("dl,dln->dn", self.B, inner)
        inner = self.A[:, :, None] * X[:, None, :]  # (d, k, n)
        out = np.einsum("dl,dkn->lkn", self.B, inner).reshape(length * k, -1)
        return W @ X + self.scale * out[: len(W)]
