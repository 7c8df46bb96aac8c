"""Workers with bindings in workerd, which get requests from the edge and mail over SMTP."""

from __future__ import annotations

import hashlib
import http.client
import json
import smtplib
import socket
import ssl
from base64 import encodebytes
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mtasts.localcloud import moto_host
from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID, WORKERS_DEV
from mtasts.localcloud.cloudflare.email_routing import MX_HOSTS
from mtasts.localcloud.cloudflare.inbound import MESSAGE_MAX_BYTES
from mtasts.localcloud.cloudflare.session import Session
from mtasts.localcloud.provider.resource import RefusedError
from mtasts.localcloud.serve import running
from mtasts.localcloud.world import InboxDomain, World, seed
from mtasts.probe.dns import Resolver
from mtasts.probe.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.cloud import Cloud

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")
SOURCE = Path(__file__).with_name("every_binding.js").read_text()
DOMAIN = "reports.agency.example"
BUCKET, NAME = "inbox-reports", "inbox"
ACCOUNT = f"/accounts/{ACCOUNT_ID}"
STACK = f"""config:
  mtasts:inbox:
    address: tlsrpt@{DOMAIN}
    hosting: cloudflare
    dns: cloudflare
"""
AGENCY = """config:
  mtasts:dns: cloudflare
  mtasts:domains:
    - name: agency.example
      mx: [mx1.agency.example]
"""
AT_AWS = """config:
  aws:region: eu-west-1
  mtasts:inbox:
    address: tlsrpt@inbox.example
"""
VERBS = ("store", "reject", "throw", "forward")


def metadata(limit: int) -> dict[str, Any]:
    bindings = [
        {"type": "r2_bucket", "name": "BUCKET", "bucket_name": BUCKET},
        {
            "type": "ratelimit",
            "name": "LIMIT",
            "namespace_id": "1001",
            "simple": {"limit": limit, "period": 60},
        },
    ]
    return {"main_module": "worker.js", "compatibility_date": "2026-01-01", "bindings": bindings}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    for name, text in {"inbox": STACK, "agency": AGENCY, "at-aws": AT_AWS}.items():
        (folder / f"Pulumi.{name}.yaml").write_text(text)
    with running(folder / "cloud", folder) as found:
        yield found


@pytest.fixture(scope="module")
def api(cloud: Cloud) -> Session:
    """The API, and a Worker with a bucket, a rate limit, a host name and a mail address."""
    found = Session(cloud.cloudflare, CLOUDFLARE_TOKEN)
    found.call("POST", f"{ACCOUNT}/r2/buckets", {"name": BUCKET})
    script = f"{ACCOUNT}/workers/scripts/{NAME}"
    found.upload(script, metadata(2), "worker.js", SOURCE)
    found.call("POST", f"{script}/subdomain", {"enabled": True})
    for verb in VERBS:
        found.call("POST", rules(found), rule(f"{verb}@{DOMAIN}"))
    return found


def zone(api: Session) -> str:
    return str(api.get("/zones?name=agency.example")[0]["id"])


def rules(api: Session) -> str:
    return f"/zones/{zone(api)}/email/routing/rules"


def rule(address: str, worker: str = NAME, **more: object) -> dict[str, object]:
    return {
        "matchers": [{"type": "literal", "field": "to", "value": address}],
        "actions": [{"type": "worker", "value": [worker]}],
        **more,
    }


def ask(cloud: Cloud, method: str, body: object, headers: dict[str, str] | None = None) -> Any:
    """One request to the Worker at workers.dev, with the certificate verified."""
    host, port = f"{NAME}.{WORKERS_DEV}", min(cloud.workers.values())
    connection = http.client.HTTPSConnection(host, port, timeout=30)
    context = ssl.create_default_context(cafile=str(cloud.ca_file))
    plain = socket.create_connection(("127.0.0.1", port), 30)
    connection.sock = context.wrap_socket(plain, server_hostname=host)
    with closing(connection):
        connection.request(method, "/", json.dumps(body), headers or {})
        answer = connection.getresponse()
        assert answer.status == 200
        return json.loads(answer.read())


def bucket(cloud: Cloud, call: str, *args: object) -> Any:
    return ask(cloud, "POST", {"on": "BUCKET", "call": call, "args": args})


def stored(cloud: Cloud, key: str) -> dict[str, Any]:
    s3 = moto_host.session().client("s3", endpoint_url=cloud.aws)
    found = s3.get_object(Bucket=BUCKET, Key=key)
    return {"body": found["Body"].read(), "metadata": found["Metadata"]}


def send(cloud: Cloud, to: str, text: bytes = b"Subject: a\r\n report\r\n\r\nhello\r\n") -> None:
    """Send a message over STARTTLS, with the certificate verified."""
    host = "route1.mx.cloudflare.net"
    with smtplib.SMTP("127.0.0.1", cloud.mail[host], timeout=30) as smtp:
        smtp._host = host  # type: ignore[attr-defined]  # the name that TLS verifies
        smtp.starttls(context=ssl.create_default_context(cafile=str(cloud.ca_file)))
        smtp.sendmail("r@sender.example", [f"{to}@{DOMAIN}"], text)


