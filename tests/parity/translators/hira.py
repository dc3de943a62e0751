"""PEFT's HiraConfig on linear layers."""

from adapters_np.methods.hira import HiRA
from tests.parity.cases import Case, of, slopes

ARRAYS = {"A": "hira_A", "B": "hira_B"}
claims = of("HIRA")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> HiRA:
    return HiRA(**case.ours("param", ARRAYS))
