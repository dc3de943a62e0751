"""PEFT's LoraConfig with kasa_config: a LoRA with strengths, beside a weight without its tail."""

from collections.abc import Iterator

from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.lora import LoRA
from tests.parity.cases import Case
from tests.parity.translators.lora import bias as bias


def claims(case: Case) -> bool:
    return case.family == "LORA" and case.given("kasa_config")


def adapter(case: Case) -> LoRA:
    """Return the LoRA whose A has been multiplied by the strengths."""
    A = case["param.lora_diag"][:, None] * case["param.lora_A.weight"]
    return LoRA(A, case["param.lora_B.weight"], case.effective["scaling"])


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    U, sigma, Vt = thin_svd(case["W0"])
    kept = len(sigma) - case.effective["r"]
    yield "the weight without its tail", (U[:, :kept] * sigma[:kept]) @ Vt[:kept], case["W"]


def gradients(case: Case) -> dict[str, Array]:
    strengths = case["param.lora_diag"][:, None]
    return {"A": case["grad.lora_A.weight"] / strengths, "B": case["grad.lora_B.weight"]}
