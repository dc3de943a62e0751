"""PEFT's OFTConfig with the exact Cayley transform, block sharing and COFT included."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.oft import OFT
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    one = case.family == "OFT" and case.sidecar["kind"] == "linear"
    return one and not case.setting("use_cayley_neumann")


def adapter(case: Case) -> OFT:
    b, limited = case.effective["oft_block_size"], case.setting("coft")
    Q = -case["param.oft_R.weight"]  # PEFT's exact path is the inverse rotation
    epsilon = case.setting("eps") if limited else 0.0
    return OFT(Q, b, case["W"].shape[1] // b, epsilon)


def gradients(case: Case) -> dict[str, Array]:
    """Return PEFT's gradients, led back through COFT's projection, which PEFT leaves out."""
    theirs, ours = -case["grad.oft_R.weight"], adapter(case)
    if not ours.epsilon or not theirs.size:
        return {"Q": theirs}
    v, radius = ours.Q, ours.epsilon / np.sqrt(2 * len(ours.Q))  # ‖Q‖ = √2 ‖v‖
    norm = np.linalg.norm(v, axis=1, keepdims=True)
    unit = v / norm
    tangent = theirs - (theirs * unit).sum(axis=1, keepdims=True) * unit
    return {"Q": np.where(norm > radius, radius / norm * tangent, theirs)}
