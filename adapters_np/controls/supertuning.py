"""Controls of Super-Tuning, which believes in the largest weights and in a low rank beside them."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control
from adapters_np.linalg import Array
from adapters_np.methods.supertuning import SuperTuning


@control("relocated")
def random_entries(fresh: SuperTuning, W: Array, rng: np.random.Generator) -> SuperTuning:
    """Train as many entries at places drawn at random.

    Taken out: that the trained entries are those of largest, or smallest, magnitude. Kept: how many
    they are, and the low-rank part.
    """
    rows, columns = np.divmod(rng.choice(W.size, len(fresh.theta), replace=False), W.shape[1])
    return replace(fresh, rows=rows, columns=columns)


@control("relocated")
def the_other_end(fresh: SuperTuning, W: Array, rng: np.random.Generator) -> SuperTuning:
    """Train as many entries from the other end of the magnitudes; nothing is drawn.

    Taken out: whether the largest or the smallest entries are trained. Kept: how many entries are
    trained, and the low-rank part.
    """
    order, count = np.argsort(np.abs(W), axis=None, stable=True), len(fresh.theta)
    small = np.abs(W[fresh.rows, fresh.columns]).mean() < np.abs(W).mean()
    places = order[-count:] if small else order[:count]
    rows, columns = np.divmod(places, W.shape[1])
    return replace(fresh, rows=rows, columns=columns)
