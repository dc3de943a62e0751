"""PEFT's ShiraConfig on linear layers."""

from adapters_np.methods.shira import SHiRA
from tests.parity.cases import Case, of, slopes

ARRAYS = {"theta": "shira_weight"}
claims = of("SHIRA")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> SHiRA:
    rows, columns = case["buffer.shira_indices"].astype(int)
    return SHiRA(case["param.shira_weight"], rows, columns, case.effective["scaling"])
