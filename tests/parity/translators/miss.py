"""PEFT's MissConfig on linear layers."""

from adapters_np.linalg import Array
from adapters_np.methods.miss import MiSS
from tests.parity.cases import Case, of

claims = of("MISS")


def bat(case: Case) -> bool:
    return case.config.get("init_weights") == "bat"


def ours(case: Case, block: Array) -> Array:
    """Return PEFT's (r, d_out), (r, mini_r) or, for bat, (d_out / r, r, r) in the layout of D."""
    return block.reshape(-1, block.shape[-1]) if bat(case) else block.T


def adapter(case: Case) -> MiSS:
    return MiSS(ours(case, case["param.miss_block"]), bat(case))


def gradients(case: Case) -> dict[str, Array]:
    return {"D": ours(case, case["grad.miss_block"])}
