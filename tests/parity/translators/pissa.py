"""PEFT's LoraConfig with init_lora_weights="pissa" or "pissa_niter_…"."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.pissa import PiSSA
from tests.parity.cases import Case
from tests.parity.translators.lora import ARRAYS, begun, linear, started
from tests.parity.translators.lora import gradients as gradients
from tests.toy import singular_values


def claims(case: Case) -> bool:
    return linear(case) and started(case, "pissa")


def adapter(case: Case) -> PiSSA:
    factors, A_0, B_0 = case.ours("param", ARRAYS), begun(case, "A"), begun(case, "B")
    return PiSSA(**factors, A_0=A_0, B_0=B_0, s=case.effective["scaling"])


def weight(case: Case) -> Array:
    """Return the residual inside PEFT's layer with the principal part put back."""
    ours = adapter(case)
    return case["W"] + ours.s * ours.B_0 @ ours.A_0


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    W0, theirs = case["W0"], adapter(case)
    yield "weight", W0, weight(case)
    if case.config["init_lora_weights"] == "pissa":  # else a randomised SVD, which is not exact
        rank, rng = len(theirs.A_0), np.random.default_rng(0)
        ours = PiSSA.init(W0, rng, rank=rank, alpha=theirs.s * rank)
        yield "residual", singular_values(ours.residual(W0)), singular_values(case["W"])
        yield "factors", singular_values(ours.A_0), singular_values(theirs.A_0)
