"""PEFT's OFTConfig with the Cayley-Neumann series, which is its default."""

from adapters_np.linalg import Array
from adapters_np.methods.oftv2 import OFTv2
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return (
        case.sidecar["peft_type"] == "OFT"
        and case.sidecar["kind"] == "linear"
        and case.config.get("use_cayley_neumann", True)
        and not case.config.get("coft", False)
        and not case.config.get("block_share", False)
    )


def series(case: Case) -> tuple[int, int]:
    """Return our number of terms and the factor of Q that give PEFT's polynomial.

    One term of PEFT's is I, two are I + 2Q, three and four are I + 2Q + 2Q² + Q³.
    """
    t = case.config.get("num_cayley_neumann_terms", 5)
    return (max(t - 1, 3), 1) if t > 2 else (1, 2 * (t - 1))


def adapter(case: Case) -> OFTv2:
    terms, factor = series(case)
    return OFTv2(factor * case["param.oft_R.weight"], case.effective["oft_block_size"], terms)


def gradients(case: Case) -> dict[str, Array]:
    """Return PEFT's gradients; with one term nothing depends on Q and none was recorded."""
    _, factor = series(case)
    theirs = case.find("grad.oft_R.weight")
    return {} if theirs is None or not factor else {"Q": theirs / factor}
