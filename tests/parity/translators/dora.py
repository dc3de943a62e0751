"""PEFT's LoraConfig with use_dora, on whatever weight the start of the factors leaves."""

from adapters_np.methods.dora import DoRA
from tests.parity.cases import Case, slopes
from tests.parity.translators import lora

ARRAYS = lora.ARRAYS | {"m": "lora_magnitude_vector.weight"}
gradients = slopes(ARRAYS)

DETACHED = {
    "A": "PEFT, as the paper proposes, holds the norm of V constant in the backward pass",
    "B": "PEFT, as the paper proposes, holds the norm of V constant in the backward pass",
}


def claims(case: Case) -> bool:
    return case.family == "LORA" and case.sidecar["kind"] == "linear" and case.given("use_dora")


def adapter(case: Case) -> DoRA:
    return DoRA(**case.ours("param", ARRAYS), s=case.effective["scaling"])
