"""PEFT's OFTConfig with the Cayley-Neumann series, which is its default.

COFT's limit is applied to Q here, once, as PEFT overwrites its parameters with what the limit lets
through: gradients are then those at the limited Q.
"""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.oftv2 import OFTv2
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    one = case.family == "OFT" and case.sidecar["kind"] == "linear"
    return one and bool(case.setting("use_cayley_neumann"))


def series(case: Case) -> tuple[int, int]:
    """Return our number of terms and the factor of Q that give PEFT's polynomial.

    One term of PEFT's is I, two are I + 2Q, three and four are I + 2Q + 2Q² + Q³.
    """
    t = case.setting("num_cayley_neumann_terms")
    return (max(t - 1, 3), 1) if t > 2 else (1, 2 * (t - 1))


def limited(case: Case) -> Array:
    """Return the blocks of Q after COFT's limit on their norm, where there is one."""
    Q = case["param.oft_R.weight"]
    if not case.setting("coft"):
        return Q
    norms = np.sqrt(2) * np.linalg.norm(Q, axis=1, keepdims=True)
    return Q * np.minimum(1.0, case.setting("eps") / np.sqrt(len(Q)) / np.maximum(norms, 1e-300))


def adapter(case: Case) -> OFTv2:
    terms, factor = series(case)
    Q, b = factor * limited(case), case.effective["oft_block_size"]
    return OFTv2(Q, b, terms, repeats=case["W"].shape[1] // (b * len(Q)))


def gradients(case: Case) -> dict[str, Array]:
    """Return PEFT's gradients; with one term nothing depends on Q and none was recorded."""
    _, factor = series(case)
    theirs = case.find("grad.oft_R.weight")
    return {} if theirs is None or not factor else {"Q": theirs / factor}
