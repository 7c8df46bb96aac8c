"""An inbox on the real engine: placed, unchanged by a second run, and mail and requests arrive."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import smtplib
import socket
import ssl
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tlsrpt_sender import SELECTOR, SENDER, TlsRptSender

from mtasts.localcloud.aws.inbound import SETUP_NOTIFICATION
from mtasts.reports.store import Store
from mtasts.reports.stored_summary import stored_summary
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab

pytestmark = pytest.mark.engine
MX = "inbound-smtp.us-east-1.amazonaws.com"
REPORT = b'{"organization-name": "Tests"}'


def ask(lab: Lab, url: str, method: str, body: bytes, media_type: str) -> tuple[int, str]:
    """One request to the endpoint, over TLS that is verified against the lab's authority."""
    host = url.removeprefix("https://").rstrip("/")
    cloud = lab.cloud
    connection = http.client.HTTPSConnection("127.0.0.1", cloud.edge_port, timeout=30)
    context = ssl.create_default_context(cafile=str(cloud.ca_file))
    connection.connect = lambda: setattr(  # type: ignore[method-assign]  # DNS leads elsewhere
        connection, "sock", context.wrap_socket(dial(cloud.edge_port), server_hostname=host)
    )
    connection.request(method, "/", body, {"Host": host, "Content-Type": media_type})
    answer = connection.getresponse()
    with closing(connection), answer:
        return answer.status, answer.read().decode()


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def objects(lab: Lab, bucket: str, prefix: str) -> dict[str, bytes]:
    s3 = lab.client("s3")
    rows = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {row["Key"]: s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read() for row in rows}


def test_reports_arrive_by_mail_and_by_https(lab: Lab, tmp_path: Path) -> None:
    active = lab.activate_rules()
    project, domain = lab.inbox(tmp_path)
    project.settle()
    project.unchanged()
    outputs = project.outputs()
    assert outputs["reportUris"] == [f"mailto:tlsrpt@{domain}", outputs["endpoint"]]
    assert lab.records(domain)[domain, "MX"] == [f"10 {MX}"]
    rules = lab.client("ses").describe_receipt_rule_set(RuleSetName=active)["Rules"]
    assert rules[0]["Name"] == "theirs"

    for status in (201, 200):
        told, _ = ask(lab, outputs["endpoint"], "POST", REPORT, "application/tlsrpt+json")
        assert told == status
    assert ask(lab, outputs["endpoint"], "GET", b"", "")[0] == 405
    assert ask(lab, outputs["endpoint"], "POST", b"spam", "application/tlsrpt+json")[0] == 400
    assert list(objects(lab, outputs["bucket"], "https/").values()) == [REPORT]

    with smtplib.SMTP("127.0.0.1", lab.cloud.mail[MX], timeout=30) as server:
        server.sendmail("r@sender.example", [f"tlsrpt@{domain}"], b"Subject: x\r\n\r\nhello\r\n")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.sendmail("r@sender.example", [f"other@{domain}"], b"Subject: x\r\n\r\nno\r\n")
    mail = objects(lab, outputs["bucket"], "mail/")
    assert [key for key in mail if key.endswith("AMAZON_SES_SETUP_NOTIFICATION")]
    assert any(b"hello" in each for each in mail.values())

    assert "BucketNotEmpty" in project.pulumi("destroy", "--yes").text
    assert json.loads(project.pulumi("stack", "export").stdout)


def test_size_and_rate_of_requests_are_bounded(lab: Lab, tmp_path: Path) -> None:
    lab.activate_rules()
    project, _ = lab.inbox(tmp_path, "atOnce: 1")
    project.up().required()
    url = project.outputs()["endpoint"]

    def send(number: int) -> int:
        return ask(lab, url, "POST", b'{"of": %d}' % number, "application/tlsrpt+json")[0]

    with ThreadPoolExecutor(6) as pool:
        told = Counter(pool.map(send, range(6)))
    assert told.keys() == {201, 429}
    kept = objects(lab, project.outputs()["bucket"], "https/")
    assert len(kept) == told[201]
    # In base64 it is more than the 6 MB of an event.
    large = b"\x1f\x8b" + bytes(5 * 1024 * 1024)
    assert ask(lab, url, "POST", large, "application/tlsrpt+gzip")[0] == 413
    assert objects(lab, project.outputs()["bucket"], "https/") == kept


