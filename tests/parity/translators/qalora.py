"""PEFT's LoraConfig with use_qalora: a LoRA that reads the means of groups of inputs.

PEFT multiplies the means by the number of groups, so an input counts groups / size times.
"""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.lora import LoRA
from tests.parity.cases import Case, columns
from tests.parity.translators import lora


def claims(case: Case) -> bool:
    return case.family == "LORA" and case.sidecar["kind"] == "linear" and lora.pooled(case)


def share(case: Case) -> tuple[int, float]:
    """Return the size of a group and what an input counts in it."""
    groups, d_in = case["param.lora_A.weight"].shape[1], case["W"].shape[1]
    size = int(case.setting("qalora_group_size"))
    if groups * size != d_in:
        raise case.refuse("qalora_group_size", f"A reads {groups} groups of the {d_in} inputs")
    return size, groups / size


def adapter(case: Case) -> LoRA:
    size, weight = share(case)
    A = weight * np.repeat(case["param.lora_A.weight"], size, axis=1)
    return LoRA(A, case["param.lora_B.weight"], case.effective["scaling"])


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    ours, W, b, X = adapter(case), case["W"], case.find("b"), columns(case["x"])
    y = ours.forward(W, X)
    yield "y", y if b is None else y + b[:, None], columns(case["y"])
    theirs = case.find("grad.lora_A.weight")
    if theirs is not None:
        size, weight = share(case)
        of_inputs = ours.s * ours.B.T @ columns(case["g"]) @ X.T  # (r, d_in)
        pooled = weight * of_inputs.reshape(len(theirs), -1, size).sum(axis=2)
        yield "gradient of A", pooled, theirs


def gradients(case: Case) -> dict[str, Array]:
    found = case.find("grad.lora_B.weight")
    return {} if found is None else {"B": found}
