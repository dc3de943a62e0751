"""Readers' adapters: files in PEFT's names are read, paired and measured as numpy measures them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters_np.linalg import Array
from demos.adapter_base import against, needs, placed
from demos.adapter_file import layers, measured
from demos.adapter_kinds import KINDS, MOST
from demos.adapter_reach import begin
from scripts.stored import example
from tests.node import printed, read
from tests.parity.cases import Case, recorded

MODEL = "base_model.model.model.layers"
WEIGHTS = "adapter_model.safetensors"
rng = np.random.default_rng(0)


def brain(a: Array) -> NDArray[Any]:
    return (a.astype("<f4").view("<u4") >> 16).astype("<u2")


WRITTEN: dict[str, Callable[[Array], NDArray[Any]]] = {
    "F32": lambda a: a.astype("<f4"),
    "F16": lambda a: a.astype("<f2"),
    "BF16": brain,
    "F8_E4M3": lambda a: np.zeros(a.shape, "u1"),
}
Tensors = dict[str, Array]


def saved(tensors: Tensors, dtype: str = "F32") -> bytes:
    """Return arrays as PEFT would save them."""
    head: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, array in tensors.items():
        data = WRITTEN[dtype](array).tobytes()
        offsets = [len(body), len(body) + len(data)]
        head[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        body += data
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + body


def listed(tensors: Tensors, config: dict[str, Any] | str | None) -> dict[str, Any]:
    """Return what is said of a file before any number is read."""
    heads = [{"name": name, "shape": list(array.shape)} for name, array in tensors.items()]
    return layers(heads, json.dumps(config) if isinstance(config, dict) else config)


def answer(tensors: Tensors, config: dict[str, Any] | str | None) -> dict[str, dict[str, Any]]:
    """Return what is measured of every module, without a file between."""
    return {
        layer["module"]: layer
        | measured(layer, {role: tensors[t].ravel() for role, t in layer["tensors"].items()})
        for layer in listed(tensors, config)["layers"]
    }


def normal(*shape: int) -> Array:
    # as a file of float32 holds them
    return rng.normal(size=shape).astype(np.float32).astype(float)


def lora(i: int, matrix: str, rank: int, d_out: int = 48, d_in: int = 32) -> Tensors:
    stem = f"{MODEL}.{i}.self_attn.{matrix}"
    return {
        f"{stem}.lora_A.weight": normal(rank, d_in),
        f"{stem}.lora_B.weight": normal(d_out, rank),
    }


def change(tensors: Tensors, module: str) -> Array:
    stem = f"base_model.model.{module}"
    return tensors[f"{stem}.lora_B.weight"] @ tensors[f"{stem}.lora_A.weight"]


def holds(found: dict[str, Any], wanted: Array, tolerance: float = 1e-5) -> None:
    """Hold what was measured against the whole matrix."""
    sigma = np.linalg.svd(wanted, compute_uv=False)
    k = min(len(sigma), len(found["sigma"]))
    close = {"rtol": tolerance, "atol": tolerance * sigma[0]}
    np.testing.assert_allclose(found["sigma"][:k], sigma[:k], **close)
    np.testing.assert_allclose(sigma[k:], 0, atol=tolerance * sigma[0])
    assert found["norm"] == pytest.approx(np.linalg.norm(wanted), rel=tolerance)
    assert found["share"] == pytest.approx(sigma[0] ** 2 / (sigma**2).sum(), rel=tolerance)
    assert found["stable_rank"] == pytest.approx((sigma**2).sum() / sigma[0] ** 2, rel=tolerance)
    energy = np.cumsum(sigma**2) / (sigma**2).sum()
    assert found["directions"] == np.argmax(energy >= 0.9) + 1
    if found["first"]:  # float32
        u, v = found["first"]
        assert u @ wanted @ v == pytest.approx(sigma[0], rel=max(tolerance, 1e-6))
        assert [u @ u, v @ v] == pytest.approx([1, 1], rel=max(tolerance, 1e-6))


LORA = {"peft_type": "LORA", "r": 4, "lora_alpha": 12, "use_rslora": False, "use_dora": False}


# Measurements -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_a_file_is_measured_as_numpy_measures_the_whole_change(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / WEIGHTS
    path.write_bytes(saved(lora(0, "q_proj", 4) | lora(10, "q_proj", 4), dtype))
    (found,) = read(path)
    back = {t["name"]: np.array(t["values"]).reshape(t["shape"]) for t in found}
    for module, layer in answer(back, LORA).items():
        holds(layer, 3 * change(back, module))
        assert (layer["rank"], layer["alpha"], layer["scale"]) == (4, 12, 3)


def test_a_scale_follows_rank_stabilisation_and_patterns() -> None:
    tensors = lora(0, "q_proj", 4) | lora(1, "q_proj", 9) | lora(1, "v_proj", 4)
    patterns = {"rank_pattern": {"layers.1.self_attn.q_proj": 9}, "alpha_pattern": {"v_proj": 5}}
    for rooted in (False, True):
        found = answer(tensors, LORA | patterns | {"use_rslora": rooted})
        expected = {"0.self_attn.q_proj": (4, 12), "1.self_attn.q_proj": (9, 12)}
        for name, (r, alpha) in (expected | {"1.self_attn.v_proj": (4, 5)}).items():
            layer = found[f"model.layers.{name}"]
            s = alpha / (math.sqrt(r) if rooted else r)
            assert (layer["rank"], layer["alpha"]) == (r, alpha)
            holds(layer, s * change(tensors, f"model.layers.{name}"))


def test_a_pattern_is_an_end_of_the_name_at_a_dot() -> None:
    tensors = lora(1, "q_proj", 4) | lora(11, "q_proj", 4)
    found = answer(tensors, LORA | {"alpha_pattern": {"1.self_attn.q_proj": 8}})
    assert [layer["alpha"] for layer in found.values()] == [8, 12]


def test_embeddings_and_convolutions_are_matrices_too() -> None:
    stem = f"{MODEL}.0"
    tensors = {
        f"{stem}.embed.lora_embedding_A": normal(4, 100),
        f"{stem}.embed.lora_embedding_B": normal(32, 4),
        f"{stem}.conv.lora_A.weight": normal(4, 3, 5, 5),
        f"{stem}.conv.lora_B.weight": normal(16, 4, 1, 1),
    }
    found = answer(tensors, LORA)
    a, b, c, d = tensors.values()
    holds(found["model.layers.0.embed"], 3 * b @ a)
    holds(found["model.layers.0.conv"], 3 * d.reshape(16, 4) @ c.reshape(4, -1))


NAMES = {
    "lora_magnitude_vector.weight": "lora_magnitude_vector"  # as PEFT renames it when it saves
}
WHOLE: dict[str, Callable[[Case], Array]] = {  # what is shown where ΔW needs no W
    "LORA": lambda case: case["W_merged"] - case["W"],
    "LOHA": lambda case: case["W_merged"] - case["W"],
    "LOKR": lambda case: case["W_merged"] - case["W"],
    "VERA": lambda case: case["W_merged"] - case["W"],
    "IA3": lambda case: np.diag(case["param.ia3_l"].ravel() - 1),
}
PARTS = [
    *("lora", "rslora", "lora_bias", "dora", "dora_rslora", "loha", "ia3", "ia3_feedforward"),
    *("lokr", "lokr_both", "lokr_factor", "lokr_full_w2", "vera"),
]
CASES = {case.name: case for case in recorded()}


def as_saved(case: Case) -> Tensors:
    """Return what PEFT's recorded layer is called in a file."""
    stem = f"{MODEL}.0.self_attn.q_proj"
    params = {k.removeprefix("param."): v for k, v in case.arrays.items() if k.startswith("param.")}
    tensors = {f"{stem}.{NAMES.get(name, name)}": v for name, v in params.items()}
    for name in ("vera_A", "vera_B"):
        if (shared := case.find(f"buffer.{name}")) is not None:
            tensors[f"base_model.{name}"] = shared
    return tensors


