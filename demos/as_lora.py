"""A change of a weight as LoRA: the rank that holds most of it, and what smaller ones lose."""

from __future__ import annotations

import numpy as np

from demos.change import ROUND_OFF, Change, significant
from demos.panels import Panel, number

LORA_KEEPS = 0.9
"""The share of a change for which `as_lora` asks."""


def as_lora(change: Change) -> Panel:
    """Return the least rank at which LoRA keeps `LORA_KEEPS` of ‖ΔW‖², and what smaller ones lose.

    PEFT's `convert_to_lora` takes the same rank where it is given that share for its `rank`, but of
    MiSS, whose own rank it keeps.
    """
    energy = significant(change) ** 2  # all that is left at no change is round-off
    kept = np.ones(len(change.sigma))
    kept[: len(energy)] = np.cumsum(energy) / energy.sum()
    r = int((kept < LORA_KEEPS - ROUND_OFF).sum()) + 1 if len(energy) else 0
    lost = [f"rank {k} loses {100 * (1 - kept[k - 1]):.0f} %" for k in (1, 4, 16) if k <= len(kept)]
    note = (
        f"The nearest LoRA of a rank keeps the largest singular values (Eckart and Young, 1936). "
        f"Of ‖ΔW‖² {', '.join(lost)}."
    )
    unit = f"ranks, {r * sum(change.delta.shape):,} parameters"
    return number("as_lora", f"LoRA that keeps {100 * LORA_KEEPS:.0f} % of it", r, unit, note)
