"""PEFT's PolyConfig in several slices, each with its own weights."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.mhr import MHR
from tests.parity.cases import Case


def routes(case: Case) -> bool:
    """Return whether the case averages skills by the weights of a task."""
    kind = case.effective.get("poly_type", case.config.get("poly_type", "poly"))
    return case.sidecar["peft_type"] == "POLY" and kind == "poly"


def splits(case: Case) -> int:
    """Return into how many slices inputs and outputs are cut."""
    return len(case["param.poly_lora_A"])


def claims(case: Case) -> bool:
    return routes(case) and splits(case) > 1


def offset(case: Case, row: int) -> Array:
    """Return what the bare layer adds to W x, (d_out, seq): its bias, where there is one."""
    rest: Array = case["y_base"][row].T - case["W0"] @ case["x"][row].T
    return rest


def arrays(case: Case) -> tuple[Array, Array, Array]:
    """Return A, B and Z in our layout: slices before skills, factors not transposed."""
    A, B = (np.swapaxes(case[f"param.poly_lora_{factor}"], -1, -2) for factor in "AB")
    logits = case["param.poly_router.module_logits"]
    return A, B, logits.reshape(len(logits), *A.shape[:2])


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    for row, task in enumerate(case["task_ids"]):
        ours = MHR(*arrays(case), task)
        yield f"weights[{row}]", ours.weights(), case["mixing"][row]
        y = ours.forward(case["W0"], case["x"][row].T) + offset(case, row)
        yield f"y[{row}]", y, case["y"][row].T
