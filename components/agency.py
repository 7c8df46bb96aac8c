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
    """The policy domains of one agency, and all that they publish; declared only if it is safe.

    The component looks up accounts, zones, DNS and ledgers, applies every rule (docs/rulings.md),
    and places a `MailDomain` for each domain. A domain that may not change is held: it remains as
    it is. The run makes all other resources, then ends with an error that lists every reason.
    """

    domains: pulumi.Output[Mapping[str, DomainOutput]]
    """The published policy of each domain, by the domain's name."""
    all_declared: pulumi.Output[bool]
    """True if no domain is held; otherwise the run fails."""

    def __init__(
        self, name: str, args: AgencyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the domains; bucket, ledgers and evidence have ``name`` in their names.

        Credentials, region and account come from the program's ``aws:`` and ``cloudflare:`` config
        and from the environment.
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
        self.domains = pulumi.Output.from_input(_outputs(declared))
        self.all_declared = pulumi.Output.from_input(self._end(declared))
        self.register_outputs({"domains": self.domains})

    def _note(
        self, args: pulumi.ResourceTransformationArgs
    ) -> pulumi.ResourceTransformationResult | None:
        """Keep a list of all children; each depends on the resources that arguments come from."""
        if args.resource is self:
            return None
        self._below.append(args.resource)
        if not self._made_by:
            return None
        after = pulumi.ResourceOptions(depends_on=list(self._made_by))
        opts = pulumi.ResourceOptions.merge(args.opts, after)
        return pulumi.ResourceTransformationResult(args.props, opts)

    async def _declare(self, given: Awaitable[Given], belonging: Belonging) -> Declared:
        """Place the domains; returns their outputs, and the reasons of held domains.

        Raises:
            pulumi.RunError: nothing is placed: the config is wrong, or the credentials belong to
                another account.
        """
        try:
            found = await given
            self._made_by = found.made_by
            return await declare(found, belonging)
        except MtaStsError as error:
            raise pulumi.RunError(for_stack(str(error), pulumi.get_stack())) from error

    async def _end(self, declared: Awaitable[Declared]) -> bool:
        """Wait for all placed resources; True if no domain is held.

        Hooks run in the program, so a program that ended earlier would end hooks that still run.

        Raises:
            pulumi.RunError: a domain is held; the text lists every reason. The engine deletes
                nothing after a program that failed.
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


async def _outputs(declared: Awaitable[Declared]) -> Mapping[str, DomainOutput]:
    return (await declared).domains
