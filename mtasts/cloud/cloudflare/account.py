"""The toolkit's own calls to Cloudflare's v4 API, with the token that the provider uses too."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import weakref
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from mtasts.destinations import (
    CLOUDFLARE_VARIABLE,
    Destination,
    is_local,
    is_loopback,
    require_cloudflare,
)
from mtasts.errors import MtaStsError, UndeterminedError, UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

BASE_URL = "https://api.cloudflare.com/client/v4"
TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - a variable's name
_R2_VARIABLE = "MTASTS_R2_ENDPOINT"
_TIMEOUT_SECONDS = 20.0
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)
# 1200 calls in five minutes are answered, to all that a user and its tokens do together; past that
# none is until the five minutes are over (Cloudflare's page on rate limits, 2026).
_PAUSE_MAX_SECONDS = 300.0
_CALLS_AT_ONCE = 4
_ANSWER_MAX_BYTES = 8 * 1024 * 1024
_ANSWER_MAX_SECONDS = 60.0
_PAGES_MAX = 100
_TOO_MANY, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 429, 403, 404, 409


class CloudflareError(MtaStsError):
    """Cloudflare refused a call; ``status`` and ``code`` are its own, and nothing was changed."""

    def __init__(self, text: str, *, status: int = 0, code: int = 0) -> None:
        """Carry the text and what Cloudflare called it."""
        self.status, self.code = status, code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class CloudflareSettings:
    """Whose account it is and how to reach it; ``r2_endpoint`` is that of R2's S3 API."""

    account_id: str
    token: str = field(repr=False)
    base_url: str = BASE_URL
    r2_endpoint: str = ""

    @classmethod
    def from_config(
        cls, account_id: str, values: Mapping[str, object], environment: Mapping[str, str]
    ) -> CloudflareSettings:
        """The settings that a stack's ``cloudflare:`` keys and the environment make.

        As the provider has it, the config comes before the environment.

        Raises:
            UsageError: there is no token, the API or R2 is led elsewhere, or one of them to this
                machine and the other not: the ledger would be another than the account's.
        """
        token = values.get("cloudflare:apiToken") or environment.get(TOKEN_VARIABLE)
        if isinstance(token, dict):  # encrypted for the engine alone
            token = environment.get(TOKEN_VARIABLE)
        if not token:
            raise UsageError(
                f"no token for Cloudflare: set {TOKEN_VARIABLE}, or "
                "pulumi config set --secret cloudflare:apiToken -s STACK"
            )
        url = _base_url(values, environment)
        endpoint = environment.get(_R2_VARIABLE, "")
        if endpoint and not (is_loopback(endpoint) and is_loopback(url)):
            raise UsageError(
                f"{_R2_VARIABLE} may lead to a loopback address only, and only where "
                f"{CLOUDFLARE_VARIABLE} leads to one too: unset {_R2_VARIABLE}"
            )
        default = f"https://{account_id}.r2.cloudflarestorage.com"
        return cls(account_id, str(token), url, endpoint or default)


