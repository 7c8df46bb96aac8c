"""What senders find of each domain now, and what they will find once a run has ended.

It is read from what was looked up: the ledger, and the STS record at the zone's own servers. The
engine's plan cannot tell it. A plan compares with what the last run left in the state, which says
nothing of a record that a failed proof held back, of a run that was killed or still goes on, or of
a second zone that serves the same.
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
"""The environment variable that names the file in which a preview's program tells it."""


@dataclass(frozen=True, slots=True)
class Published:
    """What senders find: the policy id in the STS record, and the policy that is served.

    The id is empty where there is no record, the policy None where none is served.
    """

    id: str = ""
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What senders find of one policy domain ``before`` a run and ``after`` it.

    ``unfinished`` is a policy that a run has written down and nobody has seen served since: it may
    be served already, under the id before. ``ttl_seconds`` is how long resolvers may go on telling
    the id before. A domain that is not ``listed`` has left the stack file: what it has goes only if
    the plan deletes it. With ``known`` false the ledger cannot be read.
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
        """Whether senders will notice, or whoever waits for a record that is not out yet."""
        served = self.before.policy if self.before.policy is not None else self.unfinished
        return (self.before.id, served) != (self.after.id, self.after.policy)

    def effects(self, now: dt.datetime) -> tuple[str, ...]:
        """What follows for senders and for mail, if it goes out at ``now``."""
        return tuple(_effects(self, now)) if self.is_changed else ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a preview tells of a stack: the ``domains``, and every ruling with its domain's name.

    That name is empty for what is about the stack as a whole.
    """

    domains: tuple[Outlook, ...] = ()
    rulings: tuple[tuple[str, Ruling], ...] = ()


def forecast(
    domains: Iterable[Facts],
    decision: Decision,
    remembered: Iterable[Remembered],
    about_stack: Iterable[Ruling],
) -> Forecast:
    """What a run would do; ``about_stack`` are the rulings that concern no single domain."""
    rulings = [("", each) for each in about_stack]
    rulings += [(each.name, one) for each in decision.domains for one in each.rulings]
    return Forecast(outlooks(domains, decision, remembered), tuple(rulings))


def outlooks(
    domains: Iterable[Facts], decision: Decision, remembered: Iterable[Remembered] = ()
) -> tuple[Outlook, ...]:
    """Of every mail domain of the file, and of those that only their ledgers remember; by name."""
    declared = {each.domain: each for each in decision.declared}
    found = [_outlook(each, declared.get(each.name), decision) for each in mail_domains(domains)]
    found += [_gone(each) for each in remembered]
    return tuple(sorted(found, key=lambda each: each.name))


def render_forecast(found: Forecast) -> str:
    """As JSON, from the program of a preview to the command that asked for it."""
    return json.dumps(
        {
            "domains": [asdict(each) for each in found.domains],
            "rulings": [{"domain": name} | each.as_json() for name, each in found.rulings],
        }
    )


def parse_forecast(text: str) -> Forecast:
    """What `render_forecast` wrote; nothing for an empty text, as of a program that ended early."""
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
        after = before  # nothing of it is declared, and a run that holds a domain deletes nothing
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
    """The id that the record names by the ledger's word, for want of a look-up."""
    last = ledger.last_proven
    return last.id if last is not None and _parts(ledger).record.is_declared else ""


def _present(ledger: Ledger, named: str, *, is_reached: bool) -> tuple[Published, str | None]:
    """What senders find where the record names that id, and what may be served besides."""
    in_force = ledger.in_force_since(named or None)
    served = _text(in_force[0].body) if in_force and is_reached else None
    last = ledger.last_body
    unfinished = None
    if last is not None and not ledger.is_proven(last) and _text(last.body) != served:
        unfinished = _text(last.body)
    return Published(named, served), unfinished


def _declared(declared: Declaration) -> Published:
    parts = declared.parts
    # Before its certificate is issued the policy is written, for whoever publishes the records.
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
        lapse = now + dt.timedelta(seconds=min(before.max_age, MAX_AGE_LIMIT))
        yield (
            f"senders that cached the old policy keep it until {minute(lapse)} at the latest, "
            "unless they see the new id before"
        )
    if after is not None and domain.after.id:
        yield from _mode_effects(before.mode if before else None, after.mode, domain)
    if before is not None and after is not None:
        yield from _mx_effects(before, after)


def _unfinished(domain: Outlook) -> Iterator[str]:
    if not domain.known:
        yield "what senders find now is not known here: the ledger cannot be read"
    elif domain.unfinished is not None:
        which = "this policy" if domain.unfinished == domain.after.policy else "another policy"
        under = f"the id {domain.before.id}" if domain.before.id else "no id"
        yield (
            f"a run that failed, was killed or still goes on has written {which} down and proven "
            f"nothing: senders may find it, under {under}"
        )


def _gist(domain: Outlook, before: Policy | None, after: Policy | None) -> str:
    """The one sentence that says what happens."""
    if after is None:
        return "no policy is served any more: senders that hold one keep to it until it lapses"
    if not domain.after.id and domain.before.id:
        return (
            "the STS record goes, and the policy is served on: senders that hold no policy no "
            "longer look for one"
        )
    if not domain.after.id:
        return "no STS record names the policy yet: senders do not fetch it"
    if before is None or not domain.before.id:
        return f"senders that see the record fetch this policy: mode {after.mode}"
    if before == after:
        return "the same policy under a new id: every sender fetches it again"
    return f"senders that see the new id fetch this policy: mode {after.mode}"


def _mode_effects(before: Mode | None, after: Mode, domain: Outlook) -> Iterator[str]:
    if after is Mode.ENFORCE and before is not Mode.ENFORCE:
        yield (
            "from then on they deliver only to the hosts listed, and only over TLS with a "
            "certificate that is valid for the host"
        )
    may_refuse = before is Mode.ENFORCE or not domain.known
    if may_refuse and after is not Mode.ENFORCE:
        yield (
            "senders that check the id refuse nothing any more, "
            f"{domain.ttl_seconds} s after the record at the latest"
        )


def _mx_effects(before: Policy, after: Policy) -> Iterator[str]:
    added = [str(pattern) for pattern in after.mx if pattern not in before.mx]
    removed = [str(pattern) for pattern in before.mx if pattern not in after.mx]
    if added:
        yield f"listed from then on: {', '.join(added)}"
    if removed:
        yield f"no longer listed: {', '.join(removed)}"
