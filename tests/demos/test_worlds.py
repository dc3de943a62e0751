"""Worlds are what they say: size, structure, and the method each is drawn from."""

from typing import Any

import numpy as np
import pytest

from adapters_np.budget import choose, explained
from adapters_np.core import Adapter, load, slugs
from adapters_np.fit import fit, last
from adapters_np.linalg import Array, thin_svd
from demos.world import TRAINED, toy, trained
from demos.worlds import REAL, SIZE, WORLDS, change, tokens
from scripts.bootstrap import ROOT
from tests.toy import cosines, singular_values

pytestmark = pytest.mark.long

every_world = pytest.mark.parametrize("name", sorted(WORLDS))
SQUARE, TALL, WIDE = toy(size="32x32").W, toy(size="64x32").W, toy(size="32x64").W
every_shape = pytest.mark.parametrize("W", [SQUARE, TALL, WIDE], ids=["square", "tall", "wide"])


def fresh(slug: str, **knobs: Any) -> Adapter:
    return load(slug).init(SQUARE, np.random.default_rng(1), **knobs)


def rank(M: Array) -> int:
    return int(np.linalg.matrix_rank(M, tol=1e-9 * float(np.linalg.norm(M))))


def one_side(W: Array, D: Array) -> float:
    """Return what the best orthogonal map of inputs explains: Procrustes, mirrors allowed."""
    U, _, Vt = np.linalg.svd(W.T @ (W + D))
    return explained(float(np.linalg.norm(W @ U @ Vt - W - D) / np.linalg.norm(D)))


@every_shape
@every_world
def test_all_worlds_are_of_one_size_and_repeat_by_seed(name: str, W: Array) -> None:
    before = W.copy()
    D = change(name, W, seed=3)
    assert np.linalg.norm(D) == pytest.approx(SIZE * np.linalg.norm(W), rel=1e-9)
    assert D.shape == W.shape
    assert (change(name, W, seed=3) == D).all()
    assert np.abs(D - change(name, W, seed=4)).max() > 1e-3
    assert (before == W).all()


@pytest.mark.parametrize("name", sorted(WORLDS | REAL))
def test_a_world_says_what_it_is(name: str) -> None:
    target = (WORLDS | REAL)[name]
    assert target.name == name
    assert target.title
    assert target.sentence.endswith(".")
    assert target.family is None or target.family in set(slugs())


@every_shape
@pytest.mark.parametrize(("name", "r"), [("few", 2), ("planes", 8), ("shards", 8)])
def test_the_rank_is_what_the_sentence_says(name: str, r: int, W: Array) -> None:
    assert rank(change(name, W)) == r


@every_shape
def test_in_length_every_neuron_leans_towards_one_direction(W: Array) -> None:
    """It lies in the plane of each neuron's old and new row."""
    after = W + change("length", W)
    planes = [np.linalg.svd(np.stack(rows))[2][:2] for rows in zip(W, after, strict=True)]
    shared = np.linalg.eigvalsh(np.mean([plane.T @ plane for plane in planes], axis=0))
    assert shared[-1] == pytest.approx(1, abs=1e-9)
    assert shared[-2] < 0.9
    assert np.abs(np.linalg.norm(after, axis=1) / np.linalg.norm(W, axis=1) - 1).min() > 1e-4


@every_shape
def test_row_gains_turn_no_neuron(W: Array) -> None:
    ratio = change("rows", W) / W
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], W.shape), rtol=1e-9)
    np.testing.assert_allclose(np.abs(cosines(W + change("rows", W))), np.abs(cosines(W)))


@every_shape
def test_pairs_stay_in_their_planes_and_keep_their_shape(W: Array) -> None:
    before, after = (
        W.reshape(-1, 2, W.shape[1]),
        (W + change("pairs", W)).reshape(-1, 2, W.shape[1]),
    )
    for old, new in zip(before, after, strict=True):
        M = new @ np.linalg.pinv(old)
        np.testing.assert_allclose(M @ old, new, atol=1e-9)
        np.testing.assert_allclose(M @ M.T, (M @ M.T)[0, 0] * np.eye(2), atol=1e-9)
        assert np.linalg.det(M) > 0


@every_shape
@pytest.mark.parametrize("name", ["turn", "planes"])
def test_turned_inputs_leave_lengths_angles_and_singular_values(name: str, W: Array) -> None:
    after = W + change(name, W)
    np.testing.assert_allclose(after @ after.T, W @ W.T, atol=1e-9)
    np.testing.assert_allclose(singular_values(after), singular_values(W), atol=1e-9)


@every_shape
@pytest.mark.parametrize("seed", range(4))
def test_no_orthogonal_map_of_one_side_reaches_both_sides_turned(W: Array, seed: int) -> None:
    D = change("sides", W, seed)
    assert 0.5 < one_side(W, D) < 0.7
    assert 0.5 < one_side(W.T, D.T) < 0.7
    turned = change("turn", W, seed)
    assert one_side(W, turned) == pytest.approx(1)
    assert one_side(W.T, turned.T) < 0.7


