"""What senders find of each domain now, and what they will find after the run.

The sources are the ledger and the STS record at the zone's own name servers. The engine's plan is
no source: it compares with the state of the last run, and the state does not know of a record that
a failed proof held back, of a run that was killed or still goes on, or of a second zone.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mtasts.clock import minute
from mtasts.ledger.phases import ALL
from mtasts.policy import MAX_AGE_LIMIT, Mode, PolicySyntaxError, parse
from mtasts.rollout.facts import mail_domains
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import Ruling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mtasts.ledger.history import Ledger
    from mtasts.ledger.phases import Parts
    from mtasts.policy import Policy
    from mtasts.rollout.decision import Decision
    from mtasts.rollout.declaration import Declaration
    from mtasts.rollout.facts import DomainFacts, Facts
    from mtasts.rollout.vanished import Remembered

FILE_VARIABLE = "MTASTS_OUTLOOK_FILE"
"""The environment variable with the file into which the program of a preview writes it."""


@dataclass(frozen=True, slots=True)
class Published:
    """What senders find: the policy id in the STS record, and the policy that is served.

    The id is empty without a record, and the policy None if none is served.
    """

    id: str = ""
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What senders find of one policy domain ``before`` a run and ``after`` it.

    ``unfinished`` is a policy that a run recorded and that was never proven: it may be served
    already, under the id of ``before``. ``ttl_seconds`` is how long resolvers may keep that id. A
    domain that is not ``listed`` has left the stack file; its resources are deleted only if the
    plan says so. With ``known`` false the ledger cannot be read.
    """

    name: str
    before: Published = Published()
    after: Published = Published()
    unfinished: str | None = None
    ttl_seconds: int = 0
    listed: bool = True
    known: bool = True

    @property
    def is_changed(self) -> bool:
        """Whether the run changes the published id or the served policy."""
        served = self.before.policy if self.before.policy is not None else self.unfinished
        return (self.before.id, served) != (self.after.id, self.after.policy)

    def effects(self, now: dt.datetime) -> tuple[str, ...]:
        """The consequences for senders and mail, one sentence each, if the run is at ``now``."""
        return tuple(_effects(self, now)) if self.is_changed else ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a preview says of a stack: the ``domains``, and each ruling with its domain's name.

    The name is empty for a ruling about the stack as a whole.
    """

    domains: tuple[Outlook, ...] = ()
    rulings: tuple[tuple[str, Ruling], ...] = ()


def forecast(
    domains: Iterable[Facts],
    decision: Decision,
    remembered: Iterable[Remembered],
    about_stack: Iterable[Ruling],
) -> Forecast:
    """What a run would do; ``about_stack`` are the rulings about the stack as a whole."""
    rulings = [("", each) for each in about_stack]
    rulings += [(each.name, one) for each in decision.domains for one in each.rulings]
    return Forecast(outlooks(domains, decision, remembered), tuple(rulings))


def outlooks(
    domains: Iterable[Facts], decision: Decision, remembered: Iterable[Remembered] = ()
) -> tuple[Outlook, ...]:
    """The outlook of each mail domain in the file or in the bucket's ledgers, sorted by name."""
    declared = {each.domain: each for each in decision.declared}
    found = [_outlook(each, declared.get(each.name), decision) for each in mail_domains(domains)]
    found += [_gone(each) for each in remembered]
    return tuple(sorted(found, key=lambda each: each.name))


def render_forecast(found: Forecast) -> str:
    """JSON, by which the program of a preview passes the forecast to ``mtasts preview``."""
    return json.dumps(
        {
            "domains": [asdict(each) for each in found.domains],
            "rulings": [{"domain": name} | each.as_json() for name, each in found.rulings],
        }
    )


def parse_forecast(text: str) -> Forecast:
    """Read the JSON of `render_forecast`; an empty text is of a program that ended early.

    The text was written a moment ago, by this release, into a file that no one else can write to.
    """
    if not text:
        return Forecast()
    document = json.loads(text)
    domains = (
        Outlook(**row | {key: Published(**row[key]) for key in ("before", "after")})
        for row in document["domains"]
    )
    return Forecast(
        tuple(domains), tuple((row["domain"], _ruling(row)) for row in document["rulings"])
    )


def _ruling(row: Mapping[str, Any]) -> Ruling:
    until = dt.datetime.fromisoformat(row["until"]) if row["until"] else None
    return Ruling(row["id"], Kind(row["kind"]), row["text"], until=until)


def _outlook(found: DomainFacts, declared: Declaration | None, decision: Decision) -> Outlook:
    ledger = found.history
    named = (found.live_id or "") if found.sts and found.sts.settled else _recorded_id(ledger)
    is_reached = _parts(ledger).addresses.is_declared or any(
        each.values for each in found.host_addresses
    )
    before, unfinished = _present(ledger, named, is_reached=is_reached)
    if declared is not None:
        after = _declared(declared)
    elif found.name in decision.held:
        after = before  # it is not declared, and a run that holds a domain deletes nothing
    else:
        after = Published()
    ttl, known = found.record_ttl_seconds, found.has_ledger
    return Outlook(found.name, before, after, unfinished, ttl, known=known)


