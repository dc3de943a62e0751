"""Longer computations, run by hand; their results are committed."""

import os

# One thread: then the order of sums does not depend on how many cores a machine has, and no two
# threads of XLA wait for each other for ever, as they do in triangular solves of several matrices.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("NPROC", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait cost more than they bring
