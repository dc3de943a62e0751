"""PEFT's VBLoRAConfig; all layers share the bank."""

from adapters_np.linalg import Array
from adapters_np.methods.vblora import VBLoRA
from tests.parity.cases import Case, of

ARRAYS = {
    "bank": "vblora_vector_bank",
    "logits_in": "vblora_logits_A",
    "logits_out": "vblora_logits_B",
}
claims = of("VBLORA")


def adapter(case: Case) -> VBLoRA:
    return VBLoRA(**case.ours("param", ARRAYS), topk=case.effective["topk"])


def gradients(case: Case) -> dict[str, Array]:
    found = case.ours("grad", ARRAYS)
    if case.layer:
        del found["bank"]  # several layers add up in it
    return found
