"""Python loads this before anything else: the clock stands an hour ahead once there is a file.

With this folder in PYTHONPATH and the file named by HEXRAY_TEST_LATER it holds for a run and all of
its processes, also for who has asked for ``time.time`` once and for all. The monotonic clock goes
on as ever.
"""

import os
import time

clock, later = time.time, os.environ["HEXRAY_TEST_LATER"]
time.time = lambda: clock() + 3600 * os.path.exists(later)
