"""Settings for all tests: Hypothesis repeats the same examples on every machine."""

import os
import signal

from hypothesis import settings

# Matrices here are small, and threads that wait for one another on a busy machine take 50 times
# as long. BLAS reads this when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shell's background job ignores Ctrl-C, and what it starts would do so too: servers that a test
# ends in that way would stay for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")
