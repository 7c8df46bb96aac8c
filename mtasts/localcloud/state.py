"""The AWS account as edge and DNS see it, read from moto's backends in this process.

Edge and DNS ask on every request, so most is read from moto's memory. Configurations of
distributions and certificates are read over boto3, with the same functions that the stand-in
provider uses, and kept until the account changes.
"""

from __future__ import annotations

import logging
import re
from operator import is_
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.config import Config
from botocore.exceptions import ClientError

from mtasts.findings import printable
from mtasts.localcloud import moto_host
from mtasts.localcloud.aws import edge_config
from mtasts.localcloud.aws.issuance import is_issued
from mtasts.localcloud.cloud import ACCOUNT
from mtasts.localcloud.distribution import (
    CACHE_POLICIES,
    SECURITY_HEADERS_POLICY,
    CachePolicy,
    Distribution,
    Invalidation,
    OriginAnswer,
)
from mtasts.localcloud.edge_response import s3_error
from mtasts.localcloud.resolution import RecordSet, Zone
from mtasts.rollout.resource_policy import Request, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

_BUCKET_HOST = re.compile(
    r"(?P<bucket>[a-z0-9.-]+)\.s3(?:\.(?P<region>[a-z0-9-]+))?\.amazonaws\.com"
)
_BYPASS_PROXIES = Config(proxies={}, retries={"total_max_attempts": 1})


class MotoState:
    """`mtasts.localcloud.distribution.CloudState` from moto's state, and the hosted zones."""

    def __init__(self, aws_url: str, cname: Callable[[str], str]) -> None:
        """Connect to the moto server of this process.

        ``cname(name)`` is the target of the CNAME record at a name, or empty.
        """
        self._cname = cname
        session = moto_host.session()
        self._cloudfront = session.client(
            "cloudfront", endpoint_url=aws_url, config=_BYPASS_PROXIES
        )
        self._acm = session.client("acm", endpoint_url=aws_url, config=_BYPASS_PROXIES)
        self._route53 = session.client("route53", endpoint_url=aws_url, config=_BYPASS_PROXIES)
        self._known: dict[str, tuple[object, Mapping[str, str], Distribution]] = {}
        self._distributions: dict[str, Distribution] = {}
        self._issued: dict[str, tuple[str, ...]] = {}
        self._zones: dict[str, tuple[list[Any], Zone]] = {}

    def distributions(self) -> dict[str, Distribution]:
        """All distributions by id; only those that have changed are read again."""
        backend = _backend("cloudfront")
        found = {}
        for id_, each in list(backend.distributions.items()):
            tags = backend.tagger.get_tag_dict_for_resource(each.arn)
            config, known_tags, known = self._known.get(id_, (None, {}, None))
            if known is None or config is not each.distribution_config or known_tags != tags:
                read_config = each.distribution_config
                try:
                    known = _adapt(edge_config.distribution_config(self._cloudfront, id_))
                except ClientError:  # deleted meanwhile
                    continue
                self._known[id_] = (read_config, tags, known)
            found[id_] = known
        for id_ in self._known.keys() - found.keys():
            del self._known[id_]
        before = self._distributions
        if len(before) != len(found) or any(before.get(id_) is not found[id_] for id_ in found):
            self._distributions = found
        return self._distributions

    def deployed(self, distribution: Distribution) -> None:
        """Set the status Deployed, unless the distribution was changed again meanwhile."""
        each = _backend("cloudfront").distributions.get(distribution.id)
        known = self._known.get(distribution.id)
        if each is not None and known is not None and known[2] == distribution:
            each.deployed_config = known[0]

    def invalidations(self) -> list[Invalidation]:
        """The invalidations that at least one point of presence has not applied yet."""
        return [
            Invalidation(each.id, distribution, tuple(each.paths))
            for distribution, batch in list(_backend("cloudfront").invalidations.items())
            for each in list(batch)
            if each.status == "InProgress"
        ]

    def completed(self, invalidation: Invalidation) -> None:
        """Set the status Completed."""
        for each in _backend("cloudfront").invalidations[invalidation.distribution]:
            if each.id == invalidation.id:
                each.status = "Completed"

    def certificate_names(self, arn: str) -> tuple[str, ...]:
        """The names of a certificate; empty until it is issued. ACM never withdraws one."""
        if arn not in self._issued:
            try:
                if not is_issued(self._acm, self._route53, arn, self._cname):
                    return ()
            except ClientError as error:
                logger.warning("certificate %s: %s", printable(arn), printable(str(error)))
                return ()
            found = self._acm.describe_certificate(CertificateArn=arn)["Certificate"]
            names = {found["DomainName"], *found.get("SubjectAlternativeNames", [])}
            self._issued[arn] = tuple(sorted(name.lower() for name in names))
        return self._issued[arn]

    def fetch(self, distribution: Distribution, path: str) -> OriginAnswer:
        """The response of S3 to the distribution's request, which the bucket policy may refuse."""
        address = _BUCKET_HOST.fullmatch(distribution.origin_domain)
        backend = _backend("s3")
        bucket = backend.buckets.get(address["bucket"]) if address else None
        if address is None or bucket is None:
            return s3_error(404, "NoSuchBucket", "The specified bucket does not exist")
        if address["region"] != bucket.region_name:
            # S3 redirects requests to the global name of a bucket in another region until DNS has
            # the bucket, which takes hours, and requests to a wrong region always. CloudFront
            # passes the redirect on to the viewer.
            return s3_error(307, "TemporaryRedirect", "Use the regional name of the bucket")
        key = unquote(distribution.origin_path + path).removeprefix("/")
        verdict = evaluate(
            bucket.policy,
            Request(
                self._principal(distribution),
                "s3:GetObject",
                f"arn:aws:s3:::{bucket.name}/{key}",
                {
                    "aws:sourceaccount": ACCOUNT,
                    "aws:sourcearn": distribution.arn,
                    "aws:securetransport": "true",
                },
            ),
        )
        if not verdict.allowed:
            logger.warning("%s refuses %s: %s", bucket.name, printable(key), verdict.reason)
        found = backend.get_object(bucket.name, key) if verdict.allowed else None
        if found is None:  # S3 answers 403 for a missing key to who may not s3:ListBucket
            return s3_error(403, "AccessDenied", "Access Denied")
        kept = ("content-type", "cache-control", "content-encoding")
        metadata = {name.lower(): str(value) for name, value in found.metadata.items()}
        return OriginAnswer(
            200,
            (
                *((name, metadata[name]) for name in kept if name in metadata),
                ("etag", found.etag),
                ("last-modified", found.last_modified_RFC1123),
            ),
            found.value,
        )

    @staticmethod
    def _principal(distribution: Distribution) -> str:
        """CloudFront's service principal if it signs requests to the origin, else empty."""
        controls = _backend("cloudfront").origin_access_controls
        control = controls.get(distribution.origin_access_control)
        signs = control is not None and control.signing_behavior != "never"
        return "cloudfront.amazonaws.com" if signs else ""

    def zones(self) -> list[Zone]:
        """The public hosted zones; the first one if several have the same name.

        A zone that has not changed is the same object as in the last call. moto makes a new object
        for each record set that changes, so comparing the objects shows a change.
        """
        zones: dict[str, Zone] = {}
        for id_, each in list(_backend("route53").zones.items()):
            name = _name(each.name)
            if each.private_zone or name in zones:
                continue
            rrsets = list(each.rrsets)
            known, zone = self._zones.get(id_, ([], None))
            if zone is None or len(known) != len(rrsets) or not all(map(is_, known, rrsets)):
                zone = Zone(name, tuple(map(_record, rrsets)))
                self._zones[id_] = rrsets, zone
            zones[name] = zone
        for id_ in self._zones.keys() - _backend("route53").zones.keys():
            del self._zones[id_]
        return list(zones.values())

    @staticmethod
    def name_servers() -> set[str]:
        """The names of the name servers of all hosted zones."""
        return {
            _name(server)
            for each in list(_backend("route53").zones.values())
            for server in each.delegation_set.name_servers
        }


