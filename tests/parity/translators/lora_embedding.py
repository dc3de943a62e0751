"""PEFT's LoraConfig on an embedding: the table, (vocab, dim), is LoRA's weight transposed."""

from collections.abc import Iterator

from adapters_np.linalg import Array
from adapters_np.methods.lora import LoRA
from tests.parity.cases import Case
from tests.parity.translators.lora import PLAIN


def claims(case: Case) -> bool:
    return (
        case.sidecar["peft_type"] == "LORA"
        and case.sidecar["kind"] == "embedding"
        and set(case.config) <= PLAIN
    )


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    A, B = case["param.emb.lora_embedding_A"], case["param.emb.lora_embedding_B"]
    s = case.config["lora_alpha"] / (len(A) ** 0.5 if case.config.get("use_rslora") else len(A))
    table = case["W0"]
    merged = table + LoRA(A, B, s).delta(table.T).T
    yield "y", merged[case["ids"].astype(int)], case["y"]
    yield "W_merged", merged, case["W_merged"]
