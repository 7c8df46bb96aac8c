"""The rules about the policy and the object that holds it, on literals."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pack_programs import (
    BUCKET,
    CUSTOM_DOMAIN,
    DISTRIBUTION,
    DNS_RECORD,
    ENFORCED,
    FUNCTION,
    OBJECT,
    POLICY,
    ROUTE,
    WORKER,
    body,
    made,
    remarks,
    told,
    txt,
)

from mtasts.policypack.reading import is_body, policy_body
from mtasts.policypack.resources import UNKNOWN, NotKnownError
from mtasts.policypack.stack import Stack
from mtasts.render.worker import worker_source

KEY = ".well-known/mta-sts.txt"
KEY_VALUE = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"


@pytest.mark.parametrize(
    "inputs",
    [
        {"content": POLICY},
        {"contentBase64": base64.b64encode(POLICY.encode()).decode()},
        {"source": POLICY.encode()},
    ],
)
def test_where_an_object_has_its_bytes(inputs: dict[str, Any]) -> None:
    assert policy_body(made(OBJECT, "o", {"key": KEY, **inputs})) == POLICY.encode()


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"contentBase64": "?"}, "contentBase64 is no Base64"),
        ({}, "the file with the object's content cannot be read"),
        ({"content": UNKNOWN}, "content is not known yet"),
        ({"source": UNKNOWN}, "source is not known yet"),
    ],
)
def test_where_an_object_has_none_that_is_known(inputs: dict[str, Any], why: str) -> None:
    resource = made(OBJECT, "o", {"key": KEY, **inputs})
    assert is_body(resource)
    with pytest.raises(NotKnownError, match=f"^{why}$"):
        policy_body(resource)


SPELT = json.dumps(POLICY)


@pytest.mark.parametrize(
    "script",
    [
        f"const body = {SPELT};",
        f"const body = {SPELT}; const same = {SPELT};",
        f"const body = '{SPELT[1:-1]}';",
        f"const body = `{POLICY}`;",
        "const body = `" + POLICY.replace(":", r"\x3a").replace("m", r"\u006D") + "`;",
        "const body = `" + POLICY.replace("max", r"\u{6d}ax") + "`;",
    ],
)
def test_a_policy_in_a_script(script: str) -> None:
    resource = made(WORKER, "w", {"content": script})
    assert is_body(resource)
    assert policy_body(resource) == POLICY.encode()


@pytest.mark.parametrize(
    "script",
    [
        "const body = `" + POLICY.replace("testing", "${mode}") + "`;",
        r"const body = ['version: STSv1', 'mode: testing'].join('\n');",
        f"const one = {SPELT}, other = {json.dumps(ENFORCED)};",
    ],
)
def test_a_policy_that_a_script_makes_is_not_known(script: str) -> None:
    resource = made(WORKER, "w", {"content": script})
    assert is_body(resource)
    with pytest.raises(NotKnownError, match="cannot be read from its source"):
        policy_body(resource)


def test_an_escape_beyond_unicode_stays_as_it_stands() -> None:
    script = r"const body = 'version: STSv1\n\u{FFFFFF}';"
    assert (
        policy_body(made(WORKER, "w", {"content": script}))
        == rb"""version: STSv1
