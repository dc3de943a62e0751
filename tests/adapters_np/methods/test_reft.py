"""Claims of the paper on LoReFT, DiReFT and their ablations."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adapters_np.linalg import Array
from adapters_np.methods.reft import ReFT
from tests.toy import stepped, tokens, weight

W, X = weight(20, 12), tokens(12, 14)
H = np.random.default_rng(8).normal(size=(20, 9))

DIREFT = {"overwrite": False, "orthonormal": False}
CONSREFT = {"read": False}
SHIFT = {"read": False, "overwrite": False}


def moved(**knobs: Any) -> ReFT:
    return stepped(ReFT, W, **{"rank": 3, **knobs})


def rows(adapter: ReFT) -> Array:
    return adapter.rotation().T


def test_loreft_overwrites_what_its_directions_say() -> None:
    adapter = moved()
    after = rows(adapter) @ adapter.edit(H)
    np.testing.assert_allclose(after, adapter.A @ H + adapter.b[:, None], atol=1e-12)


def test_loreft_leaves_the_rest_of_the_state_alone() -> None:
    adapter = moved()
    rest = np.eye(20) - rows(adapter).T @ rows(adapter)
    np.testing.assert_allclose(rest @ adapter.edit(H), rest @ H, atol=1e-12)
    assert np.abs(adapter.edit(H) - H).max() > 0.1


def test_consreft_is_loreft_without_a_and_erases_its_directions() -> None:
    adapter = moved()
    cons = replace(moved(**CONSREFT), M=adapter.M, b=adapter.b)
    erased = replace(adapter, A=0 * adapter.A)
    np.testing.assert_allclose(cons.edit(H), erased.edit(H), atol=1e-12)
    linear = cons.edit(np.eye(20)) - cons.edit(np.zeros((20, 1)))
    np.testing.assert_allclose(linear @ linear, linear, atol=1e-12)  # a projection
    assert np.linalg.matrix_rank(linear, tol=1e-9) == 20 - 3
    after = rows(cons) @ cons.edit(H)
    np.testing.assert_allclose(after, np.broadcast_to(cons.b[:, None], after.shape), atol=1e-12)


def test_reading_with_r_itself_collapses_to_the_same_shift_for_every_state() -> None:
    """The survey's formula h + Rᵀ(R h + b − R h): an ablation, not LoReFT."""
    adapter = moved()
    collapsed = replace(adapter, A=rows(adapter)).edit(H) - H
    expected = np.broadcast_to((rows(adapter).T @ adapter.b)[:, None], H.shape)
    np.testing.assert_allclose(collapsed, expected, atol=1e-12)
    shift = replace(moved(**SHIFT), M=adapter.M, b=adapter.b)
    np.testing.assert_allclose(shift.edit(H) - H, expected, atol=1e-12)


@pytest.mark.parametrize("knobs", [{}, DIREFT], ids=["LoReFT", "DiReFT"])
def test_change_has_rank_r_lies_in_the_rows_of_r_and_varies_with_the_state(
    knobs: dict[str, Any],
) -> None:
    adapter = moved(**knobs)
    change = adapter.edit(H) - H
    assert np.linalg.matrix_rank(change, tol=1e-9) == 3
    assert np.linalg.matrix_rank(np.hstack([rows(adapter).T, change]), tol=1e-9) == 3
    assert np.abs(change - change[:, :1]).max() > 0.1


@pytest.mark.parametrize(("first", "last"), [(0, 2), (3, 0), (2, 4)])
def test_only_the_first_and_last_tokens_are_edited(first: int, last: int) -> None:
    adapter = moved(first=first, last=last)
    before, after = W @ X, adapter.forward(W, X)
    middle = slice(first, 14 - last)
    assert (after[:, middle] == before[:, middle]).all()
    edited = np.r_[0:first, 14 - last : 14]
    assert (np.abs(after - before).max(axis=0)[edited] > 1e-3).all()
    np.testing.assert_allclose(after[:, edited], adapter.edit(before[:, edited]), atol=1e-12)


def test_a_short_prompt_gives_at_most_half_to_either_end() -> None:
    short = X[:, :5]
    changed = np.abs(moved(first=16, last=1).forward(W, short) - W @ short).max(axis=0) > 1e-9
    assert changed.tolist() == [True, True, False, False, True]


@pytest.mark.parametrize("knobs", [{}, DIREFT, CONSREFT, SHIFT])
def test_over_all_positions_it_merges_into_the_weight_before_it(knobs: dict[str, Any]) -> None:
    adapter = moved(first=7, last=7, **knobs)
    weight_, bias = adapter.merged(W)
    np.testing.assert_allclose(adapter.forward(W, X), weight_ @ X + bias[:, None], atol=1e-12)


def test_start_moves_an_edited_state_by_about_the_root_of_4r_over_3d() -> None:
    wide, rng = weight(64, 64), np.random.default_rng(0)
    before = wide @ tokens(64, 400)
    ratios = []
    for _ in range(20):
        after = ReFT.init(wide, rng, rank=4).edit(before)
        ratios.append(np.linalg.norm(after - before) / np.linalg.norm(before))
    assert np.mean(ratios) == pytest.approx(np.sqrt(4 * 4 / (3 * 64)), rel=0.1)
