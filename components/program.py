"""The program of a stack file: ``from mtasts.components.program import run``, and ``run()``."""

import atexit
import gc

# A program of seconds frees nothing worth looking for, and the look takes a fifth of a preview:
# over 170 000 objects that boto3 and pulumi_aws keep to the end, once more as Python exits.
gc.disable()
atexit.register(gc.freeze)

import pulumi  # noqa: E402 - after the collector is off

from mtasts.components.agency import Agency  # noqa: E402 - as above


def run() -> None:
    """Declare every mail domain of the stack, and export what is published."""
    pulumi.export("domains", Agency.of_stack().domains)
