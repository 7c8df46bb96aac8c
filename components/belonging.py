"""Below which component the resources of an agency stand."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where resources are placed that no other component of ours has for a child.

    ``parent`` is the agency's component, None for the stack itself. What all domains of an agency
    share has ``prefix`` before its name, so that a program may declare several agencies.
    ``was_at_top`` says that a run of an older version placed them below the stack.
    """

    parent: pulumi.Resource | None = None
    prefix: str = ""
    was_at_top: bool = False

    def name(self, name: str) -> str:
        """The name of a resource that all domains share."""
        return f"{self.prefix}{name}"

    @property
    def options(self) -> pulumi.ResourceOptions:
        """The options of a resource there."""
        aliases = [pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)] if self.was_at_top else None
        return pulumi.ResourceOptions(parent=self.parent, aliases=aliases)


STACK = Belonging()
