"""PEFT's HRAConfig on linear layers."""

from adapters_np.linalg import Array
from adapters_np.methods.hra import HRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "HRA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> HRA:
    return HRA(case["param.hra_u"], bool(case.effective["hra_apply_GS"]))


def gradients(case: Case) -> dict[str, Array]:
    return {"V": case["grad.hra_u"]}
