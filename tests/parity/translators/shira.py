"""PEFT's ShiraConfig on linear layers."""

from adapters_np.linalg import Array
from adapters_np.methods.shira import SHiRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "SHIRA" and case.sidecar["kind"] == "linear"


def adapter(case: Case) -> SHiRA:
    rows, columns = case["buffer.shira_indices"].astype(int)
    return SHiRA(case["param.shira_weight"], rows, columns, case.effective["scaling"])


def gradients(case: Case) -> dict[str, Array]:
    return {"theta": case["grad.shira_weight"]}