def settings(case: Case) -> dict[str, Any]:
    return {"peft_type": case.sidecar["peft_type"]} | case.config


@pytest.mark.parametrize("name", PARTS)
def test_what_peft_recorded_is_what_is_measured(name: str) -> None:
    case = CASES[name]
    (found,) = answer(as_saved(case), settings(case)).values()
    if name.startswith("dora"):
        B, A = case["param.lora_B.weight"], case["param.lora_A.weight"]
        wanted = case.effective["scaling"] * B @ A
        assert found["of"] == "s B A"
        assert "needs W" in found["note"]
        m = case["param.lora_magnitude_vector.weight"]
        assert [value for _, value in found["facts"]] == pytest.approx([m.min(), m.max()])
    else:
        wanted = WHOLE[case.sidecar["peft_type"]](case)
    holds(found, wanted, max(1e-5, case.atol))
    shown = {"IA3": "diag(l) − I"}.get(case.sidecar["peft_type"], found["of"])
    assert found["of"] == shown


OFT = ["oft_cayley", "oft_cayley_r", *(f"oft_neumann{i}" for i in range(1, 7))]


def relative(layer: dict[str, Any], tensors: Tensors, W: Array, cut: int = 3) -> float:
    """Return ‖ΔW‖ as it is measured with a base whose weight is W, a slice at a time."""
    arrays = {role: tensors[t].ravel() for role, t in layer["tensors"].items()}
    parts = [against(layer, arrays, rows, at) for rows, at in ((W[:cut], 0), (W[cut:], cut))]
    changed, whole = np.sum(parts, axis=0)
    assert whole == pytest.approx((W**2).sum())
    return float(np.sqrt(changed) if needs(layer) else measured(layer, arrays)["norm"])


