r"""VB-LoRA builds the factors of every LoRA in a model from one bank of short vectors.

$$W' = W + B A, \qquad u = \sum_{s \in \mathrm{top}_k(\sigma)} w_s\, \mathcal B_s, \qquad
w = \mathrm{softmax}(\sigma_{\mathrm{top}_k})$$

Each row of A and each column of B is cut into pieces u of length b. A piece has its own logits σ
over the h vectors of the bank; the k largest are kept, and the softmax runs over those alone.

Source: li2024vblora, section 3.2, equations 3.1 to 3.3.
Differs: nothing. The bank is one array for the whole model; here it belongs to the one layer.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, divide


@dataclass(frozen=True, eq=False)
class VBLoRA(WeightAdapter):
    """A bank of vectors and, for every piece of the two factors, logits over the bank."""

    starts_at_identity = False  # A bank of zeros would have no gradient.

    bank: Annotated[Array, Learned("num_vectors, vector_length", unit=0.4, shared=True)]
    logits_in: Annotated[Array, Learned("rank, d_in // vector_length, num_vectors")]
    logits_out: Annotated[Array, Learned("d_out // vector_length, rank, num_vectors")]
    topk: int

    gauges = ("rank", "parts_in_use", "relative_norm", "parameters", "stored")
    pictures = ("trained",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        num_vectors: Annotated[int, Range(4, 64, letter="h")] = 16,
        topk: Annotated[int, Range(1, 4, letter="k")] = 2,
        rank: Annotated[int, Range(1, 8, letter="r")] = 4,
        vector_length: Literal[2, 4, 8, 16] = 8,
    ) -> Self:
        """Start near the identity: the bank is uniform within ±0.02, the logits have deviation 0.1.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the bank and of the logits.
            num_vectors: h, the size of the bank.
            topk: k, how many vectors of the bank are mixed into one piece.
            rank: r, of the change.
            vector_length: b, the length of a piece.

        Raises:
            ValueError: when b does not divide both sides of W, when k exceeds h, or r the smaller
                side of W.
        """
        d_out, d_in = W.shape
        at_most("topk", topk, "num_vectors", num_vectors)
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        pieces_in = divide("vector_length", vector_length, "d_in", d_in)
        pieces_out = divide("vector_length", vector_length, "d_out", d_out)
        bank = rng.uniform(-0.02, 0.02, (num_vectors, vector_length))
        logits_in = rng.normal(0, 0.1, (rank, pieces_in, num_vectors))
        logits_out = rng.normal(0, 0.1, (pieces_out, rank, num_vectors))
        return cls(bank, logits_in, logits_out, topk)

    def code(self, logits: Array) -> tuple[NDArray[np.intp], Array]:
        """Return which k vectors each piece mixes and with which weights, both (…, k).

        The weights of a piece are positive and sum to one, so that k − 1 of them are stored.
        """
        chosen = np.argsort(-logits, axis=-1, stable=True)[..., : self.topk]
        kept = -np.sort(-logits, axis=-1)[..., : self.topk]
        weights = np.exp(kept - kept[..., :1])  # the first is the largest
        return chosen, weights / weights.sum(axis=-1, keepdims=True)

    def pieces(self, logits: Array) -> Array:
        """Return the mixed vectors, (…, b)."""
        chosen, weights = self.code(logits)
        return np.einsum("...k,...kb->...b", weights, self.bank[chosen])

    def factors(self) -> tuple[Array, Array]:
        """Return B (d_out, r) and A (r, d_in), put together from their pieces."""
        r = len(self.logits_in)
        A = self.pieces(self.logits_in).reshape(r, -1)
        B = self.pieces(self.logits_out).swapaxes(1, 2).reshape(-1, r)  # pieces run down a column
        return B, A

    def delta(self, W: Array) -> Array:
        """Return B A, (d_out, d_in); W does not enter."""
        B, A = self.factors()
        return B @ A

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, without forming the change, (d_out, n)."""
        B, A = self.factors()
        return W @ X + B @ (A @ X)

    def mixture(self, W: Array, X: Array) -> Array:
        """Return how much all pieces together use of each vector of the bank, (h, 1)."""
        use = np.zeros(len(self.bank))
        for logits in self.logits_in, self.logits_out:
            np.add.at(use, *self.code(logits))
        return use[:, None]

    def stored(self) -> float:
        """Return the numbers kept after training: bank, k − 1 weights a piece, k one-byte indices.

        An index counts as a quarter of a 32-bit number.
        """
        pieces = (self.logits_in.size + self.logits_out.size) / len(self.bank)
        return float(self.bank.size + pieces * (self.topk - 1 + self.topk / 4))
