r"""SHiRA believes that a change needs high rank, and that few entries of the weight can carry it.

$$W' = W + \alpha \sum_{l=1}^K \theta_l\, e_{i_l} e_{j_l}^\top$$

Only K entries of the weight change, at places (i_l, j_l) that a mask fixes before training.

| mask | which entries |
|---|---|
| random, structured, magnitude | drawn; spaced rows and a diagonal; where abs(W) is largest |
| gradient, snip (SHiRA) | where abs(G), or abs(W ∘ G), is largest; G is the gradient |
| fisher (FISH) | where the mean of squared gradients of single examples is largest |
| moved (SpIEL) | those of gradient, after a fifth of them has made way for others |
| principal (LIFT) | where W's best approximation of rank r is largest |
| rows, columns (S2FT) | whole ones, drawn |
| blocks (SMT) | the blocks in which abs(G) is largest on average |
| diagonal (DiaBlo) | the blocks on the diagonal |

Source: bhardwaj2024shira, section 3.1 and appendix B; Lemma 4.3 for α. The others by their code:
sung2021fish, ansell2024spiel, liu2025lift, yang2024s2ft, he2024smt, gurses2025diablo.
Differs: inputs and gradients are drawn at random here. FISH and SMT rank across all layers; LIFT
and SpIEL choose anew while they train, SpIEL ever fewer entries. PEFT has random masks built in and
others through `mask_fn`, with K = r (d_in + d_out); α is 1 until `set_scale` is called.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, low_rank_factors

Mask = Literal[
    "random", "magnitude", "structured", "gradient", "snip", "fisher", "moved", "principal",
    "rows", "columns", "blocks", "diagonal",
]  # fmt: skip
Places = NDArray[np.intp]
Positions = tuple[Places, Places]

SIDES, RANKS, EXCHANGED = 16, 32, 0.2
"""A block is a 16th of a side, a rank a 32nd, as 256 and 128 are of 4,096; the share that moves."""

BLOCK = f"max(1, d_out // {SIDES}) * max(1, d_in // {SIDES})"
N = "min((1 / density + 0.5) // 1, d_out, d_in)"
HIGH, WIDE = f"d_out // {N}", f"d_in // {N}"
MORE_HIGH, MORE_WIDE = f"(d_out - {N} * ({HIGH}))", f"(d_in - {N} * ({WIDE}))"
COUNTS = {
    "structured": "ceil(density * d_out) * (d_in - 1) + d_out",
    "rows": "max(1, (density * d_out + 0.5) // 1) * d_in",
    "columns": "max(1, (density * d_in + 0.5) // 1) * d_out",
    "blocks": f"max(1, (density * d_out * d_in / ({BLOCK}) + 0.5) // 1) * {BLOCK}",
    "diagonal": f"{N} * ({HIGH}) * ({WIDE}) + {MORE_HIGH} * ({WIDE}) + {MORE_WIDE} * ({HIGH}) "
    f"+ min({MORE_HIGH}, {MORE_WIDE})",
}
COUNT = "".join(f"{count} if mask == '{mask}' else " for mask, count in COUNTS.items())
COUNT += "ceil(density * d_out * d_in)"


@dataclass(frozen=True, eq=False)
class SHiRA(WeightAdapter):
    """K entries of the weight that are trained in place."""

    theta: Annotated[Array, Learned(COUNT, unit=0.35)]
    rows: Annotated[Places, Frozen(COUNT)]
    columns: Annotated[Places, Frozen(COUNT)]
    alpha: float

    gauges = ("rank", "stable_rank", "changed_entries", "relative_norm", "parameters")
    pictures = ("mask",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        density: Annotated[float, Range(0.005, 0.25, 0.005)] = 0.05,
        mask: Mask = "random",
        alpha: Annotated[float, Range(0, 2, 0.1, letter="α")] = 1.0,
    ) -> Self:
        """Start at the identity: θ is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of a random mask, and of the examples that others need.
            density: The share of entries that are trained, to the next entry above; to the nearest
                number of rows, columns or blocks, at least one; for a structured mask, of rows.
            mask: Which entries. The structured mask's diagonal wraps around where W is tall.
            alpha: The strength, 1 while training.
        """
        d_out, d_in = W.shape
        count = int(np.ceil(density * d_out * d_in))
        if mask == "structured":
            rows, columns = rows_and_diagonal(d_out, d_in, int(np.ceil(density * d_out)))
        elif mask in COUNTS:
            rows, columns = np.nonzero(pattern(mask, W.shape, rng, density))
        else:
            rows, columns = np.divmod(np.sort(singles(mask, W, rng, count)), d_in)
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


def largest_first(W: Array) -> Places:
    """Return the flat positions of all entries, the largest in magnitude first."""
    return np.argsort(-np.abs(W), axis=None, stable=True)


def nearest(share: float) -> int:
    """Return the nearest whole number, at least one, a half upwards."""
    return max(1, int(share + 0.5))


# Single entries -----------------------------------------------------------------------------------


def singles(mask: Mask, W: Array, rng: np.random.Generator, count: int) -> Places:
    """Return the flat positions of `count` single entries, (count,)."""
    if mask == "random":
        return rng.permutation(W.size)[:count]
    if mask == "magnitude":
        return largest_first(W)[:count]
    if mask == "principal":
        return largest_first(principal(W))[:count]
    X, E = examples(W.shape, rng)
    if mask == "fisher":
        return largest_first(fisher(X, E))[:count]
    if mask == "moved":
        return exchanged([E[:, k::3] @ X[:, k::3].T for k in range(3)], count)
    G = E @ X.T
    return largest_first(W * G if mask == "snip" else G)[:count]


def examples(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
    """Return inputs (d_in, n) and gradients at the outputs (d_out, n) of n drawn examples.

    The channels of both differ in size, in a drawn order; one of each makes an example's gradient.
    """
    d_out, d_in = shape
    strengths = [rng.permutation(1.0 + np.arange(d))[:, None] ** -0.8 for d in (d_in, d_out)]
    X, E = (s * rng.normal(size=(len(s), 4 * d_in)) for s in strengths)
    return X, E


def fisher(X: Array, E: Array) -> Array:
    """Return the mean of the squares of the examples' gradients E_k X_kᵀ, (d_out, d_in)."""
    return E**2 @ (X**2).T / X.shape[1]


