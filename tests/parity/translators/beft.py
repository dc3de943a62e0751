"""PEFT's BeftConfig on linear layers."""

from collections.abc import Iterator

from adapters_np.linalg import Array
from adapters_np.methods.beft import BEFT
from tests.parity.cases import Case, columns, of, slopes

ARRAYS = {"b": "beft_bias"}
claims = of("BEFT")
gradients = slopes(ARRAYS)


def adapter(case: Case) -> BEFT:
    return BEFT(case["param.beft_bias"].ravel())


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    ours, b, merged = adapter(case), case.find("b"), case.find("b_merged")
    y = ours.forward(case["W"], columns(case["x"]))
    yield "y", y if b is None else y + b[:, None], columns(case["y"])
    if b is not None and merged is not None:
        yield "b_merged", b + ours.b, merged
