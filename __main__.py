"""The Pulumi program: every mail domain of one agency (docs/architecture.md)."""

import atexit
import gc

# A program of seconds frees nothing worth looking for, and the look takes a fifth of a preview:
# over 170 000 objects that boto3 and pulumi_aws keep to the end, once more as Python exits.
gc.disable()
atexit.register(gc.freeze)

import pulumi  # noqa: E402 - after the collector is off

from mtasts.components.agency import main  # noqa: E402 - as above

pulumi.run(main)
