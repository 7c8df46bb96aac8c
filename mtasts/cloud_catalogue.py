"""The clouds that a stack may use: one row each, with what the rest of the package has to know.

Code that is about every cloud reads the row. Code that is about one cloud is in the folders named
as the cloud, ``mtasts/cloud/`` and ``mtasts/components/`` have one each, and is imported by that
name when a stack uses the cloud.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Hosting(StrEnum):
    """The cloud that serves the policies (``mtasts:hosting``)."""

    AWS = "aws"
    CLOUDFLARE = "cloudflare"

    @property
    def row(self) -> CloudRow:
        """What there is to know of the cloud."""
        return CLOUDS[self]

    @property
    def other(self) -> Hosting:
        """The cloud that a stack moves to from here, and comes from."""
        return self.row.moves_to


class Dns(StrEnum):
    """The DNS provider for the records of a policy domain (``mtasts:dns``)."""

    ROUTE53 = "route53"
    CLOUDFLARE = "cloudflare"
    DELEGATED = "delegated"
    MANUAL = "manual"

    @property
    def cloud(self) -> Hosting | None:
        """The cloud with the zones; None where somebody else publishes the agency's records."""
        return next((row.hosting for row in CLOUDS.values() if row.dns is self), None)


# There is one object a cloud, so nothing compares them, and the import is a millisecond shorter.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Provider:
    """The keys of a Pulumi provider in a stack file, ``namespace`` and all.

    ``secrets`` are credentials, by the environment variable to use instead. With a ``refused`` key
    a stack file could obtain the operator's credentials; its value is the reason. A key that is
    neither, nor ``harmless``, is refused as well: a later provider may use it in a way that was not
    reviewed. ``endpoints`` is the key that lists URLs by service, ``endpoint`` that of the one URL.
    ``hosts`` is the pattern of the cloud's own hosts in such a URL, compiled where it is used;
    ``url`` is such a URL, and ``form`` what they look like. The environment variable ``variable``
    names another, too. ``module`` is what the extra named as the provider brings; it is empty where
    the package is always installed.
    """

    namespace: str
    secrets: Mapping[str, str]
    refused: Mapping[str, str]
    harmless: frozenset[str]
    hosts: str
    url: str
    form: str
    variable: str
    module: str = ""
    endpoints: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CloudRow:
    """One cloud, as the other modules see it.

    ``title`` and ``zones`` are what messages call the cloud and its DNS. ``dns`` is the provider
    with its zones, whose ids match ``zone_id``. ``needs_own_zone`` is the reason if a host answers
    only for a name in such a zone, ``no_alarms`` if ``mtasts:alarmTopic`` gets no alarm; both are
    empty otherwise. With ``unprotects_first`` a host is protected in the engine's state, and a
    run before its deletion has to turn that off. With ``purges`` caches keep a policy until they
    are told, or its lifetime ends; with ``settles`` nothing tells that a change is everywhere. With
    ``needs_region`` the stack file has to name ``aws:region``, with ``pins_accounts`` it can name
    the accounts that may be written to. ``common_name_max`` is the longest name in a certificate,
    where there is a bound; ``proof_seconds`` how long a proof may take where the stack file says
    nothing.
    """

    hosting: Hosting
    title: str
    dns: Dns
    zones: str
    zone_id: re.Pattern[str]
    moves_to: Hosting
    proof_seconds: int
    provider: Provider
    needs_own_zone: str = ""
    no_alarms: str = ""
    unprotects_first: bool = False
    purges: bool = False
    settles: bool = False
    needs_region: bool = False
    pins_accounts: bool = False
    common_name_max: int | None = None


# Services that a stack and the toolkit use. Every customer can have a host below amazonaws.com (a
# bucket, a load balancer, an API), so the service has to stand where AWS has it.
_SERVICES = "acm|cloudfront|email|iam|kms|lambda|logs|monitoring|route53|s3|servicequotas|sns|sts"
_REGION = r"[a-z]{2}(?:-[a-z]+)+-[0-9]"
_PROXY = "a proxy could read or redirect calls: use the environment variable HTTPS_PROXY"
_FILES = (
    "such a file may name a program that the SDK runs (credential_process): use AWS_CONFIG_FILE"
)
_METADATA = "the server at this address gives the SDK its credentials: use environment variables"

