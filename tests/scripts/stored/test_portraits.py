"""Each method has its own picture, and what it shows is what the method's own module makes.

What a kind shows is asked of its numbers at every moment from W to W', not of the drawing.
"""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from adapters_np.core import Portrait, load
from adapters_np.linalg import Array, circulant, row_norms
from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.stored.portraits import make
from scripts.stored.portraits.kinds import KINDS

ROUND_OFF = 3e-3  # of numbers with three decimals, and of what is added up from a few of them
SLUGS = sorted(read().methods)
SMALL = 3_200  # characters that a small picture may have on average: one page has all of them


@cache
def portraits() -> dict[str, dict[str, Any]]:
    return make.every(read())


@cache
def drawings() -> dict[str, dict[str, str]]:
    return make.drawings(portraits())


def still(slug: str) -> dict[str, Array]:
    return {name: np.array(value) for name, value in portraits()[slug]["still"].items()}


def moments(slug: str) -> list[dict[str, Array]]:
    return [{k: np.array(v) for k, v in m.items()} for m in portraits()[slug]["moments"]]


def every(slug: str, name: str) -> list[Array]:
    return [moment[name] for moment in moments(slug)]


def cosines(points: Array) -> Array:
    unit = points / row_norms(points)[:, None]
    return unit @ unit.T


def same(a: Any, b: Any, tolerance: float = ROUND_OFF) -> None:
    np.testing.assert_allclose(a, b, atol=tolerance)


# Declaration and drawing --------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_a_method_has_a_picture_a_sentence_and_a_text_in_its_place(slug: str) -> None:
    portrait, drawn = portraits()[slug], drawings()[slug]
    assert 0 < len(portrait["says"]) <= make.LONGEST
    assert not portrait["says"].endswith(".")
    assert 60 < len(portrait["alt"]) < 260
    assert f'aria-label="{portrait["alt"]}"' in drawn["large"]
    assert 'aria-hidden="true"' in drawn["small"]
    for svg in drawn.values():
        assert not re.search(r"NaN|undefined|Infinity|style=|\bid=", svg)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_picture_at_w_prime_differs_from_that_at_w(slug: str) -> None:
    first, *_, last = portraits()[slug]["moments"]
    assert first != last


def test_no_two_methods_have_one_kind_so_that_none_has_another_s_picture() -> None:
    kinds = [portrait["kind"] for portrait in portraits().values()]
    assert sorted(kinds) == sorted(KINDS)


def test_a_method_without_a_picture_stops_the_build_with_its_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load("lora"), "portrait", None)
    with pytest.raises(ValueError, match=r"^adapters_np/methods/lora\.py: portrait is missing"):
        make.portrait("lora", "rank")


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        (Portrait("fireworks", "Bang"), "portrait='fireworks' is not one of additions, arcs"),
        (Portrait("plaid", "very " * 20), "portrait says 100 letters; it needs 1 to 60"),
    ],
)
def test_a_wrong_declaration_is_named_with_its_file(
    monkeypatch: pytest.MonkeyPatch, declared: Portrait, problem: str
) -> None:
    monkeypatch.setattr(load("lora"), "portrait", declared)
    with pytest.raises(ValueError, match=re.escape(f"adapters_np/methods/lora.py: {problem}")):
        make.portrait("lora", "rank")


def test_a_kind_that_nobody_draws_is_named_with_its_method() -> None:
    unknown = portraits()["lora"] | {"kind": "fireworks"}
    with pytest.raises(RuntimeError, match='lora: demos/portrait draws no kind "fireworks"'):
        make.drawings({"lora": unknown})


def test_numbers_and_drawings_are_the_same_each_time() -> None:
    assert make.every(read()) == portraits()
    assert make.drawings(portraits()) == drawings()


def test_a_page_with_all_small_pictures_stays_small() -> None:
    sizes = [len(drawn["small"]) for drawn in drawings().values()]
    assert sum(sizes) / len(sizes) < SMALL


def test_a_picture_between_two_moments_lies_between_them() -> None:
    script = """
    import { at } from "./demos/portrait/draw.js";
    const moments = [{ x: 0, M: [[1, 2]] }, { x: 4, M: [[3, 2]] }, { x: 0, M: [[0, 0]] }];
    console.log(JSON.stringify([0, 0.25, 0.5, 1].map((t) => at(moments, t))));
    """
    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, check=True)
    assert json.loads(done.stdout) == [
        {"x": 0, "M": [[1, 2]]},
        {"x": 2, "M": [[2, 2]]},
        {"x": 4, "M": [[3, 2]]},
        {"x": 0, "M": [[0, 0]]},
    ]


