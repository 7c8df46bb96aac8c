"""An inbox on the real engine: placed, unchanged by a second run, and mail and requests arrive."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest
from tlsrpt_sender import SELECTOR, SENDER, TlsRptSender

from mtasts.localcloud.aws.inbound import SETUP_NOTIFICATION
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID
from mtasts.reports.store import Store
from mtasts.reports.stored_summary import stored_summary
from mtasts.tlsrpt.trust import Trust

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab

    from mtasts.localcloud.project import Project

pytestmark = pytest.mark.engine
REPORT = b'{"organization-name": "Tests"}'
REPORT_TYPE = "application/tlsrpt+json"


@dataclass(frozen=True, slots=True)
class Place:
    """A cloud as it has an inbox; ``bound`` is the key of its endpoint's bound of requests."""

    hosting: str
    mx: str
    scheme: str
    bound: str
    not_empty: str

    def smtp(self, lab: Lab) -> smtplib.SMTP:
        """A session with the MX host."""
        return smtplib.SMTP("127.0.0.1", lab.cloud.mail[self.mx], timeout=30)


AWS = Place("aws", "inbound-smtp.us-east-1.amazonaws.com", "s3", "atOnce: 1", "BucketNotEmpty")
CLOUDFLARE = Place("cloudflare", "route1.mx.cloudflare.net", "r2", "perMinute: 2", "10008")


@pytest.fixture(params=[AWS, CLOUDFLARE], ids=attrgetter("hosting"))
def place(request: pytest.FixtureRequest, lab: Lab) -> Place:
    found: Place = request.param
    if found is AWS:
        lab.activate_rules()
    return found


def ask(lab: Lab, url: str, method: str, body: bytes, media_type: str) -> tuple[int, str]:
    """One request to the endpoint, over TLS that is verified against the lab's authority."""
    host = url.removeprefix("https://").rstrip("/")
    cloud, port = lab.cloud, edge_port(lab, url)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30)
    context = ssl.create_default_context(cafile=str(cloud.ca_file))
    connection.connect = lambda: setattr(  # type: ignore[method-assign]  # DNS leads elsewhere
        connection, "sock", context.wrap_socket(dial(port), server_hostname=host)
    )
    connection.request(method, "/", body, {"Host": host, "Content-Type": media_type})
    answer = connection.getresponse()
    with closing(connection), answer:
        return answer.status, answer.read().decode()


def reached(lab: Lab, project: Project) -> dict[str, Any]:
    """The stack's outputs, once the edge knows its endpoint, which takes a moment after a run."""
    outputs, end, pause = project.outputs(), time.monotonic() + 30, threading.Event()
    while ask(lab, outputs["endpoint"], "GET", b"", "")[0] == http.HTTPStatus.NOT_FOUND:
        assert time.monotonic() < end, "the edge does not know the endpoint"
        pause.wait(0.05)
    return outputs


def edge_port(lab: Lab, url: str) -> int:
    """Where the edge of the cloud listens that has this endpoint."""
    workers = min(lab.cloud.workers.values())
    return workers if url.endswith(".workers.dev/") else lab.cloud.edge_port


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def objects(lab: Lab, bucket: str, prefix: str) -> dict[str, bytes]:
    s3 = lab.client("s3")
    rows = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {row["Key"]: s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read() for row in rows}


def test_reports_arrive_by_mail_and_by_https(lab: Lab, tmp_path: Path, place: Place) -> None:
    project, domain = lab.inbox(tmp_path, hosting=place.hosting)
    project.settle()
    project.unchanged()
    outputs = reached(lab, project)
    assert outputs["reportUris"] == [f"mailto:tlsrpt@{domain}", outputs["endpoint"]]

    for status in (201, 200):
        told, _ = ask(lab, outputs["endpoint"], "POST", REPORT, REPORT_TYPE)
        assert told == status
    assert ask(lab, outputs["endpoint"], "GET", b"", "")[0] == 405
    assert ask(lab, outputs["endpoint"], "POST", b"spam", REPORT_TYPE)[0] == 400
    assert list(objects(lab, outputs["bucket"], "https/").values()) == [REPORT]

    with place.smtp(lab) as server:
        server.sendmail("r@sender.example", [f"tlsrpt@{domain}"], b"Subject: x\r\n\r\nhello\r\n")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.sendmail("r@sender.example", [f"other@{domain}"], b"Subject: x\r\n\r\nno\r\n")
    mail = objects(lab, outputs["bucket"], "mail/")
    assert any(b"hello" in each for each in mail.values())

    assert place.not_empty in project.pulumi("destroy", "--yes").text
    assert json.loads(project.pulumi("stack", "export").stdout)
    assert list(objects(lab, outputs["bucket"], "https/").values()) == [REPORT]


def test_at_aws_the_rule_comes_last_and_the_records_are_written(lab: Lab, tmp_path: Path) -> None:
    active = lab.activate_rules()
    project, domain = lab.inbox(tmp_path)
    project.up().required()
    assert lab.records(domain)[domain, "MX"] == [f"10 {AWS.mx}"]
    rules = lab.client("ses").describe_receipt_rule_set(RuleSetName=active)["Rules"]
    assert rules[0]["Name"] == "theirs"
    mail = objects(lab, project.outputs()["bucket"], "mail/")
    assert [key for key in mail if key.endswith("AMAZON_SES_SETUP_NOTIFICATION")]


