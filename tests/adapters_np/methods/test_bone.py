"""Bone as it was, and that MiSS contains it."""

from functools import partial

import numpy as np
import pytest

from adapters_np.linalg import block_diagonal
from adapters_np.methods.bone import Bone
from adapters_np.methods.miss import MiSS
from tests.toy import stepped, weight

moved = partial(stepped, Bone, weight(48, 64), block_size=8, form="column")


def test_row_form_is_a_product_from_the_right() -> None:
    W, adapter = weight(48, 64), moved(form="row")
    identities = np.tile(np.eye(8), (6, 8))
    expected = (W + identities) @ block_diagonal(adapter.B)
    np.testing.assert_allclose(adapter.delta(W), expected, atol=1e-12)


@pytest.mark.parametrize("form", ["column", "additive"])
@pytest.mark.parametrize("block_size", [2, 4, 16])
def test_two_forms_are_miss_with_and_without_its_guide(block_size: int, form: str) -> None:
    W, adapter = weight(48, 64), moved(form=form, block_size=block_size)
    miss = MiSS(adapter.B.reshape(48, block_size), bat=form == "column")
    np.testing.assert_allclose(adapter.delta(W), miss.delta(W), atol=1e-12)
