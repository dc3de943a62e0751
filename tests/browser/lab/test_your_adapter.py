"""A reader's adapter: opened, measured as Python here measures it, and refused with a reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import FilePayload, Page, expect

from demos.adapter_file import layers, measured
from scripts.stored import example
from tests.browser.reader import Visit, becomes, limit, record, violations
from tests.demos.test_adapter_reach import lora, reached

PAGE = "your-adapter/"
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
LORA = {"peft_type": "LORA", "r": 16, "lora_alpha": 32}


def payload(name: str, data: bytes | dict[str, Any]) -> FilePayload:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return {"name": name, "mimeType": "application/octet-stream", "buffer": body}


def choose(page: Page, *files: FilePayload) -> None:
    page.locator("adapter-file [type=file]").set_input_files([*files])


def text(value: float) -> str:
    return f"{value:#.3g}".rstrip(".")


def test_the_example_is_measured_as_it_is_here(visit: Visit) -> None:
    page = visit(PAGE)
    page.get_by_role("button", name="Open the example").click()
    status = page.locator("adapter-file .status")
    expect(status).to_have_text("Measured 24 matrices.")
    cells = page.locator("adapter-file td[data-cell]")
    shown = dict(cells.evaluate_all("all => all.map((c) => [c.dataset.cell, c.textContent])"))
    for module, adapter in example.adapters().items():
        norm = np.linalg.norm(adapter.delta(np.zeros(0)))
        assert abs(float(shown[module]) / norm - 1) < 6e-3, module  # three digits of float16
    page.get_by_label("directions for 90 %").check()
    few = page.locator('td[data-cell$="q_proj"]')
    expect(few).to_have_text(["2", "2", "2", "2"])
    few.last.click()
    section = page.locator("adapter-file .specimen")
    expect(section.locator("h2")).to_have_text("model.layers.3.self_attn.q_proj")
    expect(section.locator("svg .line-0")).to_have_count(1)
    few.last.press("ArrowUp")
    expect(page.locator('td[data-cell="model.layers.2.self_attn.q_proj"]')).to_be_focused()
    near = page.locator("adapter-file .near")
    expect(near.locator("h2")).to_have_text("A closer look at model.layers.3.self_attn.q_proj")
    expect(near.locator(".progress")).to_have_text("")  # all of it has come
    adapter = example.adapters()["model.layers.3.self_attn.q_proj"]
    A, B = (M.astype(np.float16).astype(float) for M in (adapter.A, adapter.B))
    wanted = reached(*lora(adapter.s * B, A))
    assert sorted(shown_families(page)) == [
        pytest.approx([share, control], rel=0.06)
        for share, control in sorted((f[0], f[2]) for f in second(wanted))
    ]
    _, _, Vt = np.linalg.svd(B @ A)
    reads = near.locator(".directions figcaption").first
    expect(reads).to_contain_text(f"Reads: the largest inputs are {np.abs(Vt[0]).argmax()} (")
    assert violations(page, ".md-content") == {}


def second(answer: dict[str, Any]) -> list[Any]:
    """Return what families explain at the budget that is shown first."""
    return [f["found"][1] for f in answer["families"] if f["found"][1]]


def shown_families(page: Page) -> list[list[float]]:
    """Return share and control of each family in the table."""
    rows = page.locator("adapter-file .families tbody").first.locator("tr")
    cells = rows.evaluate_all("all => all.map((r) => [...r.cells].map((c) => c.textContent))")
    return [[float(cell.removesuffix(" %")) / 100 for cell in row[1:3]] for row in cells]


def wide() -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    stem = "base_model.model.model.layers.0.mlp.down_proj"
    return {
        f"{stem}.lora_A.weight": rng.normal(size=(16, 14336)) / 100,
        f"{stem}.lora_B.weight": rng.normal(size=(4096, 16)) / 100,
    }


def test_a_matrix_of_a_real_model_is_measured_and_asks_nobody_else(visit: Visit) -> None:
    tensors = wide()
    page = visit(PAGE)
    asked = record(page.context)
    choose(page, payload(WEIGHTS, example.safetensors(tensors)), payload(CONFIG, LORA))
    expect(page.locator("adapter-file .status")).to_have_text("Measured 1 matrix.")
    listed = [{"name": n, "shape": list(a.shape)} for n, a in tensors.items()]
    (layer,) = layers(listed, json.dumps(LORA))["layers"]
    halves = {n: a.astype(np.float16).astype(float).ravel() for n, a in tensors.items()}
    found = measured(layer, {role: halves[t] for role, t in layer["tensors"].items()})
    values = page.locator("adapter-file dd").all_text_contents()
    assert values[:4] == ["16", "32, 2", text(found["norm"]), text(found["largest"])]
    host = page.evaluate("location.origin")
    assert {url.startswith((host, "blob:", "data:")) for url in asked} <= {True}


def test_what_is_wrong_is_said_and_the_rest_can_still_come(visit: Visit) -> None:
    page = visit(PAGE)
    status = page.locator("adapter-file .status")
    weights = payload(WEIGHTS, example.files()[WEIGHTS])
    choose(page, payload(CONFIG, LORA))
    expect(status).to_contain_text("Choose adapter_model.safetensors together with it")
    choose(page, payload(WEIGHTS, weights["buffer"][:-9]), payload(CONFIG, LORA))
    expect(status).to_contain_text("is cut off")
    choose(page, weights, payload(CONFIG, {"peft_type": "BOFT"}))
    expect(status).to_contain_text("type BOFT, and what is read here is LORA")
    choose(page, weights, payload(CONFIG, LORA))
    expect(status).to_contain_text("has r = 8 by its tensors and 16 by adapter_config.json")
    expect(page.locator("adapter-file .result")).to_be_hidden()
    choose(page, weights)
    expect(status).to_have_text("Measured 24 matrices.")
    expect(page.locator("adapter-file .about")).to_contain_text("α is taken to be r")
    choose(page, payload(CONFIG, example.files()[CONFIG]))
    becomes(page, "document.querySelector('adapter-file .about').innerText.includes('α is')", False)
    expect(status).to_have_text("Measured 24 matrices.")
    choose(page, weights, payload("adapter_model.safetensors", b"x"))
    expect(status).to_contain_text("are two adapters. Choose one.")


def test_with_the_base_a_change_is_told_beside_its_weight(visit: Visit) -> None:
    """IA3's change needs W; the base's names lack the first part, and are in two files."""
    rng = np.random.default_rng(1)
    stem = "model.layers.0.self_attn.k_proj"
    gain, W = 1 + rng.normal(size=(48, 1)) / 10, rng.normal(size=(48, 40))
    weights = payload(WEIGHTS, example.safetensors({f"base_model.model.{stem}.ia3_l": gain}))
    config = payload(CONFIG, {"peft_type": "IA3", "feedforward_modules": []})
    name = f"{stem.removeprefix('model.')}.weight"
    base = payload("model-00001-of-00002.safetensors", example.safetensors({name: W}))
    other = {"norm.weight": np.ones(3)}
    rest = payload("model-00002-of-00002.safetensors", example.safetensors(other))
    page = visit(PAGE)
    choose(page, weights, config, base, rest)
    expect(page.locator("adapter-file .status")).to_have_text("Measured 1 matrix.")
    page.locator("adapter-file").get_by_label("‖ΔW‖ / ‖W‖").check()
    gain, W = (a.astype(np.float16).astype(float) for a in (gain, W))
    relative = float(np.linalg.norm((gain - 1) * W) / np.linalg.norm(W))
    expect(page.locator("adapter-file td[data-cell]")).to_have_text(text(relative))
    tables = page.locator("adapter-file .families")
    expect(tables).to_have_count(2)  # the second is what lies along W
    gains_row = tables.first.locator("tr", has_text="Row gains")
    expect(gains_row.locator("td").first).to_have_text("100 %")
    U, _, Vt = np.linalg.svd(W)
    D = (gain - 1) * W
    both = float(np.linalg.norm(U[:, :16].T @ D @ Vt[:16].T) / np.linalg.norm(D)) ** 2
    within = tables.last.locator("tr", has_text="Both").locator("td").first
    assert float((within.text_content() or "").removesuffix(" %")) == pytest.approx(
        100 * both, rel=0.06
    )
    choose(page, weights, config, rest)
    expect(page.locator("adapter-file .status")).to_contain_text(f"The base has no {stem}.weight")


def small(*modules: str, r: int = 2) -> dict[str, np.ndarray[Any, Any]]:
    """Return a LoRA of matrices of 12 × 8."""
    rng = np.random.default_rng(3)
    return {
        f"base_model.model.{module}.lora_{letter}.weight": rng.normal(size=shape)
        for module in modules
        for letter, shape in (("A", (r, 8)), ("B", (12, r)))
    }


def test_a_weight_that_is_tied_is_found_and_one_that_is_missing_leaves_the_others(
    visit: Visit,
) -> None:
    q, v = (f"model.layers.0.self_attn.{m}_proj" for m in "qv")
    weights = payload(WEIGHTS, example.safetensors(small(q, "lm_head", v)))
    W = np.random.default_rng(4).normal(size=(12, 8))
    model = {f"{q}.weight": W, "model.embed_tokens.weight": W}
    page = visit(PAGE)
    config = payload(CONFIG, {"peft_type": "LORA", "r": 2, "lora_alpha": 2})
    choose(page, weights, config, payload("model.safetensors", example.safetensors(model)))
    status = page.locator("adapter-file .status")
    expect(status).to_contain_text("Measured 3 matrices. The weight of 1 matrix is missing.")
    expect(status).to_contain_text(f"The base has no {v}.weight")
    about = page.locator("adapter-file .about")
    expect(about).to_contain_text("The weight of lm_head is model.embed_tokens.weight")
    cells = page.locator("adapter-file td[data-cell]")
    expect(cells.filter(has_text="–")).to_have_count(0)
    page.locator("adapter-file").get_by_label("‖ΔW‖ / ‖W‖").check()
    expect(cells.filter(has_text="–")).to_have_count(1)


def test_settings_that_never_end_are_ended_and_the_next_are_read(visit: Visit) -> None:
    weights = payload(WEIGHTS, example.safetensors(small("model.layers.0.self_attn.q_proj")))
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 2}
    page = visit(PAGE)
    limit(page, 1)
    choose(page, weights, payload(CONFIG, config | {"alpha_pattern": {r"([\w.]|[\w.])*!": 1}}))
    status = page.locator("adapter-file .status")
    expect(status).to_contain_text("Reading the names and settings took over a minute")
    page.evaluate("delete window.limit")
    choose(page, weights, payload(CONFIG, config))
    expect(status).to_have_text("Measured 1 matrix.")


def test_many_rows_are_shown_a_page_at_a_time(visit: Visit) -> None:
    modules = [f"model.layers.0.experts.{i}.{m}" for i in range(130) for m in ("up", "down")]
    page = visit(PAGE)
    choose(page, payload(WEIGHTS, example.safetensors(small(*modules))))
    expect(page.locator("adapter-file .status")).to_have_text("Measured 260 matrices.")
    table = page.locator("adapter-file .heat")
    expect(table.locator("tbody tr")).to_have_count(100)
    table.get_by_role("button", name="Next").click()
    expect(table.locator("output")).to_have_text("Rows 101 to 130 of 130")
    last = table.locator("td[data-cell]").last
    expect(last).to_have_text(re.compile(r"\d"))
    last.click()
    heading = page.locator("adapter-file .specimen h2")
    expect(heading).to_have_text(modules[-2])
    assert violations(page, "adapter-file") == {}


def test_what_is_measured_can_be_taken_along(visit: Visit) -> None:
    page = visit(PAGE)
    page.get_by_role("button", name="Open the example").click()
    expect(page.locator("adapter-file .status")).to_have_text("Measured 24 matrices.")
    with page.expect_download() as saved:
        page.locator("adapter-file").get_by_role("button", name="CSV").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert len(lines) == 25
    assert lines[0].startswith("module,method,r,alpha,scale,of,norm,largest,stable_rank")


def test_a_model_before_and_after_is_compared_by_name(visit: Visit) -> None:
    rng = np.random.default_rng(2)
    names = [f"model.layers.{i}.mlp.up_proj.weight" for i in range(2)]
    before = {name: rng.normal(size=(40, 24)) for name in names}
    after = {
        name: W + np.outer(rng.normal(size=40), rng.normal(size=24)) / 20
        for name, W in before.items()
    }
    page = visit(PAGE)
    pair = page.locator("model-pair")
    status = pair.locator(".status")
    pair.locator("[name=before]").set_input_files(
        [payload("a.safetensors", example.safetensors(before))]
    )
    expect(status).to_have_text("The model before has 2 tensors. Choose the model after.")
    spare = after | {"extra.weight": np.ones((2, 2))}
    pair.locator("[name=after]").set_input_files(
        [payload("b.safetensors", example.safetensors(spare))]
    )
    expect(status).to_contain_text("Measured 2 matrices.")
    expect(pair.locator(".about")).to_contain_text(
        "Only in the model after: 1 tensors (extra.weight)"
    )
    W, V = (m[names[1]].astype(np.float16).astype(float) for m in (before, after))
    cell = pair.locator("td[data-cell]").last
    expect(cell).to_have_text(text(float(np.linalg.norm(V - W) / np.linalg.norm(W))))
    cell.click()
    expect(status).to_contain_text("largest singular values of model.layers.1.mlp.up_proj")
    facts = dict(
        pair.locator("dl > div").evaluate_all(
            "all => all.map((d) => [...d.children].map((e) => e.textContent))"
        )
    )
    assert facts["Largest singular value"] == text(float(np.linalg.norm(V - W, 2)))
    assert violations(page, "model-pair") == {}
    wrong = payload("c.safetensors", example.safetensors({"other.weight": np.ones((2, 2))}))
    pair.locator("[name=after]").set_input_files([wrong])
    expect(status).to_contain_text("No tensor has the same name in both models")
    expect(pair.locator(".result")).to_be_hidden()
