"""The study of real changes: its file reader runs nothing, and its table is what it says."""

from __future__ import annotations

import pickle
import struct

import numpy as np
import pytest

from demos.reach import FAMILIES, Change
from demos.world import toy
from demos.worlds import change
from scripts.studies.descents import DESCENTS
from scripts.studies.real_changes import Case, kinds, noise, read
from scripts.survey.results import changes
from scripts.survey.results.changes import ANOTHER, MODELS, families

# {"w": tensor}, as PyTorch pickles it: 3 × 4 with strides 1 and 3, on a storage of twelve
TENSOR = (
    b"(dS'w'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\n"
    b"S'cpu'\nI12\nNtQI0\n(I3\nI4\nt(I1\nI3\ntI00\nNtRs."
)


def former(pickled: bytes, data: bytes) -> bytes:
    length = struct.pack("<q", 12)
    return b"".join([*[pickle.dumps(0)] * 3, pickled, pickle.dumps(["0"], 2), length, data])


def test_a_file_gives_the_tensor() -> None:
    M = np.arange(12, dtype=np.float32)
    found = read(former(TENSOR, M.tobytes()))
    np.testing.assert_array_equal(found["w"], M.reshape(4, 3).T)


def test_nothing_in_a_file_is_run() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"__builtin__\.print is no tensor"):
        read(former(b"c__builtin__\nprint\n(S'1'\ntR.", b""))


def test_the_shrink_is_removed_and_the_control_has_the_same_spectrum() -> None:
    W = toy(size="32x32").W
    D = change("mix", W) - 0.05 * W
    found = kinds(Case({}, W, D, [0]))
    assert abs((found["change"].D * W).sum()) < 1e-9
    np.testing.assert_allclose(found["control"].sigma, found["change"].sigma, atol=1e-9)


# The results --------------------------------------------------------------------------------------


def test_independent_entries_have_few_directions_by_chance_alone() -> None:
    """The two largest singular values of noise hold 8/n of its energy (Marchenko and Pastur)."""
    (row,) = noise("low_rank", 2)
    assert changes.noise("low_rank").mean == pytest.approx(2, rel=0.05)
    assert row["mean"] == pytest.approx(changes.noise("low_rank").mean)


@pytest.mark.long
def test_a_descent_finds_members_of_its_family() -> None:
    rng = np.random.default_rng(0)
    W, gains = rng.normal(size=(12, 12)), rng.uniform(0.5, 2, (12, 1))
    u, v = rng.normal(size=(2, 12, 2)) @ rng.normal(size=(2, 2, 12))
    first, second = (np.eye(12) - 2 * np.outer(n, n) / (n @ n) for n in rng.normal(size=(2, 12)))
    for name, D, most in (
        ("normed", (gains - 1) * W, 36),
        ("hadamard", u * v, 96),
        ("reflected", W @ first @ second - W, 48),
    ):
        found = DESCENTS[name](Change(W, D), most)
        assert found is not None
        assert found.share > 0.95, name


def test_every_other_family_is_on_the_page_with_both_models() -> None:
    assert changes.DESCENDED.keys() == DESCENTS.keys()
    assert {row.name for row in families()} == (FAMILIES.keys() | DESCENTS.keys()) - {ANOTHER}
    assert all(len(row.pairs) == len(MODELS) for row in families())
    for row in families():
        for mean in (mean for pair in row.pairs for mean in pair):
            assert mean.low <= mean.mean <= mean.high
