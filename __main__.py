"""The Pulumi program: every mail domain of one agency (mtasts docs architecture)."""

from mtasts.components.program import run

run()