def test_size_and_rate_of_requests_are_bounded(lab: Lab, tmp_path: Path, place: Place) -> None:
    project, _ = lab.inbox(tmp_path, place.bound, hosting=place.hosting)
    project.up().required()
    outputs = reached(lab, project)
    url, bucket = outputs["endpoint"], outputs["bucket"]
    # In base64 it is more than the 6 MB of an event.
    large = b"\x1f\x8b" + bytes((5 if place is AWS else 10) * 1024 * 1024)
    assert ask(lab, url, "POST", large, "application/tlsrpt+gzip")[0] == 413

    def send(number: int) -> int:
        return ask(lab, url, "POST", b'{"of": %d}' % number, REPORT_TYPE)[0]

    with ThreadPoolExecutor(6) as pool:
        told = Counter(pool.map(send, range(6)))
    assert told.keys() == {201, 429}
    assert len(objects(lab, bucket, "https/")) == told[201]


def test_what_r2_does_not_take_is_sent_again(lab: Lab, tmp_path: Path) -> None:
    project, domain = lab.inbox(tmp_path, hosting="cloudflare")
    project.up().required()
    s3, outputs = lab.client("s3"), reached(lab, project)
    to, mail = [f"tlsrpt@{domain}"], b"Subject: x\r\n\r\nhello\r\n"
    s3.delete_bucket(Bucket=outputs["bucket"])
    assert ask(lab, outputs["endpoint"], "POST", REPORT, REPORT_TYPE)[0] == 503
    with CLOUDFLARE.smtp(lab) as server:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            server.sendmail("r@sender.example", to, mail)
        assert 400 <= refused.value.smtp_code < 500
        s3.create_bucket(Bucket=outputs["bucket"])
        server.sendmail("r@sender.example", to, mail)
    assert ask(lab, outputs["endpoint"], "POST", REPORT, REPORT_TYPE)[0] == 201
    assert len(objects(lab, outputs["bucket"], "")) == 2


def test_email_routing_is_neither_switched_on_nor_off(lab: Lab, tmp_path: Path) -> None:
    project, domain = lab.inbox(tmp_path, hosting="cloudflare")
    agency = domain.removeprefix("reports.")
    path = f"/zones/{lab.cloudflare_zone(agency)}/email/routing"
    lab.api.post(f"{path}/disable", {"name": domain})
    refused = project.up()
    assert not refused.ok
    assert f"Email Routing is not on for {domain}" in refused.text
    assert "R2Bucket" not in refused.text

    # What it prints is complete: it adds the name, and leaves the mail of the agency where it is.
    call = next(line for line in refused.text.splitlines() if line.strip().startswith("curl "))
    subprocess.run(["bash", "-ec", call], env=lab.environment(), check=True)
    project.settle()
    assert lab.records(agency)[agency, "MX"] == [f"mx1.{agency}"]
    routed = lab.records(agency)[domain, "MX"]
    assert CLOUDFLARE.mx in routed

    catch_all = lab.api.get(f"{path}/rules/catch_all")
    project.pulumi("destroy", "--yes").required()
    assert lab.records(agency)[domain, "MX"] == routed
    assert lab.api.get(f"{path}/rules") == [catch_all]
    assert lab.api.get(path)["enabled"] is True


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


def test_a_real_sender_s_report_counts_once_over_both_ways(
    lab: Lab, tmp_path: Path, place: Place
) -> None:
    project, _ = lab.inbox(tmp_path, hosting=place.hosting)
    project.up().required()
    outputs, cloud = reached(lab, project), lab.cloud
    port = edge_port(lab, outputs["endpoint"])
    sender = TlsRptSender(tmp_path, cloud.mail[place.mx], port, cloud.ca_file)

    def kept(prefix: str) -> dict[str, bytes]:
        found = objects(lab, outputs["bucket"], prefix)
        return {key: raw for key, raw in found.items() if not key.endswith(SETUP_NOTIFICATION)}

    sender.report(
        datagrams("agency.example", outputs["reportUris"]),
        lambda: len(kept("https/")) == len(kept("mail/")) == 1,
    )
    publish(lab, sender.record)
    words = (
        "--from",
        f"{place.scheme}://{outputs['bucket']}",
        "--store",
        "store",
        "--format",
        "json",
    )
    project = replace(
        project, environment={**project.environment, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT_ID}
    )
    told = project.mtasts("reports", "pull", *words, "--domain", "agency.example").required()
    pulled = json.loads(told.stdout)
    assert (pulled["complete"], pulled["reports"]) == (True, 2)
    assert pulled["trust"] == {"https": 1, "verified": 1}
    skipped = [each["source"].rpartition("/")[2] for each in pulled["skips"]]
    assert skipped == ([SETUP_NOTIFICATION] if place is AWS else [])

    store, now = Store(project.folder / "store"), dt.datetime.now(dt.UTC)
    for least in (Trust.VERIFIED, Trust.HTTPS):
        found = stored_summary(store, "agency.example", now, least)
        assert (found.reports, found.successes) == (1, 5)
        (failed,) = found.failures
        assert (failed.result_type, failed.count) == ("certificate-expired", 2)


def publish(lab: Lab, key: str) -> None:
    """Put the sender's key into a zone of its own."""
    route53 = lab.client("route53")
    zones = route53.list_hosted_zones_by_name(DNSName=f"{SENDER}.")["HostedZones"]
    found = [each["Id"] for each in zones if each["Name"] == f"{SENDER}."]
    made = found or [
        route53.create_hosted_zone(Name=SENDER, CallerReference=key)["HostedZone"]["Id"]
    ]
    strings = " ".join(f'"{key[at : at + 255]}"' for at in range(0, len(key), 255))
    record = {
        "Name": f"{SELECTOR}._domainkey.{SENDER}",
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": strings}],
    }
    change = {"Action": "UPSERT", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=made[0], ChangeBatch={"Changes": [change]})