def test_an_object_is_stored_once_with_its_metadata(cloud: Cloud, api: Session) -> None:
    del api
    key, sha256 = "https/a.json", hashlib.sha256(b"{}").hexdigest()
    options = {
        "onlyIf": {"etagDoesNotMatch": "*"},
        "customMetadata": {"source": "192.0.2.1"},
        "httpMetadata": {"contentType": "application/tlsrpt+json"},
        "sha256": sha256,
    }
    made = bucket(cloud, "put", key, "{}", options)["found"]
    assert (made["key"], made["size"], made["customMetadata"]) == (
        key,
        2,
        {"source": "192.0.2.1"},
    )
    del options["sha256"]
    assert bucket(cloud, "put", key, "other", options)["found"] is None
    assert stored(cloud, key) == {"body": b"{}", "metadata": {"source": "192.0.2.1"}}
    head = bucket(cloud, "head", key)["found"]
    assert head["httpMetadata"] == {"contentType": "application/tlsrpt+json"}
    assert (head["etag"], head["version"]) == (made["etag"], made["version"])
    assert set(made["checksums"]) == {"md5", "sha256"}


def test_objects_are_read_listed_and_deleted(cloud: Cloud, api: Session) -> None:
    del api
    for name in ("one", "two", "below/three"):
        bucket(cloud, "put", f"list/{name}", name, {"customMetadata": {"n": name}})
    assert bucket(cloud, "get", "list/one")["text"] == "one"
    assert bucket(cloud, "get", "list/one", {"range": {"offset": 1, "length": 1}})["text"] == "n"
    assert bucket(cloud, "get", "list/one", {"range": {"suffix": 2}})["text"] == "ne"
    assert "text" not in bucket(cloud, "get", "list/one", {"onlyIf": {"etagMatches": "x"}})
    assert bucket(cloud, "get", "list/none") == {"found": None}
    found = bucket(cloud, "list", {"prefix": "list/", "delimiter": "/"})["found"]
    assert [each["key"] for each in found["objects"]] == ["list/one", "list/two"]
    assert (found["delimitedPrefixes"], found["truncated"]) == (["list/below/"], False)
    first = bucket(cloud, "list", {"prefix": "list/", "limit": 2, "include": ["customMetadata"]})
    assert [each["customMetadata"]["n"] for each in first["found"]["objects"]] == [
        "below/three",
        "one",
    ]
    rest = bucket(cloud, "list", {"prefix": "list/", "cursor": first["found"]["cursor"]})["found"]
    assert [each["key"] for each in rest["objects"]] == ["list/two"]
    bucket(cloud, "delete", ["list/one", "list/none"])
    assert bucket(cloud, "head", "list/one")["found"] is None


@pytest.mark.parametrize(
    ("call", "args", "code"),
    [
        ("put", ("k", "body", {"sha256": "0" * 64}), 10037),
        ("put", ("k", "body", {"md5": "0" * 32}), 10037),
        ("put", ("k", "body", {"customMetadata": {"name": "Jos\u00e9"}}), 10029),
        ("put", ("k", "body", {"storageClass": "InfrequentAccess"}), 10029),
        ("put", ("k" * 1025, "body"), 10020),
        ("get", ("k", {"range": {"offset": 9}}), 10039),
        ("list", ({"limit": 1001},), 10022),
        ("createMultipartUpload", ("k",), 10029),
    ],
)
def test_a_refusal_of_r2_is_an_exception_with_its_code(
    cloud: Cloud, api: Session, call: str, args: tuple[object, ...], code: int
) -> None:
    del api
    bucket(cloud, "put", "k", "body")
    assert f"({code})" in bucket(cloud, call, *args)["error"]
    assert bucket(cloud, "get", "k")["text"] == "body"


def test_a_failure_of_r2_is_an_exception(cloud: Cloud, api: Session) -> None:
    del api
    s3 = moto_host.session().client("s3", endpoint_url=cloud.aws)
    refused = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Statement": [refused]}))
    assert "(10001)" in bucket(cloud, "put", "failed", "body")["error"]
    with pytest.raises(smtplib.SMTPDataError) as told:
        send(cloud, "store")
    assert told.value.smtp_code == 451
    s3.delete_bucket_policy(Bucket=BUCKET)
    assert bucket(cloud, "put", "failed", "body")["found"]


def test_a_rate_is_limited_for_each_key(cloud: Cloud, api: Session) -> None:
    del api

    def limit(options: object) -> Any:
        return ask(cloud, "POST", {"on": "LIMIT", "call": "limit", "args": [options]})

    # The period of two calls may end in between, after any of them, but not more than once.
    found = [limit({"key": "a"})["found"]["success"] for _ in range(5)]
    assert found.count(True) in (2, 3, 4)
    assert found[:2] == [True, True]
    assert limit({"key": "b"})["found"]["success"]
    assert limit({})["error"] == "invalid key"


