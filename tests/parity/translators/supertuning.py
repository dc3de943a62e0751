"""PEFT's SupertuningConfig on linear layers."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.supertuning import SuperTuning
from tests.parity.cases import Case, of, slopes

PARTS = {"theta": "values", "A": "lora_A.weight", "B": "lora_B.weight"}
ARRAYS = {ours: f"supertuning_{theirs}" for ours, theirs in PARTS.items()}
gradients = slopes(ARRAYS)
claims = of("SUPERTUNING")


def adapter(case: Case) -> SuperTuning:
    rank, alpha = (case.effective[f"supertuning_{name}"] for name in ("rank", "lora_alpha"))
    d_out, d_in = case["W"].shape
    none = {"A": np.zeros((0, d_in)), "B": np.zeros((d_out, 0))}
    rows, columns = np.divmod(case["buffer.supertuning_indices"].astype(int), d_in)
    arrays = none | case.ours("param", ARRAYS)
    return SuperTuning(**arrays, rows=rows, columns=columns, s=alpha / (rank or 1))


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    theirs, W, rng = adapter(case), case["W0"], np.random.default_rng(0)
    count = int(W.size * (1 - case.setting("sparsity")))  # PEFT rounds down, ours up
    entries: Literal["largest", "smallest"] = (
        "largest" if case.setting("select_top") else "smallest"
    )
    fresh = SuperTuning.init(W, rng, density=(count - 0.5) / W.size, entries=entries)
    assert count == len(theirs.rows) == len(fresh.rows)
    for name in ("rows", "columns"):
        yield name, getattr(fresh, name).astype(float), getattr(theirs, name).astype(float)
