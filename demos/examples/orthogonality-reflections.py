# A chain of reflections: how many directions does it move?
import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.hra import HRA

W = np.random.default_rng(0).normal(size=(24, 24))
for rank in (1, 2, 3, 8):
    rng = np.random.default_rng(rank)
    R = perturbed(HRA.init(W, rng, rank=rank), rng, step=1.0).rotation()
    moved = np.linalg.matrix_rank(R - np.eye(24))
    print(f"{rank} reflections: det R = {np.linalg.det(R):+.3f}, {moved} of 24 directions move")
