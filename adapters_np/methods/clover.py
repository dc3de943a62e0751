r"""CLOVER believes that a head's own basis is that of its two products, not of its four matrices.

$$W_Q W_K^\top = U_{QK} S_{QK} V_{QK}^\top, \qquad W_V W_O = U_{VO} S_{VO} V_{VO}^\top, \qquad
  S' = S + \Delta S \text{ dense}$$

Source: meng2025clover, section 3 and appendix A.1.
Differs: the heads have no rotary embedding. With one, W_Q W_Kᵀ is not one matrix, and the paper's
LLaMA runs factorise a single projection there. The paper's blocks of the MLP are left out.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np import layers
from adapters_np.core import AttentionAdapter, Frozen, Learned
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, product_svd

CORE = "d_out // (4 * heads), d_out // (4 * heads)"
BASIS = Frozen("heads, d_in, d_out // (4 * heads)")
VALUES = Frozen("heads, d_out // (4 * heads)")


@dataclass(frozen=True, eq=False)
class CLOVER(AttentionAdapter):
    """A dense matrix between the singular vectors of each product of each head."""

    S_QK: Annotated[Array, Learned(f"heads if train != 'value_output' else 0, {CORE}", unit=0.2)]
    S_VO: Annotated[Array, Learned(f"heads if train != 'query_key' else 0, {CORE}", unit=0.2)]
    U_QK: Annotated[Array, BASIS]
    V_QK: Annotated[Array, BASIS]
    U_VO: Annotated[Array, BASIS]
    V_VO: Annotated[Array, BASIS]
    S_QK_0: Annotated[Array, VALUES]
    S_VO_0: Annotated[Array, VALUES]
    heads: int

    place = "attention"

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        heads: Literal[1, 2, 4, 8] = 2,
        train: Literal["both", "query_key", "value_output"] = "both",
    ) -> Self:
        """Start at the identity: S is the diagonal of singular values.

        Args:
            W: The stack of W_Q, W_K, W_V and W_Oᵀ, (d_out, d_in); see `layers.attention`.
            rng: Not used; the start is computed from W.
            heads: H, how many heads share the stack; each has width d = d_out / 4H.
            train: Which of the two products is trained.

        Raises:
            ValueError: when 4 · heads does not divide d_out, or a head is wider than d_in.
        """
        Q, K, V, O_T = np.swapaxes(layers.split_heads(W, heads), -1, -2)  # (heads, d_in, d)
        d_in, d = Q.shape[1:]
        if d > d_in:
            raise KnobError("heads", heads, f"makes heads of width {d}, wider than d_in={d_in}")
        (U_QK, s_QK, V_QK), (U_VO, s_VO, V_VO) = product_svd(Q, K), product_svd(V, O_T)
        n_QK = heads if train != "value_output" else 0
        n_VO = heads if train != "query_key" else 0
        S_QK, S_VO = diagonal(s_QK)[:n_QK], diagonal(s_VO)[:n_VO]
        return cls(S_QK, S_VO, U_QK, V_QK, U_VO, V_VO, s_QK, s_VO, heads)

    def merged(self) -> Array:
        """Return the adapted stack with S folded into U, (d_out, d_in)."""
        S_QK = self.S_QK if len(self.S_QK) else diagonal(self.S_QK_0)
        S_VO = self.S_VO if len(self.S_VO) else diagonal(self.S_VO_0)
        parts = np.stack([self.U_QK @ S_QK, self.V_QK, self.U_VO @ S_VO, self.V_VO])
        return np.swapaxes(parts, -1, -2).reshape(-1, parts.shape[2])

    def forward(self, W: Array, X: Array) -> Array:
        """Return the adapted heads' output, (d_in, n); the frozen bases stand for W."""
        return layers.attention(self.merged(), X, self.heads)


def diagonal(sigma: Array) -> Array:
    """Return diagonal matrices (..., d, d) from their diagonals (..., d)."""
    return sigma[..., None] * np.eye(sigma.shape[-1])


def prune(W: Array, keep: int, *, heads: Literal[1, 2, 4, 8] = 2) -> Array:
    """Return the stack with each product replaced by its best approximation of rank `keep`.

    The shape stays (d_out, d_in): each head's later rows are zero, and may be dropped.
    """
    stack = CLOVER.init(W, np.random.default_rng(0), heads=heads).merged()
    layers.split_heads(stack, heads)[:, :, keep:] = 0  # a view of the stack
    return stack