@pytest.mark.parametrize("name", [*PARTS, *OFT, "oft_block_share", "oft_coft"])
@pytest.mark.parametrize("turned", [False, True])
def test_with_the_base_the_whole_change_is_known_a_slice_at_a_time(name: str, turned: bool) -> None:
    case = CASES[name]
    tensors, W = as_saved(case), case["W"]
    saved_as = W.T if turned else W  # GPT-2's Conv1D has inputs × outputs
    config = settings(case) | {"fan_in_fan_out": turned}
    (layer,) = listed(tensors, config)["layers"]
    (where,) = placed([layer], [list(saved_as.shape)])
    assert where == {"sides": list(W.shape), "turned": turned, "why": ""}
    wanted = np.linalg.norm(case["W_merged"] - W)
    found = relative(layer | where, tensors, W)
    assert found == pytest.approx(wanted, rel=1e-4, abs=case.atol * W.size)
    (other,) = placed([layer], [[len(W) + 1, W.shape[1] - 1]])
    assert "and the adapter is for" in other["why"]


def test_a_square_weight_lies_as_the_settings_or_the_other_weights_say() -> None:
    """GPT-2's c_proj is square, its c_attn is not; the last layer decides the setting."""
    names = [f"base_model.model.h.0.attn.{m}.ia3_l" for m in ("c_attn", "c_proj")]
    tensors = {names[0]: normal(24, 1), names[1]: normal(8, 1)}
    cases: list[tuple[bool, list[list[int] | None], bool]] = [
        (True, [None, [8, 8]], True),
        (False, [None, [8, 8]], False),
        (False, [[8, 24], [8, 8]], True),
        (False, [[24, 8], [8, 8]], False),
    ]
    for fan, shapes, wanted in cases:
        two = listed(tensors, {"peft_type": "IA3", "fan_in_fan_out": fan})["layers"]
        assert placed(two, shapes)[1]["turned"] is wanted, (fan, shapes)


def test_an_embedding_is_saved_as_inputs_by_outputs() -> None:
    case = CASES["lora_embedding"]
    (layer,) = listed(as_saved(case), settings(case))["layers"]
    (where,) = placed([layer], [list(case["W0"].shape)])
    assert where == {"sides": list(case["W0"].shape[::-1]), "turned": True, "why": ""}


def test_a_replicated_layer_has_the_weight_of_its_origin() -> None:
    tensors = lora(3, "q_proj", 4) | lora(5, "q_proj", 4) | lora(9, "q_proj", 4)
    found = listed(tensors, LORA | {"layer_replication": [[0, 4], [2, 5]]})
    assert [layer["weight"] for layer in found["layers"]] == [
        "model.layers.3.self_attn.q_proj",
        "model.layers.3.self_attn.q_proj",
    ]
    ((module, why),) = found["failed"].items()
    assert module == "model.layers.9.self_attn.q_proj"
    assert "layer_replication ends before layer 9" in why


