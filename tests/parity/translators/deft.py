"""PEFT's DeftConfig on linear layers: DEFT, and PaRa where nothing is written anew."""

from adapters_np.linalg import Array
from adapters_np.methods.deft import DEFT
from adapters_np.methods.para import PaRa
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "DEFT" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> DEFT | PaRa:
    about, P = case.effective, case["param.deft_P"]
    if about["deft_para"]:
        return PaRa(P, about["deft_decomposition"])
    return DEFT(P, case["param.deft_R"], about["deft_scaling"], about["deft_decomposition"])


def gradients(case: Case) -> dict[str, Array]:
    found = {name: case.find(f"grad.deft_{name}") for name in "PR"}
    return {name: array for name, array in found.items() if array is not None}