# Turns and mirrors --------------------------------------------------------------------------------


def test_a_turn_keeps_lengths_and_angles_also_between_its_moments() -> None:
    tips = every("oft", "tips")
    halfway = [(a + b) / 2 for a, b in pairwise(tips)]
    for points in (*tips, *halfway):
        same(row_norms(points), row_norms(tips[0]))
        same(cosines(points), cosines(tips[0]))


@pytest.mark.parametrize(("slug", "sign"), [("hra", 1), ("ether", -1)])
def test_mirrors_keep_all_distances_and_an_even_number_keeps_the_side(slug: str, sign: int) -> None:
    before = still(slug)["before"]
    for points in every(slug, "points"):
        same(points @ points.T, before @ before.T)
        map_ = np.linalg.lstsq(before, points)[0]
        assert np.linalg.det(map_) == pytest.approx(sign, abs=0.01)


def test_two_mirrors_start_at_the_identity_and_one_never_does() -> None:
    same(every("hra", "points")[0], still("hra")["before"])
    assert min(np.abs(p - still("ether")["before"]).max() for p in every("ether", "points")) > 0.5


@pytest.mark.parametrize("slug", ["poet", "hoft"])
def test_both_sides_turn_and_no_axis_grows(slug: str) -> None:
    for side, lengths in (("inputs", np.ones(2)), ("outputs", still(slug)["sizes"])):
        axes = every(slug, side)
        for each in axes:
            same(each @ each.T, np.diag(lengths**2))
        assert np.abs(axes[-1] - axes[0]).max() > 0.2


def test_mirrors_on_both_sides_open_and_turn_by_twice_their_angle() -> None:
    for side in ("in", "out"):
        for normals, axes in zip(
            every("hoft", f"normals_{side}"), every("hoft", f"{side}puts"), strict=True
        ):
            start = every("hoft", f"{side}puts")[0]
            turned = np.arccos(np.clip(axes[0] @ start[0] / (start[0] @ start[0]), -1, 1))
            assert turned == pytest.approx(
                2 * np.arccos(np.clip(normals[0] @ normals[1], -1, 1)), abs=0.05
            )


def test_the_terms_of_the_series_come_near_the_exact_turn() -> None:
    for moment in moments("oftv2"):
        missed = row_norms(moment["sums"] - moment["exact"])
        assert missed[-1] <= 0.1
        assert np.hypot(*moment["exact"]) == pytest.approx(1, abs=ROUND_OFF)
        assert missed[-1] <= missed.max()


def test_a_butterfly_reaches_all_inputs_and_a_knock_out_has_one_angle_a_pair() -> None:
    pairs = still("boft")["pairs"]
    reached = np.eye(8, dtype=bool)
    for level in pairs:
        for i, j in level:
            reached[[i, j]] = reached[i] | reached[j]
    assert reached.all()
    assert all(
        len(angles) == len(still("goft")["pairs"]) == 7 for angles in every("goft", "angles")
    )


def test_the_hands_of_a_dial_stay_at_right_angles_and_equally_long() -> None:
    for hands in every("road", "hands"):
        for first, second in hands:
            assert first @ second == pytest.approx(0, abs=ROUND_OFF)
            assert np.hypot(*first) == pytest.approx(np.hypot(*second), abs=ROUND_OFF)


# Strength and gain --------------------------------------------------------------------------------


def test_a_dial_first_turns_at_one_length_and_then_grows_in_one_direction() -> None:
    tips = every("dora", "tip")
    half = len(tips) // 2
    for tip in tips[: half + 1]:
        assert np.hypot(*tip) == pytest.approx(np.hypot(*tips[0]), abs=ROUND_OFF)
    for tip in tips[half:]:
        same(tip / np.hypot(*tip), tips[half] / np.hypot(*tips[half]))
    assert np.hypot(*tips[-1]) > 1.4 * np.hypot(*tips[0])


def test_a_bounded_step_has_one_length_however_far_its_factors_lead() -> None:
    middle, radius = still("delora")["middle"], still("delora")["radius"]
    for moment in moments("delora"):
        assert np.hypot(*(moment["tip"] - middle)) == pytest.approx(radius, abs=ROUND_OFF)
    assert np.hypot(*(moments("delora")[-1]["raw"] - middle)) > 2 * radius


def test_faders_scale_whole_rows_and_the_norm_s_gains_whole_channels() -> None:
    first = every("ia3", "weight")[0]
    for moment in moments("ia3"):
        same(moment["weight"], moment["gains"][:, None] * first)
    circle = every("ln_tuning", "points")[0]
    for moment in moments("ln_tuning"):
        same(moment["points"], circle * moment["gains"])


