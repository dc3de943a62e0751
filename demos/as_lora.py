"""A change of a weight as LoRA: the rank that holds most of it, and what smaller ones lose."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from demos.change import ROUND_OFF, Change, significant
from demos.panels import Panel, digits, number

LORA_KEEPS = 0.9
"""The share of a change for which `as_lora` asks."""

NEARLY = 0.5
"""A loss below this, in per cent, is not worth another rank."""


def as_lora(change: Change) -> Panel:
    """Return the least rank at which LoRA keeps `LORA_KEEPS` of ‖ΔW‖², and what smaller ones lose.

    PEFT's `convert_to_lora` takes the same rank where it is given that share for its `rank`, but of
    MiSS, whose own rank it keeps.
    """
    energy = significant(change) ** 2  # all that is left at no change is round-off
    kept = np.ones(len(change.sigma))
    kept[: len(energy)] = np.cumsum(energy) / energy.sum()
    r = int((kept < LORA_KEEPS - ROUND_OFF).sum()) + 1 if len(energy) else 0
    note = (
        "At each rank the nearest LoRA keeps the largest singular values (Eckart and Young, 1936). "
        f"Of ‖ΔW‖², {', '.join(losses(kept))}."
    )
    unit = f"with {r * sum(change.delta.shape):,} parameters"
    return number("as_lora", f"LoRA rank that keeps {100 * LORA_KEEPS:.0f} % of it", r, unit, note)


def losses(kept: Array) -> Iterator[str]:
    """Yield what ranks lose, each twice the one before, up to the first that loses nearly nothing.

    >>> list(losses(np.array([0.5, 0.8, 0.9, 0.998])))
    ['rank 1 loses 50 %', '2 loses 20 %', '4 loses 0.2 %']
    """
    for power in range(len(kept).bit_length()):
        k = 2**power
        lost = 100 * (1 - kept[k - 1])
        yield f"{'' if power else 'rank '}{k} loses {per_cent(lost)}"
        if lost < NEARLY:
            return


def per_cent(lost: float) -> str:
    """Return a loss as it is said.

    >>> per_cent(1e-14), per_cent(0.0004), per_cent(4.76)
    ('nothing', 'less than 0.01 %', '4.8 %')
    """
    if lost < ROUND_OFF:
        return "nothing"
    return f"{digits(lost)} %" if lost >= 0.01 else "less than 0.01 %"