class CloudflareAccount:
    """An account as the toolkit sees it: bounded answers, deadlines, and bounded retries.

    Calls block and belong in threads. Few are made at once with one token, however many stacks of
    this process use it; one that has to wait keeps its place.
    """

    def __init__(
        self, settings: CloudflareSettings, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Prepare the account; nothing is called yet."""
        self.settings = settings
        self._pause = pause
        self._lock = threading.Lock()
        digest = hashlib.sha256(settings.token.encode("utf-8")).hexdigest()
        self._slots = _slots(settings.base_url, digest)
        self._client: httpx.Client | None = None
        self._token: tuple[str, str] | None = None

    @property
    def path(self) -> str:
        """Where the account lies in the API."""
        return f"/accounts/{self.settings.account_id}"

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a GET.

        Raises:
            CloudflareError: Cloudflare refused; a missing permission is named as such.
            UndeterminedError: nobody answered, or what came is no answer.
        """
        return self._ask("GET", path, query)["result"]

    def find(self, path: str) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a GET, or None where there is nothing; raises as `get`."""
        try:
            return self.get(path)
        except CloudflareError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def pages(self, path: str, **query: str) -> list[Any]:
        """Every row of a list; raises as `get`."""
        rows: list[Any] = []
        for page in range(1, _PAGES_MAX + 1):
            answer = self._ask("GET", path, {**query, "per_page": "50", "page": str(page)})
            rows += answer["result"]
            if page >= (answer.get("result_info") or {}).get("total_pages", 1):
                return rows
        raise UndeterminedError(f"Cloudflare, {path}: more than {_PAGES_MAX} pages")

    def put(self, path: str, body: object) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a PUT, which is not tried again where it may have been done."""
        return self._ask("PUT", path, {}, body)["result"]

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a POST; raises as `get`."""
        return self._ask("POST", path, {}, body)["result"]

    def remove(self, path: str) -> None:
        """DELETE what may be gone already, which is no error; raises as `get`."""
        try:
            self._ask("DELETE", path, {})
        except CloudflareError as error:
            if error.status != _NOT_FOUND:
                raise

    def make(self, path: str, body: object) -> None:
        """POST what may be there already, which is no error; raises as `get`."""
        try:
            self.post(path, body)
        except CloudflareError as error:
            if error.status != _CONFLICT:
                raise

    def workers_dev(self) -> str:
        """The account's own domain, below which its Workers answer; raises as `get`.

        Raises:
            CloudflareError: it has none yet.
        """
        found = self.get(f"{self.path}/workers/subdomain")
        name = str((found or {}).get("subdomain") or "")
        if not name:
            raise CloudflareError(
                "the account has no workers.dev subdomain, at which a Worker is proven before DNS "
                "leads to it: open Workers in its dashboard once"
            )
        return f"{name}.workers.dev"

    def token_id(self) -> str:
        """The id of the token, which is R2's access key id; raises as `get`."""
        return self._verified()[1]

    def granted(self) -> frozenset[str]:
        """The permission groups of the token, by name, whatever zone or account each is for.

        Raises:
            CloudflareError: the token may not read itself (API Tokens Read).
            UndeterminedError: nobody answered, or what came is no answer.
        """
        path, id_ = self._verified()
        found = self.get(f"{path}/{id_}")
        names: dict[str, set[str]] = {"allow": set(), "deny": set()}
        try:
            for policy in found["policies"]:
                groups = policy["permission_groups"]
                names[policy["effect"]].update(str(each["name"]) for each in groups)
        except (KeyError, TypeError, AttributeError) as error:
            raise UndeterminedError(f"Cloudflare, {path}: no policies of a token") from error
        return frozenset(names["allow"] - names["deny"])

    def _verified(self) -> tuple[str, str]:
        """Where the token is kept, and its id."""
        if self._token is None:
            path = "/user/tokens"
            try:
                found = self.get(f"{path}/verify")
            except CloudflareError:  # one that belongs to the account, not to a user
                path = f"{self.path}/tokens"
                found = self.get(f"{path}/verify")
            self._token = path, str(found["id"])
        return self._token

    def r2_keys(self) -> tuple[str, str]:
        """Access key and secret of R2's S3 API, which Cloudflare derives from the token."""
        secret = hashlib.sha256(self.settings.token.encode("utf-8")).hexdigest()
        return self.token_id(), secret

    def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: object = None
    ) -> dict[str, Any]:
        with self._slots:
            return self._answer(method, path, query, body)

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], body: object
    ) -> dict[str, Any]:
        import httpx  # 0.1 s; not every command needs it

        client = self._made()
        pauses = list(_PAUSES_SECONDS)
        while True:
            wanted = 0.0
            try:
                with client.stream(method, path, params=dict(query), json=body) as answer:
                    content = _content(answer, path)
            except httpx.TransportError as error:
                why = printable(str(error)) or type(error).__name__
                if not pauses or method != "GET":
                    raise UndeterminedError(f"Cloudflare, {path}: {why}") from error
            else:
                if answer.status_code != _TOO_MANY and answer.status_code < 500:
                    return _read(answer, content, path)
                if not pauses or (method != "GET" and answer.status_code != _TOO_MANY):
                    raise UndeterminedError(f"Cloudflare, {path}: status {answer.status_code}")
                wanted = _wanted_pause(answer)
            self._pause(max(pauses.pop(0), wanted))

    def _made(self) -> httpx.Client:
        import httpx  # as above

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    base_url=self.settings.base_url,
                    headers={"Authorization": f"Bearer {self.settings.token}"},
                    timeout=_TIMEOUT_SECONDS,
                )
                weakref.finalize(self, self._client.close)
            return self._client


