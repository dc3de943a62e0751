"""PEFT's C3AConfig on linear layers; PEFT divides the change by d_in, we the kernel."""

from adapters_np.linalg import Array
from adapters_np.methods.c3a import C3A
from tests.parity.cases import Case, of

claims = of("C3A")


def adapter(case: Case) -> C3A:
    return C3A(case["param.c3a_kernel"] / case["W"].shape[1])


def gradients(case: Case) -> dict[str, Array]:
    return {"w": case["grad.c3a_kernel"] * case["W"].shape[1]}
