# Gains on the outputs do change the singular values
import matplotlib.pyplot as plt

from demos.probe import measure

plt.plot(measure("ia3", {}).sigma_before, color="black", label="W")
for step in (0.25, 0.5, 1.0):
    plt.plot(measure("ia3", {"step": step}).sigma_after, label=f"step {step}")
plt.yscale("log")
plt.xlabel("index")
plt.ylabel("singular value")
plt.legend()
plt.show()
