"""PEFT's VeraConfig; a layer takes its part of the matrices that all layers share."""

from adapters_np.linalg import Array
from adapters_np.methods.vera import VeRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "VERA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> VeRA:
    d_out, d_in = case["W"].shape
    return VeRA(
        case["param.vera_lambda_d"],
        case["param.vera_lambda_b"],
        case["buffer.vera_A"][:, :d_in],
        case["buffer.vera_B"][:d_out],
    )


def gradients(case: Case) -> dict[str, Array]:
    return {"lambda_d": case["grad.vera_lambda_d"], "lambda_b": case["grad.vera_lambda_b"]}