def test_vera_takes_as_much_of_its_shared_matrices_as_the_base_has_inputs() -> None:
    shared = {"base_model.vera_A": normal(3, 40), "base_model.vera_B": normal(24, 3)}
    tensors, widths = dict(shared), {"up": 16, "down": 40}
    for name in widths:
        stem = f"{MODEL}.0.{name}"
        gains = {f"{stem}.vera_lambda_d": normal(3), f"{stem}.vera_lambda_b": normal(24)}
        tensors |= gains
    listing = listed(tensors, {"peft_type": "VERA", "r": 3})
    assert "at most that" in listing["notes"][0]
    found = placed(
        listing["layers"], [[24, widths[layer["column"]]] for layer in listing["layers"]]
    )
    for layer, where in zip(listing["layers"], found, strict=True):
        arrays = {role: tensors[t].ravel() for role, t in layer["tensors"].items()}
        d, b = (tensors[f"{MODEL}.0.{layer['column']}.vera_lambda_{x}"] for x in "db")
        A, B = shared.values()
        whole = b[:, None] * B @ (d[:, None] * A)
        holds(measured(layer | where, arrays), whole[:, : widths[layer["column"]]])
        without = measured(layer, arrays)
        assert without["of"] == "ΔW with all of A"
        assert without["norm"] == pytest.approx(np.linalg.norm(whole), rel=1e-6)


@pytest.mark.parametrize(
    "name", ["oft_cayley", "oft_cayley_r", *(f"oft_neumann{i}" for i in range(1, 7))]
)
def test_how_far_a_rotation_is_from_the_identity(name: str) -> None:
    case = CASES[name]
    (found,) = answer(as_saved(case), settings(case)).values()
    # W' = W Rᵀ, so the recorded weights tell R, up to the round-off of float32
    b = case.effective["oft_block_size"]
    places = [slice(i, i + b) for i in range(0, case["W"].shape[1], b)]
    blocks = [
        np.linalg.lstsq(case["W"][:, at], case["W_merged"][:, at], rcond=None)[0] for at in places
    ]
    off = np.concatenate([np.linalg.svd(R - np.eye(b), compute_uv=False) for R in blocks])
    np.testing.assert_allclose(found["sigma"], np.sort(off)[::-1], atol=1e-4)
    assert found["of"] == "R − I"
    assert "needs W" in found["note"]
    facts = dict(found["facts"])
    assert facts["their side"] == b
    if "cayley" in name:
        theta = 2 * np.arctan(max(np.linalg.norm(skewed, 2) for skewed in planes(case, b)))
        assert facts["largest angle in degrees"] == pytest.approx(np.degrees(theta), abs=1e-6)


def planes(case: Case, b: int) -> list[Array]:
    found: list[Array] = []
    for row in case["param.oft_R.weight"]:
        Q = np.zeros((b, b))
        Q[np.triu_indices(b, 1)] = row
        found.append(Q - Q.T)
    return found


def test_a_kronecker_product_of_two_low_rank_blocks_without_settings() -> None:
    stem = f"{MODEL}.0.q_proj.lokr"
    tensors = {f"{stem}_w1": normal(4, 4), f"{stem}_w2": normal(12, 8)}
    (found,) = answer(tensors, None).values()
    holds(found, np.kron(*tensors.values()))


def test_shared_matrices_that_were_not_saved_leave_the_gains() -> None:
    stem = f"{MODEL}.0.q_proj"
    tensors = {f"{stem}.vera_lambda_d": normal(3), f"{stem}.vera_lambda_b": normal(8)}
    (found,) = answer(tensors, {"peft_type": "VERA", "r": 3}).values()
    assert found["sigma"] == []
    assert found["norm"] is None
    assert "not in the file" in found["note"]
    assert found["facts"][0][1] == np.abs(tensors[f"{stem}.vera_lambda_d"]).max()


