"""Portraits of changes that are made of the weight itself, or in a basis of another kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scripts.stored.portraits.kinds import Make, Shown, grown, kind

SIDE = 12


@kind
def proportion(make: Make) -> Shown:
    """Show a weight of a few large entries, a striped pattern, and their product."""
    i = np.arange(SIDE)
    W = np.where((i[:, None] * 5 + i * 3) % 7 < 2, 1.0, 0.12)
    end = replace(
        make(W, rank=2),
        B=np.stack([np.where(i < 6, 1.0, 0.1), np.where(i >= 6, 1.0, 0.1)], axis=1),
        A=np.stack([np.where(i % 6 < 3, 0.9, 0.15), np.where(i % 6 < 3, 0.1, -0.9)]),
    )
    limit, most = np.abs(end.delta(W)).max(), np.abs(end.B @ end.A).max()
    moments = [{"factors": a.B @ a.A / most, "change": a.delta(W) / limit} for a in grown(end, "B")]
    large = int((W == 1).sum())
    alt = (
        f"A grey weight with {large} dark entries, a circled dot, and a striped pattern of rank 2. "
        "In their product the dark entries change much and the pale ones hardly."
    )
    return Shown(alt, moments, {"before": W})