def test_the_edge_sets_cf_connecting_ip_itself(cloud: Cloud, api: Session) -> None:
    del api
    found = ask(cloud, "GET", None, {"CF-Connecting-IP": "192.0.2.9"})
    assert found["cf-connecting-ip"] == "127.0.0.1"


async def test_the_worker_gets_mail_before_the_sender_gets_its_reply(
    cloud: Cloud, api: Session
) -> None:
    del api
    host, _, port = cloud.dns.partition(":")
    resolver = Resolver(Reach((host, int(port)), is_local=True, allow_private=True))
    found = await resolver.lookup(DOMAIN, "MX")
    assert {host for _, host in found.exchanges} == set(MX_HOSTS)
    assert MX_HOSTS.keys() <= cloud.mail.keys()
    send(cloud, "store")
    mail = stored(cloud, "mail/r@sender.example")
    assert mail["metadata"] == {"size": str(len(mail["body"])), "subject": "a report"}
    assert mail["body"].startswith(b"Received: from local (127.0.0.1)")
    assert mail["body"].endswith(b"Subject: a\r\n report\r\n\r\nhello\r\n")


@pytest.mark.parametrize(
    ("verb", "code", "text"),
    [
        ("reject", 550, "5.7.1 no a report"),
        ("throw", 451, "4.3.0 Upstream error"),
        ("forward", 451, "4.3.0 Upstream error"),
    ],
)
def test_the_worker_decides_the_reply_to_the_sender(
    cloud: Cloud, api: Session, verb: str, code: int, text: str
) -> None:
    del api
    with pytest.raises(smtplib.SMTPDataError) as told:
        send(cloud, verb)
    assert (told.value.smtp_code, told.value.smtp_error) == (code, text.encode())


def test_an_address_without_a_rule_is_refused(cloud: Cloud, api: Session) -> None:
    for enabled in (None, False):
        if enabled is not None:
            api.call("POST", rules(api), rule(f"nobody@{DOMAIN}", enabled=enabled))
        with pytest.raises(smtplib.SMTPRecipientsRefused) as told:
            send(cloud, "nobody")
        ((code, _),) = told.value.recipients.values()
        assert code == 550


def test_a_message_over_the_limit_is_refused(cloud: Cloud, api: Session) -> None:
    del api
    with pytest.raises(smtplib.SMTPSenderRefused) as told:
        send(cloud, "store", b"x" * (MESSAGE_MAX_BYTES + 1))
    assert told.value.smtp_code == 552


def test_a_large_message_arrives_whole(cloud: Cloud, api: Session) -> None:
    del api
    lines = encodebytes(bytes(6 * 1024 * 1024)).replace(b"\n", b"\r\n")
    send(cloud, "store", b"Subject: large\r\n\r\n" + lines)
    assert stored(cloud, "mail/r@sender.example")["body"].endswith(lines)


def test_settings_show_the_bindings_and_a_bucket_that_is_missing_is_refused(
    api: Session,
) -> None:
    script = f"{ACCOUNT}/workers/scripts/{NAME}"
    assert api.get(f"{script}/settings")["bindings"] == metadata(2)["bindings"]
    wrong = metadata(2)
    wrong["bindings"][0]["bucket_name"] = "another"
    with pytest.raises(RefusedError, match="10085"):
        api.upload(script, wrong, "worker.js", SOURCE)


def test_deleting_a_bucket_with_objects_is_refused(api: Session, cloud: Cloud) -> None:
    bucket(cloud, "put", "kept", "body")
    with pytest.raises(RefusedError, match="10008"):
        api.call("DELETE", f"{ACCOUNT}/r2/buckets/{BUCKET}")
    api.call("POST", f"{ACCOUNT}/r2/buckets", {"name": "empty-one"})
    api.call("DELETE", f"{ACCOUNT}/r2/buckets/empty-one")
    assert api.get(f"{ACCOUNT}/r2/buckets/empty-one") is None


def test_an_inbox_at_aws_finds_a_zone_and_active_rules(cloud: Cloud) -> None:
    session = moto_host.session()
    route53 = session.client("route53", endpoint_url=cloud.aws)
    assert "inbox.example." in [each["Name"] for each in route53.list_hosted_zones()["HostedZones"]]
    ses, elsewhere = (
        session.client("ses", region, endpoint_url=cloud.aws)
        for region in ("eu-west-1", "us-east-1")
    )
    assert ses.describe_active_receipt_rule_set()["Rules"] == []
    assert elsewhere.list_receipt_rule_sets()["RuleSets"] == []
    # Rules that somebody turned off stay off.
    ses.set_active_receipt_rule_set()
    seed(World((), (InboxDomain("inbox.example", region="eu-west-1"),)), cloud.aws)
    assert "Metadata" not in ses.describe_active_receipt_rule_set()
