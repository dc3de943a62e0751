"""PEFT's LoraConfig with alora_invocation_tokens: a LoRA from some token on."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from tests.parity.cases import Case, RefusedError
from tests.parity.translators.lora import adapter


def claims(case: Case) -> bool:
    return case.sidecar["kind"] == "alora"


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    """Yield each row's outputs; an offset counts tokens from the end, and −1 means none."""
    if case.sidecar.get("bias"):
        raise RefusedError(
            f"{case.name}: bias=True is refused: this kind records no bias of the layer"
        )
    W, ours = case["W0"], adapter(case)
    for row, (x, offset) in enumerate(zip(case["x"], case["offsets"].astype(int), strict=True)):
        active = np.arange(len(x)) >= len(x) - max(offset, 0)
        extra = case.find("param.lora_B.bias")
        adapted = ours.forward(W, x.T) + (0 if extra is None else ours.s * extra[:, None])
        y = np.where(active, adapted, W @ x.T)
        yield f"y[{row}]", y, case["y"][row].T
