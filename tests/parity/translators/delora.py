"""PEFT's DeloraConfig, which takes nothing off the weight."""

import numpy as np

from adapters_np.methods.delora import DeLoRA
from tests.parity.cases import Case, of, slopes

ARRAYS = {"A": "delora_A", "B": "delora_B", "lambda_": "delora_lambda"}
claims = of("DELORA")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> DeLoRA:
    frozen = {"w": case["buffer.delora_w_norm"], "start": np.zeros(case["W"].shape)}
    return DeLoRA(**case.ours("param", ARRAYS), **frozen)
