"""The toolkit's own calls to AWS: one session from the stack's ``aws:`` config, and who it is.

Pulumi's provider and these calls must act for the same account, so both read the same keys.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from mtasts.destinations import Destination, require_aws
from mtasts.errors import MtaStsError, UndeterminedError
from mtasts.threads import THREADS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import boto3
    from botocore.credentials import Credentials

_SESSION_NAME = "mtasts"
# Keys of `aws:` that choose the identity in ways this module does not follow; silently ignoring one
# would prove one account and write another.
_UNFOLLOWED = ("assumeRoleWithWebIdentities", "assumeRoleWithWebIdentity", "insecure", "httpProxy")


# Calls at once that an account gets from one process, however many stacks it asks. Route 53 answers
# five requests a second for an account, whoever makes them, the console included (the developer
# guide's page on quotas, 2026); of CloudFront and ACM no figure is documented.
_AT_ONCE = {"route53": 4, "cloudfront": 4, "acm": 4}


class AwsSettingsError(MtaStsError):
    """The stack's ``aws:`` config cannot be turned into a session; nothing may be called."""


class WrongAccountError(MtaStsError):
    """The credentials are another account's; nothing may be written with them."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume before any call."""

    arn: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """What the stack's ``aws:`` config says about whom to act as and where."""

    region: str
    profile: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    roles: tuple[Role, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    allowed_accounts: tuple[str, ...] = ()
    local_only: bool = False
    """Whether the environment is a local cloud's: then no call may leave this machine."""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    """What the roles that hold zones want to be told, by their ARN."""

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
            AwsSettingsError: a key is malformed, or would choose an identity unseen by this module.
            DestinationError: an endpoint leads elsewhere than to AWS or to this machine.
        """
        unfollowed = [f"aws:{key}" for key in _UNFOLLOWED if f"aws:{key}" in values]
        if unfollowed:
            raise AwsSettingsError(
                f"{', '.join(unfollowed)}: not followed by mtasts; "
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
            kinds.add(require_aws(f"aws:endpoints ({service})", url))
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
        """Whom the session acts as, and where: equal for stacks that share an account's rates."""
        return self.profile, self.access_key, self.roles, tuple(sorted(self.endpoints.items()))

    def dns_role(self, arn: str) -> Role:
        """The role that holds a zone, with the external id that the stack has for it."""
        return Role(arn, self.external_ids.get(arn))


def _list(values: Mapping[str, object], key: str) -> list[object]:
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
    rows = _list(values, key)
    if not all(isinstance(row, dict) for row in rows):
        raise AwsSettingsError(f"aws:{key} must be a list of objects")
    return cast("list[dict[str, object]]", rows)


def _role(row: Mapping[str, object]) -> Role:
    arn = row.get("roleArn")
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        raise AwsSettingsError("aws:assumeRoles: every entry needs a roleArn")
    external = row.get("externalId")
    return Role(arn, str(external) if external is not None else None)


@dataclass(frozen=True, slots=True)
class _Granted:
    """botocore's way to the credentials of a session: those of a role, and no others."""

    credentials: Credentials

    def load_credentials(self) -> Credentials:
        """The credentials, which renew themselves."""
        return self.credentials


class Account:
    """An account as the toolkit sees it: lazily made, thread-safe boto3 clients.

    Every client has time-outs and bounded retries; calls block and belong in threads. Where the
    account as a whole is allowed so many calls, few are made at once, and each client slows down
    once it has been told to.
    """

    def __init__(self, settings: AwsSettings, *, attempts_max: int = 5) -> None:
        """Prepare the account of ``settings``; nothing is called yet.

        A call that fails in passing is made ``attempts_max`` times in all, with pauses; twice as
        often where others may use up what the account is allowed.
        """
        self.settings = settings
        self._attempts_max = attempts_max
        self._lock = threading.RLock()
        self._session: boto3.Session | None = None
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._account_id: str | None = None
        self._roles: dict[str, Account] = {}
        self._destinations = {Destination.LOOPBACK} if settings.local_only else set()

    def client(self, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401 - callers name the typed client
        """The client of ``service``, made once, in the stack's region or another."""
        key = (service, region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(self.session(), service, region)
            return self._clients[key]

    def session(self) -> boto3.Session:
        """The session after every role has been assumed."""
        import boto3  # costs 0.2 s; not every command needs it

        with self._lock:
            if self._session is None:
                settings = self.settings
                session = boto3.Session(
                    aws_access_key_id=settings.access_key,
                    aws_secret_access_key=settings.secret_key,
                    aws_session_token=settings.token,
                    region_name=settings.region,
                    profile_name=settings.profile,
                )
                for role in settings.roles:
                    session = self._assume(session, role)
                self._session = session
            return self._session

    def account_id(self) -> str:
        """The account that the credentials belong to, asked once.

        Raises:
            UndeterminedError: nobody answered, or there are no usable credentials.
        """
        from botocore.exceptions import (  # as boto3 above
            BotoCoreError,
            ClientError,
        )

        if self._account_id is None:
            try:
                self._account_id = self.client("sts").get_caller_identity()["Account"]
            except (BotoCoreError, ClientError) as error:
                raise UndeterminedError(f"whose AWS credentials these are: {error}") from error
        return self._account_id

    def owner(self) -> dict[str, str]:
        """What every call for a bucket says: it has to be this account's.

        Names of buckets are everybody's, and one that was foreseen may be another's.

        Raises:
            UndeterminedError: whose credentials these are could not be found out.
        """
        return {"ExpectedBucketOwner": self.account_id()}

    def require_allowed(self) -> str:
        """The account id, once it is known to be one the stack allows.

        Raises:
            WrongAccountError: the credentials are another account's.
            UndeterminedError: the account could not be found out.
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
        """The same settings with one more role assumed last, for zones that another account holds.

        None is no other role: the account itself.

        ``allowed_accounts`` is left behind: it says whose the stack is, and such a zone is
        another's on purpose. The role's own ARN, which the config names, pins that account.
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

    def _assume(self, session: boto3.Session, role: Role) -> boto3.Session:
        """A session in ``role``, which ``session`` assumes at the first call and ever again.

        What STS grants lives an hour; a run may take longer. botocore renews it ahead of that, in
        one thread at a time, and asks for the keys of the role before first.
        """
        import boto3  # as above
        from botocore import credentials, exceptions  # as above
        from botocore.session import Session  # as above

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
        assumed = Session()
        assumed.register_component("credential_provider", _Granted(granted))
        return boto3.Session(botocore_session=assumed, region_name=self.settings.region)

    def _make(
        self,
        session: boto3.Session,
        service: str,
        region: str | None = None,
        **keys: str,
    ) -> Any:  # noqa: ANN401 - as `client`
        from botocore.config import Config  # as boto3 above

        factory = cast("Any", session.client)
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
            # Every call goes through this one, each page of a list and each retry included.
            slots = _slots(service, self.settings.identity)
            client._make_api_call = _bounded(client._make_api_call, slots)  # noqa: SLF001 - botocore has no public place for it
        return client

    def _require_destination(self, service: str, url: str) -> None:
        """Refuse a client that would carry credentials elsewhere, whatever has chosen its endpoint.

        A ledger on this machine beside a zone in the real account would be forged memory: either
        every call stays here, or none does.
        """
        found = require_aws(f"the endpoint of {service}", url)
        self._destinations.add(found)
        _require_one(self._destinations, service, url)


@cache
def _slots(service: str, _identity: tuple[object, ...]) -> threading.Semaphore:
    """The calls at once that all accounts of this process with one identity share."""
    return threading.BoundedSemaphore(_AT_ONCE[service])


def _bounded(call: Callable[..., Any], slots: threading.Semaphore) -> Callable[..., Any]:
    """``call``, so many at once; one that waits to be tried again keeps its place."""

    def run(*arguments: object) -> Any:  # noqa: ANN401 - botocore's
        with slots:
            return call(*arguments)

    return run


def _require_one(kinds: Collection[Destination], service: str, url: str) -> None:
    if len(kinds) > 1:
        raise AwsSettingsError(
            f"some calls would go to AWS and others to this machine ({service}: {url}): see "
            "AWS_ENDPOINT_URL, aws:endpoints and endpoint_url in the AWS profile; "
            'eval "$(mtasts local env --unset)" leads a shell out of a local cloud'
        )
