"""PEFT's LoraConfig with use_dora, on whatever weight the start of the factors leaves."""

from adapters_np.linalg import Array
from adapters_np.methods.dora import DoRA
from tests.parity.cases import Case

DETACHED = {
    "A": "PEFT, as the paper proposes, holds the norm of V constant in the backward pass",
    "B": "PEFT, as the paper proposes, holds the norm of V constant in the backward pass",
}


def claims(case: Case) -> bool:
    return case.family == "LORA" and case.sidecar["kind"] == "linear" and case.given("use_dora")


def adapter(case: Case) -> DoRA:
    return DoRA(
        case["param.lora_A.weight"],
        case["param.lora_B.weight"],
        case["param.lora_magnitude_vector.weight"],
        case.effective["scaling"],
    )


def gradients(case: Case) -> dict[str, Array]:
    return {
        "A": case["grad.lora_A.weight"],
        "B": case["grad.lora_B.weight"],
        "m": case["grad.lora_magnitude_vector.weight"],
    }
