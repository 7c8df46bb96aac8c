"""`Inbox`: where the TLS reports of many agencies arrive, by mail and by HTTPS."""

import asyncio
import os
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi

from mtasts.cloud.of_inbox import InboxClouds
from mtasts.components.given import Given
from mtasts.components.inbox_args import InboxArgs
from mtasts.components.inbox_clouds import place_inbox
from mtasts.components.waiting import engine_waits
from mtasts.errors import MtaStsError
from mtasts.findings import for_stack
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach
from mtasts.run.inbox_survey import survey_inbox
from mtasts.threads import in_thread


@dataclass(frozen=True, slots=True)
class PlacedInbox:
    """A placed inbox: mailbox, URL, bucket, and the records that somebody else must publish."""

    address: str
    endpoint: pulumi.Output[str]
    bucket: pulumi.Output[str]
    publish: pulumi.Output[list[str]]


class Inbox(pulumi.ComponentResource):
    """A mailbox and an HTTPS endpoint for TLS reports (RFC 8460 section 5), and their bucket.

    One inbox serves many agencies: each names its ``report_uris`` in ``mtasts:tlsReports``. The
    component first looks up the account, the zone and the MX records of the mailbox's domain. It
    places nothing if mail of that domain goes to another host: the inbox would take that mail away.
    """

    address: pulumi.Output[str]
    """The mailbox."""
    endpoint: pulumi.Output[str]
    """The URL that accepts reports by POST."""
    report_uris: pulumi.Output[Sequence[str]]
    """The URIs of mailbox and endpoint, for a TLS-RPT record (RFC 8460 section 3)."""
    bucket: pulumi.Output[str]
    """The bucket: received mails below ``mail/``, bodies of POST requests below ``https/``."""
    publish: pulumi.Output[Sequence[str]]
    """The records that somebody else has to publish, with dns manual."""

    def __init__(
        self, name: str, args: InboxArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place the inbox; its bucket and its rule have ``name`` in their names."""
        self._place(name, Given.of_arguments(name, args, kind="Inbox"), opts)

    @classmethod
    def of_stack(cls, opts: pulumi.ResourceOptions | None = None) -> "Inbox":
        """The inbox of this stack, from the key ``mtasts:inbox`` of its stack file."""
        stack = pulumi.get_stack()

        async def given() -> Given:
            return Given.of_stack(stack)

        inbox = cls.__new__(cls)
        cls._place(inbox, stack, given(), opts)
        return inbox

    def _place(
        self, name: str, given: Awaitable[Given], opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__("mtasts:index:Inbox", name, {}, opts)
        placed: pulumi.Output[PlacedInbox] = pulumi.Output.from_input(self._look_and_place(given))
        self.address = placed.apply(lambda found: found.address)
        self.endpoint = placed.apply(lambda found: found.endpoint)
        self.bucket = placed.apply(lambda found: found.bucket)
        self.publish = placed.apply(lambda found: found.publish)
        self.report_uris = pulumi.Output.all(self.address, self.endpoint).apply(
            lambda both: [f"mailto:{both[0]}", both[1]]
        )
        self.register_outputs({"address": self.address, "reportUris": self.report_uris})

    async def _look_and_place(self, given: Awaitable[Given]) -> PlacedInbox:
        """Survey and place the inbox.

        Raises:
            pulumi.RunError: nothing is placed; the text says why.
        """
        try:
            found = await given
            config = found.load_inbox()
            clouds = InboxClouds.of(found.name, config, found.values, os.environ)
            resolver = Resolver(Reach.from_environment(os.environ))
            check_token = partial(clouds.notes, is_preview=pulumi.runtime.is_dry_run())
            with engine_waits().waiting("look-ups of account, zone and mail"):
                looking = asyncio.create_task(survey_inbox(clouds, resolver))
                # Printed before the survey ends: if the survey fails because the token lacks a
                # permission, these warnings name it.
                _warn(each.line for each in await in_thread(check_token))
                survey = await looking
        except MtaStsError as error:
            raise pulumi.RunError(for_stack(str(error), pulumi.get_stack())) from error
        _warn(survey.warnings)
        parts = place_inbox(clouds, survey, pulumi.ResourceOptions(parent=self))
        return PlacedInbox(str(config.address), *parts)


def _warn(lines: Iterable[str]) -> None:
    for line in lines:
        pulumi.log.warn(for_stack(line, pulumi.get_stack()))
