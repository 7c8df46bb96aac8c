"""Checks of what is live against a stack's ledger and file."""

from __future__ import annotations

from mtasts.check.row import Check, Question, ResultType
from mtasts.findings import Severity

_LEDGER = (Question.LEDGER,)

# Id, severity, source; what is wrong; what to do; result type, depends on, page, peers.
# fmt: off
STACK_FOREIGN = Check(
    "stack-foreign", Severity.ERROR, "mtasts docs ledger",
    "an STS record is live that the stack has not published",
    "find out who published it; to take it over, mtasts adopt STACK --domain DOMAIN",
    None, (*_LEDGER, Question.STS_RECORD),
)
STACK_UNPROVEN = Check(
    "stack-unproven", Severity.WARNING, "mtasts docs ledger",
    "the last rollout has not come to its end",
    "pulumi up -s STACK; after a killed run mtasts recover STACK first",
    None, _LEDGER,
)
STACK_ID_DIFFERS = Check(
    "stack-id-differs", Severity.ERROR, "mtasts docs ledger",
    "the STS record has another id than was published",
    "see who changed it, then pulumi up --refresh -s STACK",
    None, (*_LEDGER, Question.STS_RECORD),
)
STACK_BODY_DIFFERS = Check(
    "stack-body-differs", Severity.ERROR, "mtasts docs ledger",
    "another policy is served than was published",
    "see who changed it, then pulumi up --refresh -s STACK; mtasts docs emergencies",
    None, (*_LEDGER, Question.HOST_ADDRESS, Question.HOST_FETCH),
)
STACK_BEHIND = Check(
    "stack-behind", Severity.INFO, "mtasts docs config",
    "the stack file asks for another policy than is published",
    "mtasts preview STACK, then pulumi up -s STACK",
    None, _LEDGER,
)
STACK_RECORD_LIVE = Check(
    "stack-record-live", Severity.INFO, "mtasts docs delegation",
    "a record that the stack has handed out is live",
    "",
    None, (*_LEDGER, Question.STACK_RECORD),
)
STACK_RECORD_MISSING = Check(
    "stack-record-missing", Severity.WARNING, "mtasts docs delegation",
    "a record that the stack has handed out is not published",
    "publish it as seen here; the stack's output domains has it ready to paste",
    None, (*_LEDGER, Question.STACK_RECORD),
)
STACK_RECORD_DIFFERS = Check(
    "stack-record-differs", Severity.ERROR, "mtasts docs delegation",
    "DNS has something else than the stack has handed out",
    "publish what was handed out in its place",
    None, (*_LEDGER, Question.STACK_RECORD),
)
STACK_TLSRPT_DIFFERS = Check(
    "stack-tlsrpt-differs", Severity.ERROR, "mtasts docs config",
    "the TLS-RPT record names other addresses than the file",
    "see who changed it, then pulumi up --refresh -s STACK",
    None, (*_LEDGER, Question.TLSRPT_RECORD),
)
STACK_MX_DIFFERS = Check(
    "stack-mx-differs", Severity.WARNING, "mtasts docs config",
    "live MX hosts are not those of the stack file",
    "see who changed them; mtasts plan-mx DOMAIN --to HOST... says when a change is safe",
    None, (*_LEDGER, Question.MX), None, "C",
)
STACK_PARKED_MX = Check(
    "stack-parked-mx", Severity.ERROR, "mtasts docs config",
    "the stack file has the domain parked, and it has MX hosts",
    "publish a null MX (MX 0 .), or list the hosts in the file",
    None, (*_LEDGER, Question.MX), None, "C",
)
STACK_HELD_MISSES_MX = Check(
    "stack-held-misses-mx", Severity.ERROR, "RFC 8461 section 5.1",
    "an enforced policy that senders may still hold does not list a live MX host",
    "take the host out of the MX records until then: mtasts plan-mx DOMAIN --to HOST...",
    ResultType.VALIDATION_FAILURE, (*_LEDGER, Question.MX),
)
# fmt: on
