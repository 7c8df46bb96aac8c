"""What senders would report for a finding: the result types of RFC 8460 section 4.3."""

from __future__ import annotations

from mtasts.check.domain_catalogue import CATALOGUE
from mtasts.check.policy_catalogue import CATALOGUE as POLICY
from mtasts.findings import Severity


def result_type(id_: str) -> str:
    """The result type of a finding's id; empty where no sender reports anything."""
    if id_ == "policy-mx-uncovered":  # the policy is one; the host fails it
        return "validation-failure"
    if id_ in CATALOGUE:
        return CATALOGUE[id_][4]
    # A policy that is none is reported as such; a record that is none is no policy, and silence.
    is_invalid = id_ in POLICY and POLICY[id_][0] is Severity.ERROR
    return "sts-policy-invalid" if is_invalid else ""
