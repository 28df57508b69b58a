"""What every test may count on."""

import signal

import numpy as np
from figure_faults import faultless
from matplotlib.figure import Figure

from closeness import guarded

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all that they start
# inherits it: the tests that interrupt a process would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

np.testing.assert_allclose = guarded(np.testing.assert_allclose)
Figure.savefig = faultless(Figure.savefig)

collect_ignore = ["data"]  # what the tests read, and the scripts that made it
