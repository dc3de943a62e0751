"""PEFT's PolyConfig in one slice, which averages factors."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.poly import Poly
from tests.parity.cases import Case
from tests.parity.translators import mhr


def claims(case: Case) -> bool:
    return mhr.routes(case) and mhr.splits(case) == 1


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    A, B, Z = mhr.arrays(case)
    for row, task in enumerate(case["task_ids"]):
        ours = Poly(A[0], B[0], Z[:, 0], task, "factors")
        yield f"weights[{row}]", np.atleast_2d(ours.weights()), case["mixing"][row]
        y = ours.forward(case["W0"], case["x"][row].T) + mhr.offset(case, row)
        yield f"y[{row}]", y, case["y"][row].T
