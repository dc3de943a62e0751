r"""Trainable tokens believes that a few rows of the embedding table hold what a task lacks.

$$E'_i = D_j \;\text{ for token } i = i_j, \qquad E'_i = E_i \;\text{ for all others}$$

The frozen weight is the table E here, a row for each token: W' = E'. If the output head is tied to
the table, these rows are its output neurons as well.

Source: peft_trainable_tokens.
Differs: nothing; in PEFT D is called a delta, and it holds the new rows as well.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, row_norms


@dataclass(frozen=True, eq=False)
class TrainableTokens(WeightAdapter):
    """New rows for k tokens of an embedding table."""

    D: Annotated[Array, Learned("tokens, d_in", unit=0.3)]
    ids: Annotated[NDArray[np.integer[Any]], Frozen("tokens")]

    place = "model"
    gauges = ("changed_rows", "rank", "relative_norm", "parameters")
    pictures = ("rows",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        tokens: Annotated[int, Range(1, 16, letter="k")] = 4,
    ) -> Self:
        """Start at the identity: the new rows are copies of the old ones.

        Args:
            W: The embedding table, (d_out, d_in): a row for each of d_out tokens.
            rng: The source of the choice; a user names the tokens.
            tokens: k, how many tokens are trained.

        Raises:
            ValueError: when there are more of them than rows.
        """
        at_most("tokens", tokens, "d_out", len(W))
        chosen = np.sort(rng.choice(len(W), tokens, replace=False))
        return cls(W[chosen], chosen)

    def aimed(self, W: Array, change: Array) -> Self:
        """Return the adapter fresh on the k rows that a target moves most, (d_out, d_in)."""
        order = np.argsort(-row_norms(change), stable=True)
        chosen = np.sort(order[: len(self.ids)])
        return replace(self, D=W[chosen], ids=chosen)

    def table(self, W: Array) -> Array:
        """Return the table with the new rows in place, (d_out, d_in)."""
        table = W.copy()
        table[self.ids] = self.D
        return table

    def delta(self, W: Array) -> Array:
        """Return the difference of the tables, zero in all rows but k."""
        return self.table(W) - W

    def lookup(self, W: Array, ids: NDArray[np.integer[Any]]) -> Array:
        """Return the embeddings of tokens as columns, (d_in, n)."""
        return self.table(W)[ids].T