def _gone(remembered: Remembered) -> Outlook:
    ledger = remembered.ledger
    reached = _parts(ledger).addresses.is_declared
    before, unfinished = _present(ledger, _recorded_id(ledger), is_reached=reached)
    return Outlook(remembered.name, before, Published(), unfinished, listed=False)


def _parts(ledger: Ledger) -> Parts:
    return ledger.last_phase.phase.parts if ledger.last_phase else ALL


def _recorded_id(ledger: Ledger) -> str:
    """The id in the record as the ledger has it, for use when DNS gave no answer."""
    last = ledger.last_proven
    return last.id if last is not None and _parts(ledger).record.is_declared else ""


def _present(ledger: Ledger, named: str, *, is_reached: bool) -> tuple[Published, str | None]:
    """What senders find if the record has the id ``named``, and an unproven body, if any."""
    in_force = ledger.in_force_since(named or None)
    served = _text(in_force[0].body) if in_force and is_reached else None
    last = ledger.last_body
    unfinished = None
    if last is not None and not ledger.is_proven(last) and _text(last.body) != served:
        unfinished = _text(last.body)
    return Published(named, served), unfinished


def _declared(declared: Declaration) -> Published:
    parts = declared.parts
    # Without a certificate yet, the policy is shown all the same: the agency publishes its records.
    is_there = parts.addresses.is_declared or not parts.certificate
    return Published(
        declared.id if parts.record.is_declared else "", _text(declared.body) if is_there else None
    )


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _policy(text: str | None) -> Policy | None:
    try:
        return parse(text.encode("utf-8", "replace")) if text is not None else None
    except PolicySyntaxError:
        return None


def _effects(domain: Outlook, now: dt.datetime) -> Iterator[str]:
    before, after = _policy(domain.before.policy), _policy(domain.after.policy)
    yield from _unfinished(domain)
    yield _gist(domain, before, after)
    if before is not None and before != after:
        # RFC 8461 section 3.2 allows a year; what senders do with more is not defined.
        lapse = now + dt.timedelta(seconds=min(before.max_age, MAX_AGE_LIMIT))
        yield (
            f"senders that cached the former policy keep it until {minute(lapse)} at the latest, "
            "or until they see the new id"
        )
    if after is not None and domain.after.id:
        yield from _mode_effects(before.mode if before else None, after.mode, domain)
    if before is not None and after is not None:
        yield from _mx_effects(before, after)


def _unfinished(domain: Outlook) -> Iterator[str]:
    if not domain.known:
        yield "the ledger cannot be read, so it is not known what senders find now"
    elif domain.unfinished is not None:
        policy = "this policy" if domain.unfinished == domain.after.policy else "another policy"
        under = f"the id {domain.before.id}" if domain.before.id else "no id"
        yield (
            f"a run that failed, was killed or still goes on has recorded {policy} without a "
            f"proof: senders may find it, under {under}"
        )


def _gist(domain: Outlook, before: Policy | None, after: Policy | None) -> str:
    """The one sentence that says what happens."""
    if after is None:
        return (
            "no policy is served any more: senders with a cached policy follow it until its "
            "max_age ends"
        )
    if not domain.after.id and domain.before.id:
        return (
            "the STS record is removed, and the policy is still served: senders without a cached "
            "policy do not look for one any more"
        )
    if not domain.after.id:
        return "there is no STS record yet: senders do not fetch the policy"
    if before is None or not domain.before.id:
        return f"senders that see the STS record fetch this policy: mode {after.mode}"
    if before == after:
        return "the same policy under a new id: every sender fetches it again"
    return f"senders that see the new id fetch this policy: mode {after.mode}"


def _mode_effects(before: Mode | None, after: Mode, domain: Outlook) -> Iterator[str]:
    if after is Mode.ENFORCE and before is not Mode.ENFORCE:
        yield (
            "from then on they deliver only to the listed hosts, and only over TLS with a "
            "certificate that is valid for the host"
        )
    may_refuse = before is Mode.ENFORCE or not domain.known
    if may_refuse and after is not Mode.ENFORCE:
        yield (
            "senders that check the id stop to enforce at the latest "
            f"{domain.ttl_seconds} s after the record is written"
        )


def _mx_effects(before: Policy, after: Policy) -> Iterator[str]:
    added = [str(pattern) for pattern in after.mx if pattern not in before.mx]
    removed = [str(pattern) for pattern in before.mx if pattern not in after.mx]
    if added:
        yield f"MX hosts added to the policy: {', '.join(added)}"
    if removed:
        yield f"MX hosts removed from the policy: {', '.join(removed)}"
