"""An inbox on the real engine: placed, unchanged by a second run, and mail and requests arrive."""

from __future__ import annotations

import http.client
import json
import smtplib
import socket
import ssl
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mtasts.localcloud.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab

pytestmark = pytest.mark.engine
MX = "inbound-smtp.us-east-1.amazonaws.com"
THEIRS = {"Name": "theirs", "Enabled": True, "Recipients": ["mail.example"]}
REPORT = b'{"organization-name": "Tests"}'


@pytest.fixture
def active(lab: Lab) -> str:
    """An active receipt rule set with a rule of somebody else's; moto has one account."""
    ses, name = lab.client("ses"), "inbound"
    if not ses.describe_active_receipt_rule_set().get("Metadata"):
        ses.create_receipt_rule_set(RuleSetName=name)
        ses.create_receipt_rule(RuleSetName=name, Rule=THEIRS)
        ses.set_active_receipt_rule_set(RuleSetName=name)
    return name


def inbox(lab: Lab, folder: Path, *more: str) -> tuple[Project, str]:
    """A project whose stack is an inbox for a new domain with a zone of its own."""
    stack = f"i{uuid.uuid4().hex[:8]}"
    domain = f"{stack}.example"
    lab.client("route53").create_hosted_zone(Name=domain, CallerReference=domain)
    lines = [
        "config:",
        "  aws:region: us-east-1",
        '  aws:allowedAccountIds: ["123456789012"]',
        "  mtasts:inbox:",
        f"    address: tlsrpt@{domain}",
        *(f"    {each}" for each in more),
    ]
    file = folder / f"Pulumi.{stack}.yaml"
    file.write_text("\n".join(lines) + "\n")
    return Project.make(folder / "project", lab.environment(), file), domain


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


def test_reports_arrive_by_mail_and_by_https(lab: Lab, active: str, tmp_path: Path) -> None:
    project, domain = inbox(lab, tmp_path)
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


def test_without_an_active_rule_set_nothing_is_placed(lab: Lab, tmp_path: Path) -> None:
    ses = lab.client("ses")
    before = ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
    ses.set_active_receipt_rule_set()
    project, _ = inbox(lab, tmp_path)
    refused = project.up()
    if before:
        ses.set_active_receipt_rule_set(RuleSetName=before)
    assert not refused.ok
    assert "no SES receipt rule set is active in us-east-1" in refused.text
    assert "aws ses set-active-receipt-rule-set" in refused.text
