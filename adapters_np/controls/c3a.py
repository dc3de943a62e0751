"""Controls of C3A, which believes in a circulant pattern in each tile."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import Order, control, grown
from adapters_np.core import Frozen
from adapters_np.linalg import Array
from adapters_np.methods.c3a import C3A


@dataclass(frozen=True, eq=False)
class PlacedC3A(C3A):
    """A table says which number of the kernels stands at each entry."""

    table: Annotated[Order, Frozen("d_out, d_in")]

    def delta(self, W: Array) -> Array:
        """Return the change, (d_out, d_in); W does not enter."""
        return self.w.reshape(-1)[self.table]

    def shortcut(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return self.forward(W, X)


def tiles(fresh: C3A, W: Array) -> Order:
    """Return where each number stands, tile by tile, (d_out/b, d_in/b, b, b)."""
    m, n, b = fresh.w.shape
    table = C3A(np.arange(fresh.w.size, dtype=float).reshape(fresh.w.shape)).delta(W)
    return table.reshape(m, b, n, b).swapaxes(1, 2).astype(np.intp)


def placed(fresh: C3A, found: Order) -> PlacedC3A:
    """Return a control from where each number stands, tile by tile."""
    m, n, b = fresh.w.shape
    return grown(PlacedC3A, fresh, table=found.swapaxes(1, 2).reshape(m * b, n * b))


@control("relocated")
def shuffled(fresh: C3A, W: Array, rng: np.random.Generator) -> PlacedC3A:
    """Put rows and columns of each tile in orders drawn at random.

    Taken out: that a tile shifts, so that neighbours stay neighbours. Kept: each number once in
    every row and every column of its tile, and a tile's singular values.
    """
    found = tiles(fresh, W)
    b = found.shape[-1]
    for i, j in np.ndindex(*found.shape[:2]):
        found[i, j] = found[i, j][rng.permutation(b)][:, rng.permutation(b)]
    return placed(fresh, found)


@control("relaxed")
def dealt(fresh: C3A, W: Array, rng: np.random.Generator) -> PlacedC3A:
    """Deal the entries of each tile to its parameters at random.

    Taken out: any pattern in a tile. Kept: each number as often in its tile, so the size of any
    change.
    """
    found = tiles(fresh, W)
    for i, j in np.ndindex(*found.shape[:2]):
        found[i, j] = rng.permutation(found[i, j].ravel()).reshape(found.shape[2:])
    return placed(fresh, found)
