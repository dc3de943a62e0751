"""PEFT's PveraConfig on linear layers, in its evaluation mode."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.pvera import PVeRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "PVERA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> PVeRA:
    return PVeRA(
        lambda_d=case["param.pvera_lambda_d"],
        lambda_b=case["param.pvera_lambda_b"],
        A=case["buffer.pvera_A"],
        B=case["buffer.pvera_B"],
        epsilon=np.zeros(case.effective["r"]),
    )


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    ours, identity = adapter(case), np.eye(case["W"].shape[1])
    yield "y", ours.forward(case["W"], case["x"].T), case["y"].T
    yield "W_merged", ours.forward(case["W"], identity), case["W_merged"]


def gradients(case: Case) -> dict[str, Array]:
    return {"lambda_d": case["grad.pvera_lambda_d"], "lambda_b": case["grad.pvera_lambda_b"]}
