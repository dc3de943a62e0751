# The gain of a norm is a gain on the columns of the next weight
import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.ln_tuning import LNTuning

rng = np.random.default_rng(0)
W, X = rng.normal(size=(16, 24)), rng.normal(size=(24, 5))
for norm in ("rms", "layer"):
    adapter = perturbed(LNTuning.init(W, rng, norm=norm), rng, step=1.0)
    weight, bias = adapter.folded(W)
    gap = np.abs(adapter.forward(W, X) - adapter.forward_folded(W, X)).max()
    print(f"{norm:>5}: folded and unfolded differ by {gap:.0e}")
    print("       gains per column:", (weight / W)[0, :4].round(2), "bias:", bias[:3].round(2))
