"""The program of a stack file: ``from mtasts.components.program import run``, and ``run()``."""

import mtasts.components.collector_off  # noqa: F401, I001 - before Pulumi is imported

import pulumi

from mtasts.components import load_as_used
from mtasts.components.agency import Agency
from mtasts.components.given import is_inbox

load_as_used.install()


def run() -> None:
    """Declare the inbox of the stack or else its mail domains; export what is published."""
    if not is_inbox():
        pulumi.export("domains", Agency.of_stack().domains)
        return
    from mtasts.components.inbox import Inbox  # an agency does not need it

    inbox = Inbox.of_stack()
    pulumi.export("address", inbox.address)
    pulumi.export("endpoint", inbox.endpoint)
    pulumi.export("reportUris", inbox.report_uris)
    pulumi.export("bucket", inbox.bucket)
    pulumi.export("publish", inbox.publish)
