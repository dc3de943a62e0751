"""The map of the family: what it says of known methods is what their formulas say."""

from __future__ import annotations

from scripts.macros.family import bets, members


def test_what_is_measured_is_what_the_formulas_say() -> None:
    found = {m.name: m for m in members()}
    assert found["LoRA"].rank == 8
    assert not found["LoRA"].linear
    assert found["OFT"].keeps == "spectrum and angles"
    assert found["POET"].keeps == "spectrum"
    assert found["IA3"].keeps == "angles between neurons"
    assert found["SVFT"].linear
    assert found["Prompt tuning"].changes == "input of the model"
    assert found["ReFT"].changes == "hidden state"
    assert (found["MiCA"].inside or 0) < 1e-6
    assert (found["LoRA-XS"].inside or 0) > 99.9


def test_a_method_whose_defaults_do_not_fit_is_counted_on_a_square() -> None:
    found = {m.slug: m for m in members()}
    assert [slug for slug, m in found.items() if m.square] == ["c3a"]
    assert (found["c3a"].parameters, found["c3a"].dimension) == (32 * 32 // 16, 32 * 32 // 16)
    assert found["hoft"].dimension == sum(8 * d - 8 * 9 // 2 for d in (32, 24))


def test_a_bet_is_what_a_module_shows() -> None:
    assert {"directions"} <= set(bets(["lora"]))
    assert {"entries", "fixed"} <= set(bets(["shira"]))
    assert {"own", "kept"} <= set(bets(["oft"]))
    assert bets(["prompt_tuning"]) == ["output"]
    assert "directions" not in bets(["full_finetuning"])
