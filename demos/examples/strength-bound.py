# DeLoRA’s change has a bound, however far its directions move
import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.delora import DeLoRA
from adapters_np.methods.lora import LoRA
from demos.world import toy

W = toy().W
print("step      LoRA    DeLoRA   bound")
for step in (0.1, 1.0, 10.0, 100.0):
    sizes = []
    for cls in (LoRA, DeLoRA):
        rng = np.random.default_rng(0)
        adapter = cls.init(W, rng)
        moved = perturbed(adapter, rng, step)
        if isinstance(adapter, DeLoRA) and isinstance(moved, DeLoRA):
            # keep the strength, so that only directions move
            moved = DeLoRA(moved.A, moved.B, adapter.lambda_, moved.w, moved.start)
            bound = moved.bound()
        sizes.append(float(np.linalg.norm(moved.delta(W))))
    print(f"{step:5} {sizes[0]:9.3g} {sizes[1]:9.3g} {bound:7.3g}")