def principal(W: Array) -> Array:
    """Return the best approximation of W of rank r, a 32nd of its shorter side, (d_out, d_in)."""
    B, A = low_rank_factors(W, max(1, min(W.shape) // RANKS))
    return B @ A


def exchanged(gradients: list[Array], count: int) -> Places:
    """Return where the trained entries are after an exchange, (count,).

    They start where the first gradient is largest. A step against the second moves them. Of those
    that it moved least, a fifth make way for entries at which the third is largest.
    """
    first, second, third = gradients
    held = largest_first(first)[:count]
    kept = held[largest_first(second.ravel()[held])][: count - int(EXCHANGED * count)]
    free = third.ravel().copy()
    free[kept] = 0
    return np.concatenate([kept, largest_first(free)[: count - len(kept)]])


# Whole rows, columns and blocks -------------------------------------------------------------------


def pattern(
    mask: Mask, shape: tuple[int, ...], rng: np.random.Generator, density: float
) -> NDArray[np.bool_]:
    """Return a mask of whole rows, columns or blocks, (d_out, d_in)."""
    d_out, d_in = shape
    if mask == "blocks":
        X, E = examples(shape, rng)
        return strongest_blocks(E @ X.T, density)
    if mask == "diagonal":
        blocks = min(nearest(1 / density), d_out, d_in)
        return np.equal.outer(owners(d_out, blocks), owners(d_in, blocks))
    M = np.zeros(shape, bool)
    lines = M if mask == "rows" else M.T
    lines[rng.permutation(len(lines))[: nearest(density * len(lines))]] = True
    return M


def owners(size: int, blocks: int) -> Places:
    """Return to which of `blocks` blocks each coordinate belongs; they are as equal as can be.

    >>> owners(7, 3)
    array([0, 0, 0, 1, 1, 2, 2])
    """
    least, more = divmod(size, blocks)
    return np.repeat(np.arange(blocks), least + (np.arange(blocks) < more))


def strongest_blocks(G: Array, density: float) -> NDArray[np.bool_]:
    """Return a mask of the blocks with the largest mean |G|, each a sixteenth of a side long.

    Where 16 does not divide a side, what is left of it at its end is in no block.
    """
    high, wide = (max(1, side // SIDES) for side in G.shape)
    down, across = G.shape[0] // high, G.shape[1] // wide
    tiles = np.abs(G[: down * high, : across * wide]).reshape(down, high, across, wide)
    best = largest_first(tiles.mean(axis=(1, 3)))[: nearest(density * G.size / (high * wide))]
    M = np.zeros(G.shape, bool)
    for i, j in zip(*np.divmod(best, across), strict=True):
        M[i * high : (i + 1) * high, j * wide : (j + 1) * wide] = True
    return M


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
