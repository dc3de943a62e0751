"""The contract of every method: over every module, shapes and knobs; some by Hypothesis."""

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters_np.control import controls, without
from adapters_np.core import (
    Adapter,
    AttentionAdapter,
    WeightAdapter,
    arrays,
    flatten,
    knobs,
    learned,
    load,
    parameters,
    perturbed,
    restore,
    sizes,
    slugs,
)
from adapters_np.errors import KnobError
from adapters_np.fit import Solves, SolvesOutputs, _descend, closed_form, goal
from adapters_np.knobs import signature_knobs
from adapters_np.linalg import Array
from adapters_np.methods.flat_lora import FlatLoRA
from adapters_np.slopes import Slopes
from demos.failures import failure
from demos.gauges import GAUGES
from demos.probe import measure, probe
from tests.toy import tokens, weight

METHODS = sorted(slugs())
SHAPES = [(16, 16), (32, 16), (16, 32)]
every_method = pytest.mark.parametrize("slug", METHODS)


def extremes(slug: str) -> list[dict[str, Any]]:
    """Return knob settings: the defaults, then every knob at both ends (or every option) alone."""
    settings_: list[dict[str, Any]] = [{}]
    for knob in knobs(load(slug)).values():
        values = {"bool": (False, True), "choice": knob.options}.get(
            knob.kind, (knob.low, knob.high)
        )
        kind = {"int": int, "float": float}.get(knob.kind)
        settings_ += [{knob.name: kind(v) if kind else v} for v in values if v != knob.default]
    return settings_


def fresh(slug: str, shape: tuple[int, int], seed: int, chosen: dict[str, Any]) -> Adapter | None:
    """Return a fresh adapter, or None where the shape forbids a knob and the error says so."""
    try:
        return load(slug).init(weight(*shape, seed), np.random.default_rng(seed), **chosen)
    except KnobError as error:
        if error.knob not in knobs(load(slug)):
            raise AssertionError(f"the error does not name a knob: {error}") from error
        return None


@cache
def adapters(slug: str) -> list[tuple[Adapter, Adapter, dict[str, Any]]]:
    """Return fresh and moved adapters over shapes and knobs; at least one for every shape."""
    found = []
    for shape, chosen in product(SHAPES, extremes(slug)):
        adapter = fresh(slug, shape, 0, chosen)
        if adapter is not None:
            found.append(
                (
                    adapter,
                    perturbed(adapter, np.random.default_rng(7), 0.5),
                    {"shape": shape, **chosen},
                )
            )
    assert {a[2]["shape"] for a in found} == set(SHAPES), f"{slug} refuses some shape at all knobs"
    return found


@every_method
def test_a_module_has_one_class_so_that_none_escapes_these_tests(slug: str) -> None:
    module = import_module(load(slug).__module__)
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Adapter)
        and value.__module__ == module.__name__
    ]
    assert own == [load(slug)]


@every_method
def test_a_method_fills_in_and_overrides_only_what_is_meant_to_be(slug: str) -> None:
    cls = load(slug)
    (parent,) = cls.__bases__
    assert parent in (Adapter, WeightAdapter, AttentionAdapter)
    public = {name for name in dir(parent) if not name.startswith("_")}
    concrete = {name for name in public if callable(getattr(parent, name))}
    concrete -= parent.__abstractmethods__
    frozen_layer = {"base"} if parent is Adapter else set()
    assert concrete & set(vars(cls)) <= {"shortcut"} | frozen_layer


@every_method
def test_starts_where_it_says(slug: str) -> None:
    cls = load(slug)
    changed = []
    for adapter, _, about in adapters(slug):
        W, X = weight(*about["shape"]), tokens(about["shape"][1])
        gap = np.abs(adapter.forward(W, X) - adapter.base(W, X)).max()
        changed.append(gap > 1e-9)
        if cls.starts_at_identity:
            assert gap < 1e-9, about
    if not cls.starts_at_identity:
        assert any(changed), f"{slug} says that it does not start at the identity, but it does"


