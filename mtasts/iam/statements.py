"""The AWS statements, one row each: what a command calls, on what, under which conditions, and why.

To add a call: put its action into the row that fits, or add a row. Run
``tests/engine/test_iam.py``: it records every call of real runs and names each action that no row
allows and each that no run has used. An action that no run of the local cloud makes goes into
``UNSEEN`` with the reason. Then ``python tools/iam_page.py`` writes ``docs/iam.md`` anew.
It is long because it is one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """The command that uses the permissions."""

    PREVIEW = "preview"
    UP = "up"
    CHECK = "check"


class Need(StrEnum):
    """The part of a stack's config that makes a statement necessary."""

    ALWAYS = "always"
    ZONES = "a zone of the account at Route 53"
    ROLE = "dnsRoleArn"
    HANDED_OUT = "dns delegated or manual"
    ALARMS = "mtasts:alarmTopic"
    TOPIC = "check --sns"
    INBOX = "mtasts:inbox"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a statement: IAM's operator, the key, and the values; any of them holds."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One row. Resources and condition values may hold names in braces, see `Placeholders`."""

    sid: str
    purpose: str
    commands: frozenset[Command]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    need: Need = Need.ALWAYS


READ = frozenset({Command.PREVIEW, Command.UP})
WRITE = frozenset({Command.UP})
_CHECK = frozenset({Command.CHECK})
_ALL = READ | _CHECK

_BUCKET = ("arn:aws:s3:::{bucket}",)
# The ledgers, and what was noted beside one that could not be read (docs/emergencies.md).
_LEDGER = ("arn:aws:s3:::{bucket}/ledger/*", "arn:aws:s3:::{bucket}/emergency/*")
_POLICIES = ("arn:aws:s3:::{bucket}/policy/*",)
_HANDED_OUT = ("arn:aws:s3:::{bucket}/published/*",)
_DISTRIBUTIONS = ("arn:aws:cloudfront::{account}:distribution/*",)
_CONTROLS = ("arn:aws:cloudfront::{account}:origin-access-control/*",)
_CERTIFICATES = ("arn:aws:acm:us-east-1:{account}:certificate/*",)
_ALARMS = ("arn:aws:cloudwatch:us-east-1:{account}:alarm:*",)
ZONES = "{zones}"
"""Stands for the hosted zones of a policy's account."""
_EVERYTHING = ("*",)

# Bucket names are global: without this condition a bucket of the same name in another account would
# match, too.
OWN = (Condition("StringEquals", "aws:ResourceAccount", ("{account}",)),)
# The names and types that a stack writes, in the spelling of Route 53's condition keys.
# ForAllValues is true for an empty set; a change of records always has at least one name and type.
_RECORDS = (
    Condition(
        "ForAllValues:StringLike",
        "route53:ChangeResourceRecordSetsNormalizedRecordNames",
        ("_mta-sts.*", "_smtp._tls.*", "mta-sts.*", "_*.mta-sts.*"),
    ),
    Condition(
        "ForAllValues:StringEquals",
        "route53:ChangeResourceRecordSetsRecordTypes",
        ("A", "AAAA", "CNAME", "TXT"),
    ),
)
_REQUEST = (
    Condition("StringEquals", "aws:RequestedRegion", ("us-east-1",)),
    Condition("StringEquals", "acm:ValidationMethod", ("DNS",)),
    Condition("ForAllValues:StringLike", "acm:DomainNames", ("mta-sts.*",)),
)

STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "BucketListed",
        "Finds the ledger's entries and their versions. Without s3:ListBucket, S3 answers 403 in "
        "place of 404 for an object that does not exist, so mtasts could not tell the two apart.",
        _ALL,
        ("s3:ListBucket", "s3:ListBucketVersions"),
        _BUCKET,
        OWN,
    ),
    Statement(
        "LedgerRead",
        "Reads the first version of each object of the ledger, and of each note of an emergency.",
        _ALL,
        ("s3:GetObjectVersion",),
        _LEDGER,
        OWN,
    ),
    Statement(
        "HandedOutRead",
        "Reads the records that an agency was asked to publish.",
        _ALL,
        ("s3:GetObject",),
        _HANDED_OUT,
        OWN,
        Need.HANDED_OUT,
    ),
    Statement(
        "BucketRead",
        "Compares the bucket's settings with the declared ones (pulumi preview --refresh). mtasts "
        "recover and adopt check that the bucket is versioned; mtasts ledger repair reads its "
        "policy.",
        READ,
        (
            "s3:GetAccelerateConfiguration",
            "s3:GetBucketAcl",
            "s3:GetBucketCORS",
            "s3:GetBucketLogging",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketRequestPayment",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetBucketWebsite",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetReplicationConfiguration",
            "s3:ListTagsForResource",
        ),
        _BUCKET,
        OWN,
    ),
    Statement(
        "PoliciesRead",
        "Reads the policy objects, and computes when caches drop the older policy.",
        READ,
        ("s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion"),
        (*_POLICIES, *_HANDED_OUT),
        OWN,
    ),
    Statement(
        "BucketMade",
        "Creates the stack's bucket, only in its region.",
        WRITE,
        ("s3:CreateBucket",),
        _BUCKET,
        (Condition("StringEquals", "aws:RequestedRegion", ("{region}",)),),
    ),
    Statement(
        "BucketSet",
        "Keeps the bucket private, versioned, encrypted and tagged (aws:defaultTags), and removes "
        "it with a stack that never enforced. mtasts adopt makes it private and versioned. mtasts "
        "ledger repair takes one statement out of its policy, and puts the policy back.",
        WRITE,
        (
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:TagResource",
            "s3:UntagResource",
        ),
        _BUCKET,
        OWN,
    ),
    Statement(
        "LedgerAppended",
        "Writes ledger entries before the resources that they describe, and checkpoints, the latch "
        "and notes of emergencies. The bucket does not allow to overwrite them.",
        WRITE,
        ("s3:PutObject",),
        _LEDGER,
        OWN,
    ),
    Statement(
        "PoliciesWritten",
        "Writes policies and handed-out records, and removes those of retired domains.",
        WRITE,
        ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"),
        (*_POLICIES, *_HANDED_OUT),
        OWN,
    ),
    Statement(
        "ObjectsTagged",
        "Puts the stack's default tags (aws:defaultTags) on the policy objects.",
        WRITE,
        ("s3:PutObjectTagging",),
        (*_POLICIES, *_HANDED_OUT),
        OWN,
    ),
    Statement(
        "LedgerRemoved",
        "Empties the bucket of a stack that never enforced, when it is destroyed, and mends a "
        "ledger that others have written to (mtasts ledger repair). The bucket's "
        "own policy denies it once a domain enforces. Leave it out to keep every ledger.",
        WRITE,
        ("s3:DeleteObject", "s3:DeleteObjectVersion"),
        _LEDGER,
        OWN,
    ),
    Statement(
        "ZonesListed",
        "Finds the zone of each domain.",
        READ,
        ("route53:ListHostedZones",),
        _EVERYTHING,
        need=Need.ZONES,
    ),
    Statement(
        "ZonesRead",
        "Compares a zone's name servers with DNS, and its records with the declared ones.",
        READ,
        ("route53:GetHostedZone", "route53:ListResourceRecordSets"),
        (ZONES,),
        need=Need.ZONES,
    ),
    Statement(
        "RecordsWritten",
        "Writes the records of MTA-STS, TLS-RPT, the policy host and its certificate's "
        "validation: no other name and no other type.",
        WRITE,
        ("route53:ChangeResourceRecordSets",),
        (ZONES,),
        _RECORDS,
        Need.ZONES,
    ),
    Statement(
        "ChangesAwaited",
        "Waits until all servers of Route 53 have a change.",
        WRITE,
        ("route53:GetChange",),
        ("arn:aws:route53:::change/*",),
        need=Need.ZONES,
    ),
    Statement(
        "DistributionsListed",
        "Finds another distribution that has a policy host as alias, and counts the distributions.",
        READ,
        ("cloudfront:ListDistributions",),
        _EVERYTHING,
    ),
    Statement(
        "DistributionsRead",
        "Finds out by its tag whether a distribution is the stack's, and compares it with the "
        "declared one.",
        READ,
        ("cloudfront:GetDistribution", "cloudfront:ListTagsForResource"),
        _DISTRIBUTIONS,
    ),
    Statement(
        "AccessControlsRead",
        "Compares the origin access control with the declared one.",
        READ,
        ("cloudfront:GetOriginAccessControl",),
        _CONTROLS,
    ),
    Statement(
        "QuotasRead",
        "Reads the account's own quota if the default quota is nearly used. Optional.",
        READ,
        ("servicequotas:ListServiceQuotas",),
        _EVERYTHING,
    ),
    Statement(
        "DistributionsWritten",
        "Creates and deletes the distributions of policy hosts, and purges their caches.",
        WRITE,
        (
            "cloudfront:CreateDistribution",
            "cloudfront:CreateInvalidation",
            "cloudfront:DeleteDistribution",
            "cloudfront:GetInvalidation",
            "cloudfront:TagResource",
            "cloudfront:UntagResource",
            "cloudfront:UpdateDistribution",
        ),
        _DISTRIBUTIONS,
    ),
    Statement(
        "AccessControlsWritten",
        "Creates and deletes the origin access control with which CloudFront reads the bucket.",
        WRITE,
        (
            "cloudfront:CreateOriginAccessControl",
            "cloudfront:DeleteOriginAccessControl",
            "cloudfront:UpdateOriginAccessControl",
        ),
        _CONTROLS,
    ),
    Statement(
        "CertificatesRead",
        "Waits for a certificate, and compares it with the declared one.",
        READ,
        ("acm:DescribeCertificate", "acm:ListTagsForCertificate"),
        _CERTIFICATES,
    ),
    Statement(
        "CertificatesRequested",
        "Requests certificates, only for policy hosts and with DNS validation.",
        WRITE,
        ("acm:RequestCertificate",),
        _EVERYTHING,
        _REQUEST,
    ),
    Statement(
        "CertificatesWritten",
        "Tags certificates with their domain, and removes them.",
        WRITE,
        (
            "acm:AddTagsToCertificate",
            "acm:DeleteCertificate",
            "acm:RemoveTagsFromCertificate",
        ),
        _CERTIFICATES,
    ),
    Statement(
        "ExistingFound",
        "Finds resources that a killed run created (mtasts recover) or that existed before "
        "(mtasts adopt).",
        WRITE,
        ("acm:ListCertificates", "cloudfront:ListOriginAccessControls"),
        _EVERYTHING,
    ),
    Statement(
        "AlarmsRead",
        "Compares the alarms with the declared ones.",
        READ,
        ("cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"),
        _ALARMS,
        need=Need.ALARMS,
    ),
    Statement(
        "TopicRead",
        "Warns if the alarm topic does not exist or does not allow CloudWatch to publish.",
        READ,
        ("sns:GetTopicAttributes",),
        ("{alarm_topic}",),
        need=Need.ALARMS,
    ),
    Statement(
        "TopicKeyRead",
        "Warns if the KMS key of the alarm topic does not allow CloudWatch to use it. Optional.",
        READ,
        ("kms:DescribeKey", "kms:GetKeyPolicy"),
        ("arn:aws:kms:us-east-1:{account}:key/*",),
        need=Need.ALARMS,
    ),
    Statement(
        "AlarmsWritten",
        "Creates and deletes the alarms.",
        WRITE,
        (
            "cloudwatch:DeleteAlarms",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ),
        _ALARMS,
        need=Need.ALARMS,
    ),
    Statement(
        "DnsRolesAssumed",
        "Acts in the account that holds a domain's zone.",
        READ,
        ("sts:AssumeRole",),
        ("{roles}",),
        need=Need.ROLE,
    ),
    Statement(
        "ChangesTold",
        "Publishes the changes that `mtasts check --watch --sns` finds.",
        _CHECK,
        ("sns:Publish",),
        ("{topic}",),
        need=Need.TOPIC,
    ),
)

