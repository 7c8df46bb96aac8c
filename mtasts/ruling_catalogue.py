"""Every id of a ruling: of which kinds it is, what it means, and what to do.

``tools/rulings_table.py`` makes ``docs/rulings.md`` from it. An id is stable, kebab-case, and names
its subject first. The module is long because it is one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What a ruling does: hold a domain or a stack, warn, or tell what comes of the run."""

    REFUSAL = "refusal"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A row: the kinds, what the id ``means``, and what ``to_do`` about it.

    ``is_unknown`` says that something could not be found out: nothing is known to be amiss.
    """

    kinds: tuple[Kind, ...]
    means: str
    to_do: str
    is_unknown: bool = False


_R, _W, _N = (Kind.REFUSAL,), (Kind.WARNING,), (Kind.NOTE,)
_RW, _WN = (Kind.REFUSAL, Kind.WARNING), (Kind.WARNING, Kind.NOTE)
_AGAIN = "Run again; if it stays, look at the reason that the ruling names."
_GATE = "Collect the evidence again (mtasts gate collect), and commit the file."
_EXPLAIN = "Have the cause mended, or explain it (mtasts gate collect --explain)."
_ZONE_RULE = "Change the setting for the policy hosts in the Cloudflare dashboard."


def _unknown(kinds: tuple[Kind, ...], what: str, to_do: str = _AGAIN) -> Meaning:
    return Meaning(kinds, f"Could not find out {what}.", to_do, is_unknown=True)


_PLACE: Mapping[str, Meaning] = {
    "parked-mx-unknown": _unknown(_R, "whether a parked domain has a null MX"),
    "parked-mx-live": Meaning(
        _R,
        "The stack file parks the domain (mx: []), and DNS has MX hosts or no MX record.",
        "Publish a null MX (RFC 7505), or list the hosts under mx.",
    ),
    "zone-missing": Meaning(
        _R,
        "No zone of the account fits the domain, or several do.",
        "Write the right zoneId or dnsRoleArn. If the domain is lost: mtasts docs retirement.",
    ),
    "zone-unknown": _unknown(_R, "which zone has the domain's records"),
    "zone-not-delegated": Meaning(
        _R,
        "DNS leads to other name servers than those of the zone that would be written to.",
        "Have the registrar name the zone's servers, or write the zoneId of the delegated zone.",
    ),
    "zone-delegation-unknown": _unknown(
        _W, "which name servers the zone is delegated to", "Nothing: the proof asks the zone again."
    ),
    "former-zone-missing": Meaning(
        _R,
        "The former zone of a moving domain is not in the account any more.",
        "Make it available again, or end the move (mtasts docs moving).",
    ),
    "former-zone-unknown": _unknown(_R, "which zone the domain moves from"),
    "certificate-forbidden": Meaning(
        _RW,
        "A CAA record (RFC 8659) lets none of the cloud's authorities issue the certificate.",
        "Add the CAA record that the ruling names. A certificate that stands will not be renewed.",
    ),
    "host-taken": Meaning(
        _R,
        "Something else of the account serves the policy host already.",
        "Remove the alias or custom domain there.",
    ),
    "host-taken-unknown": _unknown(_W, "whether something else serves the policy host already"),
    "host-alias-elsewhere": Meaning(
        _W,
        "The policy host leads to a distribution of another account, which may refuse the alias.",
        "Have the alias removed there.",
    ),
    "host-records-not-ours": Meaning(
        _R,
        "The policy host of a new domain has records that this stack has not published.",
        "Remove them, or take the domain over (mtasts adopt STACK).",
    ),
}
_ZONE_SETTINGS: Mapping[str, Meaning] = {
    "zone-setting-unknown": _unknown(_W, "a setting of a Cloudflare zone that may hit the host"),
    "zone-tls-minimum": Meaning(_W, "The zone's hosts refuse TLS 1.2.", "Set the minimum to 1.2."),
    "zone-under-attack": Meaning(_W, "Under Attack mode challenges senders.", _ZONE_RULE),
    "zone-browser-check": Meaning(_W, "Browser Integrity Check refuses senders.", _ZONE_RULE),
    "zone-bot-fight": Meaning(_W, "Bot Fight Mode challenges senders.", "Turn it off."),
    "zone-super-bot-fight": Meaning(_W, "Super Bot Fight Mode stops senders.", _ZONE_RULE),
    "zone-rule-blocks": Meaning(_W, "A custom rule may challenge or block senders.", _ZONE_RULE),
    "zone-rule-redirects": Meaning(
        _W, "A redirect rule may send senders elsewhere; they follow nowhere.", _ZONE_RULE
    ),
}
_LEDGER: Mapping[str, Meaning] = {
    "ledger-broken": Meaning(
        _R,
        "The domain's ledger cannot be used as it stands.",
        "See what is amiss (mtasts ledger verify STACK), and mtasts docs emergencies.",
    ),
    "ledger-unknown": _unknown(_R, "what the domain's ledger says"),
    "ledger-not-written": Meaning(
        _R,
        "The ledger did not take what has to stand there before it is declared.",
        "Run again; if it stays, see what is amiss (mtasts ledger verify STACK).",
    ),
    "ledger-objects-changed": Meaning(
        _W,
        "Somebody changed objects of the ledger; it says the same as before.",
        "See who did, and mend it as the ruling says (mtasts docs ledger).",
    ),
    "ledger-stray": Meaning(
        _W, "The bucket has a folder of ledgers that is no domain's.", "See who made it."
    ),
    "ledgers-unknown": _unknown(_R, "which domains have a ledger, so nothing is deleted"),
    "domain-vanished": Meaning(
        _R,
        "The stack file no longer has a domain whose policy senders may still enforce.",
        "List it again as it was, or with retire: true (mtasts docs retirement).",
    ),
}
_RECORDS: Mapping[str, Meaning] = {
    "sts-record-unknown": _unknown(_RW, "which STS record DNS has"),
    "sts-record-not-ours": Meaning(
        _R,
        "A new domain has an STS record that this stack has not published.",
        "Take it over (mtasts adopt STACK), or retire it where it was made.",
    ),
    "sts-record-id-foreign": Meaning(
        _RW,
        "DNS has a policy id that the ledger does not know: senders may hold an unknown policy.",
        "Take zone or host back, then publish ours under another reroll (mtasts docs emergencies).",
    ),
    "sts-record-published-over": Meaning(
        _RW,
        "A new reroll publishes our policy over an id that the ledger does not know.",
        "For enforce, publish mode testing first, or decide by an override.",
    ),
    "sts-record-void": Meaning(
        _RW,
        "DNS has several STS records, or none that can be used: senders act as if there were none.",
        "Remove in the zone what is not ours, and run pulumi up --refresh -s STACK.",
    ),
    "tlsrpt-record-unknown": _unknown(_R, "whether a new domain has a TLS-RPT record already"),
    "tlsrpt-record-not-ours": Meaning(
        _R,
        "A new domain has a TLS-RPT record that this stack has not published.",
        "Remove it, or list its addresses under tlsReports and take it over (mtasts adopt STACK).",
    ),
}
_MX: Mapping[str, Meaning] = {
    "mx-unknown": _unknown(_R, "the MX of a domain that is to enforce"),
    "mx-domain-missing": Meaning(_R, "The domain is not in DNS.", "See who has the domain."),
    "mx-null": Meaning(_R, "The domain has a null MX.", "Write mx: [] for it."),
    "mx-uncovered": Meaning(
        _R,
        "The policy does not list a live MX: senders would deliver nothing there.",
        "List it under mx, or remove it from DNS first.",
    ),
    "mx-left-too-early": Meaning(
        _R,
        "The policy drops a host that senders may still try.",
        "Keep it under mx until the date in the ruling.",
    ),
}
_MOVE: Mapping[str, Meaning] = {
    "move-zone-names-differ": Meaning(
        _R, "The two zones of a move have different names.", "Give both zones one name."
    ),
    "move-zone-at-once": Meaning(
        _R,
        "This run would delete the records in their zone while resolvers still query it.",
        "Write mtasts:leavingDns (mtasts docs moving).",
    ),
    "move-zone-has-records": Meaning(
        _R,
        "The new zone has a record already that is to be made there.",
        "Remove it there before DNS leads to that zone.",
    ),
    "move-zone-records-unknown": _unknown(_R, "whether the new zone has such records already"),
    "move-zone-copied-below": Meaning(
        _W,
        "The new zone has something below the policy host, perhaps a copied CNAME.",
        "Remove it there if it is a copy.",
    ),
    "move-zone-led-to-unknown": _unknown(_R, "whether DNS leads to the new zone"),
    "move-zone-not-led-to": Meaning(
        _R,
        "DNS does not lead to the zone of a Worker, so Cloudflare has no certificate for it.",
        "Move the zone first, with hosting aws, and then hosting.",
    ),
    "former-zone-led-to": Meaning(
        _R,
        "DNS leads to the former zone still, so its records may not go.",
        "Put back the keys that the ruling names, and have the registrar name the new servers.",
    ),
    "former-zone-since-unknown": Meaning(
        _R,
        "The ledger does not say since when DNS leads to the new zone alone.",
        "Put back the keys that the ruling names, for two days.",
    ),
    "former-zone-cached": Meaning(
        _R,
        "Resolvers may query the former zone until a date.",
        "Put back the keys that the ruling names until then.",
    ),
    "former-zone-other-host": Meaning(
        _R,
        "The records of the former zone lead to a host that the config does not name.",
        "Write the keys that the ruling names.",
    ),
    "move-host-at-once": Meaning(
        _R,
        "This run would delete the policy host at its cloud while senders still use it.",
        "Write mtasts:leaving (mtasts docs moving).",
    ),
    "move-host-protected": Meaning(
        _R,
        "The policy host is protected, so the engine could not remove it after the move.",
        "Run once with mtasts:hosting: aws and mtasts:leaving: aws (mtasts docs moving).",
    ),
    "move-host-needs-zone": Meaning(
        _R,
        "The host cannot leave Cloudflare within its zone without a gap.",
        "Write mtasts:dns: route53, so that the zone moves along.",
    ),
    "former-host-led-to": Meaning(
        _R,
        "DNS still leads the policy host to the former cloud.",
        "Put back mtasts:leaving until it does not.",
    ),
    "former-host-cached": Meaning(
        _R,
        "Resolvers may have the address of the former host until a date.",
        "Put back mtasts:leaving until then.",
    ),
    "move-registrar-due": Meaning(
        _W, "DNS leads to the former zone still.", "Have the registrar name the new servers."
    ),
    "move-registrar-both": Meaning(
        _W, "DNS leads to both zones.", "Have the registrar name the new servers alone."
    ),
    "move-former-zone-kept": Meaning(
        _W,
        "DNS leads to the new zone; the former one stays while resolvers may query it.",
        "Wait until the date, then remove mtasts:leavingDns and mtasts:leaving.",
    ),
}
_EVIDENCE: Mapping[str, Meaning] = {
    "evidence-missing": Meaning(_R, "There is no evidence for enforce.", _GATE),
    "evidence-unusable": Meaning(_R, "The evidence file cannot be used.", _GATE),
    "evidence-version": Meaning(_R, "An earlier release wrote the evidence.", _GATE),
    "evidence-old": Meaning(_R, "The evidence is older than seven days.", _GATE),
    "evidence-future": Meaning(_R, "The evidence is dated in the future.", _GATE),
    "evidence-before-demotion": Meaning(
        _R, "The evidence is from before the domain went back from enforce.", _GATE
    ),
    "evidence-mx-differs": Meaning(_R, "The evidence is for another MX set.", _GATE),
    "evidence-vantage": Meaning(_R, "The evidence was not collected as senders look.", _GATE),
    "evidence-address-private": Meaning(
        _R,
        "An MX has an address that senders cannot reach (RFC 6890).",
        "Have DNS name public ones.",
    ),
    "evidence-tls-unknown": _unknown(_R, "whether an MX offers TLS", _GATE),
    "evidence-expiry-unknown": _unknown(_R, "when the certificate of an MX expires", _GATE),
    "evidence-certificate-expired": Meaning(
        _R, "The certificate of an MX has expired.", "Renew it, and collect the evidence again."
    ),
    "evidence-tls-failed": Meaning(
        _R,
        "An MX has no STARTTLS, or none that senders accept.",
        "Mend it, and collect the evidence again.",
    ),
    "spf-unknown": _unknown(_R, "the SPF record", _GATE),
    "spf-unusable": Meaning(_R, "There is not exactly one SPF record.", "Publish one (RFC 7208)."),
    "dkim-unknown": _unknown(_R, "a DKIM key", _GATE),
    "dkim-unusable": Meaning(_R, "A DKIM key is not there, or not once.", "Publish it (RFC 6376)."),
    "dkim-selectors-missing": Meaning(
        _R, "No DKIM selector is listed.", "Add dkimSelectors to the domain."
    ),
    "dkim-not-collected": Meaning(_R, "The evidence does not tell of a DKIM key.", _GATE),
    "dmarc-unknown": _unknown(_R, "the DMARC record", _GATE),
    "dmarc-unusable": Meaning(_R, "There is not exactly one DMARC record.", "Publish one."),
    "dmarc-missing": Meaning(
        _R, "There is no DMARC record.", "Publish one (RFC 7489 section 6.3)."
    ),
}
_REPORTS: Mapping[str, Meaning] = {
    "reports-ledger-unknown": _unknown(
        _R, "which policies were served, by which reports count", "Run where credentials are."
    ),
    "reports-days-few": Meaning(
        _R, "TLS reports of too few days count (RFC 8460).", "Wait for more reports."
    ),
    "reports-reporters-few": Meaning(
        _R, "TLS reports of too few reporters count.", "Wait for reports of another one."
    ),
    "reports-stale": Meaning(
        _R, "The newest TLS report is too old.", "See why no report comes, and collect again."
    ),
    "reports-failures": Meaning(_R, "Reported failures are not explained.", _EXPLAIN),
    "reports-unread": Meaning(_R, "What was left out may hide failed sessions.", _EXPLAIN),
    "reports-not-counted": Meaning(
        _W, "A report counts for nothing, and hinders nothing.", "Nothing."
    ),
    "reports-explained": Meaning(
        _W, "Failures that somebody explained.", "See that the explanation still holds."
    ),
}
_OVERRIDE: Mapping[str, Meaning] = {
    "override-stands": Meaning(
        _W, "An override stands; it is told in every run.", "Remove it once it is not needed."
    ),
    "override-passed": Meaning(
        _W, "What an override lets past.", "Nothing, for whoever decided it."
    ),
    "override-void": Meaning(
        _RW,
        "An override has not begun, has expired or is too long, so it lets nothing past.",
        "Remove it, or have it approved anew.",
    ),
}
_COURSE: Mapping[str, Meaning] = {
    "emergency-declared": Meaning(
        _R,
        "The way back to testing goes out although something holds the domain; the run fails.",
        "Mend what the refusals name, then end the emergency (mtasts docs emergencies).",
    ),
    "enforce-way-back": Meaning(
        _N, "How soon a step back from enforce reaches senders.", "Nothing."
    ),
    "retirement-called-off": Meaning(
        _N, "The domain is kept after all.", "Nothing: what was taken away comes back."
    ),
    "retirement-goes-on": Meaning(
        _N, "A retirement has come to its next phase.", "Run again as the ruling says."
    ),
    "retirement-waits": Meaning(
        _N, "A retirement waits for a date.", "Run again after it (mtasts docs retirement)."
    ),
    "retirement-not-seen-gone": Meaning(
        _N,
        "DNS is not seen without what was withdrawn.",
        "Run again; where somebody else publishes it, have it removed.",
    ),
    "retirement-done": Meaning(
        _N, "The domain is retired.", "Take it out of the file, unless it is the last one there."
    ),
    "retirement-agency-removes": Meaning(
        _N, "The agency still publishes what a retirement takes away.", "Have it removed."
    ),
    "zone-pending": Meaning(
        _W,
        "A zone is made by the same program, so a preview cannot look at its domain.",
        "Go on with the run itself, or make the zone in a run before.",
    ),
    "stack-retired": Meaning(
        _N,
        "Every domain of the stack is retired.",
        "Run pulumi destroy -s STACK.",
    ),
    "handover-broken": Meaning(
        _R,
        "What was handed out to the agency cannot be read.",
        "See who wrote to the bucket, and run again.",
    ),
    "handover-nowhere": Meaning(
        _R,
        "DNS has nothing of what was handed out, so mode none cannot be published.",
        "Have it published again (mtasts docs delegation), or give the domain up for lost.",
    ),
    "handover-begins": Meaning(
        _WN,
        "The agency has records to publish.",
        "See the stack's output domains, under publish (mtasts docs delegation).",
    ),
    "handed-record-unknown": _unknown(_WN, "whether a record that was handed out is published"),
    "handed-record-missing": Meaning(
        _WN, "A record that was handed out is not published.", "Have the agency publish it."
    ),
    "handed-record-wrong": Meaning(
        _WN, "DNS has something else than what was handed out.", "Have the agency correct it."
    ),
}
_ACCOUNT: Mapping[str, Meaning] = {
    "quota-near": Meaning(
        _W, "New domains come near a quota of the account.", "Ask the cloud for more."
    ),
    "quota-unknown": _unknown(_W, "how near a quota of the account is"),
    "token-lacks": Meaning(_W, "The Cloudflare token lacks a permission.", "Add it (mtasts iam)."),
    "token-unknown": _unknown(_W, "what the Cloudflare token may do", "Compare it: mtasts iam."),
    "alarm-topic-missing": Meaning(
        _W, "The alarm topic does not exist.", "Make it, or name another."
    ),
    "alarm-topic-unknown": _unknown(_W, "whether alarms reach the topic"),
    "alarm-topic-closed": Meaning(
        _W, "CloudWatch may not publish to the alarm topic.", "Allow it in the topic's policy."
    ),
    "alarm-key-closed": Meaning(
        _W, "CloudWatch may not use the key that encrypts the topic.", "Use a key that allows it."
    ),
}
SUBJECTS: Mapping[str, Mapping[str, Meaning]] = {
    "Zone, host and certificate": _PLACE,
    "Settings of a Cloudflare zone": _ZONE_SETTINGS,
    "Ledger": _LEDGER,
    "Records that stand already": _RECORDS,
    "MX": _MX,
    "Moves": _MOVE,
    "Evidence for enforce": _EVIDENCE,
    "TLS reports": _REPORTS,
    "Overrides": _OVERRIDE,
    "Course of a rollout": _COURSE,
    "Account": _ACCOUNT,
}
"""The parts of the table, by subject."""

RULINGS: Mapping[str, Meaning] = {
    id_: row for part in SUBJECTS.values() for id_, row in part.items()
}
"""Every row, by id."""