@every_method
def test_one_seed_gives_one_start(slug: str) -> None:
    adapter, _, about = adapters(slug)[0]
    again = fresh(slug, about["shape"], 0, {k: v for k, v in about.items() if k != "shape"})
    for name, value in vars(adapter).items():
        np.testing.assert_array_equal(getattr(again, name), value, err_msg=name)


@every_method
def test_less_than_one_of_anything_is_refused_as_data(slug: str) -> None:
    for knob in knobs(load(slug)).values():
        if knob.kind == "int":
            low = int(min(knob.low, 1))
            with pytest.raises(KnobError) as caught:
                load(slug).init(weight(16, 16), np.random.default_rng(0), **{knob.name: low - 1})
            found = failure(caught.value)
            assert (found["knob"], found["value"]) == (knob.name, str(low - 1))
            assert found["rule"] == f"is not a whole number from {low} up"


def undescribed(init: Callable[..., Any]) -> list[str]:
    """Return the knobs that the `Args` of an `init` say nothing of."""
    _, _, said = (inspect.getdoc(init) or "").partition("\nArgs:\n")
    told = re.findall(r"^    (\w+): \S", said.partition("\n\n")[0], re.M)
    return [name for name in signature_knobs(init) if name not in told]


@every_method
def test_every_knob_is_described(slug: str) -> None:
    assert undescribed(load(slug).init) == []


@every_method
def test_declared_shapes_hold_and_count_the_parameters(slug: str) -> None:
    for adapter, _, about in adapters(slug):
        shape, chosen = about["shape"], {k: v for k, v in about.items() if k != "shape"}
        values = {name: knob.default for name, knob in knobs(load(slug)).items()} | chosen
        for field in arrays(load(slug)):
            declared = sizes(field.shape, d_out=shape[0], d_in=shape[1], **values)
            assert getattr(adapter, field.name).shape == declared, (field, about)
        count = sum(a.size for a in learned(adapter).values())
        assert parameters(load(slug), *shape, **chosen) == count > 0, about


@every_method
def test_every_learned_array_matters(slug: str) -> None:
    cls = load(slug)
    for name in (f.name for f in arrays(cls) if f.learned):
        gaps = []
        for _, moved, about in adapters(slug):
            W, X = weight(*about["shape"]), tokens(about["shape"][1])
            array = getattr(moved, name)
            nudge = 0.1 * np.random.default_rng(5).normal(size=array.shape)
            other = replace(moved, **{name: array + nudge})
            gaps.append(np.abs(other.forward(W, X) - moved.forward(W, X)).max())
        assert max(gaps) > 1e-9, f"{slug}.{name} changes nothing"


@every_method
def test_every_knob_changes_something(slug: str) -> None:
    """Alone, or beside one other knob that is at an end of its range."""

    def output(chosen: dict[str, Any]) -> Array | None:
        adapter = fresh(slug, (16, 16), 0, chosen)
        if adapter is None:
            return None
        moved = perturbed(adapter, np.random.default_rng(7), 0.5)
        # What is there in training alone is seen nowhere else.
        noise: Any = moved.perturbation(weight(16, 16)) if isinstance(moved, FlatLoRA) else []
        return np.append(moved.forward(weight(16, 16), tokens(16)), noise)

    def changes(setting: dict[str, Any], others: dict[str, Any]) -> bool:
        before, after = output(others), output({**others, **setting})
        return before is not None and after is not None and np.abs(after - before).max() > 1e-12

    for name in knobs(load(slug)):
        assert any(
            changes(setting, others)
            for others in extremes(slug)
            for setting in extremes(slug)
            if name in setting and name not in others
        ), f"{slug}: {name} changes nothing"


@every_method
def test_delta_and_forward_agree_in_float64_and_leave_their_inputs_alone(slug: str) -> None:
    for _, moved, about in adapters(slug):
        W, X = weight(*about["shape"]), tokens(about["shape"][1])
        W0, X0, vector = W.copy(), X.copy(), flatten(moved)
        Y = moved.forward(W, X)
        assert Y.dtype == np.float64
        assert np.isfinite(Y).all(), about
        if isinstance(moved, WeightAdapter):
            delta = moved.delta(W)
            assert delta.shape == W.shape
            assert delta.dtype == np.float64
            np.testing.assert_allclose(Y, (W + delta) @ X, atol=1e-9)
        assert (W == W0).all()
        assert (X == X0).all()
        assert (flatten(moved) == vector).all()