_REFRESH = "the real provider reads it on a refresh; the stand-in does not"
_TAGS = "version 6 of the real provider tags buckets so; the stand-in does as version 5 did"
_MARKER = "the real provider deletes what has no version so; a versioned bucket has none of it"
_KEY = "asked only where the topic is encrypted with a key of the account's own"
UNSEEN: dict[str, str] = {
    "BucketRead s3:GetAccelerateConfiguration": _REFRESH,
    "BucketRead s3:GetBucketAcl": _REFRESH,
    "BucketRead s3:GetBucketCORS": _REFRESH,
    "BucketRead s3:GetBucketLogging": _REFRESH,
    "BucketRead s3:GetBucketObjectLockConfiguration": _REFRESH,
    "BucketRead s3:GetBucketRequestPayment": _REFRESH,
    "BucketRead s3:GetBucketWebsite": _REFRESH,
    "BucketRead s3:GetLifecycleConfiguration": _REFRESH,
    "BucketRead s3:GetReplicationConfiguration": _REFRESH,
    "BucketRead s3:ListTagsForResource": _TAGS,
    "BucketSet s3:TagResource": _TAGS,
    "BucketSet s3:UntagResource": _TAGS,
    "LedgerRemoved s3:DeleteObject": _MARKER,
    "PoliciesWritten s3:DeleteObject": _MARKER,
    "ChangesAwaited route53:GetChange": "Route 53 of the local cloud changes at once",
    "QuotasRead servicequotas:ListServiceQuotas": "read only with 450 distributions or more",
    "TopicKeyRead kms:DescribeKey": _KEY,
    "TopicKeyRead kms:GetKeyPolicy": _KEY,
    "AccessControlsWritten cloudfront:UpdateOriginAccessControl": "its declared values are fixed",
}
"""Actions that no recorded run makes, as ``SID ACTION``, and why each is granted all the same."""
