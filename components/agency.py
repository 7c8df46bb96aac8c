"""`Agency`: the mail domains of one agency, as a component that any program can declare."""

import asyncio
from collections.abc import Awaitable, Mapping

import pulumi

from mtasts.components.agency_args import AgencyArgs, DomainOutput
from mtasts.components.belonging import Belonging
from mtasts.components.declaring import Declared, declare
from mtasts.components.given import Given
from mtasts.errors import MtaStsError
from mtasts.findings import for_stack


class Agency(pulumi.ComponentResource):
    """Everything that the policy domains of one agency publish, declared only where it is safe.

    It looks at accounts, zones, DNS and ledgers, asks every rule (docs/rulings.md), and places a
    `MailDomain` for each domain. A domain that may not change is held: it stays as it was, and the
    run ends with an error that has every reason, once everything else is done.
    """

    domains: pulumi.Output[Mapping[str, DomainOutput]]
    """What is published, by domain."""
    all_declared: pulumi.Output[bool]
    """True; where a domain is held, the run fails instead."""

    def __init__(
        self, name: str, args: AgencyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the domains; ``name`` is what bucket, ledgers and evidence are named after.

        Credentials, region and account are those of the program's ``aws:`` and ``cloudflare:``
        config and of the environment.
        """
        self._place(name, Given.of_arguments(name, args), opts, is_stack=False)

    @classmethod
    def of_stack(cls, opts: pulumi.ResourceOptions | None = None) -> "Agency":
        """The agency of this stack, from the ``mtasts:`` keys of its stack file."""
        stack = pulumi.get_stack()

        async def given() -> Given:
            return Given.of_stack(stack)

        agency = cls.__new__(cls)
        cls._place(agency, stack, given(), opts, is_stack=True)
        return agency

    def _place(
        self,
        name: str,
        given: Awaitable[Given],
        opts: pulumi.ResourceOptions | None,
        *,
        is_stack: bool,
    ) -> None:
        self._below: list[pulumi.Resource] = []
        self._made_by: tuple[pulumi.Resource, ...] = ()
        below = pulumi.ResourceOptions(transformations=[self._note])
        super().__init__("mtasts:index:Agency", name, {}, pulumi.ResourceOptions.merge(opts, below))
        # Older releases placed the resources of a stack file's program directly below the stack.
        prefix = "" if is_stack else f"{name}-"
        belonging = Belonging(self, prefix, was_at_top=is_stack)
        declared = asyncio.ensure_future(self._declare(given, belonging))
        self.domains = pulumi.Output.from_input(_of(declared))
        self.all_declared = pulumi.Output.from_input(self._end(declared))
        self.register_outputs({"domains": self.domains})

    def _note(
        self, args: pulumi.ResourceTransformationArgs
    ) -> pulumi.ResourceTransformationResult | None:
        """Note each resource below, and make it depend on the resources behind the arguments."""
        if args.resource is self:
            return None
        self._below.append(args.resource)
        if not self._made_by:
            return None
        after = pulumi.ResourceOptions(depends_on=list(self._made_by))
        opts = pulumi.ResourceOptions.merge(args.opts, after)
        return pulumi.ResourceTransformationResult(args.props, opts)

    async def _declare(self, given: Awaitable[Given], belonging: Belonging) -> Declared:
        """What is declared.

        Raises:
            pulumi.RunError: nothing may be declared: the config is wrong, or the account is another
            one.
        """
        try:
            found = await given
            self._made_by = found.made_by
            return await declare(found, belonging)
        except MtaStsError as error:
            raise pulumi.RunError(for_stack(str(error), pulumi.get_stack())) from error

    async def _end(self, declared: Awaitable[Declared]) -> bool:
        """True, if nothing is held.

        Raises:
            pulumi.RunError: with every reason. By then all placed resources exist: the hooks of a
                program end with it. A program that fails deletes nothing.
        """
        problems = (await declared).problems
        seen = 0
        while problems and seen < len(self._below):
            new, seen = self._below[seen:], len(self._below)
            waits = (each.urn.future() for each in new)
            await asyncio.gather(*waits, return_exceptions=True)
        if problems:
            raise pulumi.RunError(problems)
        return True


async def _of(declared: Awaitable[Declared]) -> Mapping[str, DomainOutput]:
    return (await declared).domains
