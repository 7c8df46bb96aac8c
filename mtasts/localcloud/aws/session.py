"""The configuration of the stand-in for pulumi-aws, its safety checks, and its AWS clients."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from ipaddress import ip_address
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from mtasts.localcloud.provider.resource import RefusedError
from mtasts.localcloud.provider.safety import UnsafeError, own_backend, require_running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

    from mtasts.localcloud.cloud import Cloud
    from mtasts.localcloud.provider.properties import Properties
    from mtasts.localcloud.provider.schema import Modelled

VALIDATION_VARIABLE = "MTASTS_LOCAL_VALIDATION_SECONDS"

_DNS_SECONDS = 1.0
MODELLED: Modelled = {
    "accessKey": None,
    "allowedAccountIds": None,
    "assumeRoles": {"roleArn": None, "sessionName": None, "externalId": None, "duration": None},
    "defaultTags": {"tags": None},
    "endpoints": None,
    "forbiddenAccountIds": None,
    "maxRetries": None,
    "profile": None,
    "region": None,
    "s3UsePathStyle": None,
    "secretKey": None,
    "skipCredentialsValidation": None,
    "skipMetadataApiCheck": None,
    "skipRegionValidation": None,
    "skipRequestingAccountId": None,
    "token": None,
}


def safe_cloud(config: Properties, environment: Mapping[str, str]) -> Cloud:
    """The running local cloud, to which every call goes.

    Raises:
        UnsafeError: the environment or the configuration leads to another endpoint or backend, or
            no local cloud runs.
    """
    cloud = own_backend("aws", environment)
    for source, endpoint in _endpoints(config, environment):
        _require_own(source, endpoint, cloud)
    require_running(cloud, cloud.aws)
    return cloud


def _endpoints(config: Properties, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every endpoint that is set, with the variable or config key that sets it."""
    found = [
        (f"aws:endpoints ({service})", str(url))
        for entry in config.get("endpoints", [])
        for service, url in entry.items()
    ]
    found += [
        (name, url)
        for name, url in sorted(environment.items())
        if name.startswith("AWS_ENDPOINT_URL")
    ]
    if not found:
        raise UnsafeError("neither AWS_ENDPOINT_URL nor aws:endpoints leads to the local cloud")
    yield from found


def _require_own(source: str, endpoint: str, cloud: Cloud) -> None:
    try:
        loopback = ip_address(urlsplit(endpoint).hostname or "").is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UnsafeError(f"{source} is {endpoint}, which is not a loopback address")
    if endpoint.rstrip("/") != cloud.aws.rstrip("/"):
        raise UnsafeError(f"{source} is {endpoint}, but the local cloud's AWS is {cloud.aws}")


def connect(config: Properties, environment: Mapping[str, str]) -> Session:
    """The session of a provider with this configuration.

    Raises:
        UnsafeError: as `safe_cloud`, or the configuration does not allow the account.
    """
    session = Session(safe_cloud(config, environment), config, environment)
    session.require_account()
    return session