@cache
def _slots(_base_url: str, _token_digest: str) -> threading.Semaphore:
    """The calls at once that everybody in this process with one token shares."""
    return threading.BoundedSemaphore(_CALLS_AT_ONCE)


def _base_url(values: Mapping[str, object], environment: Mapping[str, str]) -> str:
    source, url = CLOUDFLARE_VARIABLE, environment.get(CLOUDFLARE_VARIABLE) or BASE_URL
    if values.get("cloudflare:baseUrl"):
        source, url = "cloudflare:baseUrl", str(values["cloudflare:baseUrl"])
    found = require_cloudflare(source, url)
    if is_local(environment) and found is Destination.CLOUD:
        raise UsageError(
            f"{source} leads to Cloudflare itself, and this environment is a local cloud's: "
            'remove it, or eval "$(mtasts local env --unset)"'
        )
    return url.rstrip("/")


def _wanted_pause(answer: httpx.Response) -> float:
    """What ``Retry-After`` asks for, within bounds (RFC 9110 section 10.2.3)."""
    text = answer.headers.get("retry-after", "")
    return min(float(text), _PAUSE_MAX_SECONDS) if text.isascii() and text.isdecimal() else 0.0


def _content(answer: httpx.Response, path: str) -> bytes:
    """The body of an answer, unpacked; no more of it, and for no longer, than any is worth."""
    end = time.monotonic() + _ANSWER_MAX_SECONDS
    found = bytearray()
    for chunk in answer.iter_bytes():
        found += chunk
        if len(found) > _ANSWER_MAX_BYTES or time.monotonic() > end:
            raise UndeterminedError(f"Cloudflare, {path}: an answer without end")
    return bytes(found)


def _read(answer: httpx.Response, content: bytes, path: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
        errors = document["errors"]
        if document["success"]:
            return dict(document)
        code, message = int(errors[0]["code"]), printable(str(errors[0]["message"]), 300)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        status = answer.status_code
        raise UndeterminedError(f"Cloudflare, {path}: no API answer, status {status}") from error
    text = f"Cloudflare refuses {path}: {message} ({code})"
    if answer.status_code == _FORBIDDEN:
        text += f"; the token lacks a permission for it: {_permission(path)}"
    raise CloudflareError(text, status=answer.status_code, code=code)


# What a token needs for a path, by a piece of it; Cloudflare's own names.
_PERMISSIONS = (
    ("/workers/routes", "Workers Routes (zone, Edit)"),
    ("/workers/", "Workers Scripts (account, Edit)"),
    ("/r2/", "Workers R2 Storage (account, Edit)"),
    ("/dns_records", "DNS (zone, Edit)"),
    ("/settings/", "Zone Settings (zone, Read)"),
    ("/rulesets/", "Zone WAF (zone, Read)"),
    ("/bot_management", "Bot Management (zone, Read)"),
    ("/ssl/", "SSL and Certificates (zone, Read)"),
    ("/zones", "Zone (zone, Read)"),
)


def _permission(path: str) -> str:
    return next((name for piece, name in _PERMISSIONS if piece in path), "see its documentation")
