"""Claims of the paper on Polytropon."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.methods.poly import Poly
from tests.toy import stepped, tokens, weight

W, X = weight(48, 40), tokens(40)


def moved(**knobs: Any) -> Poly:
    return stepped(Poly, W, **{"rank": 3, "skills": 5, **knobs})


@pytest.mark.parametrize("average", ["updates", "factors"])
def test_a_task_with_one_skill_is_that_lora(average: str) -> None:
    adapter = moved(average=average)
    Z = np.full_like(adapter.Z, -1e3)
    Z[:, 2] = 1e3
    alone = replace(adapter, Z=Z).delta(W)
    np.testing.assert_allclose(alone, adapter.B[2] @ adapter.A[2] / 3, atol=1e-12)