def test_without_an_active_rule_set_nothing_is_placed(lab: Lab, tmp_path: Path) -> None:
    ses = lab.client("ses")
    before = ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
    ses.set_active_receipt_rule_set()
    project, _ = lab.inbox(tmp_path)
    refused = project.up()
    if before:
        ses.set_active_receipt_rule_set(RuleSetName=before)
    assert not refused.ok
    assert "no SES receipt rule set is active in us-east-1" in refused.text
    assert "aws ses set-active-receipt-rule-set" in refused.text


def datagrams(domain: str, uris: list[str]) -> list[dict[str, Any]]:
    """Seven sessions with a policy, two of which failed, as Postfix tells of them."""
    policy = {
        "policy-type": 2,
        "policy-string": ["version: STSv1", "mode: enforce", f"mx: mx.{domain}", "max_age: 604800"],
        "policy-domain": domain,
        "mx-host": [f"mx.{domain}"],
    }
    failure = {"c": 204, "n": f"mx.{domain}", "r": "192.0.2.7"}
    good, bad = {**policy, "f": 0, "t": 0}, {**policy, "f": 1, "t": 1, "failure-details": [failure]}
    record = f"v=TLSRPTv1; rua={','.join(uris)}"
    return [
        {"dpv": "1", "d": domain, "pr": record, "policies": [dict(each)]}
        for each in (good, good, bad, good, good, bad, good)
    ]


def test_a_real_sender_s_report_counts_once_over_both_ways(lab: Lab, tmp_path: Path) -> None:
    lab.activate_rules()
    project, _ = lab.inbox(tmp_path)
    project.up().required()
    outputs, cloud = project.outputs(), lab.cloud
    sender = TlsRptSender(tmp_path, cloud.mail[MX], cloud.edge_port, cloud.ca_file)

    def kept(prefix: str) -> dict[str, bytes]:
        found = objects(lab, outputs["bucket"], prefix)
        return {key: raw for key, raw in found.items() if not key.endswith(SETUP_NOTIFICATION)}

    sender.report(
        datagrams("agency.example", outputs["reportUris"]),
        lambda: len(kept("https/")) == len(kept("mail/")) == 1,
    )
    publish(lab, sender.record)
    words = ("--from", f"s3://{outputs['bucket']}", "--store", "store", "--format", "json")
    told = project.mtasts("reports", "pull", *words, "--domain", "agency.example").required()
    pulled = json.loads(told.stdout)
    assert (pulled["complete"], pulled["reports"]) == (True, 2)
    assert pulled["trust"] == {"https": 1, "verified": 1}
    assert [each["source"].rpartition("/")[2] for each in pulled["skips"]] == [SETUP_NOTIFICATION]

    store, now = Store(project.folder / "store"), dt.datetime.now(dt.UTC)
    for least in (Trust.VERIFIED, Trust.HTTPS):
        found = stored_summary(store, "agency.example", now, least)
        assert (found.reports, found.successes) == (1, 5)
        (failed,) = found.failures
        assert (failed.result_type, failed.count) == ("certificate-expired", 2)


def publish(lab: Lab, key: str) -> None:
    """Put the sender's key into a zone of its own."""
    route53 = lab.client("route53")
    zone = route53.create_hosted_zone(Name=SENDER, CallerReference=key)["HostedZone"]["Id"]
    strings = " ".join(f'"{key[at : at + 255]}"' for at in range(0, len(key), 255))
    record = {
        "Name": f"{SELECTOR}._domainkey.{SENDER}",
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": strings}],
    }
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
