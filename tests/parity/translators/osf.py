"""PEFT's OSFConfig on linear layers."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.osf import OSF
from tests.parity.cases import Case, of, slopes
from tests.toy import singular_values

NAMES = {"U": "U_low", "S": "S_low", "Vt": "V_low"}
ARRAYS = {ours: f"osf_svd_params.{theirs}" for ours, theirs in NAMES.items()}
DETACHED = {name: "PEFT projects it away from the strong directions" for name in ("U", "Vt")}
claims = of("OSF")
gradients = slopes(ARRAYS)


def begun(case: Case) -> dict[str, Array]:
    """Return the factors that the weak part of the weight had.

    With init_weights=False training starts elsewhere, and the change counts from the weight's part.
    """
    names = {ours: f"_osf_{theirs}_init" for ours, theirs in NAMES.items()}
    return case.ours("buffer", names) or case.ours("init", ARRAYS)


def adapter(case: Case) -> OSF:
    """Return ours without strong directions: PEFT's forward pass projects nothing."""
    first, (d_out, d_in) = begun(case), case["W"].shape
    weak = (first["U"] * first["S"]) @ first["Vt"]
    none = {"strong_out": np.zeros((d_out, 0)), "strong_in": np.zeros((0, d_in))}
    return OSF(**case.ours("param", ARRAYS), start=weak, **none)


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    W, first = case["W0"], begun(case)
    ours = OSF.init(W, np.random.default_rng(0), rank=len(first["S"]))
    yield "the weak part", ours.start, (first["U"] * first["S"]) @ first["Vt"]
    yield "its strengths", ours.S, singular_values(W)[case.effective["effective_rank"] :]
    weak_in = np.eye(W.shape[1]) - ours.strong_in.T @ ours.strong_in
    yield "weak inputs", first["Vt"] @ weak_in, first["Vt"]
