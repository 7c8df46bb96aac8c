"""Checks of what is live against a stack's ledger and file."""

from __future__ import annotations

from mtasts.check.row import Check, Question, ResultType
from mtasts.findings import Severity

_LEDGER = (Question.LEDGER,)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
STACK_FOREIGN = Check(
    "stack-foreign", Severity.ERROR, "mtasts docs ledger",
    "DNS has an STS record that the stack did not publish",
    "find out who published it; to take the domain over: mtasts adopt STACK --domain DOMAIN",
    None, (*_LEDGER, Question.STS_RECORD),
)
STACK_UNPROVEN = Check(
    "stack-unproven", Severity.WARNING, "mtasts docs ledger",
    "the last rollout was not completed",
    "run pulumi up -s STACK; after a killed run, first mtasts recover STACK",
    None, _LEDGER,
)
STACK_ID_DIFFERS = Check(
    "stack-id-differs", Severity.ERROR, "mtasts docs ledger",
    "the STS record has another id than the one that the stack published",
    "see who changed it, then pulumi up --refresh -s STACK",
    None, (*_LEDGER, Question.STS_RECORD),
)
STACK_BODY_DIFFERS = Check(
    "stack-body-differs", Severity.ERROR, "mtasts docs ledger",
    "the policy host serves another policy than the one that the stack published",
    "find out who changed it (mtasts docs emergencies), then run pulumi up --refresh -s STACK",
    None, (*_LEDGER, Question.HOST_ADDRESS, Question.HOST_FETCH),
)
STACK_BEHIND = Check(
    "stack-behind", Severity.INFO, "mtasts docs config",
    "the stack file has another policy than the published one",
    "look at mtasts preview STACK, then run pulumi up -s STACK",
    None, _LEDGER,
)
STACK_RECORD_LIVE = Check(
    "stack-record-live", Severity.INFO, "mtasts docs delegation",
    "DNS has a record that was handed out",
    "",
    None, (*_LEDGER, Question.STACK_RECORD),
)
STACK_RECORD_MISSING = Check(
    "stack-record-missing", Severity.WARNING, "mtasts docs delegation",
    "DNS does not have a record that was handed out",
    "publish the record as shown; the stack's output domains has it, too, under publish",
    None, (*_LEDGER, Question.STACK_RECORD),
)
STACK_RECORD_DIFFERS = Check(
    "stack-record-differs", Severity.ERROR, "mtasts docs delegation",
    "DNS has another value than the one that was handed out",
    "publish the value that was handed out",
    None, (*_LEDGER, Question.STACK_RECORD),
)
STACK_TLSRPT_DIFFERS = Check(
    "stack-tlsrpt-differs", Severity.ERROR, "mtasts docs config",
    "the TLS-RPT record has other addresses than the stack file",
    "see who changed it, then pulumi up --refresh -s STACK",
    None, (*_LEDGER, Question.TLSRPT_RECORD),
)
STACK_MX_DIFFERS = Check(
    "stack-mx-differs", Severity.WARNING, "mtasts docs config",
    "DNS has other MX hosts than the stack file",
    "find out who changed them; mtasts plan-mx DOMAIN --to HOST... prints safe dates for a change",
    None, (*_LEDGER, Question.MX), None, "C",
)
STACK_PARKED_MX = Check(
    "stack-parked-mx", Severity.ERROR, "mtasts docs config",
    "the stack file parks the domain, but DNS has MX hosts",
    "publish a null MX (MX 0 .), or list the MX hosts in the stack file",
    None, (*_LEDGER, Question.MX), None, "C",
)
STACK_HELD_MISSES_MX = Check(
    "stack-held-misses-mx", Severity.ERROR, "RFC 8461 section 5.1",
    "senders may hold an enforced policy that does not list an MX host in DNS",
    "remove the host from the MX records until the shown date: mtasts plan-mx DOMAIN --to HOST...",
    ResultType.VALIDATION_FAILURE, (*_LEDGER, Question.MX),
)
# fmt: on
