"""``mtasts adopt``: take over domains that have MTA-STS already, by hand or from another tool."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mtasts.cli.folder_options import add_stacks
from mtasts.cli.output import Exit, write
from mtasts.cli.paths import own_project, stack_file
from mtasts.cli.stacks import domain_name
from mtasts.cli.together import all_of
from mtasts.cloud.aws.flattening import address_conflict, flatten
from mtasts.cloud.cloudflare.existing import has_addresses
from mtasts.cloud_catalogue import OWN_DNS
from mtasts.config import Dns, load_stack, secrets_provider
from mtasts.errors import UsageError
from mtasts.files import write_whole
from mtasts.ledger.entries import Adopted, Body
from mtasts.policy import MAX_AGE_LIMIT
from mtasts.promotion.evidence_folder import FOLDER
from mtasts.recovery.import_file import import_file
from mtasts.recovery.live import AdoptionError, Live, look_at
from mtasts.recovery.take_in import look_for
from mtasts.render.stack_file import LivePolicy, NewDomain, NewStack, stack_file_text
from mtasts.run.survey import Surveyor

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from pathlib import Path

    from mtasts.cli.outside import Outside
    from mtasts.cloud.cloudflare.account import CloudflareAccount
    from mtasts.cloud.of_stack import Clouds
    from mtasts.config import AgencyConfig, DomainConfig
    from mtasts.ledger.recorder import Recorder
    from mtasts.zones import HostedZone


_DAY = 86_400


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Take over domains that have MTA-STS already. Their ledgers begin with the body and the id "
        "that are live now. The stack file is written if it does not exist, and an import file for "
        "the engine. Nothing that senders see changes, unless --flatten is given."
    )
    parser.epilog = (
        "example: mtasts adopt example-agency --domain example.gov --account 123456789012"
    )
    add = parser.add_argument
    add("stack", metavar="STACK", help="the stack's name")
    add(
        "--domain",
        dest="domains",
        metavar="D",
        action="append",
        help="a domain to take over; may be given again (without: every domain of the stack file)",
    )
    add(
        "--max-age-ever",
        type=int,
        metavar="N",
        help="the longest max_age that any earlier policy had, in seconds (a year)",
    )
    add("--approved-by", metavar="NAME", help="who is responsible for --max-age-ever")
    add(
        "--flatten",
        action="store_true",
        help="replace the policy host's CNAME by the addresses that it leads to",
    )
    add("--account", metavar="ID", help="for a new stack file: the AWS account")
    add("--cloudflare-account", metavar="ID", help="for a new stack file: the Cloudflare account")
    add("--region", default="us-east-1", help="for a new stack file: the AWS region (us-east-1)")
    add(
        "--title", metavar="TEXT", help="for a new stack file: the agency's name in reports (STACK)"
    )
    add_stacks(parser)
    add("--format", choices=("text", "json"), default="text")


@dataclass(frozen=True, slots=True)
class _Bound:
    """The longest ``max_age`` of any policy before the adoption, and who is responsible for it."""

    max_age: int = MAX_AGE_LIMIT
    approved_by: str = ""


def run(arguments: Namespace, outside: Outside) -> int:
    """Take the domains over; safe to repeat after a failure.

    Raises:
        UsageError: options or files do not go together; nothing was changed.
    """
    bound = _bound(arguments)
    if arguments.account and arguments.cloudflare_account:
        raise UsageError(
            "--account hosts on AWS, and --cloudflare-account hosts on Cloudflare: give one of them"
        )
    path = stack_file(arguments.stack, own_project(arguments.stacks))
    reach = outside.reach()
    resolver = outside.resolver(reach)
    names = _names(arguments, path)
    _say(f"looking at {', '.join(names)}")
    look = partial(look_at, reach=reach, resolver=resolver, probes=outside.probes())
    live = asyncio.run(all_of(map(look, names)))
    if not path.exists():
        _write(path, _new_file(arguments, live))
    config, values = load_stack(path)
    wanted = {domain.name: domain for domain in config.domains}
    _require_equal(path, live, wanted)
    clouds = outside.clouds(config, values, arguments.stack)
    if config.dns not in OWN_DNS:
        raise UsageError(
            f"{path}: mtasts:dns {config.dns} cannot take a domain over, since this stack would "
            "not publish its records. Write mtasts:dns: route53 or cloudflare, or retire "
            "the MTA-STS that is live and set the domain up as a new one"
        )
    account_id = clouds.identify()
    recorder = clouds.recorder(account_id, outside.clock())
    surveyor = Surveyor(clouds, resolver, lambda _: recorder, FOLDER)
    zones = asyncio.run(_zones(surveyor, config, names))
    _settle_addresses(live, zones, clouds, flattening=arguments.flatten)
    if bucket := clouds.host.begin_ledgers(account_id):
        _say(f"created the bucket {bucket}")
    for each in live:
        asyncio.run(_begin(recorder, each, wanted[each.domain], bound))
        _say(f"{each.domain}: the ledger begins with the id {each.id}")
    file = _import_file(arguments.stack, clouds, path, outside)
    _tell(arguments, path, live, file)
    return Exit.GOOD


def _bound(arguments: Namespace) -> _Bound:
    """What somebody vouches for of earlier policies; nothing of it if no one does.

    Raises:
        UsageError: only one of the two options is given, or the number is out of bounds.
    """
    if arguments.max_age_ever is None and arguments.approved_by is None:
        return _Bound()
    if arguments.max_age_ever is None or not (arguments.approved_by or "").strip():
        raise UsageError(
            "give --max-age-ever and --approved-by together: one person has to be responsible for "
            "the number"
        )
    if not 0 <= arguments.max_age_ever <= MAX_AGE_LIMIT:
        raise UsageError(f"--max-age-ever is from 0 to {MAX_AGE_LIMIT} (RFC 8461 section 3.2)")
    return _Bound(arguments.max_age_ever, arguments.approved_by.strip())


def _names(arguments: Namespace, path: Path) -> list[str]:
    """The domains to take over: those that are given, or all of the stack file.

    Raises:
        UsageError: there is no stack file and no ``--domain``, or the file lacks one of them.
    """
    given = list(dict.fromkeys(map(domain_name, arguments.domains or ())))
    if not path.exists():
        if not given:
            raise UsageError(f"{path} does not exist: give --domain D, and the file is written")
        return given
    listed = [each.name for each in load_stack(path)[0].domains if not each.parked]
    missing = [name for name in given if name not in listed]
    if missing:
        raise UsageError(f"{path} has no entry for {', '.join(missing)}: add it, or leave it out")
    return given or listed


def _new_file(arguments: Namespace, live: list[Live]) -> bytes:
    """A stack file that means what is live."""
    return stack_file_text(
        NewStack(
            arguments.stack,
            arguments.title or arguments.stack,
            "adopt",
            tuple(map(_entry, live)),
            region=arguments.region,
            account=arguments.account or "",
            cloudflare_account=arguments.cloudflare_account or "",
        )
    )


def _entry(live: Live) -> NewDomain:
    found = LivePolicy(
        live.policy.mode,
        live.policy.max_age,
        ttl=min(max(live.ttl_seconds, 60), _DAY),
        reports=live.tls_reports or (f"mailto:tlsrpt@{live.domain}",),
    )
    mx = tuple(map(str, live.policy.mx))
    return NewDomain(live.domain, mx, "From the live policy", live=found)


def _write(path: Path, raw: bytes) -> None:
    """Write a new file, whole or not at all.

    Raises:
        UsageError: it cannot be written, or exists.
    """
    try:
        write_whole(path, raw, replace=False)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    _say(f"wrote {path}")


def _require_equal(path: Path, live: list[Live], wanted: Mapping[str, DomainConfig]) -> None:
    """Refuse a stack file that differs from the live policy: an adoption changes no policy.

    Raises:
        AdoptionError: it means something else; the text says what to write for each key.
    """
    lines = []
    for each in live:
        domain, policy = wanted[each.domain], each.policy
        pairs = (
            ("mode", domain.mode, policy.mode),
            ("maxAge", domain.max_age, policy.max_age),
            ("mx", list(map(str, domain.mx)), list(map(str, policy.mx))),
        )
        lines += [
            (
                f"{path}: {each.domain}: {key} is {has}, but the live policy has {seen}: write "
                f"{key}: {seen}"
            )
            for key, has, seen in pairs
            if has != seen
        ]
    if lines:
        raise AdoptionError(
            "\n".join(
                [
                    *lines,
                    (
                        "an adoption changes no policy; change the policy after the domain is "
                        "taken over"
                    ),
                ]
            )
        )


async def _zones(
    surveyor: Surveyor, config: AgencyConfig, names: list[str]
) -> dict[str, HostedZone]:
    """The zone of each domain; a zone or ledger that would hold a run ends the adoption, too.

    Raises:
        UsageError: with the problem of every domain that has one.
    """
    domains = tuple(domain for domain in config.domains if domain.name in names)
    found = await surveyor.zones(domains)
    problems = [
        f"{each.name}: {problem}"
        for each in found
        for problem in (each.zone, each.ledger)
        if isinstance(problem, Exception)
    ]
    if problems:
        raise UsageError("\n".join(problems))
    return {e.name: e.zone for e in found if not isinstance(e.zone, Exception)}


def _settle_addresses(
    live: list[Live],
    zones: Mapping[str, HostedZone],
    clouds: Clouds,
    *,
    flattening: bool,
) -> None:
    """Find policy hosts with a CNAME where addresses are needed, or the other way round.

    DNS allows no other record beside a CNAME (RFC 1034 section 3.6.2).

    Raises:
        UsageError: it cannot be swapped, or was not asked for (``--flatten``).
    """
    if clouds.config.dns is Dns.CLOUDFLARE:
        if not clouds.config.hosting.row.needs_own_zone:
            _require_no_addresses(live, zones, clouds.require_cloudflare())
        return  # a custom domain of a Worker replaces whatever records the name has
    roles = {each.name: each.dns_role_arn for each in clouds.config.domains}
    account_of = {each.domain: clouds.require_aws().in_role(roles[each.domain]) for each in live}
    aliased = [
        each
        for each in live
        if address_conflict(each.policy_host, zones[each.domain], account_of[each.domain])
    ]
    if aliased and not flattening:
        names = ", ".join(each.domain for each in aliased)
        raise UsageError(
            f"the policy host of {names} is a CNAME, and DNS allows no address records beside a "
            "CNAME: run the same command again with --flatten. It replaces the CNAME by the "
            "addresses that the CNAME leads to, in one step without a gap. Then finish the "
            "adoption the same day: the addresses are another provider's, which may change them"
        )
    for each in aliased:
        addresses = (*each.addresses, *each.unseen)
        flatten(each.policy_host, zones[each.domain], account_of[each.domain], addresses)
        _say(f"{each.domain}: replaced the policy host's CNAME by addresses")


def _require_no_addresses(
    live: list[Live], zones: Mapping[str, HostedZone], account: CloudflareAccount
) -> None:
    """Refuse addresses where CloudFront needs a CNAME.

    Cloudflare replaces addresses by a CNAME in one step only if a Worker takes the name.

    Raises:
        UsageError: with every policy host that has addresses.
    """
    lines = [
        f"the policy host of {each.domain} has address records, and DNS allows no CNAME to "
        "CloudFront beside them: write mtasts:hosting: cloudflare, whose Worker takes the name "
        "over in one step, or first replace the addresses by a CNAME to the present host"
        for each in live
        if has_addresses(each.policy_host, zones[each.domain].zone_id, account)
    ]
    if lines:
        raise UsageError("\n".join(lines))


async def _begin(recorder: Recorder, live: Live, domain: DomainConfig, bound: _Bound) -> None:
    now = recorder.now()
    body = Body(2, now, live.body, 0, live.id, domain.reroll)
    adopted = Adopted(1, now, bound.max_age, bound.approved_by)
    await recorder.adopt(live.domain, adopted, body, live.addresses)


def _import_file(stack: str, clouds: Clouds, stack_file: Path, outside: Outside) -> Path:
    """Write the engine's import file, with every resource that exists already.

    Raises:
        UsageError: it cannot be written.
    """
    engine = outside.engine(stack)
    engine.ensure_stack(secrets_provider(stack_file))
    _say("running the engine's preview, to see what it would create")
    plan, skeleton = engine.plan_import()
    file = import_file(skeleton, look_for(plan, outside.finder(clouds)))
    path = stack_file.with_name(f"import.{stack}.json")
    try:
        write_whole(path, json.dumps(file, indent=2).encode("ascii") + b"\n", replace=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _tell(arguments: Namespace, path: Path, live: list[Live], file: Path) -> None:
    stack = arguments.stack
    quoted = shlex.quote(str(file))
    steps = [
        f"review {path}",
        f"pulumi import --file {quoted} --yes --generate-code=false --protect=false -s {stack}",
        f"mtasts preview {stack}",
        f"pulumi up -s {stack}",
    ]
    if arguments.format == "json":
        rows = [{"domain": each.domain, "id": each.id} for each in live]
        document = {"stack": stack, "file": str(path), "import": str(file), "adopted": rows}
        write(json.dumps(document | {"next": steps}) + "\n")
        return
    lines = [f"{each.domain}: taken over with the id {each.id}" for each in live]
    lines += ["next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))]
    write("\n".join(lines) + "\n")


def _say(text: str) -> None:
    sys.stderr.write(f"adopt: {text}\n")
    sys.stderr.flush()
