"""PEFT's Arrow: finished LoRAs, mixed for each token by their own prototypes."""

from collections.abc import Iterator

import numpy as np

from adapters_np.layers import softmax
from adapters_np.linalg import Array
from adapters_np.methods.xlora import XLoRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["kind"] == "arrow"


def library(case: Case, factor: str) -> Array:
    """Return a factor of all tasks, less the mean of the general adapters', where there are any."""
    groups: dict[str, list[Array]] = {"task": [], "gks": []}
    for name, found in groups.items():
        while (one := case.find(f"param.{name}_{len(found)}.lora_{factor}")) is not None:
            found.append(one)
    tasks, general = np.array(groups["task"]), groups["gks"]
    return tasks - np.mean(general, axis=0) if general else tasks


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    A, B = library(case, "A"), library(case, "B")
    for i, (a, b) in enumerate(zip(A, B, strict=True)):
        yield f"A of task {i}", a, case[f"after.task_{i}.lora_A"]
        yield f"B of task {i}", b, case[f"after.task_{i}.lora_B"]
    about, none = case.effective, np.zeros((len(A), 0))
    mixer = XLoRA(A, B, none, np.zeros(len(A)), about["scaling"], 1.0, len(A), False)
    for row, x in enumerate(case["x"]):
        likeness = np.abs(case["buffer.prototypes"] @ x.T)
        lowest_kept = np.sort(likeness, axis=0)[-about["top_k"]]
        kept = np.where(likeness >= lowest_kept, likeness / about["temperature"], -np.inf)
        weights = softmax(kept.T).T
        yield f"y[{row}]", mixer.mix(case["W0"], x.T, weights), case["y"][row].T
