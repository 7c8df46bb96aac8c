"""The parent component of an agency's resources."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, slots=True)
class Belonging:
    """The parent of `MailDomain` components and of resources that all domains share.

    ``parent`` is the agency's component, None for the stack itself. The names of shared resources
    begin with ``prefix``, so that a program may declare several agencies. ``was_at_top`` says that
    older releases placed these resources directly below the stack.
    """

    parent: pulumi.Resource | None = None
    prefix: str = ""
    was_at_top: bool = False

    def name(self, name: str) -> str:
        """The name of a resource that all domains share."""
        return f"{self.prefix}{name}"

    @property
    def options(self) -> pulumi.ResourceOptions:
        """The options of a resource below ``parent``, with an alias if it was at the top before."""
        aliases = [pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)] if self.was_at_top else None
        return pulumi.ResourceOptions(parent=self.parent, aliases=aliases)


STACK = Belonging()
