"""PEFT's AdamssConfig on linear layers."""

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.adamss import AdaMSS
from tests.parity.cases import Case, of

claims = of("ADAMSS")


def members(case: Case) -> list[Array]:
    """Return the outputs of each group."""
    count = case.effective["num_subspaces"]
    return [case[f"buffer.seg_result.{i}"].astype(int) for i in range(count)]


def factors(case: Case, kind: str) -> dict[str, Array]:
    """Return A, and B by outputs instead of by groups; a smaller rank is filled up with zeros."""
    groups = members(case)
    found, parts = ([case[f"{kind}.adamss_{f}.{i}"] for i in range(len(groups))] for f in "AB")
    rank = max(map(len, found))
    A = np.zeros((len(groups), rank, found[0].shape[1]))
    B = np.zeros((len(case["W"]), rank))
    for i, (rows, own, part) in enumerate(zip(groups, found, parts, strict=True)):
        A[i, : len(own)] = own
        B[rows, : len(own)] = part
    return {"A": A, "B": B}


def adapter(case: Case) -> AdaMSS:
    group = np.zeros(len(case["W"]), int)
    for i, rows in enumerate(members(case)):
        group[rows] = i
    d_in = case["W"].shape[1]
    return AdaMSS(**factors(case, "param"), group=group, Vt=case["buffer.adamss_newB"][:, :d_in])


def bias(case: Case, adapter: AdaMSS) -> Array | None:
    b = case.find("b")  # PEFT takes it for one more column of the weight
    return b if b is None else b + adapter.reads() @ case["buffer.adamss_newB"][:, -1]


def gradients(case: Case) -> dict[str, Array]:
    return factors(case, "grad")