# The singular basis -------------------------------------------------------------------------------


def test_axes_stay_and_only_the_trained_strengths_change() -> None:
    trained = still("svft")["trained"].astype(bool)
    for core in every("svft", "core"):
        same(core[~trained], 0)
    first, *_, last = every("svft", "core")
    assert (np.abs(last - first)[trained] > 0).mean() > 0.9


def test_inputs_turn_as_axes_and_outputs_keep_their_directions() -> None:
    first = every("ssvd", "outputs")[0]
    for moment in moments("ssvd"):
        same(moment["inputs"] @ moment["inputs"].T, np.eye(2))
        same(np.abs(np.diag(cosines(np.vstack([first, moment["outputs"]]))[:2, 2:])), 1)


def test_the_strong_part_keeps_its_rank_and_neurons_over_the_disc_their_height() -> None:
    for moment in moments("pissa"):
        rank = len(moment["values"])
        values = np.linalg.svd(moment["strong"], compute_uv=False)
        assert values[rank] < 0.01 * values[0]
    heights = [tips[:, 2] for tips in every("psoft", "tips")]
    for height in heights:
        same(height, heights[0])


def test_opposite_coefficients_turn_neurons_to_opposite_sides() -> None:
    before = still("antipasto")["before"]
    angle = np.arctan2(before[:, 1], before[:, 0])
    last = moments("antipasto")[-1]
    plus, minus = (np.arctan2(last[k][:, 1], last[k][:, 0]) - angle for k in ("plus", "minus"))
    assert (plus < -0.3).all()
    assert (minus > 0.3).all()
    same(moments("antipasto")[0]["plus"], before)


# Entries ------------------------------------------------------------------------------------------


def rank(M: Array) -> int:
    values = np.linalg.svd(M, compute_uv=False)
    return int((values > 0.02 * max(values[0], 0.05)).sum())


def test_directions_come_one_by_one() -> None:
    assert [rank(D) for D in every("lora", "change")] == [0, 1, 2, 3]
    assert len(still("lora")["A"]) == 3


def test_entries_outside_the_mask_and_rows_of_other_tokens_stay() -> None:
    changed = [D != 0 for D in every("shira", "change")]
    assert changed[-1].mean() < 0.06
    assert not any((at & ~changed[-1]).any() for at in changed)
    before, ids = still("trainable_tokens")["before"], still("trainable_tokens")["ids"]
    others = ~np.isin(np.arange(len(before)), ids)
    for table in every("trainable_tokens", "table"):
        same(table[others], before[others], 0)


def test_the_smallest_triplets_are_dropped_and_the_others_stay() -> None:
    last = moments("adalora")[-1]
    assert (np.diff(last["weights"]) < 0).all()
    assert [int((kept != 0).sum()) for kept in every("adalora", "kept")] == [0, 6, 5, 4, 3]
    same(last["kept"][:3], last["weights"][:3])


def test_tiles_are_circulant_and_a_shard_is_repeated() -> None:
    for D in every("c3a", "change"):
        for tile in (D[:6, :6], D[:6, 6:], D[6:, :6], D[6:, 6:]):
            same(tile, circulant(tile[:, 0]))
    for moment in moments("miss"):
        same(moment["change"], np.tile(moment["shard"], (1, 4)), 0)


def test_blocks_are_the_stamp_in_their_strength() -> None:
    last = moments("lokr")[-1]
    same(last["change"], np.kron(last["gains"], still("lokr")["stamp"]) / 0.95, 0.01)


def test_a_tile_s_change_is_what_its_block_makes_of_it() -> None:
    W, last = still("bone")["before"], moments("bone")[-1]
    made = [
        (W[4 * a : 4 * a + 4, 4 * b : 4 * b + 4] + np.eye(4)) @ last["blocks"][a]
        for a in (0, 1)
        for b in (0, 1, 2)
    ]
    shown = [
        last["change"][4 * a : 4 * a + 4, 4 * b : 4 * b + 4] for a in (0, 1) for b in (0, 1, 2)
    ]
    same(np.array(shown), np.array(made) / np.abs(made).max())


def test_both_factors_are_put_together_from_the_bank() -> None:
    rows, columns = still("vblora")["rows"], still("vblora")["columns"]
    for moment in moments("vblora"):
        same(moment["A"], np.stack([moment["bank"][row].ravel() for row in rows]), 0)
        pieces = moment["bank"][columns]  # (pieces, rank, b)
        same(moment["B"], pieces.swapaxes(1, 2).reshape(-1, pieces.shape[1]), 0)


