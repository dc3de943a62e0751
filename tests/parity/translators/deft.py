"""PEFT's DeftConfig on linear layers: DEFT, and PaRa where nothing is written anew."""

from adapters_np.methods.deft import DEFT
from adapters_np.methods.para import PaRa
from tests.parity.cases import Case, of, slopes

ARRAYS = {"P": "deft_P", "R": "deft_R"}
claims = of("DEFT")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> DEFT | PaRa:
    about, P = case.effective, case["param.deft_P"]
    if about["deft_para"]:
        return PaRa(P, about["deft_decomposition"])
    return DEFT(P, case["param.deft_R"], about["deft_scaling"], about["deft_decomposition"])
