"""PEFT's TinyLoraConfig on linear layers."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.tinylora import TinyLoRA
from tests.parity.cases import Case, of

claims = of("TINYLORA")


def adapter(case: Case) -> TinyLoRA:
    P, A, B = (case[f"buffer.tinylora_{name}"] for name in "PAB")
    group = case.effective.get("_tinylora_v_key", "0")  # layers that are tied have one and the same
    return TinyLoRA(case[f"param.tinylora_v.{group}"], P, A, B)


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    A, B = (case[f"buffer.tinylora_{name}"] for name in "AB")
    fresh = TinyLoRA.init(case["W"], np.random.default_rng(0), rank=len(A))
    yield "B A", fresh.B @ fresh.A, B @ A
    yield "A Aᵀ", fresh.A @ fresh.A.T, A @ A.T


def gradients(case: Case) -> dict[str, Array]:
    if case.layer:
        return {}  # recorded for all layers together
    return {"v": case["grad.tinylora_v.0"]}
