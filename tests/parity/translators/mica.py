"""PEFT's LoraConfig with init_lora_weights="mica"."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.mica import MiCA
from tests.parity.cases import Case, slopes
from tests.parity.translators.lora import ARRAYS, begun, linear, started
from tests.parity.translators.lora import bias as bias

gradients = slopes({"A": ARRAYS["A"]})


def claims(case: Case) -> bool:
    return linear(case) and started(case, "mica")


def adapter(case: Case) -> MiCA:
    return MiCA(**case.ours("param", ARRAYS), s=case.effective["scaling"])


def start(case: Case) -> Iterator[tuple[str, Array, Array]]:
    theirs = case["param.lora_B.weight"]
    fresh = MiCA.init(case["W0"], np.random.default_rng(0), rank=theirs.shape[1])
    yield "B Bᵀ", fresh.B @ fresh.B.T, theirs @ theirs.T
    yield "A", fresh.A, begun(case, "A")
