"""From verdicts on signatures to the trust in one report (RFC 8460 sections 3 and 5.3).

A report is verified where a valid signature is of the domain that the report names as its sender,
by organisational domain: large senders sign with a subdomain (Mail.ru signs d=corp.mail.ru). That
the From address agrees is not enough, or anybody could sign reports in the name of others.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from mtasts.findings import printable
from mtasts.names import DomainNameError, parse_domain
from mtasts.tlsrpt.dkim import Outcome
from mtasts.tlsrpt.trust import Receipt, Trust

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from publicsuffixlist import PublicSuffixList

    from mtasts.tlsrpt.dkim import Verdict


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # of an extra, and 0.1 s to load

    return PublicSuffixList()


@lru_cache(maxsize=4096)
def organisational_domain(name: str) -> str:
    """The registrable domain of a name by the public suffix list, or "" where it has none."""
    try:
        domain = parse_domain(name)
    except DomainNameError:
        return ""
    return _suffixes().privatesuffix(domain) or ""


def submitter_domain(contact: str, sender: str) -> str:
    """The domain that answers for a report: of ``contact-info``, else of the From address.

    RFC 8460 section 5.3 has both agree with TLS-Report-Submitter; some reports have no contact.
    """
    return (contact.rpartition("@")[2] or sender).strip().lower().removesuffix(".")


def judge_mail(
    verdicts: Sequence[Verdict], submitter: str, received: dt.datetime, source: str
) -> Receipt:
    """The receipt of a report that came by mail, from the verdicts on the signatures of that mail.

    A signature whose key could not be looked up neither proves nor disproves anything: without
    another one the report is unsigned, and may be judged again later (``retry``).
    """
    trust, reason, best = _judge(verdicts, submitter)
    signed = best if trust is Trust.VERIFIED else None
    return Receipt(
        trust=trust,
        reason=printable(reason, 300),
        signer=signed.domain if signed else "",
        key=signed.key_name if signed else "",
        key_sha256=signed.key_sha256 if signed else "",
        received=received,
        via="mail",
        source=source,
        retry=trust is Trust.UNSIGNED and best is not None and best.outcome is Outcome.UNKNOWN,
    )


def _judge(verdicts: Sequence[Verdict], submitter: str) -> tuple[Trust, str, Verdict | None]:
    """The level, the reason, and the verdict that decided."""
    if not verdicts:
        return Trust.UNSIGNED, "the mail has no DKIM signature", None
    wanted = organisational_domain(submitter)
    own = [each for each in verdicts if wanted and organisational_domain(each.domain) == wanted]
    first = {outcome: _first(own, outcome) for outcome in Outcome}
    if (found := first[Outcome.VALID]) is not None:
        remark = f"; {found.reason}" if found.reason else ""
        return Trust.VERIFIED, f"signed by {found.domain}{remark}", found
    for outcome in (Outcome.UNKNOWN, Outcome.TESTING):
        if (found := first[outcome]) is not None:
            return Trust.UNSIGNED, f"the signature of {found.domain}: {found.reason}", found
    if (found := first[Outcome.INVALID]) is not None:
        return Trust.FAILED, f"the signature of {found.domain} is not valid: {found.reason}", found
    if (other := _first(verdicts, Outcome.VALID)) is not None:
        named = submitter or "nobody"
        text = f"it is signed by {other.domain}, and names {named} as its sender"
        return Trust.FAILED, text, other
    return Trust.FAILED, verdicts[0].reason, verdicts[0]


def _first(verdicts: Sequence[Verdict], outcome: Outcome) -> Verdict | None:
    return next((each for each in verdicts if each.outcome is outcome), None)


def judge_post(received: dt.datetime, source: str) -> Receipt:
    """The receipt of a report posted by HTTPS (RFC 8460 section 5.4): from nobody known."""
    reason = "it was posted by HTTPS, which does not say by whom"
    return Receipt(Trust.HTTPS, reason, "", "", "", received, "https", source)


def judge_file(received: dt.datetime, source: str) -> Receipt:
    """The receipt of a report that lay in a file: no signature came with it."""
    reason = "it is a file, and no signature came with it"
    return Receipt(Trust.UNSIGNED, reason, "", "", "", received, "file", source)
