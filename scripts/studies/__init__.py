"""Longer computations, run by hand; their results are committed."""

import os

# One thread, so that the order of sums does not depend on how many cores a machine has.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
