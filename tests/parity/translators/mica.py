"""PEFT's LoraConfig with init_lora_weights="mica"."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.mica import MiCA
from tests.parity.cases import Case
from tests.parity.translators.lora import begun, linear, started
from tests.parity.translators.lora import bias as bias


def claims(case: Case) -> bool:
    return linear(case) and started(case, "mica")


def adapter(case: Case) -> MiCA:
    return MiCA(case["param.lora_A.weight"], case["param.lora_B.weight"], case.effective["scaling"])


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    theirs = case["param.lora_B.weight"]
    fresh = MiCA.init(case["W0"], np.random.default_rng(0), rank=theirs.shape[1])
    yield "B Bᵀ", fresh.B @ fresh.B.T, theirs @ theirs.T
    yield "A", fresh.A, begun(case, "A")


def gradients(case: Case) -> dict[str, Array]:
    return {"A": case["grad.lora_A.weight"]}
