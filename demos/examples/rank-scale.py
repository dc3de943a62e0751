# Why rsLoRA divides by √r
import matplotlib.pyplot as plt
import numpy as np

from demos.probe import measure

ranks = range(1, 17)
for stabilised, label in ((False, "α / r"), (True, "α / √r")):
    sizes = []
    for rank in ranks:
        chosen = {"rank": rank, "rank_stabilised": stabilised, "alpha": 16.0}
        sizes.append(np.linalg.norm(measure("lora", chosen).delta))
    plt.plot(ranks, sizes, "o-", label=label)
plt.xlabel("rank")
plt.ylabel("‖ΔW‖ after the same step")
plt.ylim(bottom=0)
plt.legend(title="scale")
plt.show()
