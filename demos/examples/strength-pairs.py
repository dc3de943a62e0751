# RoAd turns outputs in pairs, and stretches them
import numpy as np

from adapters_np.core import perturbed
from adapters_np.methods.road import RoAd

rng = np.random.default_rng(0)
W = rng.normal(size=(6, 10))
adapter = perturbed(RoAd.init(W, rng), rng, step=1.0)
print("R, which acts on the outputs:")
print(adapter.rotation().round(2))
for pair in range(3):
    block = adapter.rotation()[2 * pair : 2 * pair + 2, 2 * pair : 2 * pair + 2]
    angle = np.degrees(np.arctan2(block[1, 0], block[0, 0]))
    print(f"pair {pair}: turned by {angle:.0f}°, stretched by {np.linalg.det(block) ** 0.5:.2f}")
