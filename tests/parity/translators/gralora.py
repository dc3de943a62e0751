"""PEFT's GraloraConfig on linear layers."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.gralora import GraLoRA
from tests.parity.cases import Case

GENERAL = {"A0": "gralora_A_general.weight", "B0": "gralora_B_general.weight"}


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "GRALORA" and case.sidecar["kind"] == "linear"


def hybrid(case: Case, kind: str) -> dict[str, Array]:
    found = {ours: case.find(f"{kind}.{theirs}") for ours, theirs in GENERAL.items()}
    return {ours: array for ours, array in found.items() if array is not None}


def adapter(case: Case) -> GraLoRA:
    none = {"A0": np.zeros((0, case["W"].shape[1])), "B0": np.zeros((len(case["W"]), 0))}
    return GraLoRA(
        A=case["param.gralora_A"].swapaxes(1, 2),
        B=case["param.gralora_B"].swapaxes(1, 2),
        **(none | hybrid(case, "param")),
        s=case.effective["scaling"],
    )


def gradients(case: Case) -> dict[str, Array]:
    return {
        "A": case["grad.gralora_A"].swapaxes(1, 2),
        "B": case["grad.gralora_B"].swapaxes(1, 2),
        **hybrid(case, "grad"),
    }
