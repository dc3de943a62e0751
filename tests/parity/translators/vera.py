"""PEFT's VeraConfig; a layer takes its part of the matrices that all layers share."""

from adapters_np.methods.vera import VeRA
from tests.parity.cases import Case, of, slopes

ARRAYS = {"lambda_d": "vera_lambda_d", "lambda_b": "vera_lambda_b"}
claims = of("VERA")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> VeRA:
    d_out, d_in = case["W"].shape
    A, B = case["buffer.vera_A"][:, :d_in], case["buffer.vera_B"][:d_out]
    return VeRA(**case.ours("param", ARRAYS), A=A, B=B)
