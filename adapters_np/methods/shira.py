r"""SHiRA believes that a change needs high rank, and that few entries of the weight can carry it.

$$W' = W + \alpha \sum_{l=1}^K \theta_l\, e_{i_l} e_{j_l}^\top$$

Only K entries of the weight change, at places (i_l, j_l) that a mask fixes before training.

Source: bhardwaj2024shira, section 3.1 and appendix B; Lemma 4.3 for α.
Differs: the masks that rank entries by a gradient (Grad, SNIP) need data and are left out. PEFT has
random masks built in and others through `mask_fn`, with K = r (d_in + d_out); α is 1 until
`set_scale` is called.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Frozen, Learned, Portrait, Range, WeightAdapter
from adapters_np.linalg import Array

Positions = tuple[NDArray[np.intp], NDArray[np.intp]]
COUNT = (
    "ceil(density * d_out) * (d_in - 1) + d_out if mask == 'structured' "
    "else ceil(density * d_out * d_in)"
)


@dataclass(frozen=True, eq=False)
class SHiRA(WeightAdapter):
    """K entries of the weight that are trained in place."""

    theta: Annotated[Array, Learned(COUNT, unit=0.35)]
    rows: Annotated[NDArray[np.intp], Frozen(COUNT)]
    columns: Annotated[NDArray[np.intp], Frozen(COUNT)]
    alpha: float

    gauges = ("rank", "stable_rank", "changed_entries", "relative_norm", "parameters")
    pictures = ("mask",)
    portrait = Portrait("change", "A few scattered entries change, the rest stays")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        density: Annotated[float, Range(0.005, 0.25, 0.005)] = 0.05,
        mask: Literal["random", "magnitude", "structured"] = "random",
        alpha: Annotated[float, Range(0, 2, 0.1, letter="α")] = 1.0,
    ) -> Self:
        """Start at the identity: θ is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of a random mask.
            density: The share of entries that are trained; for a structured mask, of rows.
            mask: Random places, the entries of largest |W|, or evenly spaced rows and a diagonal,
                which wraps around where W is tall.
            alpha: The strength, 1 while training.
        """
        d_out, d_in = W.shape
        count = int(np.ceil(density * d_out * d_in))
        if mask == "structured":
            rows, columns = rows_and_diagonal(d_out, d_in, int(np.ceil(density * d_out)))
        else:
            order = rng.permutation(W.size) if mask == "random" else largest_first(W)
            rows, columns = np.divmod(np.sort(order[:count]), d_in)
        return cls(np.zeros(len(rows)), rows, columns, alpha)

    def delta(self, W: Array) -> Array:
        """Return α θ at its places and zero elsewhere, (d_out, d_in)."""
        change = np.zeros(W.shape)
        change[self.rows, self.columns] = self.alpha * self.theta
        return change

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output with one product for each trained entry and token, (d_out, n)."""
        Y = W @ X
        np.add.at(Y, self.rows, (self.alpha * self.theta)[:, None] * X[self.columns])
        return Y


def largest_first(W: Array) -> NDArray[np.intp]:
    """Return the flat positions of all entries, the largest in magnitude first."""
    return np.argsort(-np.abs(W), axis=None, stable=True)


def rows_and_diagonal(d_out: int, d_in: int, count: int) -> Positions:
    """Return the places of `count` evenly spaced rows and of the diagonal.

    Examples:
        >>> rows_and_diagonal(4, 3, 1)
        (array([0, 0, 0, 1, 2, 3]), array([0, 1, 2, 1, 2, 0]))
    """
    mask = np.zeros((d_out, d_in), bool)
    mask[np.arange(count) * d_out // count] = True
    mask[np.arange(d_out), np.arange(d_out) % d_in] = True
    rows, columns = np.nonzero(mask)
    return rows, columns
