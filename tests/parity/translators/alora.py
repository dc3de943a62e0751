"""PEFT's LoraConfig with alora_invocation_tokens: a LoRA from some token on."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from tests.parity.cases import Case
from tests.parity.translators.lora import adapter


def claims(case: Case) -> bool:
    return case.sidecar["kind"] == "alora"


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    """Yield each row's outputs; an offset counts tokens from the end, and −1 means none."""
    W, ours = case["W0"], adapter(case)
    for row, (x, offset) in enumerate(zip(case["x"], case["offsets"].astype(int), strict=True)):
        active = np.arange(len(x)) >= len(x) - max(offset, 0)
        y = np.where(active, ours.forward(W, x.T), W @ x.T)
        yield f"y[{row}]", y, case["y"][row].T
