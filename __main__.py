"""The Pulumi program: every mail domain of one agency (docs/architecture.md)."""

import pulumi

from components.agency import main

pulumi.run(main)