@every_method
def test_flatten_and_restore_are_inverse(slug: str) -> None:
    for adapter, _, _ in adapters(slug):
        vector = np.arange(flatten(adapter).size, dtype=float)
        assert (flatten(restore(adapter, vector)) == vector).all()
        with pytest.raises(ValueError, match="the adapter needs"):
            restore(adapter, np.zeros(len(vector) + 1))


def drawn(
    slug: str, data: st.DataObject, sides: tuple[int, ...] = (8, 12, 16, 24)
) -> tuple[Adapter | None, Array, dict[str, Any]]:
    """Draw a weight and knobs, and return the fresh adapter, if the shape allows one, and both."""
    side = st.sampled_from(sides)
    shape, seed = data.draw(st.tuples(side, side)), data.draw(st.integers(0, 99))
    chosen: dict[str, Any] = {}
    for knob in knobs(load(slug)).values():
        if knob.kind == "bool":
            chosen[knob.name] = data.draw(st.booleans())
        elif knob.kind == "choice":
            chosen[knob.name] = data.draw(st.sampled_from(knob.options))
        elif knob.kind == "int":
            chosen[knob.name] = data.draw(st.integers(int(knob.low), int(knob.high)))
        else:
            chosen[knob.name] = data.draw(st.floats(knob.low, knob.high))
    return fresh(slug, shape, seed, chosen), weight(*shape, seed), chosen


any_knobs = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@every_method
@any_knobs
@given(data=st.data())
def test_any_knobs_give_an_adapter_or_a_named_error(slug: str, data: st.DataObject) -> None:
    adapter, W, chosen = drawn(slug, data)
    if adapter is not None:
        moved = perturbed(adapter, np.random.default_rng(1), 1.0)
        assert np.isfinite(moved.forward(W, tokens(W.shape[1]))).all()
        assert parameters(load(slug), *W.shape, **chosen) == flatten(adapter).size


SHORTER = [slug for slug in METHODS if load(slug).shortcut is not Adapter.shortcut]


@pytest.mark.parametrize("slug", SHORTER)
@any_knobs
@given(data=st.data())
def test_shortcut_gives_the_same_output_at_any_knobs(slug: str, data: st.DataObject) -> None:
    adapter, W, chosen = drawn(slug, data)
    if adapter is not None:
        moved, X = perturbed(adapter, np.random.default_rng(1), 1.0), tokens(W.shape[1])
        np.testing.assert_allclose(
            moved.shortcut(W, X), moved.forward(W, X), atol=1e-12, err_msg=f"{W.shape} {chosen}"
        )


SOLVED = [
    (slug, name)
    for slug in METHODS
    if issubclass(load(slug), (Solves, SolvesOutputs))
    for name in ("", *controls(slug))
]


@pytest.mark.long
@pytest.mark.parametrize(("slug", "name"), SOLVED, ids=["-".join(filter(None, c)) for c in SOLVED])
@settings(any_knobs, max_examples=10)
@given(data=st.data())
def test_a_closed_form_is_no_worse_than_the_general_fit(
    slug: str, name: str, data: st.DataObject
) -> None:
    adapter, W, _ = drawn(slug, data, (8, 12))
    if adapter is None:
        return
    rng, X = np.random.default_rng(1), None
    try:
        adapter = without(slug, name, adapter, W, rng)
    except KnobError:  # these knobs leave nothing to take out
        return
    if not isinstance(adapter, WeightAdapter):
        X = tokens(W.shape[1])
    target = rng.normal(size=W.shape if X is None else adapter.base(W, X).shape)
    solved = closed_form(adapter, W, target, X)
    if solved:
        residual, _ = goal(adapter, W, target, X)
        *_, (cost, _) = _descend(Slopes(residual, adapter), adapter, False, 20, 1e-3, 0.0)
        assert np.linalg.norm(residual(solved)) <= np.sqrt(cost) * (1 + 1e-9) + 1e-12


