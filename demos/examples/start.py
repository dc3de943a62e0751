# A free cell: numpy, the adapters, and matplotlib when it is imported
import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.lora import LoRA

rng = np.random.default_rng(0)
W = rng.normal(size=(32, 48))
adapter = perturbed(LoRA.init(W, rng, rank=4), rng, step=0.5)
sigma = np.linalg.svd(adapter.delta(W), compute_uv=False)

print("rank of the change:", np.linalg.matrix_rank(adapter.delta(W)))
print("its singular values:", sigma[:6].round(3))
