"""PEFT's FrodConfig on linear layers."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.frod import FRoD, joint_basis, split
from tests.parity.cases import Case
from tests.toy import singular_values


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "FROD" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> FRoD:
    rows, columns = case["buffer.frod_s_indices.lin0"].astype(int)
    return FRoD(
        strengths=case["param.frod_lambda_l"],
        exchanges=case["param.frod_lambda_s_values"],
        rows=rows,
        columns=columns,
        U=case["buffer.frod_U"],
        V=case["buffer.frod_V.lin0"],
    )


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


def gradients(case: Case) -> dict[str, Array]:
    return {"strengths": case["grad.frod_lambda_l"], "exchanges": case["grad.frod_lambda_s_values"]}
