"""Controls of SHiRA, which believes that few entries of the weight can carry a change."""

from dataclasses import replace

import numpy as np

from adapters_np.control import Dense, control, dense
from adapters_np.linalg import Array
from adapters_np.methods.shira import SHiRA, largest_first


@control("relocated", claim="level")
def largest_entries(fresh: SHiRA, W: Array, rng: np.random.Generator) -> SHiRA:
    """Train the entries where W is largest; nothing is drawn.

    Taken out: that the entries may stand anywhere. Kept: single entries, as many of them.

    Source: bhardwaj2024shira, appendix B.
    """
    places = np.sort(largest_first(W)[: len(fresh.theta)])
    rows, columns = np.divmod(places, W.shape[1])
    return replace(fresh, rows=rows, columns=columns)


@control("relaxed")
def dense_subspace(fresh: SHiRA, W: Array, rng: np.random.Generator) -> Dense:
    """Train as many parameters in a random subspace of all matrices.

    Taken out: that single entries change and all others stay the same. Kept: a change that is
    linear in what is trained, of high rank, and as long.
    """
    return dense(Dense, W, rng, len(fresh.theta))
