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
    """What a ruling does: hold a domain or a stack, warn, or say what the run does next."""

    REFUSAL = "refusal"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A row: the kinds, what the id ``means``, and what ``to_do`` about it.

    ``is_unknown`` marks a look-up that failed: nothing is known to be wrong.
    """

    kinds: tuple[Kind, ...]
    means: str
    to_do: str
    is_unknown: bool = False


_R, _W, _N = (Kind.REFUSAL,), (Kind.WARNING,), (Kind.NOTE,)
_RW, _WN = (Kind.REFUSAL, Kind.WARNING), (Kind.WARNING, Kind.NOTE)
_AGAIN = "Run again. If it fails again, remove the cause that the ruling names."
_GATE = "Collect the evidence again (mtasts gate collect DOMAIN), and commit the file."
_EXPLAIN = "Have the cause removed, or explain it (mtasts gate collect DOMAIN --explain)."
_ZONE_RULE = "In the Cloudflare dashboard, change this for the policy hosts, as the ruling says."


def _unknown(kinds: tuple[Kind, ...], what: str, to_do: str = _AGAIN) -> Meaning:
    return Meaning(kinds, f"Could not find out {what}.", to_do, is_unknown=True)


_PLACE: Mapping[str, Meaning] = {
    "parked-mx-unknown": _unknown(_R, "whether a parked domain has a null MX"),
    "parked-mx-live": Meaning(
        _R,
        "The stack file parks the domain (mx: []), but DNS has MX hosts or no MX record.",
        "If the domain receives no mail, publish a null MX (RFC 7505). If it does, list its MX "
        "hosts under mx.",
    ),
    "zone-missing": Meaning(
        _R,
        "The account has no zone for the domain, or has several.",
        "Write the right zoneId or dnsRoleArn in the domain's entry. If the domain is not the "
        "agency's any more: mtasts docs retirement.",
    ),
    "zone-unknown": _unknown(_R, "which zone has the domain's records"),
    "zone-not-delegated": Meaning(
        _R,
        "The domain is delegated to other name servers than those of the zone that the run would "
        "write to.",
        "Have the registrar delegate the domain to the zone's name servers, or write the zoneId of "
        "the zone that is delegated.",
    ),
    "zone-delegation-unknown": _unknown(
        _W,
        "which name servers the zone is delegated to",
        "Nothing: the proof looks again before it writes a record.",
    ),
    "former-zone-missing": Meaning(
        _R,
        "The former zone of a moving domain is not in the account any more.",
        "Give the stack access to the zone again, or finish the move (mtasts docs moving).",
    ),
    "former-zone-unknown": _unknown(_R, "which zone the domain moves from"),
    "certificate-forbidden": Meaning(
        _RW,
        "A CAA record (RFC 8659) lets none of the cloud's authorities issue the certificate.",
        "Add the CAA record that the ruling names. Without it, a certificate that exists is not "
        "renewed.",
    ),
    "host-taken": Meaning(
        _R,
        "Another distribution or Worker of the account serves the policy host already.",
        "Remove the policy host from it: the alias of the distribution, or the Worker's custom "
        "domain.",
    ),
    "host-taken-unknown": _unknown(
        _W, "whether another distribution or Worker serves the policy host"
    ),
    "host-alias-elsewhere": Meaning(
        _W,
        "The policy host leads to a distribution of another account. CloudFront may refuse the "
        "alias for ours.",
        "Have the owner of that account remove the alias.",
    ),
    "host-records-not-ours": Meaning(
        _R,
        "The policy host of a new domain has records that this stack did not publish.",
        "If nothing uses them, remove them. If MTA-STS is live, take the domain over (mtasts adopt "
        "STACK).",
    ),
}
_ZONE_SETTINGS: Mapping[str, Meaning] = {
    "zone-setting-unknown": _unknown(_W, "a setting of a Cloudflare zone that may block senders"),
    "zone-tls-minimum": Meaning(
        _W, "The zone refuses TLS 1.2.", "Set its minimum TLS version to 1.2."
    ),
    "zone-under-attack": Meaning(
        _W, "Under Attack mode challenges senders, which cannot answer.", _ZONE_RULE
    ),
    "zone-browser-check": Meaning(
        _W, "Browser Integrity Check refuses senders, which are no browsers.", _ZONE_RULE
    ),
    "zone-bot-fight": Meaning(
        _W, "Bot Fight Mode challenges senders.", "Turn it off for the zone."
    ),
    "zone-super-bot-fight": Meaning(
        _W, "Super Bot Fight Mode blocks or challenges senders.", _ZONE_RULE
    ),
    "zone-rule-blocks": Meaning(_W, "A custom rule may challenge or block senders.", _ZONE_RULE),
    "zone-rule-redirects": Meaning(
        _W, "A redirect rule may redirect senders, which follow no redirect.", _ZONE_RULE
    ),
}
_LEDGER: Mapping[str, Meaning] = {
    "ledger-broken": Meaning(
        _R,
        "The domain's ledger cannot be used as it stands.",
        "Find the broken object (mtasts ledger verify STACK), and follow mtasts docs emergencies.",
    ),
    "ledger-unknown": _unknown(_R, "what the domain's ledger says"),
    "ledger-not-written": Meaning(
        _R,
        "An entry that must be in the ledger before the run goes on could not be written.",
        "Run again. If it fails again, find the cause (mtasts ledger verify STACK).",
    ),
    "ledger-objects-changed": Meaning(
        _W,
        "Somebody changed or deleted objects of the ledger. No entry is lost or changed.",
        "Find out who did it, and repair the ledger as the ruling says (mtasts docs ledger).",
    ),
    "ledger-stray": Meaning(
        _W,
        "The bucket has a folder below ledger/ whose name is no domain.",
        "Find out who made it. No run reads it.",
    ),
    "ledgers-unknown": _unknown(_R, "which domains have a ledger, so that nothing is deleted"),
    "domain-vanished": Meaning(
        _R,
        "The stack file no longer has a domain whose policy senders may still enforce.",
        "To keep the domain, list it again as it was. To end its MTA-STS, list it with retire: "
        "true (mtasts docs retirement).",
    ),
}
_RECORDS: Mapping[str, Meaning] = {
    "sts-record-unknown": _unknown(_RW, "which STS record DNS has"),
    "sts-record-not-ours": Meaning(
        _R,
        "A new domain has an STS record that this stack did not publish.",
        "Take the domain over (mtasts adopt STACK), or end its MTA-STS with the tool that set it "
        "up.",
    ),
    "sts-record-id-foreign": Meaning(
        _RW,
        "DNS has a policy id that the ledger does not know: senders may hold an unknown policy.",
        "Find out who published it, and end that. Then publish ours under another reroll (mtasts "
        "docs emergencies).",
    ),
    "sts-record-published-over": Meaning(
        _RW,
        "A new reroll publishes our policy over an id that the ledger does not know.",
        "If the mode is enforce: publish mode testing first, or write an override. Otherwise "
        "nothing.",
    ),
    "sts-record-void": Meaning(
        _RW,
        "DNS has several STS records, or none that can be used: senders act as if there were none.",
        "Remove from the zone the records that the ruling does not call ours, and run pulumi up "
        "--refresh -s STACK.",
    ),
    "tlsrpt-record-unknown": _unknown(_R, "whether a new domain has a TLS-RPT record already"),
    "tlsrpt-record-not-ours": Meaning(
        _R,
        "A new domain has a TLS-RPT record that this stack did not publish.",
        "Remove it, or list its addresses under tlsReports and take the domain over (mtasts adopt "
        "STACK).",
    ),
}
_MX: Mapping[str, Meaning] = {
    "mx-unknown": _unknown(_R, "the MX records of a domain with mode enforce"),
    "mx-domain-missing": Meaning(
        _R,
        "The domain does not exist in DNS.",
        "Check its spelling, and whether its registration has ended.",
    ),
    "mx-null": Meaning(
        _R,
        "The domain has a null MX: it receives no mail (RFC 7505).",
        "Write mx: [] in its entry.",
    ),
    "mx-uncovered": Meaning(
        _R,
        "The policy does not list an MX host that DNS has. Senders would deliver nothing there.",
        "List the host under mx. If it is no MX host any more, remove its MX record first.",
    ),
    "mx-left-too-early": Meaning(
        _R,
        "The policy would drop an MX host that senders may still try.",
        "Keep the host under mx until the date in the ruling.",
    ),
}
_MOVE: Mapping[str, Meaning] = {
    "move-zone-names-differ": Meaning(
        _R, "The two zones of a move have different names.", "Use two zones with the same name."
    ),
    "move-zone-at-once": Meaning(
        _R,
        "This run would delete the records from their zone while resolvers still query that zone.",
        "Write mtasts:leavingDns (mtasts docs moving).",
    ),
    "move-zone-has-records": Meaning(
        _R,
        "The new zone has a record already that this run has to create.",
        "Remove it from the new zone before the registrar delegates to that zone.",
    ),
    "move-zone-records-unknown": _unknown(
        _R, "whether the new zone has records already that this run has to create"
    ),
    "move-zone-copied-below": Meaning(
        _W,
        "The new zone has a record below the policy host, perhaps a copied CNAME.",
        "If it is a copy of the certificate's CNAME, remove it from the new zone.",
    ),
    "move-zone-led-to-unknown": _unknown(_R, "whether the domain is delegated to the new zone"),
    "move-zone-not-led-to": Meaning(
        _R,
        "The domain is not delegated to the zone of a Worker yet. Until it is, Cloudflare has no "
        "certificate for the Worker.",
        "Move DNS first, with mtasts:hosting: aws. Then move the hosting (mtasts docs moving).",
    ),
    "former-zone-led-to": Meaning(
        _R,
        "The domain is still delegated to the former zone, so its records must stay.",
        "Put back the keys that the ruling names, and have the registrar delegate to the new name "
        "servers alone.",
    ),
    "former-zone-since-unknown": Meaning(
        _R,
        "The ledger does not say since when the domain is delegated to the new zone alone.",
        "Put back the keys that the ruling names, and keep them for two days.",
    ),
    "former-zone-cached": Meaning(
        _R,
        "Resolvers may query the former zone until the date in the ruling.",
        "Put back the keys that the ruling names, and keep them until then.",
    ),
    "former-zone-other-host": Meaning(
        _R,
        "The records of the former zone lead to a policy host that the stack file does not name.",
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
        "First run pulumi up -s STACK once with mtasts:hosting: aws and mtasts:leaving: aws "
        "(mtasts docs moving).",
    ),
    "move-host-needs-zone": Meaning(
        _R,
        "The policy host cannot leave Cloudflare while its zone stays there: senders would find no "
        "host for a time.",
        "Write mtasts:dns: route53, so that DNS moves, too.",
    ),
    "former-host-led-to": Meaning(
        _R,
        "DNS still leads the policy host to the former cloud.",
        "Put back mtasts:leaving until DNS leads to the new host.",
    ),
    "former-host-cached": Meaning(
        _R,
        "Resolvers may have the address of the former host until a date.",
        "Put back mtasts:leaving until then.",
    ),
    "move-registrar-due": Meaning(
        _W,
        "The domain is still delegated to the former zone.",
        "Have the registrar delegate to the new name servers, once this run has succeeded.",
    ),
    "move-registrar-both": Meaning(
        _W,
        "The domain is delegated to both zones.",
        "Have the registrar delegate to the new name servers alone.",
    ),
    "move-former-zone-kept": Meaning(
        _W,
        "The domain is delegated to the new zone. The former zone stays while resolvers may query "
        "it.",
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
        _R, "The evidence was collected before the domain went back from enforce to testing.", _GATE
    ),
    "evidence-mx-differs": Meaning(
        _R, "The evidence is about other MX hosts than DNS has now.", _GATE
    ),
    "evidence-vantage": Meaning(
        _R, "The evidence was not collected the way senders see the domain.", _GATE
    ),
    "evidence-address-private": Meaning(
        _R,
        "An MX host has an address that senders cannot reach (RFC 6890).",
        "Publish public addresses for the MX host, and collect the evidence again.",
    ),
    "evidence-tls-unknown": _unknown(_R, "whether an MX host offers STARTTLS", _GATE),
    "evidence-expiry-unknown": _unknown(_R, "when the certificate of an MX host expires", _GATE),
    "evidence-certificate-expired": Meaning(
        _R,
        "The certificate of an MX host has expired.",
        "Renew it, and collect the evidence again.",
    ),
    "evidence-tls-failed": Meaning(
        _R,
        "An MX host offers no STARTTLS, or TLS that senders must not accept.",
        "Correct the MX host, and collect the evidence again.",
    ),
    "spf-unknown": _unknown(_R, "the SPF record", _GATE),
    "spf-unusable": Meaning(
        _R, "There is not exactly one SPF record.", "Publish exactly one (RFC 7208)."
    ),
    "dkim-unknown": _unknown(_R, "a DKIM key", _GATE),
    "dkim-unusable": Meaning(
        _R, "There is not exactly one record of a DKIM key.", "Publish one (RFC 6376)."
    ),
    "dkim-selectors-missing": Meaning(
        _R, "The domain's entry has no DKIM selector.", "Add dkimSelectors to the entry."
    ),
    "dkim-not-collected": Meaning(_R, "The evidence has no look-up of a DKIM key.", _GATE),
    "dmarc-unknown": _unknown(_R, "the DMARC record", _GATE),
    "dmarc-unusable": Meaning(_R, "There is not exactly one DMARC record.", "Publish exactly one."),
    "dmarc-missing": Meaning(
        _R, "There is no DMARC record.", "Publish one (RFC 7489 section 6.3)."
    ),
}
_REPORTS: Mapping[str, Meaning] = {
    "reports-ledger-unknown": _unknown(
        _R,
        "which policies were served; only reports about those count",
        "Run the command with credentials that may read the bucket.",
    ),
    "reports-days-few": Meaning(
        _R,
        "The TLS reports that count cover too few days.",
        "Wait for more reports, and collect the evidence again.",
    ),
    "reports-reporters-few": Meaning(
        _R,
        "The TLS reports that count come from too few reporters.",
        "Wait for reports of another sender, and collect the evidence again.",
    ),
    "reports-stale": Meaning(
        _R,
        "The newest TLS report is too old.",
        "Find out why no report arrives, and collect the evidence again.",
    ),
    "reports-failures": Meaning(_R, "Reported failures have no explanation.", _EXPLAIN),
    "reports-unread": Meaning(
        _R, "Reports or rows that were left out may have failed sessions.", _EXPLAIN
    ),
    "reports-not-counted": Meaning(
        _W, "A report does not count, and does not hold the promotion.", "Nothing."
    ),
    "reports-explained": Meaning(
        _W, "Somebody explained these failures.", "Check that the explanation still holds."
    ),
}
_OVERRIDE: Mapping[str, Meaning] = {
    "override-stands": Meaning(
        _W, "The domain has an override.", "Remove the override when it is not needed any more."
    ),
    "override-passed": Meaning(
        _W,
        "The override passed this refusal.",
        "Nothing, if the person who approved the override knew of it.",
    ),
    "override-void": Meaning(
        _RW,
        "An override has not begun, has expired or is too long, so it passes no refusal.",
        "Remove the override, or have it approved again with new dates.",
    ),
}
_COURSE: Mapping[str, Meaning] = {
    "emergency-declared": Meaning(
        _R,
        "The emergency publishes mode testing although the domain would be held. The run ends with "
        "an error, so that nothing is deleted.",
        "Publish it with pulumi up --skip-preview -s STACK. Remove the causes that the refusals "
        "name. Then end the emergency (mtasts docs emergencies).",
    ),
    "enforce-way-back": Meaning(
        _N, "When senders stop to enforce, after a step back from enforce.", "Nothing."
    ),
    "retirement-called-off": Meaning(
        _N,
        "The retirement is cancelled.",
        "Nothing: this run publishes again what the retirement removed.",
    ),
    "retirement-goes-on": Meaning(
        _N, "A retirement entered its next phase.", "Run again as the ruling says."
    ),
    "retirement-waits": Meaning(
        _N, "A retirement waits for a date.", "Run again after it (mtasts docs retirement)."
    ),
    "retirement-not-seen-gone": Meaning(
        _N,
        "DNS still has a record that the retirement removed.",
        "Run again. If somebody else publishes the record, have it removed.",
    ),
    "retirement-done": Meaning(
        _N,
        "The domain is retired.",
        "Remove its entry from the stack file, unless it is the last entry.",
    ),
    "retirement-agency-removes": Meaning(
        _N,
        "The agency still publishes records that the retirement ends.",
        "Have the agency remove the records that the ruling names.",
    ),
    "zone-pending": Meaning(
        _W,
        "The same program creates the zone, so a preview cannot look at the domain yet.",
        "Run pulumi up -s STACK, which looks once the zone exists; or create the zone in an "
        "earlier run.",
    ),
    "stack-retired": Meaning(
        _N,
        "Every domain of the stack is retired.",
        "Once the run has ended: pulumi destroy -s STACK. The bucket with the ledgers stays.",
    ),
    "handover-broken": Meaning(
        _R,
        "The object that says which records were handed out to the agency cannot be read.",
        "Find out who wrote to the bucket, and run again.",
    ),
    "handover-nowhere": Meaning(
        _R,
        "DNS has none of the records that were handed out, so mode none cannot be published.",
        "Have the agency publish them again (mtasts docs delegation). If the domain is not the "
        "agency's any more: mtasts docs retirement.",
    ),
    "handover-begins": Meaning(
        _WN,
        "The agency has records to publish.",
        "Give the agency the records in the stack's output domains, under publish (mtasts docs "
        "delegation).",
    ),
    "handed-record-unknown": _unknown(_WN, "whether a record that was handed out is published"),
    "handed-record-missing": Meaning(
        _WN, "DNS does not have a record that was handed out.", "Have the agency publish it."
    ),
    "handed-record-wrong": Meaning(
        _WN, "DNS has another value than the one handed out.", "Have the agency correct the record."
    ),
}
_ACCOUNT: Mapping[str, Meaning] = {
    "quota-near": Meaning(
        _W,
        "The account is near a quota, with the new domains.",
        "Ask the cloud for a higher quota.",
    ),
    "quota-unknown": _unknown(_W, "how much of a quota the account uses"),
    "token-lacks": Meaning(
        _W, "The Cloudflare token lacks a permission.", "Add it (mtasts iam up --stack STACK)."
    ),
    "token-unknown": _unknown(
        _W,
        "which permissions the Cloudflare token has",
        "Compare them with mtasts iam up --stack STACK.",
    ),
    "alarm-topic-missing": Meaning(
        _W, "The SNS topic for alarms does not exist.", "Create it, or name another topic."
    ),
    "alarm-topic-unknown": _unknown(_W, "whether alarms reach the SNS topic"),
    "alarm-topic-closed": Meaning(
        _W,
        "CloudWatch may not publish to the SNS topic for alarms.",
        "Allow it in the topic's policy.",
    ),
    "alarm-key-closed": Meaning(
        _W, "CloudWatch may not use the KMS key of the SNS topic.", "Use a key that allows it."
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
