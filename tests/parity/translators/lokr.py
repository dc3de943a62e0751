"""PEFT's LoKrConfig on linear layers, each block full or decomposed."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.lokr import LoKr
from tests.parity.cases import Case, of

claims = of("LOKR")


def blocks(case: Case, kind: str) -> dict[str, Array]:
    """Return PEFT's blocks, "param" or "grad", as our fields; a full one has no second factor."""
    found: dict[str, Array] = {}
    for block, first, second in (("w1", "C", "C_A"), ("w2", "B", "A")):
        full = case.find(f"{kind}.lokr_{block}")
        if full is not None:
            found |= {first: full, second: np.zeros((0, full.shape[1]))}
        else:
            found |= {first: case[f"{kind}.lokr_{block}_a"], second: case[f"{kind}.lokr_{block}_b"]}
    return found


def adapter(case: Case) -> LoKr:
    return LoKr(**blocks(case, "param"), s=case.effective["scaling"])


def gradients(case: Case) -> dict[str, Array]:
    return {field: slope for field, slope in blocks(case, "grad").items() if slope.size}
