"""Consequences of AdaMSS's formula."""

from functools import partial

import numpy as np
import pytest

from adapters_np.linalg import thin_svd
from adapters_np.methods.adamss import AdaMSS, k_means
from tests.toy import stepped, weight

W = weight(48, 64)
VT = thin_svd(W)[2]
moved = partial(stepped, AdaMSS, W)


def test_it_reads_leading_directions_and_no_others() -> None:
    along = moved(directions=16).delta(W) @ VT.T
    np.testing.assert_allclose(along[:, 16:], 0, atol=1e-12)
    assert np.abs(along[:, :16]).max() > 0.1


def test_a_group_s_change_has_rank_r_and_that_of_all_no_more_than_there_are_directions() -> None:
    adapter = moved(groups=4, rank=2)
    change = adapter.delta(W)
    for g in range(4):
        assert np.linalg.matrix_rank(change[adapter.group == g]) <= 2
    assert 2 < np.linalg.matrix_rank(change) <= 8
    assert np.linalg.matrix_rank(moved(groups=8, rank=4, directions=8).delta(W)) == 8


def test_a_group_reads_first_the_directions_that_its_outputs_use_most() -> None:
    fresh = AdaMSS.init(W, np.random.default_rng(0), groups=3, rank=2)
    U = thin_svd(W)[0][:, :16]
    for g, A in enumerate(fresh.A):
        np.testing.assert_allclose(A @ A.T, np.eye(2), atol=1e-12)
        own = U[fresh.group == g]
        kept = np.linalg.norm(own @ A.T) ** 2
        assert kept == pytest.approx((np.linalg.svd(own, compute_uv=False)[:2] ** 2).sum())


def test_groups_that_lie_far_apart_are_found_from_a_point_of_each() -> None:
    points = np.repeat([[0.0, 0.0], [9.0, 9.0]], 4, axis=0) + np.arange(8)[:, None] / 100
    found = k_means(points, 2, np.random.default_rng(0))
    assert np.ptp(found[:4]) == np.ptp(found[4:]) == 0
    assert found[0] != found[4]


def test_no_group_is_empty() -> None:
    for seed in range(20):
        found = k_means(np.zeros((6, 2)), 4, np.random.default_rng(seed))
        assert len(np.unique(found)) == 4
