"""The stand-in for pulumi-aws: which version it stands for, and the resources that it models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mtasts.localcloud.aws.bucket import Bucket
from mtasts.localcloud.aws.bucket_object import BucketObjectv2
from mtasts.localcloud.aws.bucket_settings import (
    BucketOwnershipControls,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
)
from mtasts.localcloud.aws.certificate import Certificate, CertificateValidation
from mtasts.localcloud.aws.distribution import Distribution
from mtasts.localcloud.aws.function import Function, FunctionUrl, Permission
from mtasts.localcloud.aws.invokes import invoke
from mtasts.localcloud.aws.lifecycle_rules import BucketLifecycleConfiguration
from mtasts.localcloud.aws.log_group import LogGroup
from mtasts.localcloud.aws.metric_alarm import MetricAlarm
from mtasts.localcloud.aws.origin_access import OriginAccessControl
from mtasts.localcloud.aws.receiving import DomainIdentity, ReceiptRule
from mtasts.localcloud.aws.record import Record
from mtasts.localcloud.aws.role import Role, RolePolicy
from mtasts.localcloud.aws.session import MODELLED, connect
from mtasts.localcloud.aws.zone import Zone
from mtasts.localcloud.provider import service
from mtasts.localcloud.provider.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGIN = service.Plugin(
    name="aws",
    version="7.51.1",
    schema=Schema(Path(__file__).with_name("schema.json")),
    resources={
        resource.token: resource
        for resource in (
            Bucket(),
            BucketLifecycleConfiguration(),
            BucketObjectv2(),
            BucketOwnershipControls(),
            BucketPolicy(),
            BucketPublicAccessBlock(),
            BucketServerSideEncryptionConfiguration(),
            BucketVersioning(),
            Certificate(),
            CertificateValidation(),
            Distribution(),
            DomainIdentity(),
            Function(),
            FunctionUrl(),
            LogGroup(),
            OriginAccessControl(),
            MetricAlarm(),
            Permission(),
            ReceiptRule(),
            Record(),
            Zone(),
            Role(),
            RolePolicy(),
        )
    },
    modelled=MODELLED,
    connect=connect,
    invoke=invoke,
)


def provider(environment: Mapping[str, str] | None = None) -> service.Provider:
    """A provider for the local cloud that ``environment`` names (by default this process's)."""
    return service.Provider(PLUGIN, os.environ if environment is None else environment)
