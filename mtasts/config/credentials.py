"""The ``aws:`` and ``cloudflare:`` keys that a stack file may have.

A stack file is changed by pull requests and read by runs with credentials. So it must not contain
credentials, nor name a host, proxy, certificate authority or program that could receive them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from mtasts.cloud_catalogue import CLOUDS
from mtasts.config import fields
from mtasts.config.fields import FieldError
from mtasts.config.mistakes import Mistake
from mtasts.destinations import destination
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mtasts.cloud_catalogue import CloudRow, Provider
    from mtasts.config.report import Report

PROVIDERS = {row.provider.namespace: row.provider for row in CLOUDS.values()}
SECRETS = {key: name for each in PROVIDERS.values() for key, name in each.secrets.items()}
"""Keys that are credentials, and the environment variable to use instead."""
REFUSED = {key: why for each in PROVIDERS.values() for key, why in each.refused.items()}
"""Keys with which a stack file could obtain the operator's credentials, and the reason."""

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
        elif (of := PROVIDERS.get(key.partition(":")[0])) and key not in of.harmless:
            report.add(key, _unknown(key, of))
    for row in CLOUDS.values():
        for key, url in _endpoints(values, row.provider, report):
            _check_url(key, url, row, report)


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
    parameters = {name for name, _ in parse_qsl(urlsplit(text).query, keep_blank_values=True)}
    if not wrong and all(name in _KEY_QUERY or name.startswith("context_") for name in parameters):
        return None
    return FieldError(
        Mistake.ENDPOINT_ELSEWHERE,
        f"the secrets provider {fields.shown(text)} could send credentials to another server",
        "name only the key, such as awskms://alias/pulumi?region=us-east-1",
    )


def _endpoints(
    values: Mapping[str, object], provider: Provider, report: Report
) -> Iterator[tuple[str, object]]:
    """The URLs to which a stack file sends the calls of a provider, each with its key."""
    if provider.endpoint is not None and (url := values.get(provider.endpoint)) is not None:
        yield provider.endpoint, url
    if provider.endpoints is not None:
        yield from _by_service(provider.endpoints, values.get(provider.endpoints), report)


def _by_service(key: str, value: object, report: Report) -> Iterator[tuple[str, object]]:
    """Each service of a list of endpoints with its URL."""
    try:
        found = fields.from_json(fields.plain(value))
    except FieldError as error:
        report.add(key, error)
        return
    rows = found if isinstance(found, list) else [] if found is None else [found]
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            report.add(
                key,
                FieldError(
                    Mistake.WRONG_TYPE,
                    f"{fields.shown(row)} is no mapping of services to endpoints",
                    f"write {key}: [{{s3: https://s3.us-east-1.amazonaws.com}}]",
                ),
            )
            continue
        for service, url in row.items():
            yield f"{key}[{index}].{printable(str(service))}", url


def _check_url(key: str, url: object, row: CloudRow, report: Report) -> None:
    if isinstance(url, str) and destination(row.hosting, url) is not None:
        return
    report.add(
        key,
        FieldError(
            Mistake.ENDPOINT_ELSEWHERE,
            f"{fields.shown(url)} is neither an address of the cloud nor a loopback address, and "
            "every run would send its credentials there",
            f"remove it, or write {row.provider.url} or http://127.0.0.1:PORT",
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


def _unknown(key: str, provider: Provider) -> FieldError:
    namespace, _, name = key.partition(":")
    known = (*sorted(provider.harmless), *provider.secrets)
    guess = fields.did_you_mean(name, [each.partition(":")[2] for each in known])
    return FieldError(
        Mistake.UNKNOWN_KEY,
        f"'{printable(key)}' is no provider key that mtasts knows",
        f"did you mean {namespace}:{guess}?"
        if guess
        else "remove it; mtasts docs config lists the allowed keys",
    )