# What several methods claim alike ----------------------------------------------------------------

W = weight(48, 64)
TALL = weight(64, 48)
Knobs = dict[str, Any]


def moved(slug: str, chosen: Knobs, W: Array = W, by: Knobs | None = None) -> Any:
    """Return an adapter after a step, with some of its arrays multiplied by numbers."""
    rng = np.random.default_rng(1)
    adapter = perturbed(load(slug).init(W, rng, **chosen), rng, 1.0)
    scaled = {field: gain * getattr(adapter, field) for field, gain in (by or {}).items()}
    return replace(adapter, **scaled)


RANKS: list[tuple[str, Knobs, int]] = [
    *(("lora", {"rank": r}, r) for r in (1, 4, 16)),
    *(("adalora", {"target_rank": r}, r) for r in (1, 5, 12)),
    *(("bone", {"form": form}, 48) for form in ("column", "row")),
    *(("delora", {"rank": 4, "zero_start": zero}, 4 if zero else 8) for zero in (True, False)),
    ("dora", {"rank": 4}, 48),
    *(("ether", {"blocks": n}, n) for n in (1, 4, 8)),
    *(("ether_plus", {"blocks": n}, 4 * n) for n in (1, 4, 8)),
    ("frod", {}, 48),
    *(("galore", {"rank": 4, "stages": n}, 4 * n) for n in (1, 3)),
    *(("hira", {"rank": r}, 48) for r in (1, 8)),
    *(("hra", {"rank": 8, "orthonormal": strict}, 8) for strict in (True, False)),
    *(("ia3", {"feedforward": inputs}, 48) for inputs in (True, False)),
    *(("loha", {"rank": r}, min(r**2, 48)) for r in (1, 3, 7)),
    ("lokr", {"factor": 4, "rank": 3}, 12),
    ("lokr", {"factor": 4, "full": True}, 48),
    ("lokr", {"factor": 4, "rank": 2, "decompose_both": True}, 4),
    *(("miss", {"rank": r}, r) for r in (1, 8, 10)),
    ("oft", {}, 48),
    ("pissa", {"rank": 6}, 12),
    ("poly", {"rank": 3, "skills": 5}, 15),
    ("poly", {"rank": 3, "skills": 5, "average": "factors"}, 3),
    *(("randlora", {"rank": r}, 48) for r in (5, 16)),
    ("shira", {"mask": "structured", "density": 0.02}, 48),
    ("svft", {}, 48),
    ("trainable_tokens", {"tokens": 3}, 3),
    *(("unilora", {"rank": r, "length": 8}, r) for r in (1, 4)),
    *(("vblora", {"rank": r, "num_vectors": 32}, r) for r in (1, 4)),
    *(("vera", {"rank": r}, min(r, 48)) for r in (6, 100)),
]


@pytest.mark.parametrize(("slug", "chosen", "rank"), RANKS, ids=str)
def test_a_change_has_the_rank_that_its_page_names(slug: str, chosen: Knobs, rank: int) -> None:
    assert np.linalg.matrix_rank(moved(slug, chosen).delta(W), tol=1e-9) == rank


