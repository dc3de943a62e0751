"""Each method has its own picture, and what it shows is what the method's own module makes.

What a kind shows is asked of its numbers at every moment from W to W', not of the drawing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from adapters_np.core import Portrait, load
from adapters_np.linalg import Array, circulant, row_norms
from scripts.catalog import read
from scripts.stored.portraits import make
from scripts.stored.portraits.kinds import KINDS
from tests.node import printed

ROUND_OFF = 3e-3  # of numbers with three decimals, and of what is added up from a few of them
SLUGS = sorted(read().methods)
SMALL = 3_200  # characters that a small picture may have on average: one page has all of them


@cache
def portraits() -> dict[str, dict[str, Any]]:
    return make.every(read())


@cache
def drawings() -> dict[str, str]:
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
def test_a_method_has_a_picture_that_moves_and_a_sentence(slug: str) -> None:
    portrait, svg = portraits()[slug], drawings()[slug]
    assert not portrait["says"].endswith(".")
    assert 'aria-hidden="true"' in svg
    assert not re.search(r"NaN|undefined|Infinity|style=|\bid=", svg)
    first, *_, last = portrait["moments"]
    assert first != last


def test_no_two_methods_have_one_kind_so_that_none_has_another_s_picture() -> None:
    kinds = [portrait["kind"] for portrait in portraits().values()]
    assert sorted(kinds) == sorted(KINDS)


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        (None, "portrait is missing"),
        (Portrait("fireworks", "Bang"), "portrait='fireworks' is not one of additions, arcs"),
        (Portrait("plaid", "very " * 20), "portrait says 100 letters; it needs 1 to 60"),
    ],
)
def test_a_wrong_declaration_is_named_with_its_file(
    monkeypatch: pytest.MonkeyPatch, declared: Portrait | None, problem: str
) -> None:
    monkeypatch.setattr(load("lora"), "portrait", declared)
    with pytest.raises(ValueError, match=re.escape(f"adapters_np/methods/lora.py: {problem}")):
        make.portrait("lora", "rank")


def test_a_kind_that_nobody_draws_is_named_with_its_method() -> None:
    unknown = portraits()["lora"] | {"kind": "fireworks"}
    with pytest.raises(RuntimeError, match='lora: demos/portrait draws no kind "fireworks"'):
        make.drawings({"lora": unknown})


def test_a_page_with_all_small_pictures_stays_small() -> None:
    sizes = [len(svg) for svg in drawings().values()]
    assert sum(sizes) / len(sizes) < SMALL


def test_a_picture_between_two_moments_lies_between_them() -> None:
    script = """
    import { at } from "./demos/portrait/draw.js";
    const moments = [{ x: 0, M: [[1, 2]] }, { x: 4, M: [[3, 2]] }, { x: 0, M: [[0, 0]] }];
    console.log(JSON.stringify([0, 0.25, 0.5, 1].map((t) => at(moments, t))));
    """
    assert printed(script) == [
        {"x": 0, "M": [[1, 2]]},
        {"x": 2, "M": [[2, 2]]},
        {"x": 4, "M": [[3, 2]]},
        {"x": 0, "M": [[0, 0]]},
    ]


# What several kinds have in common ----------------------------------------------------------------


def rank(M: Array) -> int:
    values = np.linalg.svd(M, compute_uv=False)
    return int((values > 0.02 * max(values[0], 0.05)).sum())


@pytest.mark.parametrize(
    ("slug", "name", "ranks"),
    [
        ("lora", "change", [0, 1, 2, 3]),
        ("pissa", "strong", [5]),
        ("loha", "second", [2]),
        ("loha", "change", [4]),
        ("hira", "factors", [2]),
        ("mora", "change", [4]),
        ("kradapter", "change", [4]),
        ("unilora", "change", [2]),
        ("peanut", "change", [2]),
        ("adamss", "change", [3]),
        ("gralora", "change", [4]),
    ],
)
def test_a_picture_has_the_rank_of_its_method(slug: str, name: str, ranks: list[int]) -> None:
    assert [rank(M) for M in every(slug, name)[-len(ranks) :]] == ranks


@pytest.mark.parametrize(
    ("slug", "name", "places"),
    [
        ("svft", "core", lambda: still("svft")["trained"] == 1),
        ("tinylora", "core", lambda: np.pad(np.ones((4, 4)), (0, 6)) == 1),
        ("osf", "core", lambda: np.pad(np.ones((4, 4)), (6, 0)) == 1),
        ("clover", "cores", lambda: np.ones((2, 3, 3)) == 1),
        ("shira", "change", lambda: every("shira", "change")[-1] != 0),
    ],
)
def test_what_is_not_trained_stays_and_nearly_all_of_the_rest_changes(
    slug: str, name: str, places: Callable[[], Any]
) -> None:
    first, *_, last = every(slug, name)
    trained = places()
    for numbers in every(slug, name):
        same(numbers[~trained], 0, 0)
    assert (np.abs(last - first)[trained] > 0).mean() > 0.9


def tiles(M: Array, b: int) -> Array:
    """Return square blocks of b rows, row by row: (blocks, b, b)."""
    m, n = M.shape
    return M.reshape(m // b, b, n // b, b).swapaxes(1, 2).reshape(-1, b, b)


def full(M: Array) -> Array:
    return M / np.abs(M).max()


Numbers = dict[str, Array]
Identity = Callable[[Numbers, Numbers, Numbers], tuple[Any, Any]]

# Of each moment m, what stands still s and the first moment w: two ways to the same numbers.
IDENTITIES: list[tuple[str, Identity]] = [
    ("ia3", lambda m, s, w: (m["weight"], m["gains"][:, None] * w["weight"])),
    ("ln_tuning", lambda m, s, w: (m["points"], m["gains"] * w["points"])),
    ("oft", lambda m, s, w: (row_norms(m["tips"]), row_norms(w["tips"]))),
    ("oft", lambda m, s, w: (cosines(m["tips"]), cosines(w["tips"]))),
    ("psoft", lambda m, s, w: (m["tips"][:, 2], w["tips"][:, 2])),
    ("hra", lambda m, s, w: (m["points"] @ m["points"].T, s["before"] @ s["before"].T)),
    ("ether", lambda m, s, w: (m["points"] @ m["points"].T, s["before"] @ s["before"].T)),
    ("poet", lambda m, s, w: (m["inputs"] @ m["inputs"].T, np.eye(2))),
    ("hoft", lambda m, s, w: (m["inputs"] @ m["inputs"].T, np.eye(2))),
    ("ssvd", lambda m, s, w: (m["inputs"] @ m["inputs"].T, np.eye(2))),
    ("poet", lambda m, s, w: (m["outputs"] @ m["outputs"].T, np.diag(s["sizes"] ** 2))),
    ("hoft", lambda m, s, w: (m["outputs"] @ m["outputs"].T, np.diag(s["sizes"] ** 2))),
    ("ssvd", lambda m, s, w: (
        np.abs(np.diag(cosines(np.vstack([w["outputs"], m["outputs"]]))[:2, 2:])), 1
    )),
    ("oftv2", lambda m, s, w: (np.hypot(*m["exact"]), 1)),
    ("road", lambda m, s, w: ((m["hands"][:, 0] * m["hands"][:, 1]).sum(axis=1), 0)),
    ("road", lambda m, s, w: (row_norms(m["hands"][:, 0]), row_norms(m["hands"][:, 1]))),
    ("delora", lambda m, s, w: (np.hypot(*(m["tip"] - s["middle"])), s["radius"])),
    ("c3a", lambda m, s, w: (
        tiles(m["change"], 6), [circulant(tile[:, 0]) for tile in tiles(m["change"], 6)]
    )),
    ("miss", lambda m, s, w: (m["change"], np.tile(m["shard"], (1, 4)))),
    ("mora", lambda m, s, w: (m["change"], np.tile(m["square"], (3, 3)))),
    ("kradapter", lambda m, s, w: (
        m["change"], [np.outer(b, a).ravel() for b, a in zip(s["B"], m["A"], strict=True)]
    )),
    ("vblora", lambda m, s, w: (m["A"], [m["bank"][row].ravel() for row in s["rows"]])),
    ("vblora", lambda m, s, w: (
        m["B"], m["bank"][s["columns"]].swapaxes(1, 2).reshape(m["B"].shape)
    )),
    ("deft", lambda m, s, w: (
        m["points"] - s["before"],
        np.outer((m["points"] - s["before"]) @ s["arrow"], s["arrow"]),
    )),
    ("trainable_tokens", lambda m, s, w: (
        np.delete(m["table"], s["ids"].astype(int), 0),
        np.delete(s["before"], s["ids"].astype(int), 0),
    )),
    ("peanut", lambda m, s, w: (m["change"][:, (s["features"] == 0).all(axis=0)], 0)),
    ("reft", lambda m, s, w: (m["moved"][s["edited"] == 0], 0)),
    ("vera", lambda m, s, w: (m["parts"].sum(axis=0), m["sum"])),
    ("vera", lambda m, s, w: (
        m["parts"][:, 0] * s["lines"][:, 1], m["parts"][:, 1] * s["lines"][:, 0]
    )),
    ("prompt_tuning", lambda m, s, w: (m["attention"].sum(), 1)),
    ("xlora", lambda m, s, w: (m["mixture"].sum(axis=0), 1)),
    ("lily", lambda m, s, w: (m["shares"].sum(axis=1), 1)),
    ("lora_starts", lambda m, s, w: (m["looks"].sum(axis=1), 2)),
]  # fmt: skip

# Of the last moment alone.
AT_THE_END: list[tuple[str, Identity]] = [
    ("loha", lambda m, s, w: (m["change"], full(s["first"] * m["second"]))),
    ("hira", lambda m, s, w: (m["change"], full(s["before"] * m["factors"]))),
    ("lokr", lambda m, s, w: (m["change"], np.kron(m["gains"], s["stamp"]) / 0.95)),
    ("bone", lambda m, s, w: (
        tiles(m["change"], 4),
        full((tiles(s["before"], 4) + np.eye(4)) @ np.repeat(m["blocks"], 3, axis=0)),
    )),
    ("steering", lambda m, s, w: (m["points"][0] - w["points"][0], s["means"][0] - s["means"][1])),
    ("steering", lambda m, s, w: (s["pairs"].mean(axis=0), s["means"])),
    ("steering", lambda m, s, w: (np.ptp(m["points"] - w["points"], axis=0), 0)),
    ("beft", lambda m, s, w: (np.ptp(m["points"] - w["points"], axis=0), 0)),
    ("hra", lambda m, s, w: (w["points"], s["before"])),
    ("hra", lambda m, s, w: (np.linalg.det(np.linalg.lstsq(s["before"], m["points"])[0]), 1)),
    ("ether", lambda m, s, w: (np.linalg.det(np.linalg.lstsq(s["before"], m["points"])[0]), -1)),
    ("randlora", lambda m, s, w: (np.linalg.matrix_rank(m["change"], tol=ROUND_OFF), 9)),
    ("antipasto", lambda m, s, w: (w["plus"], s["before"])),
    ("glora", lambda m, s, w: (m["change"], full(s["before"] * m["gain"] + m["shift"]))),
    ("llama_pro", lambda m, s, w: (w["reads"], s["frozen"])),
    ("llama_pro", lambda m, s, w: (w["writes"], 0)),
    ("adalora", lambda m, s, w: (m["kept"][:3], m["weights"][:3])),
]  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "identity", "last"),
    [(*one, False) for one in IDENTITIES] + [(*one, True) for one in AT_THE_END],
)
def test_what_is_shown_is_what_the_method_makes(slug: str, identity: Identity, last: bool) -> None:
    found = moments(slug)
    for moment in found[-1:] if last else found:
        same(*identity(moment, still(slug), found[0]), 0.01)


# Of one kind --------------------------------------------------------------------------------------


def test_a_turn_keeps_lengths_also_between_its_moments() -> None:
    for one, other in pairwise(every("oft", "tips")):
        same(row_norms((one + other) / 2), row_norms(one))


def test_a_dial_first_turns_at_one_length_and_then_grows_in_one_direction() -> None:
    tips = every("dora", "tip")
    half = len(tips) // 2
    for tip in tips[: half + 1]:
        assert np.hypot(*tip) == pytest.approx(np.hypot(*tips[0]), abs=ROUND_OFF)
    for tip in tips[half:]:
        same(tip / np.hypot(*tip), tips[half] / np.hypot(*tips[half]))
    assert np.hypot(*tips[-1]) > 1.4 * np.hypot(*tips[0])


def test_the_smallest_triplets_are_dropped() -> None:
    last = moments("adalora")[-1]
    assert (np.diff(last["weights"]) < 0).all()
    assert [int((kept != 0).sum()) for kept in every("adalora", "kept")] == [0, 6, 5, 4, 3]


@pytest.mark.parametrize("slug", ["fourierft", "randlora"])
def test_a_sum_is_that_of_its_parts(slug: str) -> None:
    *_, last = every(slug, "change")
    parts = still(slug)["parts"]
    made = np.tensordot(np.linalg.lstsq(parts.reshape(3, -1).T, last.ravel())[0], parts, 1)
    same(last, made)


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


def test_the_largest_entries_change_first_and_then_a_plaid_of_rank_one() -> None:
    before, places = still("supertuning")["before"], still("supertuning")["places"] == 1
    assert before[places].min() > before[~places].max()
    none, entries, both = every("supertuning", "change")
    assert not none.any()
    np.testing.assert_array_equal(entries != 0, places)
    assert rank(both - entries) == 1


def test_one_output_moves_far_and_the_others_by_what_they_have_off_a_line() -> None:
    far = np.diff(every("rome", "key"), axis=0)[0, 0]
    first, last = every("rome", "points")
    off = first @ np.array([[0, 1], [-1, 0]]) @ still("rome")["deaf"]
    same((last - first) @ [[far[1]], [-far[0]]], np.zeros((len(first), 1)), 1e-3)
    assert np.linalg.norm(far) > 4 * np.linalg.norm(last - first, axis=1).max()
    assert np.corrcoef(off, (last - first) @ far)[0, 1] ** 2 == pytest.approx(1, abs=1e-3)