\u{FFFFFF}"""
    )


def test_our_own_worker_is_read_and_a_script_without_a_policy_is_no_body() -> None:
    source = worker_source("example.org", POLICY.encode(), 60)
    assert policy_body(made(WORKER, "w", {"content": source})) == POLICY.encode()
    assert not is_body(made(WORKER, "w", {"content": "export default {}"}))
    assert policy_body(made(KEY_VALUE, "k", {"value": POLICY})) == POLICY.encode()
    assert not is_body(made(KEY_VALUE, "k", {"value": "1"}))
    assert not is_body(made(BUCKET))


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (POLICY, set()),
        (POLICY.replace("\r\n", "\n"), {"policy-unwise"}),
        (POLICY.replace("mode: testing", "mode: Testing"), {"policy-invalid"}),
        ("", {"policy-invalid"}),
        ("<html>", {"policy-invalid"}),
        (POLICY.replace("604800", "31557601"), {"policy-invalid"}),
        (POLICY.replace("604800", "86399"), {"policy-unwise"}),
        (POLICY.replace("mail.", "*."), set()),  # wide only for that domain: a rule of its own
        (ENFORCED, set()),
        (ENFORCED.replace("604800", "604799"), {"policy-max-age-short"}),
        (POLICY.replace("604800", "604799"), set()),
    ],
)
def test_what_the_policy_says(content: str, rules: set[str]) -> None:
    for rule in ("policy-invalid", "policy-unwise", "policy-max-age-short"):
        assert bool(told(rule, body(content))) is (rule in rules), rule
        assert told(rule, made(BUCKET)) == []


def test_the_shortest_max_age_is_a_figure_and_never_beyond_the_rfc() -> None:
    policy = body(ENFORCED)
    assert told("policy-max-age-short", policy, seconds=1_209_600) == [
        "policy: max_age is 604800 s in mode enforce, below 1209600 s."
    ]
    assert told("policy-max-age-short", policy, seconds=1) == []
    longest = body(ENFORCED.replace("604800", "31557600"))
    assert told("policy-max-age-short", longest, seconds=99_999_999) == []


@pytest.mark.parametrize(
    ("rule", "inputs", "is_good"),
    [
        ("policy-media-type", {"contentType": "text/plain"}, True),
        ("policy-media-type", {"contentType": "Text/Plain; charset=utf-8"}, True),
        ("policy-media-type", {"contentType": "text/plainer"}, False),
        ("policy-media-type", {"contentType": None}, False),
        ("policy-redirect", {}, True),
        ("policy-redirect", {"websiteRedirect": "/x"}, False),
        ("policy-path", {"key": ".well-known/mta-sts.txt"}, True),
        ("policy-path", {"key": "a/.well-known/mta-sts.txt"}, True),
        ("policy-path", {"key": "/.well-known/mta-sts.txt"}, False),
        ("policy-path", {"key": "a.well-known/mta-sts.txt"}, False),
        ("policy-path", {"key": "mta-sts.txt"}, False),
    ],
)
def test_the_object(rule: str, inputs: dict[str, Any], is_good: bool) -> None:
    assert (told(rule, body(**inputs)) == []) is is_good
    assert told(rule, body(**{**inputs, "key": "index.html"})) == []


def distribution(urn: str = "host", *, protect: bool = False, **more: Any) -> Any:
    inputs = {
        "aliases": ["mta-sts.example.org"],
        "origins": [{"domainName": "b.s3.us-east-1.amazonaws.com", "originPath": "/example.org"}],
        "viewerCertificate": {"minimumProtocolVersion": "TLSv1.2_2021"},
    }
    return made(DISTRIBUTION, urn, inputs | more, protect=protect)


DISABLED = {"cachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}
OPTIMIZED = {"cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"}


@pytest.mark.parametrize(
    ("control", "behaviour", "is_good"),
    [
        ("max-age=60", OPTIMIZED, True),
        ("max-age=301", OPTIMIZED, False),
        ("max-age=60, s-maxage=86400", OPTIMIZED, False),
        ("no-store", OPTIMIZED, True),
        ("private, no-cache", OPTIMIZED, True),
        ("public", OPTIMIZED, False),
        (None, OPTIMIZED, False),
        (None, DISABLED, True),
        (None, {"defaultTtl": 60.0}, True),
        (None, {"defaultTtl": 3600.0}, False),
        (None, {}, False),
    ],
)
def test_how_long_caches_keep_the_policy(
    control: str | None, behaviour: dict[str, Any], is_good: bool
) -> None:
    host = distribution(defaultCacheBehavior=behaviour)
    found = told("policy-cache-long", body(cacheControl=control), host)
    assert (found == []) is is_good


def test_a_cache_control_that_is_not_known_and_a_host_that_is_none_of_cloudfront() -> None:
    name = made(CUSTOM_DOMAIN, "n", {"hostname": "mta-sts.example.org", "service": "w"})
    worker = made(WORKER, "w", {"content": f"x = {SPELT}", "scriptName": "w"})
    assert told("policy-cache-long", name, worker, body(cacheControl=None)) == []
    assert told("policy-cache-long", distribution(), body(cacheControl=UNKNOWN)) == [
        "? cacheControl is not known yet"
    ]


def test_a_wildcard_as_wide_as_its_domain() -> None:
    for mx, count in (("*.example.org", 1), ("*.mx.example.org", 0), ("*.example.com", 0)):
        policy = body(POLICY.replace("mail.example.org", mx))
        assert len(told("policy-wildcard-wide", policy, distribution())) == count
    relative = txt("_mta-sts", "v=STSv1; id=1;")
    assert told("policy-wildcard-wide", body(POLICY.replace("mail.", "*.")), relative) == []
    unknown = told("policy-wildcard-wide", body(UNKNOWN), distribution())
    assert unknown == ["? content is not known yet"]


@pytest.mark.parametrize(
    ("values", "content", "uncovered"),
    [
        (["10 mail.example.org."], POLICY, []),
        (["10 MAIL.example.org", "20 backup.example.org"], POLICY, ["backup.example.org"]),
        (["20 backup.example.org"], POLICY.replace("testing", "none"), []),
        (["20 backup.example.org"], "no policy", []),
        (["0 .", ""], POLICY, []),
    ],
)
def test_an_mx_of_the_program_that_the_policy_does_not_list(
    values: list[str], content: str, uncovered: list[str]
) -> None:
    mx = txt("example.org", *values, type="MX", urn="mx")
    found = told("policy-mx-uncovered", mx, body(content), distribution())
    assert found == [
        f"policy: no mx of the policy covers {host}, an MX of example.org." for host in uncovered
    ]


def test_an_mx_at_cloudflare_and_one_that_is_not_known() -> None:
    inputs = {"name": "example.org", "type": "MX", "content": "backup.example.org", "priority": 10}
    assert (
        len(told("policy-mx-uncovered", made(DNS_RECORD, "mx", inputs), body(), distribution()))
        == 1
    )
    unknown = txt("example.org", UNKNOWN, type="MX", urn="mx")
    assert told("policy-mx-uncovered", unknown, body(), distribution()) == [
        "? records.0 is not known yet"
    ]
    other = txt("example.com", "10 other.example.com", type="MX", urn="mx")
    typeless = txt("example.org", "x", type=UNKNOWN, urn="t")
    assert told("policy-mx-uncovered", other, typeless, body(), distribution()) == []


def test_what_an_enforced_domain_needs_protected() -> None:
    sts = txt("_mta-sts.example.org", "v=STSv1; id=1;", urn="sts")
    host = distribution(protect=True)
    bare = remarks("policy-unprotected", sts, host, body(ENFORCED))
    assert [each.urn for each in bare] == ["sts", "policy"]
    assert remarks("policy-unprotected", sts, host, body(POLICY)) == []
    whole = (body(ENFORCED, protect=True), host)
    assert remarks("policy-unprotected", *whole) == []
    assert told("policy-unprotected", sts, host, body(UNKNOWN)) == ["? content is not known yet"]
    both = (body(UNKNOWN, urn="u"), body(ENFORCED, protect=True))
    assert [each.urn for each in remarks("policy-unprotected", host, *both)] == ["u"]


def bodies(*resources: Any) -> dict[str, list[str]]:
    return {each.name: [body.urn for body in each.bodies] for each in Stack(resources).domains}


def test_which_policy_belongs_to_which_domain() -> None:
    """By its key, by the origin of the host, by the Worker, or as the only one of one domain."""
    host = distribution(origins=[{"domainName": "b.s3.amazonaws.com", "originPath": "/x"}])
    assert bodies(host, body(key="x/.well-known/mta-sts.txt")) == {"example.org": ["policy"]}
    two = distribution("two", aliases=["mta-sts.example.com"])
    assert bodies(host, two, body(key="y/.well-known/mta-sts.txt")) == {
        "example.org": [],
        "example.com": [],
    }
    bucket = made(BUCKET, "bucket", {"bucket": "b"})
    by_urn = made(
        DISTRIBUTION,
        "three",
        {
            "aliases": ["mta-sts.example.net", "www.example.net"],
            "origins": [{"domainName": UNKNOWN}],
        },
        by={"origins": "bucket"},
    )
    policy = body(key="z/.well-known/mta-sts.txt")
    assert bodies(bucket, by_urn, two, policy)["example.net"] == ["policy"]
    unnamed = made(BUCKET, "bucket")
    made_by = made(
        OBJECT,
        "o",
        {"key": "z/.well-known/mta-sts.txt", "bucket": UNKNOWN},
        by={"bucket": "bucket"},
    )
    assert bodies(unnamed, by_urn, two, made_by)["example.net"] == ["o"]
    assert bodies(txt("_mta-sts.example.org", "v=STSv1; id=1;"), policy) == {
        "example.org": ["policy"]
    }


def test_which_script_belongs_to_which_domain() -> None:
    source = f"x = {SPELT}"
    worker = made(WORKER, "w", {"content": source, "scriptName": "w"})
    other = made(WORKER, "o", {"content": source, "scriptName": "o"})
    plain = made(WORKER, "p", {"content": "export default {}", "scriptName": "p"})
    unknown = made(WORKER, "u", {"content": UNKNOWN, "scriptName": UNKNOWN})
    name = made(CUSTOM_DOMAIN, "n", {"hostname": "mta-sts.example.org", "service": "w"})
    route = made(ROUTE, "r", {"pattern": "mta-sts.example.com/*", "script": "o"})
    later = made(
        CUSTOM_DOMAIN,
        "l",
        {"hostname": "mta-sts.example.net", "service": UNKNOWN},
        by={"service": "u"},
    )
    assert bodies(worker, other, plain, unknown, name, route, later) == {
        "example.com": ["o"],
        "example.net": ["u"],
        "example.org": ["w"],
    }
    function = made(FUNCTION, "f", {"code": source})
    host = made(DISTRIBUTION, "h", {"aliases": ["mta-sts.example.org"]}, after=("f",))
    assert bodies(function, host) == {"example.org": ["f"]}
    nameless = made(CUSTOM_DOMAIN, "n", {"hostname": UNKNOWN})
    assert bodies(nameless, worker) == {}
