"""PEFT's IA3Config; the shape of the gain says which side it scales."""

from adapters_np.linalg import Array
from adapters_np.methods.ia3 import IA3
from tests.parity.cases import Case, of, slopes

ARRAYS = {"l": "ia3_l"}
claims = of("IA3")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> IA3:
    gain = case["param.ia3_l"]  # (d_out, 1) or (1, d_in)
    return IA3(gain.ravel(), feedforward=gain.shape == (1, case["W"].shape[1]))


def bias(case: Case, adapter: IA3) -> Array | None:
    b = case.find("b")
    return b if b is None or adapter.feedforward else adapter.l * b
