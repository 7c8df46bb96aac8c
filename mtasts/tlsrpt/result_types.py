"""The words of RFC 8460 sections 4.3 and 4.4 for policies and for what fails."""

from __future__ import annotations

POLICY_TYPES = frozenset({"sts", "tlsa", "no-policy-found"})
RESULT_TYPES = frozenset(
    {
        "starttls-not-supported",
        "certificate-host-mismatch",
        "certificate-expired",
        "certificate-not-trusted",
        "validation-failure",
        "tlsa-invalid",
        "dnssec-invalid",
        "dane-required",
        "sts-policy-fetch-error",
        "sts-policy-invalid",
        "sts-webpki-invalid",
    }
)
