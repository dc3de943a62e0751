"""PEFT's BOFTConfig on linear layers."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.boft import BOFT
from tests.parity.cases import Case, of

claims = of("BOFT")


def upper(M: Array) -> Array:
    """Return the strict upper triangle of M − Mᵀ, row by row, (..., b(b−1)/2)."""
    rows, columns = np.triu_indices(M.shape[-1], 1)
    return (M - np.swapaxes(M, -1, -2))[..., rows, columns]


def adapter(case: Case) -> BOFT:
    M = case["param.boft_R"]
    return BOFT(-upper(M) / 2, case["param.boft_s"].ravel(), M.shape[-1])


def gradients(case: Case) -> dict[str, Array]:
    # Q holds −(M − Mᵀ)/2 once for two entries of M, each with half its gradient.
    return {"Q": -upper(case["grad.boft_R"]), "scale": case["grad.boft_s"].ravel()}
