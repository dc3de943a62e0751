"""PEFT's PveraConfig on linear layers, in its evaluation mode; layers share A and B."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.pvera import PVeRA
from tests.parity.cases import Case, columns


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "PVERA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> PVeRA:
    if case.setting("sample_at_inference"):
        raise case.refuse("sample_at_inference", "the noise that PEFT draws is not recorded")
    d_out, d_in = case["W"].shape
    return PVeRA(
        lambda_d=case["param.pvera_lambda_d"],
        lambda_b=case["param.pvera_lambda_b"],
        A=case["buffer.pvera_A"][:, :d_in],
        B=case["buffer.pvera_B"][:d_out],
        epsilon=np.zeros(case.effective["r"]),
    )


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    ours, identity = adapter(case), np.eye(case["W"].shape[1])
    y, b = ours.forward(case["W"], columns(case["x"])), case.find("b")
    yield "y", y if b is None else y + b[:, None], columns(case["y"])
    yield "W_merged", ours.forward(case["W"], identity), case["W_merged"]


def gradients(case: Case) -> dict[str, Array]:
    return {"lambda_d": case["grad.pvera_lambda_d"], "lambda_b": case["grad.pvera_lambda_b"]}
