"""PEFT's PolyConfig, which averages factors and may cut them into slices."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.poly import MHR, Poly
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    kind = case.effective.get("poly_type", case.config.get("poly_type", "poly"))
    return case.sidecar["peft_type"] == "POLY" and kind == "poly"


def adapters(case: Case) -> Iterator[Poly | MHR]:
    """Yield the adapter of every row of the batch, which has its own task."""
    A, B = (np.swapaxes(case[f"param.poly_lora_{factor}"], -1, -2) for factor in "AB")
    splits, skills = A.shape[:2]
    logits = case["param.poly_router.module_logits"]
    Z = logits.reshape(len(logits), splits, skills)
    for task in case["task_ids"]:
        if splits == 1:
            yield Poly(A[0], B[0], Z[:, 0], task, "factors")
        else:
            yield MHR(A, B, Z, task)


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    for row, ours in enumerate(adapters(case)):
        yield f"weights[{row}]", np.atleast_2d(ours.weights()), case["mixing"][row]
        y = ours.forward(case["W0"], case["x"][row].T)
        yield f"y[{row}]", y, case["y"][row].T
