"""PEFT's PsoftConfig: exact, series and free cores, both splits, with and without gains."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from adapters_np.linalg import Array, skew
from adapters_np.methods.psoft import PSOFT
from tests.parity.cases import Case, of
from tests.toy import singular_values

NONE = np.zeros(0)
claims = of("PSOFT")


def constraint(case: Case) -> tuple[Literal["exact", "series", "none"], int]:
    """Return our constraint and number of terms; PEFT's t terms are our max(t − 1, 3).

    PEFT's series of one or two terms, I and I + 2Q, is none of ours: it is written as a free core.
    """
    if not case.config.get("psoft_orth", True):
        return "none", 0
    if not case.config.get("use_cayley_neumann", False):
        return "exact", 0
    t = case.config.get("num_cayley_neumann_terms", 5)
    return ("series", max(t - 1, 3)) if t > 2 else ("none", t)


def entries(case: Case) -> Array:
    """Return PEFT's matrix R for a free core, else the triangle of Q after PEFT's limit on ‖Q‖."""
    Q = case["param.psoft_R.weight"]
    limit = case.config.get("cayley_neumann_eps")
    if not case.config.get("use_cayley_neumann", False) or limit is None or Q.ndim == 2:
        return Q
    return Q * min(1.0, limit / (np.sqrt(2) * np.linalg.norm(Q)))


def adapter(case: Case) -> PSOFT:
    rule, terms = constraint(case)
    A, B = case["buffer._psoft_A_cache"], case["buffer._psoft_B_cache"]
    Q, r = entries(case), len(A)
    if Q.ndim == 2:
        Q = (Q - np.eye(r)).ravel()
    elif rule == "none":
        Q = (2 * skew(Q, r) * (terms > 1)).ravel()
    gains = [case.find(f"param.psoft_R.vector_{side}") for side in "ab"]
    alpha, beta = (NONE if gain is None else gain for gain in gains)
    return PSOFT(Q, alpha, beta, A, case.effective["scaling"] * B, rule, terms)


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    if case.config.get("psoft_svd", "full") != "full":
        return  # a randomised SVD, which is not exact
    W, theirs = case["W0"], adapter(case)
    symmetric = case.config.get("ab_svd_init", "psoft_init") == "pissa_init"
    split: Literal["asymmetric", "symmetric"] = "symmetric" if symmetric else "asymmetric"
    ours = PSOFT.init(W, np.random.default_rng(0), rank=len(theirs.A), split=split)
    scale = case.effective["scaling"] ** (0.5 if symmetric else 0.0)
    yield "input factor", singular_values(ours.A), scale * singular_values(theirs.A)
    yield "output factor", singular_values(ours.B), singular_values(theirs.B) / scale
    residuals = (singular_values(W - a.B @ a.A) for a in (ours, theirs))
    yield "residual", next(residuals), next(residuals)


def gradients(case: Case) -> dict[str, Array]:
    found = {}
    for side, field in (("a", "alpha"), ("b", "beta")):
        gradient = case.find(f"grad.psoft_R.vector_{side}")
        if gradient is not None:
            found[field] = gradient
    of_core = case.find("grad.psoft_R.weight")
    if of_core is None:  # one term of the series is the identity, whatever Q is
        return found
    of_core = of_core.ravel()
    if len(of_core) == len(adapter(case).Q) and entries(case) is case["param.psoft_R.weight"]:
        found["Q"] = of_core  # else PEFT's is taken before its limit, or its core is not ours
    return found
