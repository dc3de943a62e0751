"""PEFT's LilyConfig on linear layers."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.lily import Lily
from tests.parity.cases import Case, of

claims = of("LILY")


def columns(stock: Array, case: Case) -> Array:
    """Return PEFT's stock, the B one below the other as rows, as ours, (experts, d_out, rank)."""
    return np.swapaxes(stock.reshape(case.effective["num_B"], -1, stock.shape[1]), 1, 2)


def adapter(case: Case) -> Lily:
    return Lily(
        A=case["param.lily_A.weight"],
        B=columns(case["param.lily_B.weight"], case),
        G=case["param.lily_router.weight"],
        s=case.effective["scaling"],
    )


def gradients(case: Case) -> dict[str, Array]:
    return {
        "A": case["grad.lily_A.weight"],
        "B": columns(case["grad.lily_B.weight"], case),
        "G": case["grad.lily_router.weight"],
    }
