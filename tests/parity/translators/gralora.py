"""PEFT's GraloraConfig on linear layers."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.gralora import GraLoRA
from tests.parity.cases import Case, of

GENERAL = {"A0": "gralora_A_general.weight", "B0": "gralora_B_general.weight"}
claims = of("GRALORA")


def adapter(case: Case) -> GraLoRA:
    none = {"A0": np.zeros((0, case["W"].shape[1])), "B0": np.zeros((len(case["W"]), 0))}
    return GraLoRA(
        A=case["param.gralora_A"].swapaxes(1, 2),
        B=case["param.gralora_B"].swapaxes(1, 2),
        **(none | case.ours("param", GENERAL)),
        s=case.effective["scaling"],
    )


def gradients(case: Case) -> dict[str, Array]:
    return {
        "A": case["grad.gralora_A"].swapaxes(1, 2),
        "B": case["grad.gralora_B"].swapaxes(1, 2),
        **case.ours("grad", GENERAL),
    }
