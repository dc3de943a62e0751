"""Train single layers with PEFT and torch, and record how the loss falls.

    python scripts/studies/record_curves.py [CASE …]

It records anew what `tests/parity/curves.json` has, and cases that are named. It runs where torch
and PEFT are, needs nothing else of this project, and writes down their versions. Each run starts
from the arrays of a recorded case (tests/parity/fixtures), so it first checks that the rebuilt
layer puts out what the case says. Then Adam brings the mean square of that output towards zero.
`tests/scripts/studies/test_curves.py` does the same through our files.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import peft  # type: ignore[import-not-found]
import torch  # type: ignore[import-not-found]
import transformers  # type: ignore[import-not-found]
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING  # type: ignore[import-not-found]
from torch import nn

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "parity" / "fixtures"
RECORDED = FIXTURES.parent / "curves.json"
ADAM = {"lr": 0.01, "betas": (0.9, 0.99), "eps": 1e-8}
STEPS = 20


class Around(nn.Module):  # type: ignore[misc]
    """A model of one layer, which PEFT finds by its name."""

    def __init__(self, name: str, layer: nn.Module) -> None:
        super().__init__()
        self.add_module(name, layer)
        self.inner = name

    def forward(self, x: Any, **more: Any) -> Any:
        return getattr(self, self.inner)(x, **more)


def bare(kind: str, z: dict[str, Any], rms: bool) -> tuple[str, nn.Module]:
    """Return the frozen layer of a case and the name under which PEFT knows it."""
    if kind == "norm":
        d = len(z["gamma0"])
        layer = nn.RMSNorm(d, eps=1e-6) if rms else nn.LayerNorm(d)
        parts = {"weight": z["gamma0"], "bias": z.get("beta0")}
    else:
        rows, columns = z["W0"].shape
        layer = nn.Embedding(rows, columns) if kind == "embedding" else nn.Linear(columns, rows)
        parts = {"weight": z["W0"], "bias": z.get("b0", np.zeros(rows))}
    with torch.no_grad():
        for name, p in layer.named_parameters():
            p.copy_(torch.tensor(parts[name]))
    return {"norm": "norm", "embedding": "emb"}.get(kind, "lin0"), layer


def tiny_llama(z: dict[str, Any]) -> nn.Module:
    """Return a decoder of which only the table of embeddings matters."""
    vocabulary, width = z["embedding_table"].shape
    config = transformers.LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        use_cache=False,
    )
    model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        model.get_input_embeddings().weight.copy_(torch.tensor(z["embedding_table"]))
    return model


class Layer:
    """The layer of a recorded case, rebuilt with PEFT."""

    def __init__(self, name: str) -> None:
        self.about = json.loads((FIXTURES / f"{name}.json").read_text())
        with np.load(FIXTURES / f"{name}.npz") as file:
            self.z = dict(file)
        self.kind = self.about["kind"]
        self.dtype = torch.float32 if self.about["compute"] == "float32" else torch.float64
        # some starts are made for single precision, whatever is asked for
        torch.set_default_dtype(
            torch.float64 if self.about["compute"] == "float64" else torch.float32
        )
        torch.manual_seed(self.about["seed"])
        cls = PEFT_TYPE_TO_CONFIG_MAPPING[self.about["peft_type"]]
        config = cls(**self.about["config"])
        if self.kind == "prompt":
            config.task_type = "CAUSAL_LM"
            model = tiny_llama(self.z)
        else:
            place, layer = bare(self.kind, self.z, rms=name.endswith("rms"))
            config.target_modules = [place]
            if self.about["peft_type"] == "IA3":
                config.feedforward_modules = [place] if name == "ia3_feedforward" else []
            if self.about["peft_type"] == "ADALORA":
                config.total_step = config.total_step or 10
            model = Around(place, layer)
        self.model = peft.get_peft_model(model, config).to(self.dtype).eval()
        torch.set_default_dtype(self.dtype)
        self.fill()

    def fill(self) -> None:
        """Put the recorded numbers into the adapter and the layer below it."""
        named = dict(self.model.named_parameters()) | dict(self.model.named_buffers())
        with torch.no_grad():
            for key, about in self.about["arrays"].items():
                if key.startswith(("param.", "buffer.")) and about.get("peft_name") in named:
                    named[about["peft_name"]].copy_(torch.tensor(self.z[key]))
            for path, p in named.items():
                for part, key in (("weight", "W"), ("bias", "b")):
                    if path.endswith(f"base_layer.{part}") and key in self.z:
                        p.copy_(torch.tensor(self.z[key]))

    def outputs(self) -> list[Any]:
        """Return what the adapter changes, for the recorded inputs."""
        more = {"task_ids": torch.tensor(self.z["task_ids"])} if "task_ids" in self.z else {}
        if self.kind != "prompt":
            x = self.z["ids"] if self.kind == "embedding" else self.z["x"]
            return [self.model(torch.tensor(x), **more)]
        ids = torch.tensor(self.z["input_ids"])
        if self.about["peft_type"] == "PREFIX_TUNING":
            past = self.model.get_prompt(batch_size=len(ids))
            keys, values = ([getattr(layer, part) for layer in past.layers] for part in PAST)
            return [torch.stack(keys), torch.stack(values)]
        prompt = self.model.get_prompt(batch_size=len(ids), **more)
        return [torch.cat([prompt, self.model.get_input_embeddings()(ids)], dim=1)]

    def check(self) -> None:
        """Hold the rebuilt layer against the recorded outputs."""
        names = ["y.key", "y.value"] if "y.key" in self.z else ["y"]
        for name, y in zip(names, self.outputs(), strict=True):
            np.testing.assert_allclose(
                y.detach().numpy(), self.z[name], rtol=0, atol=self.about["suggested_atol"]
            )

    def curve(self) -> list[float]:
        """Return the loss before each step of training, and after the last."""
        trained = [p for p in self.model.parameters() if p.requires_grad]
        adam, losses = torch.optim.Adam(trained, **ADAM), []
        for _ in range(STEPS + 1):
            flat = torch.cat([y.flatten() for y in self.outputs()])
            loss = (flat**2).mean()
            losses.append(loss.item())
            adam.zero_grad()
            loss.backward()
            adam.step()
        return losses


PAST = ("keys", "values")


def main() -> None:
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    curves = {}
    for name in sorted({*json.loads(RECORDED.read_text())["curves"], *sys.argv[1:]}):
        print(name, file=sys.stderr)
        layer = Layer(name)
        layer.check()
        curves[name] = layer.curve()
    versions = {m.__name__: m.__version__ for m in (peft, torch, transformers, np)}
    lines = ",\n".join(f'  "{name}": {json.dumps(losses)}' for name, losses in curves.items())
    RECORDED.write_text(
        f'{{"versions": {json.dumps(versions)},\n "adam": {json.dumps(ADAM)},\n'
        f' "curves": {{\n{lines}\n }}}}\n'
    )


if __name__ == "__main__":
    main()
