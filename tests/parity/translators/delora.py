"""PEFT's DeloraConfig, which takes nothing off the weight."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.delora import DeLoRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "DELORA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> DeLoRA:
    return DeLoRA(
        case["param.delora_A"],
        case["param.delora_B"],
        case["param.delora_lambda"],
        case["buffer.delora_w_norm"],
        start=np.zeros(case["W"].shape),
    )


def gradients(case: Case) -> dict[str, Array]:
    return {
        "A": case["grad.delora_A"],
        "B": case["grad.delora_B"],
        "lambda_": case["grad.delora_lambda"],
    }
