"""PEFT's RandLoraConfig; a layer takes its part of the bases that all layers share.

PEFT flattens A's rows rank by rank and B's columns base by base before it multiplies them, so the
bases of the formula are a fixed shuffle of the stored ones.
"""

from adapters_np.linalg import Array
from adapters_np.methods.randlora import RandLoRA
from tests.parity.cases import Case, of

claims = of("RANDLORA")


def adapter(case: Case) -> RandLoRA:
    d, D = sorted(case["W"].shape)
    Lambda = case["param.randlora_lambda"].T
    n, r = Lambda.shape
    flat = case["buffer.randlora_B"][:D, :n].reshape(D, n * r)
    B = flat.reshape(D, r, n).transpose(2, 0, 1)  # column i·n + j is component i of basis j
    A = case["buffer.randlora_A"][:, 0, :d]
    return RandLoRA(Lambda, case["param.randlora_gamma"], A, B, case.effective["scaling"])


def gradients(case: Case) -> dict[str, Array]:
    return {"Lambda": case["grad.randlora_lambda"].T, "Gamma": case["grad.randlora_gamma"]}
