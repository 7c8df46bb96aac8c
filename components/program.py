"""The program of a stack file: ``from mtasts.components.program import run``, and ``run()``."""

import atexit
import gc

# A program of seconds frees nothing worth looking for, and the look takes a fifth of a preview:
# over 170 000 objects that boto3 and pulumi_aws keep to the end, once more as Python exits.
gc.disable()
atexit.register(gc.freeze)

import pulumi  # noqa: E402 - after the collector is off

from mtasts.components.agency import Agency  # noqa: E402 - as above
from mtasts.components.given import is_inbox  # noqa: E402 - as above


def run() -> None:
    """Declare the inbox of the stack or else its mail domains; export what is published."""
    if not is_inbox():
        pulumi.export("domains", Agency.of_stack().domains)
        return
    from mtasts.components.inbox import Inbox  # one that an agency has no use for

    inbox = Inbox.of_stack()
    pulumi.export("address", inbox.address)
    pulumi.export("endpoint", inbox.endpoint)
    pulumi.export("reportUris", inbox.report_uris)
    pulumi.export("bucket", inbox.bucket)
    pulumi.export("publish", inbox.publish)
