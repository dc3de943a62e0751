"""PEFT's FourierFTConfig on linear layers."""

from adapters_np.linalg import Array
from adapters_np.methods.fourierft import FourierFT
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "FOURIERFT" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> FourierFT:
    rows, columns = case["buffer.indices"].astype(int)
    scale = case.effective["fourierft_scaling"]
    return FourierFT(case["param.fourierft_spectrum"], rows, columns, scale)


def gradients(case: Case) -> dict[str, Array]:
    return {"c": case["grad.fourierft_spectrum"]}