def test_products_entry_by_entry_have_the_rank_of_both_and_sums_of_bases_full_rank() -> None:
    last = moments("loha")[-1]
    first = still("loha")["first"]
    same(last["change"], first * last["second"] / np.abs(first * last["second"]).max())
    assert (rank(first), rank(last["second"]), rank(last["change"])) == (2, 2, 4)
    assert np.linalg.matrix_rank(every("randlora", "change")[-1], tol=ROUND_OFF) == 9


@pytest.mark.parametrize("slug", ["fourierft", "randlora"])
def test_a_sum_is_that_of_its_parts(slug: str) -> None:
    *_, last = every(slug, "change")
    parts = still(slug)["parts"]
    made = np.tensordot(np.linalg.lstsq(parts.reshape(3, -1).T, last.ravel())[0], parts, 1)
    same(last, made)


def test_entries_change_in_proportion_to_themselves() -> None:
    before, last = still("hira")["before"], moments("hira")[-1]
    made = before * last["factors"]
    same(last["change"], made / np.abs(made).max())
    assert rank(last["factors"]) == 2


def test_each_block_of_a_quilt_has_rank_one_and_the_whole_more() -> None:
    changes = every("gralora", "change")
    for D in changes:
        assert max(rank(D[i : i + 5, j : j + 5]) for i in (0, 5) for j in (0, 5)) <= 1
    assert rank(changes[-1]) > 2


def test_a_square_is_the_same_all_over_the_weight() -> None:
    for moment in moments("mora"):
        same(moment["change"], np.tile(moment["square"], (3, 3)), 0)
    assert rank(moments("mora")[-1]["change"]) == 4


def test_each_row_folded_is_one_column_times_one_row() -> None:
    B = still("kradapter")["B"]
    for moment in moments("kradapter"):
        for b, a, row in zip(B, moment["A"], moment["change"], strict=True):
            same(row, np.outer(b, a).ravel())
    assert rank(moments("kradapter")[-1]["change"]) == 4


def test_entries_stand_out_of_one_direction_at_their_places_alone() -> None:
    _, low, whole = every("rosa", "change")
    places = still("rosa")["places"] == 1
    assert rank(low) == 1
    same(low[~places], whole[~places])
    assert np.abs(whole - low)[places].min() > 3 * np.abs(low).mean()


def test_patches_are_the_patterns_in_their_places() -> None:
    flat = still("waveft")["patterns"].reshape(4, 4)
    for D in every("waveft", "change"):
        tiles = D.reshape(6, 2, 6, 2).swapaxes(1, 2).reshape(36, 4)
        parts = tiles @ flat.T / 4
        same(parts @ flat, tiles)
        assert ((np.abs(parts) > ROUND_OFF).sum(axis=1) <= 1).all()


def test_both_factors_are_filled_from_one_vector() -> None:
    for name, places in (("A", "rows"), ("B", "columns")):
        at = still("unilora")[places]
        factor = moments("unilora")[-1][name]
        assert all(np.ptp(factor[at == k]) < ROUND_OFF for k in np.unique(at))
    assert rank(moments("unilora")[-1]["change"]) == 2


def test_few_numbers_change_the_strong_corner_alone() -> None:
    for core in every("tinylora", "core"):
        same(core[4:], 0)
        same(core[:, 4:], 0)
    assert (np.abs(every("tinylora", "core")[-1][:4, :4]) > ROUND_OFF).mean() > 0.9


def test_outputs_move_along_one_direction_which_is_empty_half_way() -> None:
    before, arrow = still("deft")["before"], still("deft")["arrow"]
    for points in every("deft", "points"):
        apart = points - before
        same(apart - np.outer(apart @ arrow, arrow), 0)
    same(every("deft", "points")[2] @ arrow, 0)


def test_a_weight_is_scaled_first_and_then_added_to() -> None:
    before, (none, scaled, end) = still("glora")["before"], moments("glora")
    same(none["change"], 0)
    made = [before * m["gain"] + m["shift"] for m in (scaled, end)]
    same(scaled["shift"], 0)
    limit = np.abs(made[1]).max()
    for m, D in zip((scaled, end), made, strict=True):
        same(m["change"], D / limit)


def test_a_network_s_change_is_empty_where_none_of_its_features_is_above_zero() -> None:
    silent = (still("peanut")["features"] == 0).all(axis=0)
    assert 0 < silent.sum() < len(silent)
    for D in every("peanut", "change"):
        same(D[:, silent], 0)
    assert rank(every("peanut", "change")[-1]) == 2


