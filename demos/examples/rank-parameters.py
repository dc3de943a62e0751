# Directions of a change against the numbers that are trained for it
import matplotlib.pyplot as plt

from adapters_np.core import WeightAdapter, load, parameters, slugs
from demos.gauges import effective_rank
from demos.probe import measure

for method in slugs():
    cls = load(method)
    if issubclass(cls, WeightAdapter):
        x, y = parameters(cls, 64, 64), effective_rank(measure(method, {}))["value"]
        plt.plot(x, y, "o", color="tab:blue")
        plt.annotate(method, (x, y), xytext=(3, 3), textcoords="offset points", fontsize=7)
plt.xscale("log")
plt.xlabel("trained parameters for a 64 × 64 weight, default knobs")
plt.ylabel("effective rank of ΔW")
plt.show()
