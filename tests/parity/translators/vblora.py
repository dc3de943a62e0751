"""PEFT's VBLoRAConfig; all layers share the bank."""

from adapters_np.linalg import Array
from adapters_np.methods.vblora import VBLoRA
from tests.parity.cases import Case

NAMES = {"logits_in": "vblora_logits_A", "logits_out": "vblora_logits_B"}


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "VBLORA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> VBLoRA:
    logits = {ours: case[f"param.{theirs}"] for ours, theirs in NAMES.items()}
    return VBLoRA(case["param.vblora_vector_bank"], **logits, topk=case.effective["topk"])


def gradients(case: Case) -> dict[str, Array]:
    found = {ours: case[f"grad.{theirs}"] for ours, theirs in NAMES.items()}
    if not case.layer:  # several layers add up in the gradient of the bank
        found["bank"] = case["grad.vblora_vector_bank"]
    return found