def test_too_many_directions_are_told_with_their_number() -> None:
    stem, r = f"{MODEL}.0.q_proj.hada", math.isqrt(MOST) + 1
    tensors = {
        f"{stem}_w{i}_{side}": normal(*shape)
        for i in (1, 2)
        for side, shape in (("a", (40, r)), ("b", (r, 40)))
    }
    (found,) = answer(tensors, {"peft_type": "LOHA", "r": r, "alpha": r}).values()
    assert f"{r * r} directions, and up to {MOST}" in found["note"]
    assert found["sigma"] == []


def test_a_fresh_adapter_has_no_change_and_no_stable_rank() -> None:
    tensors = lora(0, "q_proj", 4)
    tensors[f"{MODEL}.0.self_attn.q_proj.lora_B.weight"] *= 0
    (found,) = answer(tensors, LORA).values()
    assert found["norm"] == 0
    assert found["stable_rank"] is None


def test_what_is_assumed_and_left_out_is_told() -> None:
    tensors = lora(0, "q_proj", 4) | {"base_model.model.lm_head.weight": normal(9, 32)}

    def notes(config: dict[str, Any] | None) -> str:
        return " ".join(listed(tensors, config)["notes"])

    assert notes(LORA) == (
        "Not measured: 1 tensors that no layer's change is made of "
        "(base_model.model.lm_head.weight)."
    )
    assert "α is taken to be r" in notes(None)
    assert "takes the first B A out" in notes(LORA | {"init_lora_weights": "pissa_niter_4"})
    assert "takes the first" not in notes(LORA | {"init_lora_weights": "gaussian"})


def test_layers_come_in_the_order_of_the_model() -> None:
    tensors = lora(10, "q_proj", 4) | lora(2, "q_proj", 4)
    assert [layer["row"] for layer in answer(tensors, LORA).values()] == [
        "model.layers.2",
        "model.layers.10",
    ]


def test_one_layer_that_is_wrong_leaves_the_others() -> None:
    tensors = lora(0, "q_proj", 4) | lora(1, "q_proj", 4) | lora(2, "q_proj", 4)
    tensors[f"{MODEL}.1.self_attn.q_proj.lora_B.weight"] = normal(48, 5)
    del tensors[f"{MODEL}.2.self_attn.q_proj.lora_B.weight"]
    tensors |= lora(3, "q_proj", 4) | {f"{MODEL}.3.self_attn.q_proj.lora_E": normal(4, 1)}
    found = listed(tensors, LORA)
    with pytest.raises(ValueError, match="the two files are not of one adapter"):
        listed(tensors | lora(4, "q_proj", 5), LORA)
    assert [layer["row"] for layer in found["layers"]] == ["model.layers.0"]
    reasons = ["B is 48 × 5 and A is 4 × 32", "and no lora_B.weight", "lora_E belongs to a form"]
    for reason in reasons:
        assert sum(reason in why for why in found["failed"].values()) == 1, reason