@every_shape
def test_turned_blocks_do_not_mix(W: Array) -> None:
    after = W + change("turn", W)
    for i in range(0, W.shape[1], 8):
        old, new = W[:, i : i + 8], after[:, i : i + 8]
        R = np.linalg.lstsq(old, new)[0]
        np.testing.assert_allclose(old @ R, new, atol=1e-9)
        np.testing.assert_allclose(R.T @ R, np.eye(8), atol=1e-9)
        assert np.linalg.det(R) == pytest.approx(1)


@every_shape
def test_the_rest_of_w_stays_outside_its_principal_core(W: Array) -> None:
    U, sigma, Vt = thin_svd(W)
    k = 7 * len(sigma) // 16
    core = U.T @ change("principal", W) @ Vt.T
    assert np.abs(core[k:]).max() < 1e-9
    assert np.abs(core[:, k:]).max() < 1e-9
    np.testing.assert_allclose(singular_values(W + change("principal", W)), sigma, atol=1e-9)


@every_shape
def test_singular_values_change_and_singular_vectors_do_not(W: Array) -> None:
    U, _, Vt = thin_svd(W)
    core = U.T @ change("spectrum", W) @ Vt.T
    np.testing.assert_allclose(core, np.diag(np.diag(core)), atol=1e-9)
    assert (np.abs(np.diag(core)) > 1e-6).all()


@every_shape
def test_an_eighth_of_the_entries_change_the_largest(W: Array) -> None:
    changed = change("entries", W) != 0
    assert changed.sum() == W.size // 8
    assert np.abs(W[changed]).min() >= np.abs(W[~changed]).max()


@every_shape
def test_tiles_are_multiples_of_one(W: Array) -> None:
    (rows, columns), D = W.shape, change("kronecker", W)
    tiles = D.reshape(4, rows // 4, 4, columns // 4).swapaxes(1, 2).reshape(16, -1)
    assert rank(tiles) == 1


@every_shape
def test_columns_repeat_every_eight(W: Array) -> None:
    D = change("shards", W)
    assert (D[:, 8:] == D[:, :-8]).all()


@pytest.mark.parametrize("name", sorted(n for n, w in WORLDS.items() if w.family))
def test_the_method_that_a_world_is_drawn_from_explains_all_of_it(name: str) -> None:
    """Fit it within four LoRA ranks; LoRA leaves a tenth or more with as many parameters."""
    D, cls = change(name, SQUARE), load(WORLDS[name].family or "")
    rng = np.random.default_rng(1)
    fits = (
        last(fit(cls.init(SQUARE, rng, **setting.knobs), SQUARE, D))
        for budget in (128, 256)
        for setting in choose(cls, SQUARE, budget)[:12]
    )
    assert next((p for p in fits if explained(p.error) > 0.9999), None), name
    if name != "few":
        assert explained(last(fit(fresh("lora", rank=4), SQUARE, D)).error) < 0.95


def test_turning_inputs_explains_nothing_of_gains() -> None:
    """The best rotation is none: WᵀΔW is symmetric, WᵀW* has no negative eigenvalue."""
    D = change("rows", SQUARE)
    assert np.linalg.eigvalsh(SQUARE.T @ (SQUARE + D))[0] > -1e-9
    assert explained(last(fit(fresh("oft", block_size=8), SQUARE, D)).error) < 1e-6


# Own teacher --------------------------------------------------------------------------------------


def test_tokens_are_uneven_and_the_two_sets_differ() -> None:
    X, fresh = tokens(32, n=2000)
    spread = np.linalg.eigvalsh(X @ X.T / 2000)
    assert spread[-1] / spread[0] == pytest.approx(32, rel=0.2)
    assert np.abs(X - fresh).max() > 1


def test_a_world_that_does_not_exist_or_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="world='fog' is not one of few, length"):
        change("fog", SQUARE)
    with pytest.raises(ValueError, match=r"\(12, 32\), and worlds need sides that 8 divides"):
        change("few", np.ones((12, 32)))


# Real changes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "base"), TRAINED.items())
def test_every_kind_of_weight_is_that_of_the_small_model_with_a_change_from_each_task(
    kind: str, base: Any
) -> None:
    with np.load(ROOT / "docs/data/bases/64-0.npz") as file:
        weight = file[kind][1, :64, :64].astype(float)
    W = toy(size="64x64", base=base).W
    np.testing.assert_allclose(W, weight * np.sqrt(64) / np.linalg.norm(weight), rtol=1e-9)
    found = {name: change(name, W, base=base) for name in REAL}
    code = trained(base, 64, 64)[1]["code"]
    np.testing.assert_allclose(found["real"] * np.linalg.norm(weight), code * 8, rtol=1e-9)
    sizes = {name: np.linalg.norm(D) / np.linalg.norm(W) for name, D in found.items()}
    assert 0.1 < sizes["real_prose"] < sizes["real"] < sizes["real_memory"] < 1
    for name, D in found.items():
        if name.startswith("control"):
            real = found[name.replace("control", "real")]
            np.testing.assert_allclose(singular_values(D), singular_values(real), rtol=1e-9)
            assert abs((D * real).sum()) < 0.2 * np.linalg.norm(real) ** 2
