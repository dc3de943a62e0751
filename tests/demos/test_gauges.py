"""The gauges: what they ask of adapters, and where they are found."""

import numpy as np
import pytest

from adapters_np.core import WeightAdapter, load, slugs
from adapters_np.linalg import thin_svd
from demos import probe
from demos.as_lora import LORA_KEEPS, as_lora
from demos.change import Change
from demos.gauges import GAUGES
from demos.panels import figures
from demos.probe import measure
from demos.ways import reach
from scripts.stored.widgets import fragments, opening
from tests.node import printed


def test_every_gauge_tells_some_methods_story() -> None:
    named = {name for slug in slugs() for name in load(slug).gauges}
    assert named <= set(GAUGES)
    common = {"stable_rank", "spectrum_change", "angle_change", "norm_change"}
    assert set(GAUGES) - named <= common


def test_a_gauge_that_the_adapter_cannot_serve_says_what_is_missing() -> None:
    change = measure("lora", {})
    for name, missing in (
        ("determinant", "rotation"),
        ("distance_to_exact", "exact_rotation(), rotation"),
        ("bound_share", "bound"),
        ("oddness", "reversed"),
        ("tile_rank", "tile"),
        ("stored", "stored"),
        ("virtual_share", "virtual_share"),
        ("parts_in_use", "mixture"),
    ):
        with pytest.raises(TypeError) as caught:
            GAUGES[name](change)
        assert str(caught.value) == f"LoRA declares the gauge {name} but has no {missing}()"


def test_a_layer_its_change_and_the_sum_are_shown_on_one_scale() -> None:
    shown = probe.probe("lora", {"step": 1.0, "alpha": 64.0})["panels"][0]
    before, delta, after = (view["values"] for view in shown["views"])
    np.testing.assert_allclose(before + delta, after)
    scale = 2.5 * np.sqrt(np.mean(before**2))
    assert [view["limit"] for view in shown["views"]] == pytest.approx([scale] * 3)


def test_pictures_write_numbers_in_the_notation_of_the_gauges() -> None:
    small = [2.46e-5, -3.34e-7, 9.99e-4]
    code = (
        'import { short } from "./demos/widget/draw.js";'
        f"console.log(JSON.stringify({[*small, 0.001, -0.5, 0, 123456]}.map(short)))"
    )
    written = printed(code)
    assert written[:3] == [figures(value) for value in small] == [
        "2.5 · 10⁻⁵", "−3.3 · 10⁻⁷", "1.0 · 10⁻³",
    ]  # fmt: skip
    assert written[3:] == ["0.001", "−0.5", "0", "1.2 · 10⁵"]


def test_the_alternative_text_of_a_stored_picture_keeps_its_digits() -> None:
    (*_, found) = reach("vera", opening("vera"))
    largest = found.change.sigma[0]
    assert f"largest {largest:.3g}, " in fragments(["vera"])["vera"]


def test_the_rank_of_lora_is_the_least_that_keeps_nine_tenths() -> None:
    change = measure("random_subspace", {"size": "32x32"})
    found = as_lora(change)
    squares = np.linalg.svd(change.delta, compute_uv=False) ** 2
    shares = np.cumsum(squares) / squares.sum()
    r = int(found["value"])
    assert shares[r - 2] < LORA_KEEPS <= shares[r - 1]
    assert found["unit"] == f"with {r * 64:,} parameters"
    assert f"4 loses {100 * (1 - shares[3]):.0f} %, 8 loses " in found["note"]
    assert found["note"].endswith("32 loses nothing.")


def test_equal_singular_values_at_the_edge_are_told_alike_everywhere() -> None:
    world = measure("lora", {"size": "16x16"}).world
    ten = np.diag([1.0] * 10 + [0.0] * 6)
    for turn in (np.eye(16), np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))[0]):
        change = Change(measure("lora", {}).adapter, world, world.W, world.W + turn @ ten)
        assert as_lora(change)["value"] == 9


def test_no_change_needs_no_lora_and_a_change_of_outputs_has_none() -> None:
    answer = probe.probe("lora", {"step": 0.0})
    (found,) = (p for p in answer["panels"] if p["name"] == "as_lora")
    assert found["value"] == 0
    assert "as_lora" not in {p["name"] for p in probe.probe("reft", {})["panels"]}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("slug", ["lora", "prefix_tuning"])
def test_numbers_that_are_not_finite_are_told_by_the_method_and_the_value(
    monkeypatch: pytest.MonkeyPatch, slug: str, bad: float
) -> None:
    cls = load(slug)
    name = "delta" if issubclass(cls, WeightAdapter) else "forward"
    right = getattr(cls, name)
    monkeypatch.setattr(cls, name, lambda *given: bad * right(*given))
    with pytest.raises(ArithmeticError, match=f"^{slug} with size=16x16: entries are not finite"):
        measure(slug, {"size": "16x16"})


def test_a_factorisation_that_fails_is_told_by_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters_np.methods.pissa.thin_svd", lambda W: thin_svd(np.nan * W))
    with pytest.raises(ArithmeticError, match=r"^pissa with its defaults: SVD did not converge"):
        measure("pissa", {})
