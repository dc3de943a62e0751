"""Settings for all tests: Hypothesis repeats the same examples on every machine."""

import os

from hypothesis import settings

# Matrices here are small, and threads that wait for one another on a busy machine take 50 times
# as long. BLAS reads this when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")
