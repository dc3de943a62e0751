"""PEFT's FrodConfig on linear layers."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.frod import FRoD, joint_basis, split
from tests.parity.cases import Case, of, slopes
from tests.toy import singular_values

ARRAYS = {"strengths": "frod_lambda_l", "exchanges": "frod_lambda_s_values"}
claims = of("FROD")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> FRoD:
    rows, columns = case[f"buffer.frod_s_indices.{case.module}"].astype(int)
    U, V = case["buffer.frod_U"], case[f"buffer.frod_V.{case.module}"]
    return FRoD(**case.ours("param", ARRAYS), rows=rows, columns=columns, U=U, V=V)


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    W, theirs = case["W0"], adapter(case)
    U, strengths, V = split(W, theirs.V)
    yield "the weight", (U * strengths) @ V.T, W
    used = strengths > 1e-5  # further directions of U are round-off, brought to length one
    yield "U", U[:, used], theirs.U[:, used]
    if len(W) < W.shape[1]:
        ours = np.sort(split(W, joint_basis([W]))[1])[::-1]
        yield "singular values", ours[: len(W)], singular_values(W)
        yield "an orthogonal V", theirs.V.T @ theirs.V, np.eye(len(theirs.V))
