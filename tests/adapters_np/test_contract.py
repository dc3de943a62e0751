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
    Alpha,
    AttentionAdapter,
    Rank,
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
from adapters_np.slopes import Slopes
from demos.failures import failure
from demos.probe import GAUGES, measure, probe
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


def test_a_knob_without_description_is_found() -> None:
    def init(*, rank: Rank = 4, alpha: Alpha = 8.0) -> None:
        """Start somewhere."""

    assert undescribed(init) == ["rank", "alpha"]
    init.__doc__ = "Start.\n\nArgs:\n    rank: Directions.\n\nRaises:\n    alpha: Never."
    assert undescribed(init) == ["alpha"]


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
        return moved.forward(weight(16, 16), tokens(16))

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


def drawn(slug: str, data: st.DataObject) -> tuple[Adapter | None, Array, dict[str, Any]]:
    """Draw a weight and knobs, and return the fresh adapter, if the shape allows one, and both."""
    sides = st.sampled_from([8, 12, 16, 24])
    shape, seed = data.draw(st.tuples(sides, sides)), data.draw(st.integers(0, 99))
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


@pytest.mark.parametrize("slug", SHORTER)
def test_shortcut_gives_the_same_output_at_the_ends_of_every_knob(slug: str) -> None:
    for _, moved, about in adapters(slug):
        W, X = weight(*about["shape"]), tokens(about["shape"][1])
        np.testing.assert_allclose(
            moved.shortcut(W, X), moved.forward(W, X), atol=1e-12, err_msg=str(about)
        )


def test_most_changes_of_a_weight_have_a_shortcut() -> None:
    assert len(SHORTER) >= 25


SOLVED = [
    (slug, name)
    for slug in METHODS
    if issubclass(load(slug), (Solves, SolvesOutputs))
    for name in ("", *controls(slug))
]


@pytest.mark.parametrize(("slug", "name"), SOLVED, ids=["-".join(filter(None, c)) for c in SOLVED])
@settings(any_knobs, max_examples=10)
@given(data=st.data())
def test_a_closed_form_is_no_worse_than_the_general_fit(
    slug: str, name: str, data: st.DataObject
) -> None:
    adapter, W, _ = drawn(slug, data)
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
