"""Read off PEFT what an adapted weight keeps for the backward pass.

    python3 tests/parity/kept.py > kept.json    # where torch, transformers and PEFT are

One query projection of a decoder in bfloat16 is adapted. Counted are the bytes of all tensors that
autograd has saved once the forward pass is over, each once, without parameters and buffers, less
those of the same decoder without an adapter. ShadowPEFT adapts whole decoders, as its recipe has
it. AdaMSS needs scikit-learn. What methods' pages say under `peft.memory` is held against them in
tests/scripts/catalog/test_memory.py.
"""

from __future__ import annotations

import json
import weakref
from typing import Any

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "LORA": ("LoraConfig", {"r": 16}),
    "LORA dora": ("LoraConfig", {"r": 16, "use_dora": True}),
    "OFT": ("OFTConfig", {"oft_block_size": 32}),
    "VERA": ("VeraConfig", {"r": 16}),
    "DELORA": ("DeloraConfig", {"r": 16}),
    "IA3": ("IA3Config", {"feedforward_modules": []}),
    "IA3 feedforward": ("IA3Config", {"feedforward_modules": ["q_proj"]}),
    "ROAD": ("RoadConfig", {}),
    "ADALORA": ("AdaLoraConfig", {"init_r": 16, "target_r": 8, "total_step": 1000}),
    "BOFT": ("BOFTConfig", {"boft_block_size": 8}),
    "HRA": ("HRAConfig", {"r": 8}),
    "RANDLORA": ("RandLoraConfig", {"r": 32}),
    "FOURIERFT": ("FourierFTConfig", {"n_frequency": 500}),
    "C3A": ("C3AConfig", {"block_size": 64}),
    "LOHA": ("LoHaConfig", {"r": 16}),
    "LOKR": ("LoKrConfig", {"r": 16, "decompose_factor": 4}),
    "MISS": ("MissConfig", {"r": 64}),
    "MISS bat": ("MissConfig", {"r": 64, "init_weights": "bat"}),
    "VBLORA": ("VBLoRAConfig", {"num_vectors": 64, "vector_length": 64}),
    "SHIRA": ("ShiraConfig", {"r": 8, "random_seed": 42}),
    "PSOFT": ("PsoftConfig", {"r": 64, "psoft_alpha": 64}),
    "LILY": ("LilyConfig", {"r": 16}),
    "DEFT": ("DeftConfig", {"r": 16}),
    "DEFT para": ("DeftConfig", {"r": 16, "para": True}),
    "FROD": ("FrodConfig", {}),
    "GLORA": ("GloraConfig", {"r": 4}),
    "GRALORA": ("GraloraConfig", {"r": 32}),
    "HIRA": ("HiraConfig", {"r": 16}),
    "PEANUT": ("PeanutConfig", {"r": 16}),
    "PVERA": ("PveraConfig", {"r": 16}),
    "TINYLORA": ("TinyLoraConfig", {}),
    "UNILORA": ("UniLoraConfig", {}),
    "WAVEFT": ("WaveFTConfig", {"n_frequency": 500}),
    "BEFT": ("BeftConfig", {}),
    "OSF factors": ("OSFConfig", {"effective_rank": 0.96875}),
    "ADAMSS": ("AdamssConfig", {"r": 100, "num_subspaces": 5, "subspace_rank": 4}),
    "SUPERTUNING": ("SupertuningConfig", {"r": 16}),
}
SHAPES = ((64, 512, 1024), (128, 512, 1024), (64, 1024, 512))  # tokens, inputs, outputs
WHOLE = ((64, 512, 1), (128, 512, 2), (64, 1024, 3))  # tokens, width, layers
INNER = 128
VOCABULARY = 64


class Held:
    """Tensors that autograd has saved, for as long as its graph lives."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor


def decoder(hidden: int, queries: int, layers: int = 1) -> Any:
    """Return a frozen decoder."""
    import torch  # type: ignore[import-not-found]
    from transformers import LlamaConfig, LlamaForCausalLM  # type: ignore[import-not-found]

    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=hidden, intermediate_size=INNER, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=4, head_dim=queries // 4, vocab_size=VOCABULARY,
    )  # fmt: skip
    return LlamaForCausalLM(config).to(torch.bfloat16).requires_grad_(False)


def saved(model: Any, tokens: int) -> int:
    """Return the bytes that the forward pass keeps."""
    import torch

    live: weakref.WeakSet[Held] = weakref.WeakSet()
    owned = [t for t in (*model.parameters(), *model.buffers()) if not t.is_sparse]
    known = {t.untyped_storage().data_ptr() for t in owned}

    def pack(tensor: Any) -> Held:
        live.add(held := Held(tensor))
        return held

    ids = torch.randint(0, VOCABULARY, (1, tokens))
    inputs = model.get_input_embeddings()(ids).detach().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda held: held.tensor):
        end = model.train()(inputs_embeds=inputs, use_cache=False).logits.float().sum()
    stores = [held.tensor.untyped_storage() for held in live if not held.tensor.is_sparse]
    del end
    return sum({s.data_ptr(): s.nbytes() for s in stores if s.data_ptr() not in known}.values())


def shadowed() -> list[dict[str, int]]:
    """Return what ShadowPEFT keeps of whole decoders, in mixed precision."""
    import peft  # type: ignore[import-not-found]
    import torch

    found = []
    for tokens, hidden, layers in WHOLE:
        model = decoder(hidden, hidden, layers)
        bare = saved(model, tokens)
        model = peft.get_peft_model(model, peft.ShadowConfig(r=8, task_type="CAUSAL_LM"))
        model.base_model.shadow_backbone.float()
        with torch.autocast("cpu", torch.bfloat16):
            kept = saved(model, tokens) - bare
        found.append({"tokens": tokens, "hidden": hidden, "layers": layers, "bytes": kept})
    return found


def main() -> None:
    """Print what every case keeps."""
    import peft
    import torch
    import transformers

    bare = {shape: saved(decoder(*shape[1:]), shape[0]) for shape in SHAPES}
    found: dict[str, list[dict[str, int]]] = {}
    for name, (config, arguments) in CASES.items():
        found[name] = []
        for shape in SHAPES:
            wanted = getattr(peft, config)(target_modules=["q_proj"], **arguments)
            model = peft.get_peft_model(decoder(*shape[1:]), wanted)
            tokens, hidden, queries = shape
            kept = saved(model, tokens) - bare[shape]
            rank = int(arguments.get("r", 0))
            about = {"tokens": tokens, "hidden": hidden, "queries": queries, "rank": rank}
            found[name].append({**about, "bytes": kept})
    versions = {m.__name__: m.__version__ for m in (peft, torch, transformers)}
    beside = {"SHADOW": shadowed()}
    print(json.dumps({"versions": versions, "kept": found, "beside": beside}, indent=1))


if __name__ == "__main__":
    main()
