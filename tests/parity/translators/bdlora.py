"""PEFT's LoraConfig with use_bdlora: one factor of LoRA is block-diagonal."""

from adapters_np.linalg import Array, block_diagonal
from adapters_np.methods.lora import LoRA
from tests.parity.cases import Case
from tests.parity.translators.lora import bias as bias


def claims(case: Case) -> bool:
    return case.family == "LORA" and case.given("use_bdlora")


def whole(factor: Array, d_in: int) -> Array:
    """Return a factor that reads d_in; blocks, one below the other in PEFT, go on the diagonal."""
    count = d_in // factor.shape[1]
    return factor if count == 1 else block_diagonal(factor.reshape(count, -1, factor.shape[1]))


def adapter(case: Case) -> LoRA:
    A = whole(case["param.lora_A.weight"], case["W"].shape[1])
    return LoRA(A, whole(case["param.lora_B.weight"], len(A)), case.effective["scaling"])
