"""``mtasts init``: a stack file in testing mode, its mx taken from the live MX records.

In a folder that holds no project yet it writes one, too (`mtasts.cli.new_project`).
"""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.cli.new_project import begin, describe, finish, next_for_project
from mtasts.cli.output import Exit
from mtasts.cli.paths import own_project, stack_file
from mtasts.cli.together import all_of
from mtasts.config import AgencyConfig, load_text
from mtasts.config.fields import FieldError
from mtasts.config.hosts import policy_domain
from mtasts.errors import UndeterminedError, UsageError
from mtasts.files import write_whole
from mtasts.findings import printable
from mtasts.observations import NULL_MX, DnsStatus
from mtasts.render.stack_file import NewDomain, NewStack, stack_file_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.cli.outside import Outside
    from mtasts.probe.dns import Resolver

_STACKS = Path("stacks")


@dataclass(frozen=True, slots=True)
class MxRecords:
    """The live MX of a domain: hosts in order of preference; the null MX is the host ``.``."""

    hosts: tuple[str, ...] = ()
    domain_exists: bool = True


# Raises `UndeterminedError` when nobody could tell.
Lookup = Callable[[str], Awaitable[MxRecords]]


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain to be written: as it was given, as DNS spells it, and who receives its mail."""

    given: str
    name: str
    mx: tuple[str, ...]


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.description = (
        "Write the stack file stacks/Pulumi.AGENCY.yaml with mode testing. The key mx is filled "
        "from\nthe live MX records. In an empty folder, write the whole project."
    )
    parser.epilog = (
        "example:\n"
        "  mtasts init example-agency --domain example.gov --title 'Department of Examples' \\\n"
        "    --tls-report mailto:tlsrpt@reports.example --account 123456789012"
    )
    parser.add_argument(
        "agency", metavar="AGENCY", help="the name of the new stack: letters, digits, _ . -"
    )
    add = parser.add_argument
    add(
        "--domain",
        dest="domains",
        metavar="D",
        action="append",
        required=True,
        help="a mail domain; may be given again",
    )
    add("--title", metavar="TEXT", help="the agency's name in reports (AGENCY)")
    add(
        "--tls-report",
        dest="tls_reports",
        metavar="URI",
        action="append",
        default=[],
        help="where senders send TLS reports (mailto:tlsrpt@ the first domain); may be given again",
    )
    add("--account", metavar="ID", help="the AWS account; a run in any other account is refused")
    add(
        "--cloudflare-account",
        metavar="ID",
        help="the Cloudflare account, which then hosts the policies and has the zones",
    )
    add("--region", default="us-east-1", help="the AWS region (us-east-1)")
    add(
        "--mx",
        metavar="HOST",
        action="append",
        default=[],
        help="an MX host of every domain, in place of a look-up; . means that the domains receive "
        "no mail; may be given again",
    )
    add(
        "--dkim-selector",
        dest="selectors",
        metavar="S",
        action="append",
        default=[],
        help="a DKIM selector of every domain (without: fill it in later); may be given again",
    )
    add(
        "--stacks",
        type=Path,
        metavar="DIR",
        help="write the stack file into this folder, and no project (stacks)",
    )
    add("--force", action="store_true", help="replace the stack file if it exists")
    add("--offline", action="store_true", help="make no DNS look-ups; needs --mx")
    add("--format", choices=("text", "json"), default="text", help="text, or one JSON object")


def run(arguments: Namespace, outside: Outside) -> int:
    """Run the command; nothing is written unless everything is known and valid."""
    resolver = outside.resolver(outside.reach())
    sys.stdout.write(create(arguments, lambda name: _live_mx(name, resolver)))
    return Exit.GOOD


async def _live_mx(name: str, resolver: Resolver) -> MxRecords:
    """The MX records that ``resolver`` gives for ``name``.

    Raises:
        UndeterminedError: it gave no answer, or one that settles nothing.
    """
    answer = await resolver.lookup(name, "MX")
    if not answer.settled:
        raise UndeterminedError(answer.reason)
    return MxRecords(answer.mx_hosts, domain_exists=answer.status is not DnsStatus.NXDOMAIN)


def create(arguments: Namespace, lookup: Lookup) -> str:
    """Write the stack file and return what to print.

    Raises:
        UsageError: something has to be given differently; every reason is in the text.
        ConfigError: a value is not one the config takes.
        UndeterminedError: an MX set could not be found out, and is never guessed.
    """
    path = stack_file(arguments.agency, own_project(arguments.stacks or _STACKS))
    if path.exists() and not arguments.force:
        raise _exists(path)
    if arguments.account and arguments.cloudflare_account:
        raise UsageError(
            "--account hosts on AWS, and --cloudflare-account hosts on Cloudflare: give one of them"
        )
    is_cloudflare = bool(arguments.cloudflare_account)
    project = {} if arguments.stacks else begin(Path(), cloudflare=is_cloudflare)
    if arguments.offline and not arguments.mx:
        raise UsageError("--offline makes no DNS look-ups: give the MX hosts with --mx HOST")
    domains = asyncio.run(all_of(_domain(text, arguments.mx, lookup) for text in arguments.domains))
    raw = stack_file_text(_new_stack(arguments, domains))
    config = load_text(raw, file=str(path))
    finish(Path(), project)
    _write(path, raw, replace=arguments.force)
    defaulted = not arguments.tls_reports
    steps = next_steps(arguments.agency, config, defaulted=defaulted)
    if not arguments.stacks:
        steps = [*next_for_project(Path(), project, cloudflare=is_cloudflare), *steps]
    if arguments.format == "json":
        return _as_json(arguments.agency, config, project, steps)
    return describe(project) + _as_text(config, steps)


def _exists(path: Path) -> UsageError:
    return UsageError(f"{path} exists: edit it, or replace it with --force")


async def _domain(given: str, mx: Sequence[str], lookup: Lookup) -> Domain:
    """A domain with its MX hosts: those that are given, or those of DNS.

    Raises:
        UsageError: it is no policy domain, or its MX records cannot be used.
        UndeterminedError: DNS did not answer; nothing was written.
    """
    try:
        name = policy_domain(given)
    except FieldError as error:
        raise UsageError(f"--domain {error.summary}: {error.fix}") from error
    if mx:
        return Domain(given, name, () if list(mx) == [NULL_MX] else tuple(mx))
    try:
        records = await lookup(name)
    except UndeterminedError as error:
        raise UndeterminedError(
            f"{name}: DNS gave no answer about its MX records ({printable(str(error))}); nothing "
            "was written. Try again, or give the MX hosts with --mx HOST"
        ) from error
    return Domain(given, name, _mx_hosts(name, records))


def _mx_hosts(name: str, records: MxRecords) -> tuple[str, ...]:
    """The MX hosts that DNS has; none for a null MX, which makes the domain a parked one.

    Raises:
        UsageError: there is no such domain, no MX record, or a null MX beside others.
    """
    if not records.domain_exists:
        raise UsageError(
            f"{name} does not exist in DNS: check the spelling, or give --mx HOST if the domain is "
            "not delegated yet"
        )
    if not records.hosts:
        raise UsageError(
            f"{name} has no MX record, so senders deliver to the domain's own address (RFC 5321 "
            f"section 5.1): give --mx {name} if that host receives the mail. If the domain "
            "receives no mail, publish a null MX (MX 0 .) and give --mx ."
        )
    if records.hosts == (NULL_MX,):
        return ()
    if NULL_MX in records.hosts:
        raise UsageError(
            f"{name} has a null MX and other MX records, which contradict each other (RFC 7505 "
            "section 3): correct the MX records, or give --mx HOST"
        )
    return records.hosts


def _new_stack(arguments: Namespace, domains: Sequence[Domain]) -> NewStack:
    """What is to be written."""
    mailboxes = [f"mailto:tlsrpt@{domain.name}" for domain in domains if domain.mx][:1]
    source = "As given with --mx" if arguments.mx else "From the live MX records"
    return NewStack(
        arguments.agency,
        arguments.title or arguments.agency,
        "init",
        tuple(_entry(domain, source, tuple(arguments.selectors)) for domain in domains),
        region=arguments.region,
        account=arguments.account or "",
        cloudflare_account=arguments.cloudflare_account or "",
        reports=tuple(arguments.tls_reports or mailboxes),
    )


def _entry(domain: Domain, source: str, selectors: tuple[str, ...]) -> NewDomain:
    if domain.given.isascii():
        return NewDomain(domain.name, domain.mx, source, selectors=selectors)
    name = domain.name
    return NewDomain(domain.given, domain.mx, source, a_label=name, selectors=selectors)


def _write(path: Path, raw: bytes, *, replace: bool) -> None:
    """The whole file or none; an existing one is replaced only if that was asked for.

    Raises:
        UsageError: it exists, or cannot be written.
    """
    try:
        write_whole(path, raw, replace=replace)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def next_steps(agency: str, config: AgencyConfig, *, defaulted: bool) -> list[str]:
    """What to do after the file is written, in order."""
    file = config.file
    receiving = [domain for domain in config.domains if not domain.parked]
    steps = [f"review mx, dkimSelectors and profile in {file}"]
    if defaulted and receiving:
        mailbox = receiving[0].tls_reports[0].removeprefix("mailto:")
        steps.append(
            f"create the mailbox {mailbox}, or write another address under mtasts:tlsReports"
        )
    if config.hosting.row.pins_accounts and not config.allowed_account_ids:
        steps.append("set aws:allowedAccountIds to the AWS account of this agency")
    return [
        *steps,
        f"mtasts lint stack {shlex.quote(file)}",
        "pulumi login  # or pulumi login s3://BUCKET, to keep the state in your own bucket",
        f"pulumi stack init {agency}",
        f"pulumi preview -s {agency}",
        f"pulumi up -s {agency}",
        "collect TLS reports for two weeks; then, on a machine with port 25 open to the outside:",
        *(f"mtasts gate collect {domain.name} --reports FOLDER" for domain in receiving),
        f"pulumi config set mtasts:mode enforce -s {agency} && pulumi up -s {agency}",
    ]


def _as_text(config: AgencyConfig, steps: Sequence[str]) -> str:
    lines = [f"wrote {config.file}, in mode testing"]
    for domain in config.domains:
        hosts = ", ".join(str(pattern) for pattern in domain.mx) or "parked: it receives no mail"
        lines.append(f"  {domain.name}: {hosts}")
    lines += ["", "next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))]
    return "\n".join(lines) + "\n"


def _as_json(
    agency: str, config: AgencyConfig, project: Mapping[str, bytes], steps: Sequence[str]
) -> str:
    document = {
        "agency": agency,
        "file": config.file,
        "project": list(project),
        "domains": [
            {
                "name": domain.name,
                "mx": [str(pattern) for pattern in domain.mx],
                "parked": domain.parked,
            }
            for domain in config.domains
        ],
        "next": list(steps),
    }
    return json.dumps(document) + "\n"
