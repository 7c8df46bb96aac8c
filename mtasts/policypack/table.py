"""Every rule of the policy pack as a row of one table, with the function that judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtasts.policypack import bodies, hosts, records
from mtasts.policypack.rule import DomainRule, Level, ResourceRule, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtasts.policypack.rule import AnyRule

_ADVISORY, _MANDATORY = Level.ADVISORY, Level.MANDATORY

_RECORDS: tuple[AnyRule, ...] = (
    ResourceRule(
        "sts-record-id",
        _MANDATORY,
        "The id of an STS record is not 1 to 32 letters and digits, so senders see no policy.",
        "Make the id of letters and digits alone: no hyphen, colon or underscore, no UUID, and of "
        "a SHA-256 sum the first 32 characters.",
        "RFC 8461 section 3.1",
        records.sts_record_id,
    ),
    ResourceRule(
        "sts-record-invalid",
        _MANDATORY,
        "A TXT record at _mta-sts looks like an STS record, but senders do not accept it.",
        "Write the version as v=STSv1 and the id behind it, as in v=STSv1; id=20260101;.",
        "RFC 8461 section 3.1",
        records.sts_record_invalid,
    ),
    DomainRule(
        "sts-record-second",
        _MANDATORY,
        "A domain has two STS records. Senders act as if there were none.",
        "Keep one record, and change its id when the policy changes.",
        "RFC 8461 section 3.1",
        records.sts_record_second,
    ),
    DomainRule(
        "sts-record-before-policy",
        _MANDATORY,
        "An STS record does not wait for the policy, so senders may keep the old policy under the "
        "new id.",
        "Add the resource that holds the policy to depends_on of the record.",
        "RFC 8461 section 8.1",
        records.sts_record_before_policy,
    ),
    DomainRule(
        "sts-record-host-missing",
        _ADVISORY,
        "The program publishes an STS record, but no resource of it serves the policy host.",
        "Add the policy host and its certificate: each domain needs its own, even if its STS "
        "record is a copy of another's. If another program has them, set this rule to disabled.",
        "RFC 8461 section 3.3",
        records.sts_record_host_missing,
    ),
    ResourceRule(
        "sts-record-cname",
        _ADVISORY,
        "The name of the STS record is a CNAME, so another party decides when the policy id "
        "changes.",
        "Make sure that the same party serves the policy, with a certificate for this domain's "
        "own policy host.",
        "RFC 8461 section 8.2",
        records.sts_record_cname,
    ),
    ResourceRule(
        "sts-record-ttl-long",
        _ADVISORY,
        "The TTL of the STS record or of an address of the policy host is long. For that time, "
        "senders may not see a change back from enforce.",
        "Set the TTL to 3600 s or less.",
        "RFC 8461 section 10.2",
        records.sts_record_ttl_long,
        settings=(Setting("seconds", 3600, "the longest TTL, in seconds"),),
    ),
    ResourceRule(
        "record-unwise",
        _ADVISORY,
        "An STS or TLS-RPT record follows the grammar, but some senders misread it, or nobody "
        "receives the reports.",
        "Change the record, unless it is so on purpose.",
        "RFC 8461 section 3.1, RFC 8460 section 3",
        records.record_unwise,
    ),
    ResourceRule(
        "record-elsewhere",
        _ADVISORY,
        "An STS or TLS-RPT record is at a name that senders do not look up.",
        "Publish it at _mta-sts or _smtp._tls below the domain. If a CNAME there leads to this "
        "name, set this rule to disabled.",
        "RFC 8461 section 3.1, RFC 8460 section 3",
        records.record_elsewhere,
    ),
    ResourceRule(
        "tlsrpt-record-invalid",
        _MANDATORY,
        "A TXT record at _smtp._tls looks like a TLS-RPT record, but senders do not accept it.",
        "Write v=TLSRPTv1; and then rua= with URIs that begin with mailto: or https:.",
        "RFC 8460 section 3",
        records.tlsrpt_record_invalid,
    ),
    DomainRule(
        "tlsrpt-record-second",
        _MANDATORY,
        "A domain has two TLS-RPT records. Senders send no reports.",
        "Keep one record. Several addresses go into its rua, separated by commas.",
        "RFC 8460 section 3",
        records.tlsrpt_record_second,
    ),
    DomainRule(
        "tlsrpt-record-missing",
        _ADVISORY,
        "A domain has an STS record but no TLS-RPT record, so nobody learns of failed deliveries.",
        "Publish a TLS-RPT record first. If another program does, set this rule to disabled.",
        "RFC 8460 section 3",
        records.tlsrpt_record_missing,
    ),
)
_POLICY: tuple[AnyRule, ...] = (
    ResourceRule(
        "policy-invalid",
        _MANDATORY,
        "Senders reject the policy body, or read another policy than intended.",
        "Write the line as RFC 8461 section 3.2 requires.",
        "RFC 8461 section 3.2",
        bodies.policy_invalid,
    ),
    ResourceRule(
        "policy-unwise",
        _ADVISORY,
        "The policy follows the grammar, but some senders reject it, or it allows too many hosts.",
        "Change the line, unless it is so on purpose.",
        "RFC 8461 section 3.2",
        bodies.policy_unwise,
    ),
    ResourceRule(
        "policy-max-age-short",
        _ADVISORY,
        "The max_age of an enforced policy is short. An attacker who blocks fetches for that time "
        "makes senders forget the policy.",
        "Raise max_age to 604800 (a week) or more; 1209600 once enforce has proven stable.",
        "RFC 8461 section 10.2",
        bodies.policy_max_age_short,
        settings=(Setting("seconds", 604_800, "the shortest max_age in mode enforce, in seconds"),),
    ),
    DomainRule(
        "policy-wildcard-wide",
        _ADVISORY,
        "A wildcard of the policy admits every host of the domain, web servers included.",
        "List the MX hosts by name.",
        "RFC 8461 section 10.4",
        bodies.policy_wildcard_wide,
    ),
    DomainRule(
        "policy-mx-uncovered",
        _MANDATORY,
        "The program makes an MX record for a host that the policy does not list. In mode enforce, "
        "senders do not deliver to that host.",
        "Add an mx line for the host. Publish the MX record only once that policy is served.",
        "RFC 8461 section 4.1",
        bodies.policy_mx_uncovered,
    ),
    ResourceRule(
        "policy-media-type",
        _MANDATORY,
        "The object of the policy is not served as text/plain.",
        "Set content_type to text/plain.",
        "RFC 8461 section 3.2",
        bodies.policy_media_type,
    ),
    ResourceRule(
        "policy-redirect",
        _MANDATORY,
        "The object of the policy redirects, and senders follow no redirect.",
        "Remove website_redirect, and put the policy itself into the object.",
        "RFC 8461 section 3.3",
        bodies.policy_redirect,
    ),
    ResourceRule(
        "policy-path",
        _ADVISORY,
        "The object of the policy has another key than the path that senders request.",
        "End the key in .well-known/mta-sts.txt, without a slash at its start.",
        "RFC 8461 section 3.3",
        bodies.policy_path,
    ),
    DomainRule(
        "policy-cache-long",
        _ADVISORY,
        "A cache may serve the old policy for long, so senders may store it under the new id.",
        "Set cache_control to max-age=60.",
        "RFC 8461 section 8.2",
        bodies.policy_cache_long,
        settings=(Setting("seconds", 300, "the longest age in caches, in seconds"),),
    ),
    DomainRule(
        "policy-unprotected",
        _ADVISORY,
        "A domain enforces its policy, and its resources are not protected against deletion.",
        "Set protect=True on the resource; retire a domain by mode none (RFC 8461 section 8.3).",
        "RFC 8461 section 8.3",
        bodies.policy_unprotected,
    ),
)
_HOST: tuple[AnyRule, ...] = (
    ResourceRule(
        "host-tls13-only",
        _MANDATORY,
        "The policy host refuses TLS 1.2, and the RFC does not require senders to speak 1.3.",
        "Set the minimum to 1.2: TLSv1.2_2021 at CloudFront, which includes TLS 1.3.",
        "RFC 8461 section 7.2",
        hosts.host_tls13_only,
    ),
    ResourceRule(
        "host-tls-old",
        _ADVISORY,
        "The policy host accepts TLS versions below 1.2.",
        "Set the minimum to 1.2: TLSv1.2_2021 at CloudFront.",
        "RFC 8996",
        hosts.host_tls_old,
    ),
    DomainRule(
        "host-zone-tls13-only",
        _MANDATORY,
        "The Cloudflare zone of a policy host refuses TLS 1.2, and the RFC does not require "
        "senders to speak 1.3.",
        "Set min_tls_version to 1.2, which includes TLS 1.3.",
        "RFC 8461 section 7.2",
        hosts.host_zone_tls13_only,
    ),
    DomainRule(
        "host-zone-tls-old",
        _ADVISORY,
        "The Cloudflare zone of a policy host accepts TLS versions below 1.2.",
        "Set min_tls_version to 1.2.",
        "RFC 8996",
        hosts.host_zone_tls_old,
    ),
    DomainRule(
        "host-certificate-unvalidated",
        _MANDATORY,
        "A distribution uses a certificate that may not be issued yet, so its first run fails.",
        "Give it the certificate_arn of an aws.acm.CertificateValidation.",
        "AWS: requirements for certificates with CloudFront",
        hosts.host_certificate_unvalidated,
    ),
    DomainRule(
        "host-bucket-public",
        _MANDATORY,
        "Anybody can read the bucket of the policy directly, without the policy host.",
        "Keep the bucket private, and let CloudFront read it by an origin access control.",
        "AWS: restrict access to an Amazon S3 origin",
        hosts.host_bucket_public,
    ),
    ResourceRule(
        "host-error-page",
        _ADVISORY,
        "The policy host answers an error with status 200: senders take the error page for a "
        "policy.",
        "Remove the custom error response: senders need the real status.",
        "RFC 8461 section 3.3",
        hosts.host_error_page,
    ),
    ResourceRule(
        "host-redirect",
        _MANDATORY,
        "A rule redirects requests to the policy host, and senders follow no redirect.",
        "Exclude the policy host from the rule.",
        "RFC 8461 section 3.3",
        hosts.host_redirect,
    ),
)
SUBJECTS: Mapping[str, tuple[AnyRule, ...]] = {
    "DNS records": _RECORDS,
    "The policy": _POLICY,
    "The policy host": _HOST,
}
RULES: Mapping[str, AnyRule] = {rule.id: rule for rows in SUBJECTS.values() for rule in rows}
