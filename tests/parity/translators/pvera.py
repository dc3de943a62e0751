"""PEFT's PveraConfig on linear layers, in its evaluation mode; layers share A and B."""

import numpy as np

from adapters_np.methods.pvera import PVeRA
from tests.parity.cases import Case, of, slopes

ARRAYS = {"lambda_d": "pvera_lambda_d", "lambda_b": "pvera_lambda_b"}
claims = of("PVERA")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> PVeRA:
    if case.setting("sample_at_inference"):
        raise case.refuse("sample_at_inference", "the noise that PEFT draws is not recorded")
    d_out, d_in = case["W"].shape
    return PVeRA(
        **case.ours("param", ARRAYS),
        A=case["buffer.pvera_A"][:, :d_in],
        B=case["buffer.pvera_B"][:d_out],
        epsilon=np.zeros(case.effective["r"]),
    )
