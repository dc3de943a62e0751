r"""MoRA believes that rank is what LoRA lacks: a square matrix between maps that stay as they are.

$$W' = W + f_\text{out}\, M f_\text{in}, \qquad M \in \mathbb R^{s \times s}, \qquad
s = \big\lfloor \sqrt{(d_\text{out} + d_\text{in})\, r} \big\rfloor$$

| maps | type | a hidden feature reads | an output writes |
|---|---|---|---|
| shared | 1 | the sum of every s-th input | what every s-th other one does |
| neighbours | 2 | the sum of a group of neighbours | what its neighbours do |
| rotated | 6 | one piece of s inputs, each piece turned further | M of its own piece |

Source: jiang2024mora, the formula; its authors' code for the maps, their types and the start.
Differs: the code rounds s to the nearest number, the paper down. Its types 3 and 4 join the reading
of one of the first two types to the writing of the other; they serve ReMoRA, which merges M and
goes on with another type.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Learned, Range, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array

Maps = Literal["shared", "neighbours", "rotated"]
ROOT = "((d_out + d_in) * rank) ** 0.5"
SIDE = f"2 * floor({ROOT} / 2) if maps == 'rotated' else floor({ROOT})"
WAVELENGTH = 10_000.0  # of rotary positions: the slowest pair turns by s⁻¹ of it


def group(d: int, s: int) -> NDArray[np.intp]:
    """Return to which of s groups of neighbours each of d places belongs, the larger ones first.

    >>> group(7, 3)
    array([0, 0, 0, 1, 1, 2, 2])
    """
    size, longer = divmod(d, s)
    place = np.arange(d)
    return np.maximum(place // (size + 1), (place - longer) // size)


def padded(d: int, s: int) -> Array:
    """Return the map that adds a token's first entries to its end till s divides it, (n·s, d)."""
    return np.eye(d)[np.arange(-(-d // s) * s) % d]


def waves(n: int, s: int) -> tuple[Array, Array]:
    """Return cosines and sines of the angles of n pieces, twice s / 2 pairs, both (n, s)."""
    speed = WAVELENGTH ** -(np.arange(0, s, 2) / s)
    angles = np.arange(n)[:, None] * np.concatenate([speed, speed])
    return np.cos(angles), np.sin(angles)


@dataclass(frozen=True, eq=False)
class MoRA(WeightAdapter):
    """One square matrix, used many times over a weight."""

    M: Annotated[Array, Learned(f"{SIDE}, {SIDE}", unit=0.08)]
    maps: Maps

    gauges = ("rank", "stable_rank", "effective_rank", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 32, letter="r")] = 2,
        maps: Maps = "shared",
    ) -> Self:
        """Start at the identity: M is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            rank: r, the rank of a LoRA that has as many parameters as M, or a few more.
            maps: How inputs become hidden features and these outputs.

        Raises:
            ValueError: when the square is larger than a side of W.
        """
        s = int(np.sqrt(sum(W.shape) * rank))
        if s > min(W.shape):
            problem = f"asks for a square of {s}, and {min(W.shape)} fit into W"
            raise KnobError("rank", rank, problem)
        s -= s % 2 if maps == "rotated" else 0
        return cls(np.zeros((s, s)), maps)

    def pieces(self, d_in: int) -> Array:
        """Return M after the turn of each piece of the inputs, (n, s, s)."""
        s = len(self.M)
        cosines, sines = waves(-(-d_in // s), s)
        across = np.concatenate([self.M[:, s // 2 :], -self.M[:, : s // 2]], axis=1)
        return self.M * cosines[:, None, :] + across * sines[:, None, :]

    def delta(self, W: Array) -> Array:
        """Return M in all its places, (d_out, d_in); W does not enter."""
        (d_out, d_in), s = W.shape, len(self.M)
        if self.maps == "neighbours":
            return self.M[:, group(d_in, s)][group(d_out, s)]
        if self.maps == "shared":
            return (np.tile(self.M, (1, -(-d_in // s))) @ padded(d_in, s))[np.arange(d_out) % s]
        pieces = self.pieces(d_in)
        cells = len(pieces) * s
        whole = np.einsum("nij,nm->nimj", pieces, np.eye(len(pieces))).reshape(cells, cells)
        return (whole @ padded(d_in, s))[np.arange(d_out) % cells]

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: the square, and maps around it."""
        (d_out, d_in), s = W.shape, len(self.M)
        if self.maps == "rotated":
            turned = self.pieces(d_in).swapaxes(0, 1).reshape(s, -1)
            return "ΔW, in each tile M, turned", {"M, trained": self.M, "M, turned": turned}
        near = self.maps == "neighbours"
        read, write = (group(d, s) if near else np.arange(d) % s for d in (d_in, d_out))
        maps = {"writes, fixed": np.eye(s)[write], "reads, fixed": np.eye(s)[:, read]}
        return "ΔW, M between the two", {"M, trained": self.M} | maps

    def tile(self) -> tuple[int, int]:
        """Return the sides of a copy of M; among neighbours there are none of one size."""
        s = len(self.M) * (self.maps != "neighbours")
        return s, s

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of s hidden features, or s a piece, (d_out, n)."""
        (d_out, d_in), s = W.shape, len(self.M)
        if self.maps == "neighbours":
            return W @ X + (self.M @ (np.eye(s)[:, group(d_in, s)] @ X))[group(d_out, s)]
        read = (padded(d_in, s) @ X).reshape(-1, s, X.shape[1])
        if self.maps == "shared":
            return W @ X + (self.M @ read.sum(axis=0))[np.arange(d_out) % s]
        written = np.einsum("nij,njt->nit", self.pieces(d_in), read).reshape(-1, X.shape[1])
        return W @ X + written[np.arange(d_out) % len(written)]
