"""PEFT's AdaLoraConfig on linear layers."""

from adapters_np.linalg import Array
from adapters_np.methods.adalora import AdaLoRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "ADALORA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> AdaLoRA:
    Lambda = case["param.lora_E"].ravel()
    s = case.effective["scaling"] / (float(case["param.ranknum"].item()) + 1e-5)
    return AdaLoRA(case["param.lora_B"], Lambda, case["param.lora_A"], len(Lambda), s)


def gradients(case: Case) -> dict[str, Array]:
    return {
        "P": case["grad.lora_B"],
        "Lambda": case["grad.lora_E"].ravel(),
        "Q": case["grad.lora_A"],
    }
