"""PEFT's PeanutConfig on linear layers."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.peanut import PEANuT
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "PEANUT" and case.sidecar["kind"] == "linear"


def stacked(case: Case, kind: str, part: str) -> Array:
    """Return the layers of an encoder or a decoder, (depth, rank, rank)."""
    rank, depth = (case.effective[name] for name in ("r", "depth"))
    layers = [case[f"{kind}.peanut_{part}.{i}.weight"] for i in range(depth)]
    return np.array(layers).reshape(depth, rank, rank)


def adapter(case: Case) -> PEANuT:
    return PEANuT(
        A=case["param.peanut_A.weight"],
        E=stacked(case, "param", "encoders"),
        D=stacked(case, "param", "decoders"),
        B=case["param.peanut_B.weight"],
        s=case.effective["scaling"],
    )


def gradients(case: Case) -> dict[str, Array]:
    found = {name: case[f"grad.peanut_{name}.weight"] for name in "AB"}
    if case.effective["depth"]:
        found |= {"E": stacked(case, "grad", "encoders"), "D": stacked(case, "grad", "decoders")}
    return found
