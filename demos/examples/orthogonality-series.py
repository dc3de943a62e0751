# How orthogonal is a truncated Cayley series?
import matplotlib.pyplot as plt
import numpy as np

from adapters_np.linalg import cayley_neumann, skew

b = 8
Q = skew(np.random.default_rng(0).normal(size=b * (b - 1) // 2), b)
Q /= np.linalg.norm(Q, 2)  # spectral norm 1: beyond it the series diverges
sizes = np.linspace(0.02, 1.2, 60)
for terms in (1, 2, 4, 8):
    R = [cayley_neumann(size * Q, terms) for size in sizes]
    plt.semilogy(sizes, [np.linalg.norm(r.T @ r - np.eye(b)) for r in R], label=f"{terms}")
plt.axvline(1, color="grey", linewidth=1)
plt.xlabel("spectral norm of Q")
plt.ylabel("‖RᵀR − I‖")
plt.legend(title="terms")
plt.show()