def account_of_key(access_key: str, endpoint: str) -> str:
    """The account id of an access key, from the local STS at ``endpoint``.

    It makes the HTTP request itself, because every preview with ``allowedAccountIds`` needs the
    account, and importing boto3 takes 0.2 s. The request has a made-up signature, which moto does
    not check.

    Raises:
        UnsafeError: the answer has no account.
    """
    signed = f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/us-east-1/sts/aws4_request"
    headers = {
        "Authorization": f"{signed}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    with closing(HTTPConnection(urlsplit(endpoint).netloc, timeout=60)) as connection:
        connection.request("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", headers)
        body = connection.getresponse().read().decode("utf-8", "replace")
    found = re.search(r"<Account>(\d{12})</Account>", body)
    if found is None:
        raise UnsafeError(f"could not find out the account of the credentials: {body[:200]}")
    return found[1]


class Session:
    """One configured provider: region, default tags, and clients, made when first needed."""

    def __init__(self, cloud: Cloud, config: Properties, environment: Mapping[str, str]) -> None:
        """Read the configuration, without a call and without importing boto3."""
        self._cloud = cloud
        self._config = config
        self._environment = environment
        self._lock = Lock()
        self._boto: boto3.Session | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._locks: dict[str, Lock] = {}
        self._account = ""
        self.cancelled = Event()
        self.region: str = config.get("region") or environment.get("AWS_REGION") or cloud.region
        self.default_tags: Properties = config.get("defaultTags", {}).get("tags", {})
        self.validation_seconds = float(environment.get(VALIDATION_VARIABLE, "10"))

    @property
    def account(self) -> str:
        """The id of the account to which the credentials belong.

        Raises:
            UnsafeError: the local STS does not say.
        """
        if not self._account:
            key = self._config.get("accessKey") or self._environment.get("AWS_ACCESS_KEY_ID")
            if key is None or {"profile", "assumeRoles"} & self._config.keys():
                self._account = self.sts().get_caller_identity()["Account"]
            else:
                self._account = account_of_key(key, self._cloud.aws)
        return self._account

    def require_account(self) -> None:
        """Check the account against ``allowedAccountIds`` and ``forbiddenAccountIds``.

        Raises:
            UnsafeError: the configuration does not allow it; pulumi-aws refuses likewise.
        """
        allowed = self._config.get("allowedAccountIds", [])
        forbidden = self._config.get("forbiddenAccountIds", [])
        if (allowed and self.account not in allowed) or (forbidden and self.account in forbidden):
            raise UnsafeError(f"AWS account ID not allowed: {self.account}")

    def sts(self) -> STSClient:
        """The STS client."""
        return cast("STSClient", self._client("sts", self.region))

    def route53(self) -> Route53Client:
        """The Route 53 client."""
        return cast("Route53Client", self._client("route53", "us-east-1"))

    def cloudfront(self) -> CloudFrontClient:
        """The CloudFront client."""
        return cast("CloudFrontClient", self._client("cloudfront", "us-east-1"))

    def s3(self, region: str | None = None) -> S3Client:
        """The S3 client of a region, the provider's own by default."""
        return cast("S3Client", self._client("s3", region or self.region))

    def cloudwatch(self, region: str | None = None) -> CloudWatchClient:
        """The CloudWatch client of a region, the provider's own by default."""
        return cast("CloudWatchClient", self._client("cloudwatch", region or self.region))

    def acm(self, region: str | None = None) -> ACMClient:
        """The ACM client of a region, the provider's own by default."""
        return cast("ACMClient", self._client("acm", region or self.region))

    def iam(self) -> Any:  # no stubs are installed for services that only inboxes use
        """The IAM client."""
        return self._client("iam", "us-east-1")

    def ses(self, region: str | None = None) -> Any:  # as above
        """The SES client of a region, the provider's own by default."""
        return self._client("ses", region or self.region)

    def functions(self, region: str | None = None) -> Any:  # as above
        """The Lambda client of a region, the provider's own by default."""
        return self._client("lambda", region or self.region)

    def logs(self, region: str | None = None) -> Any:  # as above
        """The CloudWatch Logs client of a region, the provider's own by default."""
        return self._client("logs", region or self.region)

    def cname(self, name: str) -> str | None:
        """The target of a CNAME record in the local cloud's DNS.

        It is empty if there is no such record, and None if DNS does not answer.
        """
        import dns.exception  # late: only certificates need DNS
        import dns.message  # late, as above
        import dns.query  # late, as above

        address, _, port = self._cloud.dns.rpartition(":")
        try:
            question = dns.message.make_query(name, "CNAME")
            answer = dns.query.udp(question, address, timeout=_DNS_SECONDS, port=int(port))
        except (dns.exception.DNSException, OSError, ValueError):
            return None
        found = [str(row.target) for rrset in answer.answer for row in rrset]
        return found[0].rstrip(".").lower() if found else ""

    @contextmanager
    def one_at_a_time(self, name: str) -> Iterator[None]:
        """Run only one operation of that name at a time.

        AWS checks and writes in one step; the stand-in checks first and then has moto write.
        """
        with self._lock:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            yield

    def _client(self, service: str, region: str) -> Any:  # each has its own type
        with self._lock:
            if self._boto is None:
                self._boto = self._signed_in()
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._new(self._boto, service, region)
            return self._clients[key]

    def _new(self, session: boto3.Session, service: str, region: str) -> Any:  # boto3's clients
        from botocore.config import Config  # late: importing takes 0.2 s; a preview needs no client

        config = Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"total_max_attempts": 2},
            s3={"addressing_style": "path"},
        )
        return session.client(
            cast("Any", service), region_name=region, endpoint_url=self._cloud.aws, config=config
        )

    def _signed_in(self) -> boto3.Session:
        import boto3  # late: importing takes 0.2 s, and a preview needs no client

        config = self._config
        session = boto3.Session(
            aws_access_key_id=config.get("accessKey"),
            aws_secret_access_key=config.get("secretKey"),
            aws_session_token=config.get("token"),
            profile_name=config.get("profile"),
            region_name=self.region,
        )
        for role in config.get("assumeRoles", []):
            more = {"ExternalId": role["externalId"]} if role.get("externalId") else {}
            keys = self._new(session, "sts", self.region).assume_role(
                RoleArn=role["roleArn"], RoleSessionName=role.get("sessionName", "pulumi"), **more
            )["Credentials"]
            session = boto3.Session(
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
                region_name=self.region,
            )
        if session.get_credentials() is None:
            raise RefusedError("NoCredentialProviders", "no valid credential sources were found")
        return session
