"""Portraits of changes that a few small matrices make up by a rule that is not trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scripts.stored.portraits.kinds import Make, Shown, grey, grown, kind

SIDE = 12


@kind
def square(make: Make) -> Shown:
    """Show a square matrix and the weight that copies of it fill."""
    W = grey(SIDE, SIDE)
    fresh = make(W, rank=1)
    s = len(fresh.M)
    M = np.random.default_rng(7).uniform(-1, 1, (s, s))
    end = replace(fresh, M=M / np.abs(M).max())
    moments = [{"change": a.delta(W), "square": a.M} for a in grown(end, "M")]
    alt = (
        f"A square of {s} by {s} coloured entries in a frame, and a weight that "
        f"{(SIDE // s) ** 2} equal copies of it fill, side by side and one below another."
    )
    return Shown(alt, moments, {"before": W})
