"""The resources in both accounts of a local cloud: two inventories show what a run changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.cloud.cloudflare.account import CloudflareAccount, CloudflareSettings
from mtasts.localcloud import moto_host
from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID

if TYPE_CHECKING:
    from mtasts.localcloud.cloud import Cloud


def inventory(cloud: Cloud) -> frozenset[str]:
    """Every resource of both accounts, as texts "KIND NAME", read over their APIs.

    Raises:
        botocore.exceptions.ClientError: the local AWS refused a call.
        CloudflareError: the local Cloudflare API refused a call or did not answer.
    """
    session = moto_host.session()

    def client(service: Any) -> Any:  # boto3's clients
        return session.client(service, endpoint_url=cloud.aws)

    s3, cloudfront, route53 = client("s3"), client("cloudfront"), client("route53")
    found = []
    for bucket in s3.list_buckets()["Buckets"]:
        versions = s3.list_object_versions(Bucket=bucket["Name"]).get("Versions", [])
        found += [f"bucket {bucket['Name']}"]
        found += [f"object {bucket['Name']}/{version['Key']}" for version in versions]
    for page in cloudfront.get_paginator("list_distributions").paginate():
        rows = page["DistributionList"].get("Items", [])
        found += [f"distribution {each['Id']}" for each in rows]
    controls = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
    found += [f"origin access control {each['Id']}" for each in controls]
    certificates = client("acm").list_certificates()["CertificateSummaryList"]
    found += [f"certificate {each['CertificateArn']}" for each in certificates]
    found += _cloudflare(cloud)
    for page in route53.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            rows = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
            found += [f"record {each['Name']} {each['Type']}" for each in rows]
    return frozenset(found)


def _cloudflare(cloud: Cloud) -> list[str]:
    """The resources of the Cloudflare account."""
    settings = CloudflareSettings(ACCOUNT_ID, CLOUDFLARE_TOKEN, cloud.cloudflare)
    account = CloudflareAccount(settings)
    found = [f"worker {each['id']}" for each in account.get(f"{account.path}/workers/scripts")]
    domains = account.get(f"{account.path}/workers/domains")
    found += [f"custom domain {each['hostname']}" for each in domains]
    for zone in account.pages("/zones"):
        rows = account.get(f"/zones/{zone['id']}/dns_records")
        found += [f"record {each['name']} {each['type']}" for each in rows]
        rules = account.get(f"/zones/{zone['id']}/email/routing/rules")
        found += [f"mail rule {zone['name']} {each['id']} {each['enabled']}" for each in rules]
    return found
