"""PEFT's LNTuningConfig, on a LayerNorm or an RMSNorm."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.ln_tuning import LNTuning
from tests.parity.cases import Case, of

claims = of("LN_TUNING", kind=None)


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    name, none = "param.norm.ln_tuning_layers", np.zeros(0)
    gamma, beta = case[f"{name}.weight"], case.find(f"{name}.bias")
    gamma_0, beta_0 = case["gamma0"], case.find("beta0")
    ours = LNTuning(
        gamma=gamma,
        beta=none if beta is None else beta,
        gamma_0=gamma_0,
        beta_0=none if beta_0 is None else beta_0,
        eps=case.effective["eps"],
    )
    X, identity = case["x"].T, np.eye(len(gamma))  # the recorded layer is the norm alone
    yield "y", ours.forward(identity, X), case["y"].T
    yield "y_base", ours.base(identity, X), case["y_base"].T
