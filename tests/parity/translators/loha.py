"""PEFT's LoHaConfig on linear layers."""

from adapters_np.methods.loha import LoHa
from tests.parity.cases import Case, of, slopes

ARRAYS = {"A1": "hada_w1_b", "B1": "hada_w1_a", "A2": "hada_w2_b", "B2": "hada_w2_a"}
claims = of("LOHA")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> LoHa:
    return LoHa(**case.ours("param", ARRAYS), s=case.effective["scaling"])
