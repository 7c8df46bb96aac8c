"""The toolkit's own calls to Cloudflare: against the local v4 API, and against odd answers."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cloudflare_api import api, settings
from loopback import closed_port

from mtasts.cloud.cloudflare.account import (
    BASE_URL,
    CloudflareAccount,
    CloudflareError,
    CloudflareSettings,
)
from mtasts.cloud.cloudflare.caches import WorkerCaches
from mtasts.cloud.cloudflare.zones import CloudflareZones
from mtasts.errors import UndeterminedError, UsageError
from mtasts.localcloud.cloud import CLOUDFLARE_TOKEN
from mtasts.localcloud.cloudflare.account import ACCOUNT_ID, NAME_SERVERS
from mtasts.localcloud.cloudflare.api import TOKEN_ID, Faults
from mtasts.zones import HostedZone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENVIRONMENT = {"CLOUDFLARE_API_TOKEN": "t"}
LOCAL = ENVIRONMENT | {
    "MTASTS_LOCAL_CLOUD": "/somewhere",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "CLOUDFLARE_BASE_URL": "http://127.0.0.1:1",
}


@contextmanager
def answering(*answers: tuple[int, str], retry_after: int = 3) -> Iterator[tuple[str, list[str]]]:
    """A server that answers so in turn, the last for ever; its address, and the paths asked for."""
    asked: list[str] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            with lock:
                status, body = answers[min(len(asked), len(answers) - 1)]
                asked.append(self.path)
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", str(retry_after))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_PUT = respond  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing: the test knows."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def ok(result: object) -> tuple[int, str]:
    return 200, json.dumps({"success": True, "errors": [], "result": result})


def refusal(status: int, code: int, message: str = "no") -> tuple[int, str]:
    errors = [{"code": code, "message": message}]
    return status, json.dumps({"success": False, "errors": errors, "result": None})


class Pauses(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_the_token_and_the_address_come_from_the_config_and_then_the_environment() -> None:
    made = CloudflareSettings.from_config
    found = made("a", {}, ENVIRONMENT)
    assert (found.token, found.base_url) == ("t", BASE_URL)
    assert found.r2_endpoint == "https://a.r2.cloudflarestorage.com"
    assert "'t'" not in repr(found)
    values = {"cloudflare:apiToken": "mine", "cloudflare:baseUrl": "http://127.0.0.1:1/v4/"}
    own = {
        **ENVIRONMENT,
        "CLOUDFLARE_BASE_URL": "http://127.0.0.1:3",
        "MTASTS_R2_ENDPOINT": "http://127.0.0.1:2",
    }
    found = made("a", values, own)
    assert (found.token, found.base_url) == ("mine", "http://127.0.0.1:1/v4")
    assert found.r2_endpoint == "http://127.0.0.1:2"
    assert made("a", {"cloudflare:apiToken": {"secure": "x"}}, ENVIRONMENT).token == "t"


@pytest.mark.parametrize(
    ("values", "environment", "says"),
    [
        ({}, {}, "set CLOUDFLARE_API_TOKEN"),
        (
            {"cloudflare:apiToken": {"secure": "x"}},
            {},
            "only Pulumi can decrypt it: set CLOUDFLARE_API_TOKEN",
        ),
        ({}, {**LOCAL, "MTASTS_R2_ENDPOINT": "https://s3.example"}, "a loopback address only"),
        ({}, {**ENVIRONMENT, "MTASTS_R2_ENDPOINT": "http://127.0.0.1:2"}, "one too: unset"),
        (
            {},
            {**ENVIRONMENT, "CLOUDFLARE_BASE_URL": "https://api.example"},
            "would go there",
        ),
        ({"cloudflare:baseUrl": "https://api.example"}, LOCAL, "cloudflare:baseUrl is"),
        ({"cloudflare:baseUrl": BASE_URL}, LOCAL, "this environment is a local cloud's"),
    ],
)
def test_without_a_token_or_led_astray_nothing_is_called(
    values: dict[str, object], environment: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        CloudflareSettings.from_config("a", values, environment)


def test_the_local_api_answers_as_the_real_one() -> None:
    with api() as servers:
        zone = servers.account.add_zone("example.gov")
        account = CloudflareAccount(settings(servers.api.url))
        assert account.workers_dev() == "local-agency.workers.dev"
        secret = hashlib.sha256(CLOUDFLARE_TOKEN.encode()).hexdigest()
        assert account.r2_keys() == account.r2_keys() == (TOKEN_ID, secret)
        assert account.find(f"{account.path}/r2/buckets/none") is None
        listing = CloudflareZones(account)
        found = HostedZone(zone.id, "example.gov", frozenset(NAME_SERVERS))
        assert listing.list(None) == (found,)
        assert listing.complete(None, found) == found


def test_a_long_list_comes_in_pages() -> None:
    with api() as servers:
        for number in range(120):
            servers.account.add_zone(f"d{number}.example")
        assert len(CloudflareZones(CloudflareAccount(settings(servers.api.url))).list(None)) == 120


def test_what_is_there_already_is_no_error_where_it_is_to_be_made() -> None:
    with api() as servers:
        account = CloudflareAccount(settings(servers.api.url))
        path = f"{account.path}/r2/buckets"
        for _ in range(2):
            account.make(path, {"name": "mine"})
        account.put(f"{path}/mine/lock", {"rules": [1]})
        assert account.get(f"{path}/mine/lock") == {"rules": [1]}
        with pytest.raises(CloudflareError, match="Invalid request"):
            account.make(path, {})


@pytest.mark.parametrize(
    ("permission", "ask", "named"),
    [
        ("Zone Read", lambda a: a.pages("/zones"), r"Zone \(zone, Read\)"),
        ("Workers Scripts Read", lambda a: a.workers_dev(), r"Workers Scripts \(account, Edit\)"),
    ],
)
def test_a_missing_permission_is_named(
    permission: str, ask: Callable[[CloudflareAccount], object], named: str
) -> None:
    with api() as servers:
        servers.api.faults = Faults(lacking=frozenset({permission}))
        account = CloudflareAccount(settings(servers.api.url))
        with pytest.raises(CloudflareError, match=f"Authentication error .10000.; .*{named}"):
            ask(account)
        with pytest.raises(CloudflareError, match="Invalid access token"):
            ask(CloudflareAccount(settings(servers.api.url, "another")))


def test_zones_that_cannot_be_listed_are_not_known() -> None:
    with api() as servers:
        listing = CloudflareZones(CloudflareAccount(settings(servers.api.url, "another")))
        with pytest.raises(UndeterminedError, match="the zones of the Cloudflare account"):
            listing.list(None)


def test_zones_that_hold_no_mail_domain_are_passed_over() -> None:
    rows = [
        {"id": "1", "name": "a.example", "status": "initializing", "name_servers": ["ns.example"]},
        {"id": "2", "name": "b.example", "status": "active", "name_servers": None},
        {"id": "3", "name": "_x.example", "status": "active", "name_servers": ["ns.example"]},
        {"id": "4", "name": "c.example", "status": "active", "name_servers": ["ns.example"]},
        {"id": "5", "name": "d.example", "status": "moved", "name_servers": ["ns.example"]},
    ]
    with answering(ok(rows)) as (url, _):
        found = CloudflareZones(CloudflareAccount(settings(url))).list(None)
    assert [each.name for each in found] == ["c.example", "d.example"]


def test_a_list_without_end_is_not_taken_for_a_whole_one() -> None:
    rows = {"success": True, "errors": [], "result": [1], "result_info": {"total_pages": 101}}
    with answering((200, json.dumps(rows))) as (url, asked):
        with pytest.raises(UndeterminedError, match="more than 100 pages"):
            CloudflareAccount(settings(url)).pages("/zones")
        assert len(asked) == 100


def test_an_answer_without_end_is_cut() -> None:
    with (
        answering(ok("x" * (8 * 1024 * 1024))) as (url, _),
        pytest.raises(UndeterminedError, match="the answer is too large or too slow"),
    ):
        CloudflareAccount(settings(url)).get("/x")


def test_a_rate_limit_is_waited_out_as_long_as_it_asks() -> None:
    pauses = Pauses()
    with answering(refusal(429, 971), ok({"id": 1})) as (url, asked):
        account = CloudflareAccount(settings(url), pause=pauses)
        assert account.put("/x", {}) == {"id": 1}
    assert (len(asked), pauses) == (2, [3.0])


def test_a_block_of_five_minutes_is_waited_out_and_few_calls_wait_at_once() -> None:
    lock, now, most, everybody = threading.Lock(), [0], [0], threading.Barrier(4, timeout=20)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        with lock:
            waited.append(seconds)
            now[0] += 1
            most[0] = max(most[0], now[0])
        everybody.wait()
        with lock:
            now[0] -= 1

    with answering(*[refusal(429, 971)] * 4, ok({"id": 1}), retry_after=287) as (url, _):
        # Stacks of one account, each with an account of its own here.
        accounts = [CloudflareAccount(settings(url), pause=pause) for _ in range(3)]
        with ThreadPoolExecutor(12) as pool:
            found = list(pool.map(lambda number: accounts[number % 3].get("/x"), range(12)))
    assert found == [{"id": 1}] * 12
    assert (waited, most) == ([287.0] * 4, [4])


def test_a_server_that_fails_is_asked_again_and_in_the_end_given_up() -> None:
    pauses = Pauses()
    with answering((502, "<html>")) as (url, asked):
        account = CloudflareAccount(settings(url), pause=pauses)
        with pytest.raises(UndeterminedError, match="/x: status 502"):
            account.get("/x")
        assert (len(asked), pauses) == (5, [0.5, 1.0, 2.0, 4.0])
        with pytest.raises(UndeterminedError, match="status 502"):
            account.put("/x", {})  # it may have been done
        assert len(asked) == 6


def test_nobody_there_is_not_known() -> None:
    pauses = Pauses()
    account = CloudflareAccount(settings(f"http://127.0.0.1:{closed_port()}"), pause=pauses)
    with pytest.raises(UndeterminedError, match="refused"):
        account.get("/x")
    assert len(pauses) == 4
    with pytest.raises(UndeterminedError, match="refused"):
        account.put("/x", {})
    assert len(pauses) == 4


@pytest.mark.parametrize(
    "body",
    ["<html>", "[]", "{}", '{"success": false, "errors": []}', '{"success": false, "errors": 1}'],
)
def test_what_is_no_answer_of_the_api_is_not_known(body: str) -> None:
    with (
        answering((200, body)) as (url, _),
        pytest.raises(UndeterminedError, match="no API answer"),
    ):
        CloudflareAccount(settings(url)).get("/x")


def test_a_token_of_the_account_is_asked_for_there() -> None:
    with answering(refusal(401, 1000), ok({"id": "of the account"})) as (url, asked):
        assert CloudflareAccount(settings(url)).token_id() == "of the account"
    assert asked == [
        "/user/tokens/verify",
        f"/accounts/{ACCOUNT_ID}/tokens/verify",
    ]


@pytest.mark.parametrize(
    ("policies", "expect"),
    [
        pytest.param([("allow", "A"), ("allow", "B")], {"A", "B"}, id="all-of-them"),
        pytest.param([("allow", "A"), ("deny", "A"), ("allow", "B")], {"B"}, id="denied"),
        pytest.param([], set(), id="none"),
        pytest.param(None, None, id="no-policies"),
        pytest.param([("maybe", "A")], None, id="another-effect"),
    ],
)
def test_a_tokens_permissions_are_read_where_it_is_kept(
    policies: list[tuple[str, str]] | None, expect: set[str] | None
) -> None:
    rows = (
        None
        if policies is None
        else [
            {"effect": effect, "permission_groups": [{"name": name}]} for effect, name in policies
        ]
    )
    answers = (refusal(401, 1000), ok({"id": "t1"}), ok({"policies": rows}))
    with answering(*answers) as (url, asked):
        account = CloudflareAccount(settings(url))
        if expect is None:
            with pytest.raises(UndeterminedError, match="no policies of a token"):
                account.granted()
        else:
            assert account.granted() == expect
    assert asked[-1] == f"/accounts/{ACCOUNT_ID}/tokens/t1"


def test_an_account_without_workers_dev_is_told_how_to_get_it() -> None:
    with (
        answering(ok({"subdomain": ""})) as (url, _),
        pytest.raises(CloudflareError, match="open Workers in the account's dashboard"),
    ):
        CloudflareAccount(settings(url)).workers_dev()


def test_a_refusal_that_is_not_about_what_is_missing_is_one() -> None:
    with answering(refusal(400, 7)) as (url, _), pytest.raises(CloudflareError, match=r"no \(7\)"):
        CloudflareAccount(settings(url)).find("/x")


async def test_a_worker_has_no_cache_to_purge_and_is_watched_instead() -> None:
    caches = WorkerCaches(30.0)
    await caches.purge(60)
    assert (await caches.seconds_until_lapsed(), caches.settle_seconds) == (0.0, 30.0)
