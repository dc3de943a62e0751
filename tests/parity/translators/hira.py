"""PEFT's HiraConfig on linear layers."""

from adapters_np.linalg import Array
from adapters_np.methods.hira import HiRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "HIRA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> HiRA:
    return HiRA(case["param.hira_A"], case["param.hira_B"])


def gradients(case: Case) -> dict[str, Array]:
    return {"A": case["grad.hira_A"], "B": case["grad.hira_B"]}