def test_the_largest_entries_change_first_and_then_a_plaid_of_rank_one() -> None:
    before, places = still("supertuning")["before"], still("supertuning")["places"] == 1
    assert before[places].min() > before[~places].max()
    none, entries, both = every("supertuning", "change")
    assert not none.any()
    np.testing.assert_array_equal(entries != 0, places)
    assert rank(both - entries) == 1


def test_outputs_of_one_group_change_within_one_dimension() -> None:
    group, last = still("adamss")["group"], every("adamss", "change")[-1]
    for g in np.unique(group):
        assert rank(last[group == g]) == 1
    assert rank(last) == len(np.unique(group)) == 3


def test_strengths_grow_or_fade_and_exchanges_join_two_directions() -> None:
    first, *_, last = moments("frod")
    assert (first["strengths"] > 0).all()
    assert not first["exchanges"].any()
    assert (last["strengths"] != first["strengths"]).all()
    assert (np.diff(still("frod")["pairs"], axis=1) != 0).all()


def test_all_change_stays_in_the_weakest_corner() -> None:
    for core in every("osf", "core"):
        same(core[:6], 0)
        same(core[:, :6], 0)
    assert (np.abs(every("osf", "core")[-1][6:, 6:]) > ROUND_OFF).mean() > 0.9


def test_a_start_looks_along_as_many_inputs_as_it_has_rows() -> None:
    for looks in every("lora_starts", "looks"):
        same(looks.sum(axis=1), 2, 0.01)
    assert (every("lora_starts", "looks")[-1][2:, :2] > 0.8).all()  # inputs and gradient


def test_one_output_moves_far_and_the_others_by_what_they_have_off_a_line() -> None:
    far = np.diff(every("rome", "key"), axis=0)[0, 0]
    first, last = every("rome", "points")
    off = first @ np.array([[0, 1], [-1, 0]]) @ still("rome")["deaf"]
    same((last - first) @ [[far[1]], [-far[0]]], np.zeros((len(first), 1)), 1e-3)
    assert np.linalg.norm(far) > 4 * np.linalg.norm(last - first, axis=1).max()
    assert np.corrcoef(off, (last - first) @ far)[0, 1] ** 2 == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("slug", ["beft", "steering"])
def test_all_outputs_move_by_one_step(slug: str) -> None:
    first, *_, last = every(slug, "points")
    steps = last - first
    same(steps, np.repeat(steps[:1], len(steps), axis=0))
    assert np.linalg.norm(steps[0]) > 0.5


def test_the_step_leads_from_the_mean_of_one_side_of_pairs_to_that_of_the_other() -> None:
    pairs, means = still("steering")["pairs"], still("steering")["means"]
    same(pairs.mean(axis=0), means)
    first, last = every("steering", "points")
    same(last[0] - first[0], means[0] - means[1])


def test_a_new_block_reads_what_the_frozen_one_does_and_then_begins_to_write() -> None:
    first, *_, last = moments("llama_pro")
    same(first["reads"], still("llama_pro")["frozen"])
    same(first["writes"], 0)
    assert np.corrcoef(last["reads"].ravel(), first["reads"].ravel())[0, 1] > 0.9
    assert np.abs(last["writes"]).max() > 0.3


# Tokens and heads ---------------------------------------------------------------------------------


def test_shares_sum_to_one() -> None:
    for attention in every("prompt_tuning", "attention"):
        assert attention.sum() == pytest.approx(1, abs=0.01)
    for mixture in every("xlora", "mixture"):
        same(mixture.sum(axis=0), 1)
    for shares in every("lily", "shares"):
        same(shares.sum(axis=1), 1)


def test_learned_tokens_draw_attention_and_tokens_that_are_not_edited_pass() -> None:
    shares = [attention[:2].sum() for attention in every("prompt_tuning", "attention")]
    assert shares[0] < 0.2 < 0.9 < shares[-1]
    for moved in every("reft", "moved"):
        same(moved[~still("reft")["edited"].astype(bool)], 0, 0)


def test_random_directions_are_used_as_far_as_their_gains_and_add_up() -> None:
    lines = still("vera")["lines"]
    for moment in moments("vera"):
        same(moment["parts"].sum(axis=0), moment["sum"])
        across = moment["parts"][:, 0] * lines[:, 1] - moment["parts"][:, 1] * lines[:, 0]
        same(across, 0)


def test_only_the_square_between_the_bases_of_a_product_changes() -> None:
    first, *_, last = every("clover", "cores")
    assert first.shape == (2, 3, 3)
    same(first, first * np.eye(3), 0)
    assert (np.abs(last - first) > 0).mean() > 0.9
