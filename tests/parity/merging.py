"""Record what PEFT makes of several changes, for tests/adapters_np/methods/test_task_arithmetic.py.

    python3 tests/parity/merging.py > merging.json    # where torch and PEFT are

What DARE drops is random: the entries that it has kept are recorded, too.
"""

from __future__ import annotations

import json
from typing import Any

DENSITIES = (0.3, 0.5)
WEIGHTS = [0.8, -0.4, 1.5]


def cases(density: float) -> dict[str, Any]:
    """Return what PEFT makes of changes at a density, by its own names."""
    import torch  # type: ignore[import-not-found]
    from peft.utils import merge_utils  # type: ignore[import-not-found]

    torch.manual_seed(1)
    changes = torch.round(torch.randn(3, 4, 5, dtype=torch.float64), decimals=3)
    changes[:, 0, 0] = torch.tensor([4.0, -1.5, -2.5])  # the largest, and their sum is zero
    some, weights = list(changes), torch.tensor(WEIGHTS, dtype=torch.float64)
    found = {"task_arithmetic": merge_utils.task_arithmetic(some, weights)}
    for name in ("magnitude_prune", "ties", "dare_linear", "dare_ties"):
        torch.manual_seed(2)
        found[name] = getattr(merge_utils, name)(some, weights, density)
    torch.manual_seed(2)
    kept = torch.stack([torch.bernoulli(torch.full_like(one, density)) for one in some])
    arrays = {"changes": changes, "kept": kept, **found}
    return {"density": density, **{name: a.tolist() for name, a in arrays.items()}}


def main() -> None:
    """Print all cases."""
    import peft  # type: ignore[import-not-found]
    import torch

    versions = {"peft": peft.__version__, "torch": torch.__version__}
    told = {"versions": versions, "weights": WEIGHTS, "cases": [cases(d) for d in DENSITIES]}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
