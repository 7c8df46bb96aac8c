"""Checks of a stack file that can be used (`mtasts lint stack`, `docs/config.md`)."""

from __future__ import annotations

from mtasts.check.row import Check
from mtasts.findings import Severity

_CONFIG = "mtasts docs config"
# In seconds. Two weeks is what NCSC's checker asked of enforced policies; RFC 8461 section 3.2 says
# "weeks". A day is enough for a policy that is withdrawn (section 8.3).
ENFORCE_MAX_AGE = 1_209_600
# RFC 8461 section 8.3 wants a small max_age; a day is the least that all senders honour.
NONE_MAX_AGE = 86_400

# Id, severity, source; what is wrong; what to do.
# The findings name file, domain and key, and say what is wrong with the value there.
# fmt: off
STACK_FILE_NAME = Check(
    "stack-file-name", Severity.WARNING, _CONFIG,
    "Pulumi does not read a file of this name as a stack's config",
    "name it stacks/Pulumi.<agency>.yaml",
)
STACK_FILE_UNREADABLE = Check(
    "stack-file-unreadable", Severity.WARNING, _CONFIG,
    "another stack file cannot be read, so it is not known whether it lists a domain of this one",
    "correct it: mtasts lint stack FILE",
)
STACK_DOMAIN_ELSEWHERE = Check(
    "stack-domain-elsewhere", Severity.ERROR, _CONFIG,
    "two stack files have the same domain: each stack would undo what the other publishes",
    "remove the domain from one of them",
)
STACK_ACCOUNT_NOT_PINNED = Check(
    "stack-account-not-pinned", Severity.WARNING, _CONFIG,
    "aws:allowedAccountIds is not set, so a run would write to any AWS account",
    'add aws:allowedAccountIds: ["123456789012"], with the account of this agency',
)
STACK_CACHE_LONG = Check(
    "stack-cache-long", Severity.WARNING, "RFC 8461 section 8.2",
    "every change waits more than five minutes for caches",
    "write mtasts:cacheSeconds: 60",
)
STACK_PROOF_SHORT = Check(
    "stack-proof-short", Severity.WARNING, _CONFIG,
    "a proof may time out before caches and CloudFront drop the former policy",
    "write a larger mtasts:proofSeconds",
)
STACK_TTL_LONG = Check(
    "stack-ttl-long", Severity.WARNING, "RFC 8461 section 8.1",
    "senders see a correction only after more than an hour",
    "write ttl: 300; up to 3600 is common",
)
STACK_DKIM_SELECTORS_MISSING = Check(
    "stack-dkim-selectors-missing", Severity.WARNING, "RFC 6376 section 3.1",
    "no DKIM selector is listed, so DKIM cannot be looked up before enforce",
    "add dkimSelectors: [s1], with the s= of the DKIM-Signature in your mail",
)
STACK_OVERRIDE = Check(
    "stack-override", Severity.INFO, "mtasts docs gates",
    "a domain has an override, which passes refusals",
    "remove it when it is not needed any more",
)
STACK_MAX_AGE_SHORT = Check(
    "stack-max-age-short", Severity.WARNING, "RFC 8461 section 10.2",
    "senders may forget the enforced policy within two weeks",
    f"raise maxAge to {ENFORCE_MAX_AGE} or more when enforce has run for weeks without failures",
)
STACK_MAX_AGE_LONG = Check(
    "stack-max-age-long", Severity.INFO, "RFC 8461 section 8.3",
    "senders keep mode none for longer than a day",
    f"write maxAge: {NONE_MAX_AGE} with mode none",
)
STACK_MX_WILDCARD_WIDE = Check(
    "stack-mx-wildcard-wide", Severity.WARNING, "RFC 8461 section 10.4",
    "with a wildcard in mx, any host under that name may receive the mail",
    "list the MX hosts one by one",
)
STACK_REPORT_MAILBOX_RETIRED = Check(
    "stack-report-mailbox-retired", Severity.WARNING, "RFC 8460 section 3",
    "TLS reports go to NCSC Mail Check, which was retired: nobody reads them",
    "write a mailbox of your own",
)
STACK_REPORT_MAILBOX_WITHIN_DOMAIN = Check(
    "stack-report-mailbox-within-domain", Severity.INFO, "RFC 8460 section 5.3",
    "TLS reports go to the domain that they are about, and may not arrive when its mail fails",
    "use a mailbox in another domain, or an https: address",
)
# fmt: on
