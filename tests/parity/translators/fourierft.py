"""PEFT's FourierFTConfig on linear layers."""

from adapters_np.methods.fourierft import FourierFT
from tests.parity.cases import Case, of, slopes

ARRAYS = {"c": "fourierft_spectrum"}
claims = of("FOURIERFT")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> FourierFT:
    rows, columns = case["buffer.indices"].astype(int)
    scale = case.effective["fourierft_scaling"]
    return FourierFT(case["param.fourierft_spectrum"], rows, columns, scale)
