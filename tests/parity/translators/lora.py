"""PEFT's LoraConfig without variants, and MonteCLoRA, which is LoRA once it is trained."""

from adapters_np.linalg import Array
from adapters_np.methods.lora import LoRA
from tests.parity.cases import Case

PLAIN = {"r", "lora_alpha", "use_rslora", "lora_bias", "fan_in_fan_out", "init_lora_weights"}
STARTED = ("pissa", "olora", "corda", "lora_ga", "eva", "mica", "loftq", "orthogonal")


def claims(case: Case) -> bool:
    start = case.config.get("init_lora_weights", True)
    return (
        case.sidecar["peft_type"] == "LORA"
        and case.sidecar["kind"] == "linear"
        and set(case.config) <= PLAIN | {"monteclora_config"}
        and not (isinstance(start, str) and start.startswith(STARTED))
    )


def adapter(case: Case) -> LoRA:
    return LoRA(case["param.lora_A.weight"], case["param.lora_B.weight"], case.effective["scaling"])


def bias(case: Case, adapter: LoRA) -> Array | None:
    b, extra = case.find("b"), case.find("param.lora_B.bias")
    return b if b is None or extra is None else b + adapter.s * extra


def gradients(case: Case) -> dict[str, Array]:
    return {"A": case["grad.lora_A.weight"], "B": case["grad.lora_B.weight"]}
