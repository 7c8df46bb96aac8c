"""Turns off Python's cyclic garbage collector; imported first by processes that run for seconds.

Such a process frees little memory, and the collector takes a fifth of a preview: it scans 170 000
objects that boto3 and pulumi_aws keep to the end, and scans them once more as Python exits.
"""

import atexit
import gc

gc.disable()
atexit.register(gc.freeze)
