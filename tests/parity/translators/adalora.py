"""PEFT's AdaLoraConfig on linear layers."""

from adapters_np.methods.adalora import AdaLoRA
from tests.parity.cases import Case, of, slopes

ARRAYS = {"P": "lora_B", "Lambda": "lora_E", "Q": "lora_A"}
claims = of("ADALORA")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> AdaLoRA:
    Lambda = case["param.lora_E"].ravel()
    s = case.effective["scaling"] / (float(case["param.ranknum"].item()) + 1e-5)
    return AdaLoRA(case["param.lora_B"], Lambda, case["param.lora_A"], len(Lambda), s)
