"""The policy host on AWS: certificate, distribution and the object that holds the policy."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypedDict

import pulumi
from pulumi_aws import acm, cloudfront, s3

from mtasts.cloud.aws.caches import CloudFrontCaches
from mtasts.components.aws.policy_bucket import object_key
from mtasts.components.hosting import Alias, Validation
from mtasts.components.waiting import Slow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.cloud.aws.account import Account
    from mtasts.components.aws.policy_bucket import PolicyBucket
    from mtasts.components.hosting import Validated, Zone
    from mtasts.rollout.move import MoveListener

# How long the provider waits for ACM (pulumi-aws, CertificateValidation, "create").
_ISSUED_SECONDS = 75 * 60.0
# CloudFront takes certificates from this region only.
_CERTIFICATE_REGION = "us-east-1"
# Policies that AWS manages, which use up no quota. CachingOptimized honours the max-age of the
# object. It also allows compression, which the cache behaviour below turns off.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
# Allows TLS 1.3 too. Never 1.3 alone: RFC 8461 section 7.2 lets senders speak 1.2.
_TLS_POLICY = "TLSv1.2_2021"


class PolicyHostArgs(TypedDict):
    """The policy, its names, and the bucket that it is served from.

    ``issued`` says that the certificate may be issued; otherwise no distribution is declared.
    """

    domain: str
    policy_host: str
    body: bytes
    before_body: pulumi.ResourceHookBinding
    cache_seconds: int
    protect: bool
    keep: bool
    issued: bool
    bucket: PolicyBucket
    zones: Sequence[Zone]
    account: Account


class PolicyHost(pulumi.ComponentResource):
    """One distribution with one certificate for one policy domain."""

    body: pulumi.Resource
    certificate_arn: pulumi.Output[str]
    distribution_id: pulumi.Output[str]
    own_name: pulumi.Output[str]
    answers_as_policy_host = True
    target: Alias
    policy_url: pulumi.Output[str]
    slow: tuple[Slow, ...] = ()

    def __init__(
        self, name: str, args: PolicyHostArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place certificate, distribution and object; no record leads here yet."""
        super().__init__("mtasts:index:PolicyHost", name, {}, opts)
        bucket, protect = args["bucket"], args["protect"]
        self._account = args["account"]
        self._bucket = bucket.bucket
        self._key = object_key(args["domain"])
        certificate, validated_by = self._certificate(name, args)
        none = pulumi.Output.from_input("")
        self.certificate_arn = self.distribution_id = self.own_name = none
        # CloudFront accepts an alias only with an issued certificate: no distribution before that.
        if args["issued"]:
            issued = self._issued(name, certificate, validated_by)
            distribution = self._distribution(name, args, issued)
            self.certificate_arn = issued.certificate_arn
            self.distribution_id = distribution.id
            self.own_name = distribution.domain_name
            self.slow = (
                Slow(
                    f"the certificate of {args['policy_host']} to be issued",
                    [certificate.arn],
                    issued.certificate_arn,
                    _ISSUED_SECONDS,
                ),
                Slow(
                    f"CloudFront to deploy the distribution of {args['policy_host']}",
                    [issued.certificate_arn],
                    distribution.arn,
                ),
            )
        self.target = Alias(self.own_name)
        self.body = s3.BucketObjectv2(
            f"{name}-policy",
            bucket=self._bucket,
            key=self._key,
            content=args["body"].decode("utf-8"),
            content_type="text/plain",
            cache_control=f"max-age={args['cache_seconds']}",
            # Named here in case the bucket's default is a KMS key: CloudFront could not read the
            # object then, and its etag would not be the MD5 sum, so every preview would differ.
            server_side_encryption="AES256",
            # Declared only so that a manual edit shows as drift.
            etag=hashlib.md5(args["body"], usedforsecurity=False).hexdigest(),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=bucket.ready,
                hooks=args["before_body"],
                protect=protect,
                retain_on_delete=args["keep"],
            ),
        )
        self.policy_url = pulumi.Output.from_input(
            f"https://{args['policy_host']}/.well-known/mta-sts.txt"
        )
        self.register_outputs({"policyUrl": self.policy_url})

    def _certificate(
        self, name: str, args: PolicyHostArgs
    ) -> tuple[acm.Certificate, list[Validated]]:
        """A certificate, and its validation record in each zone."""
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args["policy_host"],
            validation_method="DNS",
            region=_CERTIFICATE_REGION,
            tags={"mtasts:domain": args["domain"]},
            opts=pulumi.ResourceOptions(parent=self),
        )
        # With one name there is one validation option; the order of several would be random.
        option = certificate.domain_validation_options[0]
        validation = Validation(
            owner=option.resource_record_name, value=option.resource_record_value
        )
        # ACM looks the record up in the zone to which the parent zone delegates; during a move that
        # may be either zone. The second zone is the former one: its record is never protected, so
        # it can be deleted.
        records = [
            zone.validation(
                f"{name}-validation", validation, opts=pulumi.ResourceOptions(protect=protect)
            )
            for zone, protect in zip(args["zones"], (args["protect"], False), strict=False)
        ]
        return certificate, records

    def _issued(
        self, name: str, certificate: acm.Certificate, validated_by: list[Validated]
    ) -> acm.CertificateValidation:
        """The certificate once it is issued; other resources depend on this."""
        # The validation record has the same owner name in each zone.
        owner = pulumi.Output.all(*(each.owner for each in validated_by)).apply(
            lambda names: str(names[0])
        )
        return acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[owner],
            region=_CERTIFICATE_REGION,
            opts=pulumi.ResourceOptions(parent=self, hooks=validated_by[0].hooks),
        )

    def _distribution(
        self, name: str, args: PolicyHostArgs, certificate: acm.CertificateValidation
    ) -> cloudfront.Distribution:
        bucket, protect = args["bucket"], args["protect"]
        return cloudfront.Distribution(
            f"{name}-distribution",
            aliases=[args["policy_host"]],
            comment=f"MTA-STS policy of {args['domain']}",
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2",
            origins=[
                {
                    "origin_id": "policy",
                    "domain_name": bucket.origin_domain,
                    "origin_path": f"/policy/{args['domain']}",
                    "origin_access_control_id": bucket.origin_access_control_id,
                }
            ],
            default_cache_behavior={
                "target_origin_id": "policy",
                "allowed_methods": ["GET", "HEAD"],
                "cached_methods": ["GET", "HEAD"],
                "viewer_protocol_policy": "https-only",
                "compress": False,
                "cache_policy_id": CACHING_OPTIMIZED,
                "response_headers_policy_id": SECURITY_HEADERS,
            },
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={
                "acm_certificate_arn": certificate.certificate_arn,
                "ssl_support_method": "sni-only",
                "minimum_protocol_version": _TLS_POLICY,
            },
            tags={"mtasts:domain": args["domain"]},
            opts=pulumi.ResourceOptions(parent=self, protect=protect, depends_on=bucket.ready),
        )

    async def take_over(self, owner: str, zone_id: str, listener: MoveListener) -> None:
        """No-op: the DNS record is enough."""

    async def caches(self) -> CloudFrontCaches:
        """The distribution's caches; call it in hooks only, where the id is known."""
        return CloudFrontCaches(
            self._account,
            distribution_id=str(await self.distribution_id.future()),
            bucket=self._bucket,
            key=self._key,
        )
