"""The AWS account of a stack: one botocore session from the ``aws:`` keys of its config.

Pulumi's provider and these calls must use the same account, so both read the same keys. Some values
are JSON texts, as the engine hands lists and objects to its providers. The module is long because
settings, session, roles and the proof of the account all rest on those keys.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from mtasts.cloud_catalogue import Hosting
from mtasts.destinations import Destination, require
from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.threads import THREADS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from botocore.credentials import Credentials
    from botocore.session import Session

_SESSION_NAME = "mtasts"
# Keys of `aws:` that change the provider's identity or route and that this module does not support.
# If one were ignored, the checks could look at one account and the provider write to another.
_UNFOLLOWED = ("assumeRoleWithWebIdentities", "assumeRoleWithWebIdentity", "insecure", "httpProxy")


# Calls at once from one process to one account, for all stacks together. Route 53 answers five
# requests a second for an account, the console's included (Route 53 developer guide, quotas, 2026).
# CloudFront and ACM document no figure.
_AT_ONCE = {"route53": 4, "cloudfront": 4, "acm": 4}


class AwsSettingsError(MtaStsError):
    """The stack's ``aws:`` keys cannot be used; no call may be made."""


class WrongAccountError(MtaStsError):
    """The credentials belong to another account than the stack's; nothing may be written."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume before any call."""

    arn: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """Identity, region and endpoints from the ``aws:`` keys of a stack's config."""

    region: str
    profile: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    roles: tuple[Role, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    allowed_accounts: tuple[str, ...] = ()
    local_only: bool = False
    """Whether the environment is a local cloud's; no call may then leave this machine."""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    """The external ids of roles (``dnsRoleExternalId``), by the role's ARN."""

    @classmethod
    def from_config(
        cls,
        values: Mapping[str, object],
        *,
        local_only: bool = False,
        external_ids: Mapping[str, str] | None = None,
    ) -> AwsSettings:
        """Read the ``aws:`` keys of a stack's config; lists and objects may be JSON texts.

        Raises:
            AwsSettingsError: a key is malformed, or is one that mtasts does not support.
            DestinationError: an endpoint is neither at AWS nor on this machine.
        """
        unfollowed = [f"aws:{key}" for key in _UNFOLLOWED if f"aws:{key}" in values]
        if unfollowed:
            raise AwsSettingsError(
                f"{', '.join(unfollowed)}: mtasts does not support this; "
                "use aws:profile, aws:assumeRoles or the environment instead"
            )

        def text(key: str) -> str | None:
            value = values.get(f"aws:{key}")
            return str(value) if value not in (None, "") else None

        region = text("region")
        if region is None:
            raise AwsSettingsError(
                "aws:region is missing: pulumi config set aws:region us-east-1 -s STACK"
            )
        roles = [*_objects(values, "assumeRoles"), *_objects(values, "assumeRole")]
        endpoints = {
            service.replace("-", "").lower(): str(url)
            for row in _objects(values, "endpoints")
            for service, url in row.items()
        }
        kinds = {Destination.LOOPBACK} if local_only else set()
        for service, url in endpoints.items():
            kinds.add(require(Hosting.AWS, f"aws:endpoints ({service})", url))
            _require_one(kinds, service, url)
        return cls(
            region=region,
            profile=text("profile"),
            access_key=text("accessKey"),
            secret_key=text("secretKey"),
            token=text("token"),
            roles=tuple(_role(role) for role in roles),
            endpoints=endpoints,
            allowed_accounts=tuple(
                str(account) for account in _list(values, "allowedAccountIds") or ()
            ),
            local_only=local_only,
            external_ids=external_ids or {},
        )

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for stacks that use the same identity, and so share the account's request rates."""
        return self.profile, self.access_key, self.roles, tuple(sorted(self.endpoints.items()))

    def dns_role(self, arn: str) -> Role:
        """The role that holds a zone, with the external id that the stack has for it."""
        return Role(arn, self.external_ids.get(arn))


def _list(values: Mapping[str, object], key: str) -> list[object]:
    """The list of a key, which may be a JSON text; one value is a list of one.

    Raises:
        AwsSettingsError: the text is no JSON.
    """
    value = values.get(f"aws:{key}")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise AwsSettingsError(f"aws:{key} is no JSON list") from error
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _objects(values: Mapping[str, object], key: str) -> list[dict[str, object]]:
    """The list of objects of a key.

    Raises:
        AwsSettingsError: it is no such list.
    """
    rows = _list(values, key)
    if not all(isinstance(row, dict) for row in rows):
        raise AwsSettingsError(f"aws:{key} must be a list of objects")
    return cast("list[dict[str, object]]", rows)


def _role(row: Mapping[str, object]) -> Role:
    """One role of ``aws:assumeRoles``.

    Raises:
        AwsSettingsError: it has no ARN.
    """
    arn = row.get("roleArn")
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        raise AwsSettingsError("aws:assumeRoles: every entry needs a roleArn")
    external = row.get("externalId")
    return Role(arn, str(external) if external is not None else None)


@dataclass(frozen=True, slots=True)
class _Granted:
    """A credential provider for botocore that has the credentials of one role only."""

    credentials: Credentials

    def load_credentials(self) -> Credentials:
        """The credentials; botocore renews them before they expire."""
        return self.credentials


class Account:
    """One AWS account: botocore clients, made at first use and safe for threads.

    Every client has time-outs and a limit of retries. Calls block, so async code makes them in
    threads. For services with a low request rate an account (`_AT_ONCE`), few calls run at once,
    and botocore's adaptive mode slows down when AWS throttles.
    """

    def __init__(self, settings: AwsSettings, *, attempts_max: int = 5) -> None:
        """Prepare the account of ``settings``; nothing is called yet.

        A call with a transient error is tried ``attempts_max`` times in all, with pauses; twice as
        often for services whose request rate other programs may use up.
        """
        self.settings = settings
        self._attempts_max = attempts_max
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._account_id: str | None = None
        self._roles: dict[str, Account] = {}
        self._destinations = {Destination.LOOPBACK} if settings.local_only else set()

    def client(self, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401 - callers name the typed client
        """The client of ``service`` in ``region``, or else in the stack's region; made once.

        Raises:
            AwsSettingsError: its endpoint is on this machine and others are at AWS, or the reverse.
            DestinationError: its endpoint is neither at AWS nor on this machine.
        """
        key = (service, region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(self.session(), service, region)
            return self._clients[key]

    def session(self) -> Session:
        """The session, after it has assumed every role of the config in order.

        Raises:
            NoCredentialsError: botocore found no credentials.
        """
        # Late: the import takes 0.1 s, and not every command needs it.
        from mtasts.cloud.sessions import new_session

        with self._lock:
            if self._session is None:
                settings = self.settings
                session = new_session(settings.profile)
                key, secret = settings.access_key, settings.secret_key
                if key or secret or settings.token:  # an incomplete set must fail
                    session.set_credentials(key or "", secret or "", settings.token)
                session.set_config_variable("region", settings.region)
                for role in settings.roles:
                    session = self._assume(session, role)
                self._session = session
            return self._session

    def account_id(self) -> str:
        """The id of the account that the credentials belong to; STS is called once.

        Raises:
            UndeterminedError: STS did not answer, or there are no usable credentials.
        """
        from botocore.exceptions import (  # as botocore above
            BotoCoreError,
            ClientError,
        )

        if self._account_id is None:
            try:
                self._account_id = self.client("sts").get_caller_identity()["Account"]
            except (BotoCoreError, ClientError) as error:
                raise UndeterminedError(f"the account of the AWS credentials: {error}") from error
        return self._account_id

    def owner(self) -> dict[str, str]:
        """The parameter of every S3 call that makes S3 refuse a bucket of another account.

        Bucket names are global, and anybody can create a bucket with a name that is predictable.

        Raises:
            UndeterminedError: the account of the credentials could not be found out.
        """
        return {"ExpectedBucketOwner": self.account_id()}

    def require_allowed(self) -> str:
        """The account id, if ``aws:allowedAccountIds`` allows it.

        Raises:
            WrongAccountError: the credentials belong to another account; write nothing.
            UndeterminedError: the account of the credentials could not be found out.
        """
        account = self.account_id()
        allowed = self.settings.allowed_accounts
        if allowed and account not in allowed:
            raise WrongAccountError(
                f"the credentials are those of account {account}, but aws:allowedAccountIds says "
                f"{', '.join(allowed)}: choose the right profile or role"
            )
        return account

    def in_role(self, role_arn: str | None) -> Account:
        """The account after one more role is assumed, for zones in another account.

        For None the result is this account itself. The new one has no ``allowed_accounts``: they
        name the stack's account, and the role's ARN names the account of the zone.
        """
        if role_arn is None:
            return self
        with self._lock:
            if role_arn not in self._roles:
                roles = (*self.settings.roles, self.settings.dns_role(role_arn))
                self._roles[role_arn] = Account(
                    replace(self.settings, roles=roles, allowed_accounts=()),
                    attempts_max=self._attempts_max,
                )
            return self._roles[role_arn]

    def _assume(self, session: Session, role: Role) -> Session:
        """A session in ``role``, which ``session`` assumes at the first call and again when needed.

        Credentials from STS end after an hour, and a run may take longer. botocore renews them
        before that, in one thread at a time; with several roles in a chain it renews the first ones
        first.

        Raises:
            NoCredentialsError: ``session`` has none; `account_id` reports it.
        """
        from botocore import credentials, exceptions  # as above

        from mtasts.cloud.sessions import new_session  # as above

        source = session.get_credentials()
        if source is None:
            raise exceptions.NoCredentialsError
        external = {"ExternalId": role.external_id} if role.external_id else {}
        fetcher = credentials.AssumeRoleCredentialFetcher(
            partial(self._make, session),
            source,
            role.arn,
            extra_args={"RoleSessionName": _SESSION_NAME, **external},
        )
        granted = credentials.DeferredRefreshableCredentials(
            fetcher.fetch_credentials, "assume-role"
        )
        assumed = new_session()
        assumed.register_component("credential_provider", _Granted(granted))
        assumed.set_config_variable("region", self.settings.region)
        return assumed

    def _make(
        self,
        session: Session,
        service: str,
        region: str | None = None,
        **keys: str,
    ) -> Any:  # noqa: ANN401 - as `client`
        from botocore.config import Config  # as above

        factory = cast("Any", session.create_client)
        client = factory(
            service,
            region_name=region,
            endpoint_url=self.settings.endpoints.get(service.replace("-", "")),
            config=Config(
                connect_timeout=5,
                read_timeout=20,
                max_pool_connections=THREADS_MAX,
                retries={
                    "mode": "adaptive" if service in _AT_ONCE else "standard",
                    "total_max_attempts": self._attempts_max * (2 if service in _AT_ONCE else 1),
                },
            ),
            **keys,
        )
        self._require_destination(service, str(client.meta.endpoint_url))
        if service in _AT_ONCE:
            # Every call passes `_make_api_call`, each page of a paginator and each retry too.
            slots = _slots(service, self.settings.identity)
            client._make_api_call = _bounded(client._make_api_call, slots)  # noqa: SLF001 - botocore has no public place for it
        return client

    def _require_destination(self, service: str, url: str) -> None:
        """Refuse a client at AWS if others are on this machine, and the reverse.

        A ledger from this machine must not decide about a zone in a real account, so either all
        endpoints are on this machine or none is. The endpoint may come from config or environment.
        """
        found = require(Hosting.AWS, f"the endpoint of {service}", url)
        self._destinations.add(found)
        _require_one(self._destinations, service, url)


@cache
def _slots(service: str, _identity: tuple[object, ...]) -> threading.Semaphore:
    """The semaphore that all `Account` objects with one identity share in this process."""
    return threading.BoundedSemaphore(_AT_ONCE[service])


def _bounded(call: Callable[..., Any], slots: threading.Semaphore) -> Callable[..., Any]:
    """``call``, limited by ``slots``; a call that botocore retries keeps its slot."""

    def run(*arguments: object) -> Any:  # noqa: ANN401 - botocore's
        with slots:
            return call(*arguments)

    return run


def _require_one(kinds: Collection[Destination], service: str, url: str) -> None:
    """Refuse a mix of endpoints on this machine and endpoints at AWS.

    Raises:
        AwsSettingsError: there are endpoints of both kinds; no call was made.
    """
    if len(kinds) > 1:
        raise AwsSettingsError(
            f"some calls would go to AWS and others to this machine ({service}: {url}): see "
            "AWS_ENDPOINT_URL, aws:endpoints and endpoint_url in the AWS profile; "
            'eval "$(mtasts local env --unset)" restores a shell that a local cloud had set up'
        )