def _backend(service: str) -> Any:  # moto has no types
    from moto.backends import get_backend  # late: moto_host prepares moto first

    return get_backend(service)[ACCOUNT]["aws"]  # type: ignore[call-overload, unused-ignore] # any service


def _adapt(found: edge_config.Distribution) -> Distribution:
    """The edge's value of a distribution, from the one that the stand-in provider reads."""
    cache = CACHE_POLICIES.get(found.cache_policy)
    if cache is None:
        logger.warning("%s: cache policy %r is not known", found.id, printable(found.cache_policy))
    return Distribution(
        id=found.id,
        arn=found.arn,
        domain_name=found.domain.lower(),
        origin_domain=found.origin.domain,
        origin_path=found.origin.path,
        origin_access_control=found.origin.access_control,
        aliases=found.aliases,
        certificate=found.certificate_arn,
        enabled=found.enabled,
        ipv6=found.ipv6,
        minimum_tls=found.minimum_tls,
        methods=found.allowed_methods,
        default_root_object=found.default_root_object,
        cache=cache or CachePolicy(0, 0, 0),
        security_headers=found.response_headers_policy == SECURITY_HEADERS_POLICY,
    )


def _name(text: str) -> str:
    return text.rstrip(".").lower().replace(r"\052", "*")


def _record(found: Any) -> RecordSet:  # moto has no types
    target = (found.alias_target or {}).get("DNSName", "")
    return RecordSet(
        _name(found.name),
        found.type,
        int(found.ttl or 0),
        tuple(_value(each) for each in found.records or ()),
        _name(target),
    )


def _value(record: str | Mapping[str, str]) -> str:
    """A record's value; moto keeps the SOA record that it makes for a zone as a mapping."""
    return record if isinstance(record, str) else record["Value"]