# The keys are those of pulumi-aws 7.
_AWS = Provider(
    namespace="aws",
    secrets={
        "aws:accessKey": "AWS_ACCESS_KEY_ID",
        "aws:secretKey": "AWS_SECRET_ACCESS_KEY",
        "aws:token": "AWS_SESSION_TOKEN",
    },
    refused={
        "aws:assumeRoleWithWebIdentity": "mtasts does not support it: use environment variables",
        "aws:assumeRoleWithWebIdentities": "mtasts does not support it: use environment variables",
        "aws:customCaBundle": (
            "the owner of that certificate authority could read every call: use AWS_CA_BUNDLE"
        ),
        "aws:ec2MetadataServiceEndpoint": _METADATA,
        "aws:ec2MetadataServiceEndpointMode": _METADATA,
        "aws:httpProxy": _PROXY,
        "aws:httpsProxy": _PROXY,
        "aws:insecure": "without checked certificates, others on the network could read every call",
        "aws:noProxy": _PROXY,
        "aws:sharedConfigFiles": _FILES,
        "aws:sharedCredentialsFile": _FILES,
        "aws:sharedCredentialsFiles": _FILES,
    },
    harmless=frozenset(
        {
            "aws:allowedAccountIds",
            "aws:assumeRole",
            "aws:assumeRoles",
            "aws:defaultTags",
            "aws:endpoints",
            "aws:forbiddenAccountIds",
            "aws:ignoreTags",
            "aws:maxRetries",
            "aws:profile",
            "aws:region",
            "aws:retryMode",
            "aws:s3UsEast1RegionalEndpoint",
            "aws:s3UsePathStyle",
            "aws:skipCredentialsValidation",
            "aws:skipMetadataApiCheck",
            "aws:skipRegionValidation",
            "aws:skipRequestingAccountId",
            "aws:stsRegion",
            "aws:tagPolicyCompliance",
            "aws:tokenBucketRateLimiterCapacity",
            "aws:useDualstackEndpoint",
            "aws:useFipsEndpoint",
            "aws:userAgent",
            "aws:userAgents",
        }
    ),
    hosts=(
        rf"(?:{_SERVICES})(?:-fips)?(?:\.dualstack)?(?:\.{_REGION}|\.global)?\.amazonaws\.com"
        rf"|(?:{_SERVICES})(?:-fips)?(?:\.{_REGION}|\.global)?\.api\.aws"
        rf"|(?:bucket\.)?vpce-[0-9a-z-]+\.(?:{_SERVICES})\.{_REGION}\.vpce\.amazonaws\.com"
    ),
    url="https://s3.us-east-1.amazonaws.com",
    form="https://SERVICE.REGION.amazonaws.com",
    variable="AWS_ENDPOINT_URL",
    endpoints="aws:endpoints",
)

# The keys are those of pulumi-cloudflare 6.
_CLOUDFLARE = Provider(
    namespace="cloudflare",
    secrets={
        "cloudflare:apiKey": "CLOUDFLARE_API_TOKEN",
        "cloudflare:apiToken": "CLOUDFLARE_API_TOKEN",
        "cloudflare:apiUserServiceKey": "CLOUDFLARE_API_TOKEN",
    },
    refused={},
    harmless=frozenset(
        {"cloudflare:baseUrl", "cloudflare:email", "cloudflare:userAgentOperatorSuffix"}
    ),
    hosts=r"api\.cloudflare\.com",
    url="https://api.cloudflare.com/client/v4",
    form="https://api.cloudflare.com/client/v4",
    variable="CLOUDFLARE_BASE_URL",
    module="pulumi_cloudflare",
    endpoint="cloudflare:baseUrl",
)

CLOUDS: Mapping[Hosting, CloudRow] = MappingProxyType(
    {
        row.hosting: row
        for row in (
            CloudRow(
                hosting=Hosting.AWS,
                title="AWS",
                dns=Dns.ROUTE53,
                zones="Route 53",
                zone_id=re.compile(r"[A-Z0-9]{8,32}"),
                moves_to=Hosting.CLOUDFLARE,
                # CloudFront's invalidations take one to five minutes as a rule, and ten and more at
                # times.
                proof_seconds=900,
                provider=_AWS,
                unprotects_first=True,
                purges=True,
                needs_region=True,
                pins_accounts=True,
                # ACM puts the name into the subject, and a common name has at most 64 characters
                # (RFC 5280 appendix A).
                common_name_max=64,
            ),
            CloudRow(
                hosting=Hosting.CLOUDFLARE,
                title="Cloudflare",
                dns=Dns.CLOUDFLARE,
                zones="Cloudflare",
                zone_id=re.compile(r"[0-9a-f]{32}"),
                moves_to=Hosting.AWS,
                # Cloudflare speaks of seconds.
                proof_seconds=300,
                provider=_CLOUDFLARE,
                needs_own_zone="a Worker custom domain needs its zone at Cloudflare",
                no_alarms=(
                    "alarms watch CloudFront and its certificates, which hosting cloudflare does "
                    "not use"
                ),
                settles=True,
            ),
        )
    }
)
"""Every cloud, in the order in which messages name them; the first is the default."""

DEFAULT_CLOUD = next(iter(CLOUDS))
OWN_DNS = tuple(row.dns for row in CLOUDS.values())
"""The DNS providers whose zones mtasts writes to, and between which records move."""


def dns_of_zone(zone_id: str) -> Dns | None:
    """The DNS provider whose zone ids have the form of ``zone_id``; None for no such form."""
    return next((row.dns for row in CLOUDS.values() if row.zone_id.fullmatch(zone_id)), None)
