"""PEFT's HRAConfig on linear layers."""

from adapters_np.methods.hra import HRA
from tests.parity.cases import Case, of, slopes

ARRAYS = {"V": "hra_u"}
claims = of("HRA")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> HRA:
    return HRA(case["param.hra_u"], bool(case.effective["hra_apply_GS"]))
