"""PEFT's LoHaConfig on linear layers."""

from adapters_np.linalg import Array
from adapters_np.methods.loha import LoHa
from tests.parity.cases import Case

NAMES = {"A1": "hada_w1_b", "B1": "hada_w1_a", "A2": "hada_w2_b", "B2": "hada_w2_a"}


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "LOHA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> LoHa:
    parts = {ours: case[f"param.{theirs}"] for ours, theirs in NAMES.items()}
    return LoHa(**parts, s=case.effective["scaling"])


def gradients(case: Case) -> dict[str, Array]:
    return {ours: case[f"grad.{theirs}"] for ours, theirs in NAMES.items()}