COUNTS: list[tuple[str, Knobs, tuple[int, int], int]] = [
    ("adamss", {"groups": 4, "rank": 2, "directions": 16}, (48, 64), 48 * 2 + 4 * 2 * 16),
    ("beft", {}, (48, 64), 48),
    ("bottleneck", {"width": 8}, (64, 64), 2 * 8 * 64 + 64 + 8),
    ("clover", {"heads": 32}, (4 * 4096, 4096), 2 * 32 * 128 * 128),
    ("clover", {"heads": 2, "train": "query_key"}, (64, 48), 128),
    ("delora", {"rank": 4}, (48, 64), 4 * (48 + 64) + 1),
    ("ether", {"blocks": 4}, (48, 64), 64),
    ("ether_plus", {"blocks": 4}, (48, 64), 2 * (48 + 64)),
    ("frod", {}, (480, 48), 48 + 116),
    ("galore", {"rank": 4, "stages": 1}, (48, 32), 4 * 48),
    ("galore", {"rank": 4, "stages": 2}, (32, 48), 2 * 4 * 48),
    ("glora", {"paths": "lora", "rank": 4}, (48, 64), 2 * 4 * 112),
    ("glora", {"paths": "vector"}, (48, 64), 2 * 48),
    ("glora", {"paths": "constant"}, (48, 64), 2),
    ("goft", {}, (48, 64), 63),
    ("hoft", {"rank": 4, "scaled": True}, (48, 64), 4 * (48 + 64) + 48),
    ("ia3", {}, (48, 64), 48),
    ("ia3", {"feedforward": True}, (48, 64), 64),
    ("kradapter", {}, (64, 64), 2 * 64 * 8),
    ("lily", {"rank": 4, "experts": 3}, (48, 64), 4 * 64 + 3 * 4 + 3 * 48 * 4),
    ("llama_adapter", {"tokens": 4}, (64, 16), 4 * 16 + 1),
    ("ln_tuning", {}, (12, 4096), 4096),
    ("ln_tuning", {"norm": "layer"}, (12, 4096), 2 * 4096),
    ("lokr", {"factor": 4, "rank": 3}, (48, 64), 16 + 3 * (12 + 16)),
    ("lokr", {"factor": 4, "rank": 3, "full": True}, (48, 64), 16 + 12 * 16),
    ("lokr", {"factor": 4, "rank": 3, "decompose_both": True}, (48, 64), 3 * (4 + 4 + 12 + 16)),
    ("lora_xs", {"rank": 5}, (4096, 4096), 25),
    ("mhr", {"skills": 5, "rank": 3, "splits": 4}, (48, 40), 5 * 3 * (48 + 40) + 4 * 5 * 4),
    ("mica", {"rank": 8}, (64, 64), 8 * 64),
    ("multitask_prompt_tuning", {"tokens": 100}, (4 * 768, 768), 77_668),
    ("oft", {"block_size": 16}, (128, 128), 960),
    ("oft", {"block_size": 16, "block_share": True}, (128, 128), 120),
    ("osf", {"rank": 6}, (6, 6), 6 * 13),
    ("peanut", {"rank": 4}, (48, 16), 2 * 4 * 48),
    ("peanut", {"rank": 4, "depth": 2}, (48, 64), 2 * 4 * 48 + 2 * 2 * 16),
    ("poet", {"block_size": 16}, (16, 16), 16 * 15),
    ("poly", {"skills": 5, "rank": 3}, (48, 40), 5 * 3 * (48 + 40) + 4 * 5),
    ("psoft", {"rank": 8}, (640, 480), 44),
    ("psoft", {"rank": 8, "relaxed": False}, (64, 48), 28),
    ("psoft", {"rank": 8, "relaxed": False, "constraint": "none"}, (64, 48), 64),
    ("pvera", {"rank": 8}, (48, 64), 8 + 48 + 8),
    ("qgoft", {}, (48, 64), 4 * 63),
    ("reft", {"rank": 4}, (4096, 64), 32_772),
    *(("road", {"variant": v}, (32, 48), 32 * v) for v in (1, 2, 4)),
    *(
        ("shadow", {"rank": 4, "width": 3, "blocks": n}, (48, 32), 2 * 4 * 32 + 2 * (6 * 32 + 35))
        for n in (2, 5)
    ),
    ("ssvd", {"rank": 12, "constraint": "strict"}, (64, 48), 12 * 13 // 2),
    ("ssvd", {"rank": 12, "constraint": "none"}, (64, 48), 12 * 13),
    ("supertuning", {"rank": 0}, (48, 64), 154),
    ("supertuning", {"rank": 4}, (48, 64), 154 + 4 * (48 + 64)),
    ("tinylora", {"u": 13}, (4096, 4096), 13),
    ("xlora", {"experts": 3}, (12, 20), 3 * (12 + 1)),
]


@pytest.mark.parametrize(("slug", "chosen", "shape", "count"), COUNTS, ids=str)
def test_as_many_numbers_are_trained_as_the_paper_counts(
    slug: str, chosen: Knobs, shape: tuple[int, int], count: int
) -> None:
    assert parameters(load(slug), *shape, **chosen) == count


FIRST: list[tuple[str, Knobs, tuple[str, ...]]] = [
    ("adalora", {"target_rank": 12}, ("Lambda",)),
    ("hira", {}, ("B",)),
    ("kradapter", {}, ("A",)),
    ("lily", {}, ("B",)),
    ("llama_pro", {}, ("U",)),
    ("loha", {}, ("B2",)),
    ("lokr", {}, ("A",)),
    ("lokr", {"full": True, "decompose_both": True}, ("B",)),
    ("lora", {}, ("B",)),
    ("peanut", {"depth": 1}, ("B",)),
    ("randlora", {}, ("Lambda",)),
    ("rosa", {}, ("B", "theta")),
    ("vera", {}, ("lambda_b",)),
]


@pytest.mark.parametrize(("slug", "chosen", "first"), FIRST, ids=str)
def test_at_the_start_only_the_zero_factor_has_a_slope(
    slug: str, chosen: Knobs, first: tuple[str, ...]
) -> None:
    start, X = load(slug).init(W, np.random.default_rng(0), **chosen), tokens(64)
    nudge = np.random.default_rng(1)
    for name, array in learned(start).items():
        other = replace(start, **{name: array + nudge.normal(size=array.shape)})
        gap = np.abs(other.forward(W, X) - start.forward(W, X)).max()
        assert (gap > 1e-9) == (name in first), name


ALIKE: list[tuple[str, Knobs, Knobs]] = [
    ("deft", {}, {"P": 9}),
    ("delora", {}, {"A": 3, "B": 100}),
    ("ether", {"blocks": 4}, {"u": 3}),
    ("ether_plus", {"blocks": 2}, {"u": 3, "v_out": 2}),
    ("hoft", {}, {"U": 0.3, "V": 2}),
    ("hoft", {"series": True}, {"U": 0.3, "V": 2}),
    ("hra", {}, {"V": 3}),
    ("loha", {}, {"B1": 3, "B2": 1 / 3}),
    ("lokr", {}, {"C": 3, "A": 1 / 3}),
    ("para", {}, {"P": 9}),
    ("randlora", {}, {"Lambda": 3, "Gamma": 1 / 3}),
    ("unilora", {}, {"theta": -1}),
    ("vera", {}, {"lambda_b": 3, "lambda_d": 1 / 3}),
]


@pytest.mark.parametrize(("slug", "chosen", "by"), ALIKE, ids=str)
def test_some_numbers_can_be_scaled_and_the_change_stays(
    slug: str, chosen: Knobs, by: Knobs
) -> None:
    change = moved(slug, chosen).delta(W)
    np.testing.assert_allclose(moved(slug, chosen, by=by).delta(W), change, atol=1e-12)


TURNS: list[tuple[str, Knobs, Knobs, int]] = [
    *(("antipasto", {"rank": 16, "alpha": alpha}, {"shift": 0}, 1) for alpha in (-2.0, 1.0)),
    *(("boft", {"factors": n}, {}, 1) for n in (1, 3)),
    *(("ether", {"blocks": n}, {}, (-1) ** n) for n in (1, 4)),
    *(("goft", {"form": form}, {}, 1) for form in ("parallel", "sequential")),
    *(("hra", {"rank": r}, {}, (-1) ** r) for r in (4, 7)),
    *(("hra", {"rank": r, "orthonormal": True}, {}, (-1) ** r) for r in (4, 7)),
    *(("oft", {"block_size": b}, {}, 1) for b in (2, 8, 16)),
    ("psoft", {"rank": 12, "relaxed": False}, {}, 1),
    ("ssvd", {"rank": 12, "constraint": "strict"}, {"d_sigma": 0}, 1),
]


@pytest.mark.parametrize("W", [W, TALL], ids=["wide", "tall"])
@pytest.mark.parametrize(("slug", "chosen", "by", "sign"), TURNS, ids=str)
def test_inputs_that_are_turned_keep_the_norms_and_angles_of_neurons(
    slug: str, chosen: Knobs, by: Knobs, sign: int, W: Array
) -> None:
    adapter = moved(slug, chosen, W, by)
    R, after = adapter.rotation(), W + adapter.delta(W)
    np.testing.assert_allclose(R.T @ R, np.eye(len(R)), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(sign)
    np.testing.assert_allclose(after @ after.T, W @ W.T, atol=1e-12)
    assert np.abs(after.T @ after - W.T @ W).max() > 0.01
    if len(R) == W.shape[1]:
        turn = R if slug in ("ether", "hra") else R.T
        np.testing.assert_allclose(after, W @ turn, atol=1e-12)


REFUSED: list[tuple[str, Knobs, tuple[int, int], str]] = [
    ("boft", {"factors": 4, "block_size": 8}, (8, 24), "factors=4 needs block_size"),
    ("clover", {"heads": 1}, (64, 8), "heads=1 makes heads of width 16, wider than d_in=8"),
    ("gralora", {"rank": 6, "blocks": 4}, (48, 64), "blocks=4 does not divide rank=6"),
    ("kradapter", {"k": 41}, (24, 40), "k=41 is larger than max(d_out, d_in)=40"),
    ("llama_pro", {"width": 9}, (8, 8), "width=9 is larger than d_out=8"),
    ("lokr", {"factor": 8}, (16, 16), "factor=8 is larger than ⌊√d_out⌋=4"),
    ("lokr", {"factor": 4}, (18, 16), "factor=4 does not divide d_out=18"),
    ("lokr", {"factor": 4, "rank": 5}, (64, 16), "rank=5 is larger than a side of M=4"),
    ("lokr", {"rank": 5, "decompose_both": True}, (64, 64), "rank=5 is larger than factor=4"),
    ("lora_starts", {"rank": 6}, (8, 16), "rank=6 is larger than min(d_out, d_in) / 2=4"),
    ("mhr", {"splits": 8}, (48, 36), "splits=8 does not divide d_in=36"),
    ("mica", {"rank": 9}, (8, 16), "rank=9 is larger than"),
    ("mora", {"rank": 5}, (8, 50), "rank=5 asks for a square of 17, and 8 fit into W"),
    ("osf", {"rank": 9}, (8, 16), "rank=9 is larger than"),
    ("rome", {"facts": 9}, (8, 8), "facts=9 is larger than d_in=8"),
    ("rosa", {"rank": 9}, (8, 16), "rank=9 is larger than min(d_out, d_in)=8"),
    ("svft", {"band": 1, "pattern": "top"}, (64, 48), "pattern='top' needs d_out=64 to equal"),
    ("trainable_tokens", {"tokens": 9}, (8, 4), "tokens=9 is larger than d_out=8"),
    ("unilora", {"rank": 1, "length": 113}, (48, 64), "length=113 is larger than"),
    ("waveft", {"n_frequency": 49}, (8, 6), "n_frequency=49 is larger than d_out·d_in=48"),
]


@pytest.mark.parametrize(("slug", "chosen", "shape", "text"), REFUSED, ids=str)
def test_what_does_not_fit_is_refused(
    slug: str, chosen: Knobs, shape: tuple[int, int], text: str
) -> None:
    with pytest.raises(KnobError, match=re.escape(text)):
        load(slug).init(weight(*shape), np.random.default_rng(0), **chosen)


@every_method
def test_gauges_exist_and_the_default_picture_is_alive(slug: str) -> None:
    assert set(load(slug).gauges) <= set(GAUGES)
    assert probe(slug, {})["sentence"]
    change = measure(slug, {})
    ratio = np.linalg.norm(change.delta) / np.linalg.norm(change.before)
    assert 0.02 < ratio < 1.5, f"{slug}: the default step moves the layer by {ratio:.1%}"


@every_method
def test_probe_answers_at_both_ends_of_every_knob(slug: str) -> None:
    for chosen in extremes(slug):
        answer = probe(slug, chosen)
        for panel in answer["panels"]:
            if panel["kind"] == "number":
                assert np.isfinite(panel["value"]), (panel["name"], chosen)
