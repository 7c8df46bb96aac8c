"""The ``aws:`` and ``cloudflare:`` keys that a stack file may have.

A stack file is changed by pull requests and read by runs with credentials. So it must not contain
credentials, nor name a host, proxy, certificate authority or program that could receive them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from mtasts.config import fields
from mtasts.config.fields import FieldError
from mtasts.config.mistakes import Mistake
from mtasts.destinations import aws_destination, cloudflare_destination
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mtasts.config.report import Report
    from mtasts.destinations import Destination

SECRETS = {
    "aws:accessKey": "AWS_ACCESS_KEY_ID",
    "aws:secretKey": "AWS_SECRET_ACCESS_KEY",
    "aws:token": "AWS_SESSION_TOKEN",
    "cloudflare:apiKey": "CLOUDFLARE_API_TOKEN",
    "cloudflare:apiToken": "CLOUDFLARE_API_TOKEN",
    "cloudflare:apiUserServiceKey": "CLOUDFLARE_API_TOKEN",
}
"""Keys that are credentials, and the environment variable to use instead."""

_PROXY = "a proxy could read or redirect calls: use the environment variable HTTPS_PROXY"
_FILES = (
    "such a file may name a program that the SDK runs (credential_process): use AWS_CONFIG_FILE"
)
_METADATA = "the server at this address gives the SDK its credentials: use environment variables"
REFUSED = {
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
}
"""Keys with which a stack file could obtain the operator's credentials, and the reason."""

# The other keys of pulumi-aws 7 and pulumi-cloudflare 6. A key on no list is refused as well: a
# later provider may use it in a way that was not reviewed.
_HARMLESS = frozenset(
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
        "cloudflare:baseUrl",
        "cloudflare:email",
        "cloudflare:userAgentOperatorSuffix",
    }
)

_SECRETS_PROVIDERS = ("awskms", "azurekeyvault", "gcpkms", "hashivault")
_KEY_QUERY = frozenset({"region", "awssdk"})
# The URL of an Azure key contains the host; other providers take theirs from the environment. Only
# Azure's own host names are allowed, with those of its national clouds.
_AZURE_VAULT = re.compile(
    r"[a-z0-9-]+\.(?:vault|managedhsm)\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)"
)


def check_credentials(
    values: Mapping[str, object], secret_keys: Collection[str], report: Report
) -> None:
    """Report every key that is a credential in clear text, or could send one elsewhere.

    ``secret_keys`` are those that Pulumi has decrypted.
    """
    for key, value in values.items():
        if key in SECRETS:
            if key not in secret_keys and not fields.is_secret(value):
                report.add(key, _in_clear(key))
        elif key in REFUSED:
            report.add(key, _refused(key))
        elif key.partition(":")[0] in ("aws", "cloudflare") and key not in _HARMLESS:
            report.add(key, _unknown(key))
    for key, url in _endpoints(values.get("aws:endpoints"), report):
        _check_url(key, url, aws_destination, "https://s3.us-east-1.amazonaws.com", report)
    if (url := values.get("cloudflare:baseUrl")) is not None:
        example = "https://api.cloudflare.com/client/v4"
        _check_url("cloudflare:baseUrl", url, cloudflare_destination, example, report)


def check_secrets_provider(value: object) -> FieldError | None:
    """The mistake in the top-level ``secretsprovider`` of a stack file; None if there is none.

    The engine calls the secrets provider with the run's credentials, before the program begins.
    """
    text = str(value)
    scheme, separator, _ = text.partition("://")
    if not separator:
        return None
    wrong = scheme not in _SECRETS_PROVIDERS
    if scheme == "azurekeyvault":
        wrong = not _AZURE_VAULT.fullmatch(urlsplit(text).netloc)
    asked = {name for name, _ in parse_qsl(urlsplit(text).query, keep_blank_values=True)}
    if not wrong and all(name in _KEY_QUERY or name.startswith("context_") for name in asked):
        return None
    return FieldError(
        Mistake.ENDPOINT_ELSEWHERE,
        f"the secrets provider {fields.shown(text)} could send credentials to another server",
        "name only the key, such as awskms://alias/pulumi?region=us-east-1",
    )


def _endpoints(value: object, report: Report) -> Iterator[tuple[str, object]]:
    """Each service of ``aws:endpoints`` with its URL."""
    try:
        found = fields.from_json(fields.plain(value))
    except FieldError as error:
        report.add("aws:endpoints", error)
        return
    rows = found if isinstance(found, list) else [] if found is None else [found]
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            report.add(
                "aws:endpoints",
                FieldError(
                    Mistake.WRONG_TYPE,
                    f"{fields.shown(row)} is no mapping of services to endpoints",
                    "write aws:endpoints: [{s3: https://s3.us-east-1.amazonaws.com}]",
                ),
            )
            continue
        for service, url in row.items():
            yield f"aws:endpoints[{index}].{printable(str(service))}", url


def _check_url(
    key: str,
    url: object,
    destination: Callable[[str], Destination | None],
    example: str,
    report: Report,
) -> None:
    if isinstance(url, str) and destination(url) is not None:
        return
    report.add(
        key,
        FieldError(
            Mistake.ENDPOINT_ELSEWHERE,
            f"{fields.shown(url)} is neither an address of the cloud nor a loopback address, and "
            "every run would send its credentials there",
            f"remove it, or write {example} or http://127.0.0.1:PORT",
        ),
    )


def _in_clear(key: str) -> FieldError:
    return FieldError(
        Mistake.TOKEN_IN_CLEAR,
        "the credential stands in clear text, and stack files are in a repository",
        f"revoke it, remove it, and set a new one: pulumi config set --secret {key} -s STACK, or "
        f"the environment variable {SECRETS[key]}",
    )


def _refused(key: str) -> FieldError:
    return FieldError(
        Mistake.KEY_REFUSED, f"a stack file must not have this key: {REFUSED[key]}", "remove it"
    )


def _unknown(key: str) -> FieldError:
    namespace, _, name = key.partition(":")
    known = (each.partition(":") for each in (*sorted(_HARMLESS), *SECRETS))
    guess = fields.did_you_mean(name, [each for space, _, each in known if space == namespace])
    return FieldError(
        Mistake.UNKNOWN_KEY,
        f"'{printable(key)}' is no provider key that mtasts knows",
        f"did you mean {namespace}:{guess}?"
        if guess
        else "remove it; mtasts docs config lists the allowed keys",
    )
