"""PEFT's UniLoraConfig on linear layers."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.unilora import UniLoRA
from tests.parity.cases import Case, of

claims = of("UNILORA")


def adapter(case: Case) -> UniLoRA:
    theta = case["param.unilora_theta_d"]
    at_a, at_b = (case[f"buffer.unilora_indices_{f}"].astype(int) for f in "AB")
    share = np.ones(len(theta))  # of a number that no place of this layer has, no one knows it
    share[at_a] = case["buffer.unilora_scales_A"]
    share[at_b] = case["buffer.unilora_scales_B"]
    return UniLoRA(theta, at_a, at_b, share)


def gradients(case: Case) -> dict[str, Array]:
    if case.layer:
        return {}  # recorded for all layers together
    return {"theta": case["grad.unilora_theta_d"]}
