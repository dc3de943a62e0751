"""Families explain of a matrix what the lab finds of it, and numpy of all of it."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from adapters_np.linalg import Array, block_diagonal, cayley, skew
from demos.adapter_base import CHANGES
from demos.adapter_file import layers
from demos.adapter_kinds import shaped
from demos.adapter_reach import answer, begin, cosines, independent, look, passed, take
from demos.blocks import shard
from demos.families import HELD
from demos.reach import FAMILIES, Change

rng = np.random.default_rng(7)  # not the seed of the control
STEM = "base_model.model.model.layers.0.self_attn.q_proj"
Tensors = dict[str, Array]


def reached(
    layer: dict[str, Any], arrays: dict[str, Any], W: Array | None = None, step: int = 0
) -> dict[str, Any]:
    """Return what is told of a matrix, asked for as the page asks."""
    opened = begin(layer | {"sides": None if W is None else W.shape}, arrays, None)
    rows = opened["shape"][0]
    at = [*range(0, rows, step or opened["step"]), rows]
    for first, end in pairwise(at):
        take(None if W is None else W[first:end].ravel(), first, end - first)
    return answer()


def opened(tensors: Tensors, config: dict[str, Any] | None = None) -> tuple[Any, dict[str, Array]]:
    """Return the layer of a file with one, and its arrays as they are read."""
    listed = [{"name": f"{STEM}.{n}", "shape": list(a.shape)} for n, a in tensors.items()]
    (layer,) = layers(listed, json.dumps(config) if config else None)["layers"]
    names = {role: t.removeprefix(f"{STEM}.") for role, t in layer["tensors"].items()}
    return layer, {role: tensors[name].ravel() for role, name in names.items()}


def lora(B: Array, A: Array) -> tuple[Any, dict[str, Array]]:
    return opened({"lora_A.weight": A, "lora_B.weight": B})


def whole(D: Array) -> tuple[Any, dict[str, Array]]:
    """Return a file that holds any change: a LoRA of as many directions as it has columns."""
    return lora(D, np.eye(D.shape[1]))


def found(answer: dict[str, Any]) -> dict[str, list[Any]]:
    return {f["name"]: f["found"] for f in answer["families"]}


@pytest.mark.parametrize("shape", [(64, 48), (32, 32), (48, 96), (45, 30)])
def test_shares_are_the_labs_where_it_has_the_family(shape: tuple[int, int]) -> None:
    (m, n), r = shape, 5
    B, A, W = rng.normal(size=(m, r)), rng.normal(size=(r, n)), 3 * rng.normal(size=shape)
    answer, change = reached(*lora(B, A), W, step=10), Change(W, B @ A)
    known = found(answer)
    assert answer["same"]
    for name, family in HELD.items():
        for budget, shares in zip(answer["budgets"], known.get(name, [None] * 3), strict=True):
            if name not in FAMILIES or name == "kronecker":
                continue
            assert family.weighed != FAMILIES[name].alone
            wanted = FAMILIES[name].form(change, budget)
            assert (shares is None) == (wanted is None), name
            if shares and wanted:
                assert shares[:2] == pytest.approx([wanted.share, wanted.size], abs=1e-9), name


def largest(values: Array, count: int) -> float:
    return float(np.sort((values**2).ravel())[::-1][:count].sum() / (values**2).sum())


def test_what_is_chosen_knowing_the_change_is_what_numpy_chooses() -> None:
    (m, n), r = (300, 260), 8
    B, A = rng.standard_cauchy(size=(m, r)), rng.normal(size=(r, n))
    D, known = B @ A, found(reached(*lora(B, A), step=50))
    i = np.arange(m)
    by_hand = np.cos(np.pi * (2 * i + 1) * i[:, None] / (2 * m)) * np.sqrt(2 / m)
    by_hand[0] /= np.sqrt(2)
    np.testing.assert_allclose(cosines(np.eye(m)), by_hand, atol=1e-12)
    waves = cosines(cosines(D).T)
    for at, budget in enumerate((560, 1120, 2240)):
        rows, columns = (np.linalg.norm(D, axis=axis) for axis in (1, 0))
        wanted = {
            "few_entries": largest(D, budget),
            "few_frequencies": largest(waves, budget),
            "few_rows": largest(rows, budget // n),
            "few_columns": largest(columns, budget // m),
        }
        for name, share in wanted.items():
            assert known[name][at][0] == pytest.approx(share, rel=1e-9), name


W = rng.normal(size=(64, 64)) / 8
SPARSE = np.zeros((64, 64))
SPARSE.ravel()[rng.choice(64 * 64, 100, replace=False)] = rng.normal(size=100)
FEW = np.zeros((64, 2))
FEW[[5, 40], [0, 1]] = 1
TURN = block_diagonal(cayley(skew(rng.normal(size=(16, 6)) / 9, 4)))
PLANTED: dict[str, Array] = {
    "low_rank": rng.normal(size=(64, 2)) @ rng.normal(size=(2, 64)),
    "few_rows": FEW @ rng.normal(size=(2, 64)),
    "few_columns": rng.normal(size=(64, 2)) @ FEW.T,
    "few_entries": SPARSE,
    "few_frequencies": cosines(np.eye(64)).T @ SPARSE @ cosines(np.eye(64)),
    "shards": np.tile(rng.normal(size=(64, 4)), 16),
    "row_gains": rng.normal(size=(64, 1)) * W,
    "column_gains": W * rng.normal(size=64),
    "pairs": block_diagonal(rng.normal(size=(32, 2, 2))) @ W,
    "blocks_turned": W @ TURN - W,
    "largest_entries": np.where(np.abs(W) >= np.sort(np.abs(W).ravel())[-256], 1.0, 0.0),
}


def test_every_family_is_planted() -> None:
    assert PLANTED.keys() == HELD.keys() - {"kronecker"}  # which needs all of ΔW at once


@pytest.mark.parametrize("name", PLANTED)
def test_a_change_of_a_familys_own_form_is_explained_and_its_control_is_not(name: str) -> None:
    answer = reached(*whole(PLANTED[name]), W)
    shares = found(answer)[name]
    share, size, control = shares[1] if name != "pairs" else shares[2]
    assert size <= answer["budgets"][2]
    assert share == pytest.approx(1, abs=1e-9)
    # chance is a sixteenth or, of `pairs`, an eighth; what is chosen is more than that
    assert control < (0.5 if name.startswith("few") else 0.2)


def test_independent_entries_have_the_strengths_that_are_drawn_for_them() -> None:
    draws = np.mean([independent(60, 90, rng) for _ in range(300)], axis=0)
    dense = [np.linalg.svd(rng.normal(size=(60, 90)), compute_uv=False) ** 2 for _ in range(300)]
    np.testing.assert_allclose(draws, np.mean([s[:4] / s.sum() for s in dense], axis=0), rtol=0.02)
    # (√m + √n)² / (m n) is where the largest goes as both sides grow
    assert independent(4096, 4096, rng)[0] == pytest.approx(4 / 4096, rel=0.02)


IA3 = {"peft_type": "IA3"}
OFT = {"peft_type": "OFT"}
GAIN = {"ia3_l": 1 + rng.normal(size=(64, 1)) / 9}
ROTATED = {"oft_R.weight": rng.normal(size=(16, 6)) / 9}


@pytest.mark.parametrize(
    ("tensors", "config", "name"), [(GAIN, IA3, "row_gains"), (ROTATED, OFT, "blocks_turned")]
)
def test_what_needs_the_weight_is_told_with_it_and_refused_without(
    tensors: Tensors, config: dict[str, Any], name: str
) -> None:
    layer, arrays = opened(tensors, config)
    answer = reached(layer, arrays, W, step=16)
    D = CHANGES[layer["kind"]](layer | {"sides": W.shape}, shaped(layer, arrays), W, 0)
    shares = found(answer)
    assert not answer["same"]
    assert shares[name][1][0] == pytest.approx(1, abs=1e-9)
    assert shares[name][1][2] < 0.2
    assert name in [f["name"] for f in answer["families"] if f["own"]]
    assert shares["few_entries"][1][0] == pytest.approx(largest(D, 256), rel=1e-9)
    assert not {"low_rank", "few_frequencies"} & shares.keys()
    with pytest.raises(ValueError, match="cannot be told without W"):
        begin(layer, arrays, None)
    begin(layer | {"sides": W.shape}, arrays, None)
    with pytest.raises(ValueError, match=r"q_proj\.weight has an entry that is not finite"):
        take(np.full(128, np.nan), 0, 2)


def test_the_weight_answers_to_the_first_direction() -> None:
    B, A = rng.normal(size=(64, 3)), rng.normal(size=(3, 64))
    U, _, Vt = np.linalg.svd(B @ A)
    wanted = [8 * np.linalg.norm(x) / np.linalg.norm(W) for x in (U[:, 0] @ W, W @ Vt[0])]
    assert reached(*lora(B, A), W, step=6)["answers"] == pytest.approx(wanted, rel=1e-9)
    assert reached(*lora(B, A))["answers"] is None


def test_a_change_that_is_zero_has_no_families() -> None:
    answer = reached(*lora(np.zeros((64, 3)), rng.normal(size=(3, 64))))
    assert answer["families"] == []


@pytest.mark.parametrize("shape", [(96, 80), (60, 150), (40, 20)])
def test_the_strongest_directions_of_the_weight_are_numpys(shape: tuple[int, int]) -> None:
    m, n = shape
    B, A = rng.normal(size=(m, 3)), rng.normal(size=(3, n))
    strong = rng.normal(size=(m, 16)) @ rng.normal(size=(16, n))
    V = strong + rng.normal(size=shape) / 3
    reached(*lora(B, A), V, step=20)
    within = None
    while not within:
        for first in range(0, m, 20):
            look(V[first : first + 20].ravel(), first, min(20, m - first))
        within = passed()["within"]
    U, _, Vt = np.linalg.svd(V)
    D, u, v = B @ A, U[:, :16], Vt[:16].T
    energy = (D**2).sum()
    assert within["settled"]
    for name, part in (("read", D @ v), ("written", u.T @ D), ("both", u.T @ D @ v)):
        assert within[name][0] == pytest.approx((part**2).sum() / energy, rel=1e-5), name
    assert within["both"][1] == pytest.approx(within["read"][1] * within["written"][1])
    left, _, right = np.linalg.svd(D)
    wanted = [(u.T @ left[:, 0]) ** 2, (right[0] @ v) ** 2]
    assert within["first"] == pytest.approx([part.sum() for part in wanted], rel=1e-5)


@pytest.mark.parametrize("side", [4, 40])  # of factors, and of blocks that are read row by row
def test_blocks_of_lokr_are_a_kronecker_product_in_their_order(side: int) -> None:
    w1, w2 = rng.normal(size=(2, side, side))
    D, n = np.kron(w1, w2), side**2
    V = D + rng.normal(size=D.shape)
    answers = reached(*opened({"lokr_w1": w1, "lokr_w2": w2}), V)
    gains = (V * D).sum(axis=1) ** 2 / (V**2).sum(axis=1)  # rows in their order
    share = gains.sum() / (D**2).sum()
    assert found(answers)["row_gains"][1][0] == pytest.approx(share, rel=1e-9)
    width = shard(n, n, answers["budgets"][1])  # and columns in theirs
    means = D.reshape(n, -1, width).mean(axis=1)
    share = n // width * (means**2).sum() / (D**2).sum()
    assert found(answers)["shards"][1][0] == pytest.approx(share, rel=1e-9)
