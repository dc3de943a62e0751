"""PEFT's LoraConfig on an embedding: the table, (vocab, dim), is LoRA's weight transposed.

With use_dora it is DoRA's, whose lengths are those of the table's columns.
"""

from collections.abc import Iterator

from adapters_np.linalg import Array
from adapters_np.methods.dora import DoRA
from adapters_np.methods.lora import LoRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.family == "LORA" and case.sidecar["kind"] == "embedding"


def adapter(case: Case) -> DoRA | LoRA:
    A, B = case["param.emb.lora_embedding_A"], case["param.emb.lora_embedding_B"]
    if case.given("use_dora"):
        lengths = case["param.emb.lora_magnitude_vector.weight"].ravel()
        return DoRA(A, B, lengths, case.effective["scaling"])
    return LoRA(A, B, case.effective["scaling"])


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    table = case["W0"]
    merged = table + adapter(case).delta(table.T).T
    yield "y", merged[case["ids"].astype(int)], case["y"]
    yield "W_merged", merged, case["W_merged"]