AXES, SIDES = (0.1, 0.1, 0.7, 0.1), (0.05, 0.8, 0.1, 0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_that_are_none_are_named(kind: str) -> None:
    """Whatever shapes a head claims, and settings without any, there is an answer or a reason."""
    draw = np.random.default_rng(5)
    endings = [*KINDS[kind].endings, *(["vera_A", "vera_B"] if kind == "VERA" else [])]
    answered = 0
    for _ in range(800):
        chosen = draw.permutation(endings)[: draw.integers(1, len(endings) + 1)]
        shapes = [draw.choice(4, draw.choice(4, p=AXES), p=SIDES).tolist() for _ in chosen]
        tensors = {f"{STEM}.{end}": np.ones(s) for end, s in zip(chosen, shapes, strict=True)}
        config = (
            {"peft_type": kind, "r": 1, "lora_alpha": 1, "alpha": 1}
            if draw.random() > 0.5
            else None
        )
        try:
            (layer,) = listed(tensors, config)["layers"]
            arrays = {role: tensors[t].ravel() for role, t in layer["tensors"].items()}
            measured(layer, arrays)
            answered += 1
            begin(layer, arrays, None)
        except ValueError:
            continue
    assert answered


# The example --------------------------------------------------------------------------------------


def test_the_example_is_what_our_module_made(tmp_path: Path) -> None:
    for name, data in example.files().items():
        (tmp_path / name).write_bytes(data)
    (found,) = read(tmp_path / WEIGHTS)
    back = {t["name"]: np.array(t["values"]).reshape(t["shape"]) for t in found}
    measures = answer(back, json.loads((tmp_path / "adapter_config.json").read_text()))
    adapters = example.adapters()
    assert measures.keys() == adapters.keys()
    for module, adapter in adapters.items():
        holds(measures[module], adapter.delta(np.zeros(0)), 2e-3)  # float16
    few = [v["directions"] for k, v in measures.items() if k.endswith("q_proj")]
    assert few == [2, 2, 2, 2]
    assert measures[example.HIGHER[0]]["rank"] == example.HIGHER[1]


# Errors -------------------------------------------------------------------------------------------

GOOD = lora(0, "q_proj", 4)
A, B = GOOD
STEM = A.removesuffix(".lora_A.weight")
MODULE = "model.layers.0.self_attn.q_proj"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.long
def test_a_list_that_is_read_in_parts_is_whole(tmp_path: Path) -> None:
    tensors = {f'{i}{"," * 50}"{{': np.full((1,), i) for i in range(9000)}
    path = tmp_path / WEIGHTS
    path.write_bytes(saved(tensors))
    assert path.stat().st_size > 2**20
    (found,) = read(path)
    assert {t["name"]: t["values"] for t in found} == {n: a.tolist() for n, a in tensors.items()}


def test_a_tensor_too_large_to_be_read_at_once_is_named(tmp_path: Path) -> None:
    entry = {"dtype": "F32", "shape": [2**27], "data_offsets": [0, 2**29]}
    text = json.dumps({A: entry}).encode()
    path = tmp_path / WEIGHTS
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with path.open("r+b") as file:
        file.truncate(8 + len(text) + 2**29)  # sparse
    (found,) = read(path)
    assert found == f"{A} in {WEIGHTS} has 134217728 numbers, and up to 67108864 are read at once."


def test_settings_that_a_parser_may_break_down_on_are_refused() -> None:
    found = printed(
        """import { settings } from "./demos/page/arrays.js";
        const read = (text) =>
          settings(new File([text], "adapter_config.json")).catch(({ message }) => message);
        const texts = ["[".repeat(1e5), JSON.stringify("[".repeat(1e5) + '"\\\\'), " ".repeat(2e7)];
        console.log(JSON.stringify(await Promise.all(texts.map(read))));"""
    )
    assert found[0].startswith("adapter_config.json has more than 64 lists and objects")
    assert json.loads(found[1]) == "[" * 10**5 + '"\\'
    assert found[2] == "adapter_config.json has 20000000 bytes, and settings have 10000000 at most."


def test_a_weight_is_found_without_its_first_parts_or_where_it_is_tied() -> None:
    names = ["layers.0.q.weight", "embed_tokens.weight", "wte.bias"]
    modules = [
        "model.layers.0.q",
        "layers.0.q",
        "lm_head",
        "model.embed_tokens",
        "model.layers.1.q",
    ]
    found = printed(
        f"""import {{ turned, weightOf }} from "./demos/lab/base.js";
        const base = new Map({json.dumps(names)}.map((name) => [name, {{ name }}]));
        const found = {json.dumps(modules)}.map((module) => weightOf(base, module)?.name ?? null);
        const more = new Map([["lm_head.weight", {{ name: "own" }}], ...base]);
        found.push(weightOf(more, "lm_head").name);
        const tensor = {{ shape: [2, 3], read: async () => Float64Array.of(1, 2, 3, 4, 5, 6) }};
        console.log(JSON.stringify([...found, ...(await turned(tensor).read(1, 2))]));"""
    )
    wanted = [names[0], names[0], names[1], names[1], None, "own", 2, 5, 3, 6]
    assert found == wanted


ELSEWHERE = {f"{STEM}.boft_R": normal(1, 2, 4, 4)}
VERA = {f"{STEM}.vera_lambda_d": normal(3), f"{STEM}.vera_lambda_b": normal(8)}
WRONG: list[tuple[Tensors, dict[str, Any] | str | None, str]] = [
    (
        {A: GOOD[A], B.replace("layers.0", "layers.1"): GOOD[B]},
        LORA,
        f"{MODULE} has lora_A.weight, and no lora_B.weight: the two belong together",
    ),
    (
        lora(0, "q_proj", 4) | {B: lora(0, "v_proj", 4, 16, 48)[B.replace("q_proj", "v_proj")].T},
        LORA,
        f"{MODULE}: B is 4 × 16 and A is 4 × 32: B must have as many columns (r) as A has rows",
    ),
    (GOOD, LORA | {"r": 8}, f"{MODULE} has r = 4 by its tensors and 8 by adapter_config.json"),
    (GOOD, LORA | {"lora_alpha": "12"}, 'lora_alpha is "12", and it has to be a number above 0'),
    (
        GOOD,
        LORA | {"alpha_pattern": {"(": 1}},
        'alpha_pattern has the key "(", which is no regular',
    ),
    (
        GOOD,
        LORA | {"use_dora": True},
        f"use_dora is true, and {MODULE} has no lora_magnitude_vecto",
    ),
    (
        GOOD,
        LORA | {"lora_alpha": 10**299},
        "lora_alpha is 1e+299 and r 4, and a scale is from 1e-30",
    ),
    (
        GOOD,
        '{"peft_type": "LORA", "r": ' + "1" * 5000 + "}",
        "r is Infinity, and it has to be a num",
    ),
    (GOOD, LORA | {"alpha_pattern": [1]}, "alpha_pattern is [1], and it has to be an object"),
    (GOOD, LORA | {"layer_replication": [[4, 0]]}, "layer_replication is [[4, 0]], and it has to"),
    ({A: GOOD[A], B: 1e200 * GOOD[B]}, LORA, "e+200 as its largest entry"),
    (
        {f"{STEM}.oft_R.weight": normal(3, 6)},
        {"peft_type": "OFT", "use_cayley_neumann": True, "num_cayley_neumann_terms": 10**9},
        "num_cayley_neumann_terms is 1000000000, and here it is a whole number up to 100",
    ),
    (GOOD, LORA | {"use_qalora": True}, "use_qalora is set, and under it LoRA's change is another"),
    (GOOD, "", "adapter_config.json is empty."),
    (GOOD, POINTER.decode(), "adapter_config.json is a pointer of Git LFS, not the file"),
    (GOOD, "{", "adapter_config.json is no JSON: Expecting property name"),
    (GOOD, {"r": 4}, "adapter_config.json names no peft_type"),
    (GOOD, {"peft_type": "BOFT"}, "type BOFT, and what is read here is LORA, LOHA, LOKR, IA3, OFT"),
    (
        GOOD,
        {"peft_type": "IA3"},
        "says IA3, and no tensor has a name that ends in ia3_l. The first",
    ),
    (ELSEWHERE, None, f"{STEM}.boft_R is no tensor of an adapter that is read here"),
    (
        GOOD | {f"{STEM}.lora_E": normal(4, 1)},
        LORA,
        f"{STEM}.lora_E belongs to a form of LoRA that",
    ),
    (GOOD | {A: np.full((4, 32), np.nan)}, LORA, f"{A} has an entry that is not finite"),
    (
        GOOD | {f"{STEM}.lora_magnitude_vector": normal(47)},
        None,
        "has 47 entries, and B has 48 row",
    ),
    (
        {f"{STEM}.oft_R.weight": normal(3, 7)},
        {"peft_type": "OFT"},
        "oft_R is 3 × 7, and a block of",
    ),
    ({f"{STEM}.ia3_l": normal(3, 7)}, {"peft_type": "IA3"}, "ia3_l is 3 × 7, and a gain is a row"),
    (
        VERA | {"base_model.vera_A": normal(3, 8)},
        None,
        "base_model.vera_A is there, and its partner",
    ),
]


@pytest.mark.parametrize(("tensors", "config", "message"), WRONG, ids=[w[2][-40:] for w in WRONG])
def test_what_does_not_fit_is_named(
    tensors: Tensors, config: dict[str, Any] | str | None, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        answer(tensors, config)
    assert len(str(error.value)) < 300
