"""Collects the evidence for a promotion: a session with every MX host, records, TLS reports.

Nothing is judged here; `mtasts.promotion.gates` judges the evidence file.
"""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import TYPE_CHECKING

from mtasts import __version__
from mtasts.errors import UndeterminedError
from mtasts.findings import printable
from mtasts.mail_authentication import dkim_name, dmarc_names
from mtasts.observations import NULL_MX, SmtpOutcome, SmtpSession
from mtasts.probe.dns import ADDRESS_TYPES, system_servers
from mtasts.probe.probes import LIVE
from mtasts.promotion.evidence import Evidence, Session, Texts, Vantage

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from mtasts.config import DomainConfig
    from mtasts.probe.dns import Resolver
    from mtasts.probe.probes import Probes
    from mtasts.probe.reach import Reach
    from mtasts.promotion.evidence import Explanation
    from mtasts.tlsrpt.summary import ReportSummary

# Mail servers limit the connections of one client.
_SESSIONS_AT_ONCE = 16
_ADDRESSES_MAX = 32
_HOSTS_MAX = 100
_RECORDS_MAX = 50
_ROWS_MAX = 50


async def gather_evidence(
    domain: DomainConfig,
    reports: ReportSummary,
    explained: Iterable[Explanation],
    *,
    reach: Reach,
    resolver: Resolver,
    now: dt.datetime,
    probes: Probes = LIVE,
) -> Evidence:
    """The evidence for ``domain``, as this machine sees it at ``now``.

    ``reports`` and ``explained`` are taken over unchanged.

    Raises:
        UndeterminedError: the MX look-up failed, so no MX host is known; write no evidence.
    """
    mx = await resolver.lookup(domain.name, "MX")
    if not mx.settled:
        raise UndeterminedError(f"the MX records of {domain.name}: {mx.reason}")
    hosts = [host for host in mx.mx_hosts or (domain.name,) if host != NULL_MX][:_HOSTS_MAX]
    slots = asyncio.Semaphore(_SESSIONS_AT_ONCE)
    look = partial(probes.look, reach)
    sessions, spf, dkim, dmarc = await asyncio.gather(
        asyncio.gather(*(_sessions(host, look, resolver, slots) for host in hosts)),
        _texts(resolver, domain.name, "v=spf1"),
        asyncio.gather(
            *(_texts(resolver, dkim_name(s, domain.name)) for s in domain.dkim_selectors)
        ),
        asyncio.gather(*(_texts(resolver, name, "v=dmarc1") for name in dmarc_names(domain.name))),
    )
    return Evidence(
        domain=domain.name,
        collected=now,
        vantage=vantage_of(reach),
        mx=tuple(sorted(mx.mx_hosts)),
        hosts=tuple(Session.of(each) for rows in sessions for each in rows),
        spf=spf,
        dkim=tuple(dkim),
        dmarc=tuple(dmarc),
        reports=reports,
        explained=tuple(explained),
    )


async def _sessions(
    host: str,
    look: Callable[[str, str], Awaitable[SmtpSession]],
    resolver: Resolver,
    slots: asyncio.Semaphore,
) -> list[SmtpSession]:
    """One session for each address, and one without an address for each reason that hid others."""
    found = await asyncio.gather(*(resolver.lookup(host, type_) for type_ in ADDRESS_TYPES))
    addresses = [value for answer in found for value in answer.values]
    unknown = [f"its {answer.type} records: {answer.reason}" for answer in found if answer.reason]
    if not addresses and not unknown:
        unknown = [f"{host} has no address"]
    if len(addresses) > _ADDRESSES_MAX:
        unknown.append(f"only {_ADDRESSES_MAX} of its {len(addresses)} addresses were tried")

    async def one(address: str) -> SmtpSession:
        async with slots:
            return await look(host, address)

    seen = await asyncio.gather(*map(one, addresses[:_ADDRESSES_MAX]))
    failed = SmtpOutcome.CONNECT_FAILED
    return [*seen, *(SmtpSession(host, "", failed, reason=why) for why in unknown)]


async def _texts(resolver: Resolver, owner: str, begins: str = "") -> Texts:
    """The TXT records of ``owner`` that begin with ``begins``, each as one text.

    The strings of a record are joined without spaces (RFC 7208 section 3.3).
    """
    found = await resolver.lookup(owner, "TXT")
    records = [printable(b"".join(strings), 4000) for strings in found.strings]
    kept = [each for each in records if each.lower().replace(" ", "").startswith(begins)]
    return Texts(owner, found.status, tuple(kept[:_RECORDS_MAX]), found.reason)


def vantage_of(
    reach: Reach, servers_of: Callable[[], Sequence[tuple[str, int]]] = system_servers
) -> Vantage:
    """The resolver, certificate roots and options with which this machine looks at a domain.

    ``servers_of`` returns the system's DNS servers, used if ``reach`` has no resolver.
    """
    import certifi  # only needed once something is looked at

    servers = (reach.resolver,) if reach.resolver else servers_of()
    changed = [f"--resolver {_endpoint(*reach.resolver)}"] if reach.resolver else []
    roots = f"Mozilla (certifi {certifi.__version__})"
    if reach.ca_file is not None:
        digest = hashlib.sha256(reach.ca_file.read_bytes()).hexdigest()
        roots = f"{printable(reach.ca_file.name)} (sha256 {digest})"
        changed.append(f"--ca {printable(reach.ca_file.name)}")
    changed += ["--allow-private"] if reach.allow_private else []
    changed += [f"--connect-to {printable(str(row), 300)}" for row in reach.connect_to[:_ROWS_MAX]]
    return Vantage(
        tool=f"mtasts {__version__}",
        resolver=", ".join(_endpoint(*each) for each in servers),
        roots=roots,
        changed=tuple(changed),
    )


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
