"""The Pulumi program: every mail domain of one agency (docs/architecture.md)."""

from mtasts.components.program import run

run()
