"""The program of a stack file: ``from mtasts.components.program import run``, and ``run()``."""

import mtasts.components.collector_off  # noqa: F401, I001 - before Pulumi is imported

import pulumi

from mtasts.components.agency import Agency


def run() -> None:
    """Declare every mail domain of the stack, and export what is published."""
    pulumi.export("domains", Agency.of_stack().domains)
