"""The Cloudflare account of a stack: calls to the v4 API, with the provider's token.

This module limits the size and the time of each answer, and reads its envelope. The result in the
envelope is returned as JSON values.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import weakref
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from mtasts.cloud_catalogue import Hosting
from mtasts.destinations import Destination, is_local, is_loopback, require
from mtasts.errors import MtaStsError, UndeterminedError, UsageError
from mtasts.findings import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

BASE_URL = Hosting.CLOUDFLARE.row.provider.url
TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - a variable's name
_VARIABLE = Hosting.CLOUDFLARE.row.provider.variable
_R2_VARIABLE = "MTASTS_R2_ENDPOINT"
_TIMEOUT_SECONDS = 20.0
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)
# Cloudflare answers 1200 calls in five minutes from a user and all of its tokens together. After
# that it refuses every call until the five minutes are over (Cloudflare docs, rate limits, 2026).
_PAUSE_MAX_SECONDS = 300.0
_CALLS_AT_ONCE = 4
# httpx limits neither the size of an answer nor its whole time.
_ANSWER_MAX_BYTES = 8 * 1024 * 1024
_ANSWER_MAX_SECONDS = 60.0
# A server that answers every page with another one must not keep a run busy for ever.
_PAGES_MAX = 100
_TOO_MANY, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 429, 403, 404, 409


class CloudflareError(MtaStsError):
    """Cloudflare refused a call and changed nothing.

    ``status`` is the HTTP status, ``code`` the number of Cloudflare's error; 0 if there is none.
    """

    def __init__(self, text: str, *, status: int = 0, code: int = 0) -> None:
        """Keep the text and Cloudflare's numbers."""
        self.status, self.code = status, code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class CloudflareSettings:
    """Account id, API token and endpoints; ``r2_endpoint`` is the URL of R2's S3 API."""

    account_id: str
    token: str = field(repr=False)
    base_url: str = BASE_URL
    r2_endpoint: str = ""

    @classmethod
    def from_config(
        cls, account_id: str, values: Mapping[str, object], environment: Mapping[str, str]
    ) -> CloudflareSettings:
        """The settings from a stack's ``cloudflare:`` keys and the environment.

        A key of the config is used before the variable, as the provider does it.

        Raises:
            UsageError: there is no token, or an endpoint is neither at Cloudflare nor on this
                machine, or only one of API and R2 is on this machine: the ledger and the account
                would not belong together.
        """
        token = values.get("cloudflare:apiToken") or environment.get(TOKEN_VARIABLE)
        is_encrypted = isinstance(token, dict)  # {"secure": ...}
        if is_encrypted:
            token = environment.get(TOKEN_VARIABLE)
        if not token:
            raise UsageError(
                "the token in the stack file is encrypted, and only Pulumi can decrypt it: set "
                f"{TOKEN_VARIABLE} for the commands of mtasts"
                if is_encrypted
                else f"no token for Cloudflare: set {TOKEN_VARIABLE}, which Pulumi reads as well"
            )
        url = _base_url(values, environment)
        endpoint = environment.get(_R2_VARIABLE, "")
        if endpoint and not (is_loopback(endpoint) and is_loopback(url)):
            raise UsageError(
                f"{_R2_VARIABLE} may lead to a loopback address only, and only if "
                f"{_VARIABLE} leads to one too: unset {_R2_VARIABLE}"
            )
        default = f"https://{account_id}.r2.cloudflarestorage.com"
        return cls(account_id, str(token), url, endpoint or default)


class CloudflareAccount:
    """One Cloudflare account. Every call has a deadline, a size limit and a limit of retries.

    Calls block, so async code makes them in threads. Few calls run at once with one token, for all
    stacks of this process together; a call that waits for a retry keeps its slot.

    Every method that calls the API raises `CloudflareError` if Cloudflare refused (the text names a
    missing permission), and `UndeterminedError` if it did not answer or sent no API answer.
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
        """The path of the account in the API."""
        return f"/accounts/{self.settings.account_id}"

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a GET.

        Raises:
            CloudflareError: Cloudflare refused; the text names a missing permission.
            UndeterminedError: Cloudflare did not answer, or sent no API answer.
        """
        return self._ask("GET", path, query)["result"]

    def find(self, path: str) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a GET, or None for status 404; raises as `get`."""
        try:
            return self.get(path)
        except CloudflareError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def pages(self, path: str, **query: str) -> list[Any]:
        """The rows of all pages of a list.

        Raises:
            CloudflareError: as `get`.
            UndeterminedError: as `get`, or there are more pages than are read.
        """
        rows: list[Any] = []
        for page in range(1, _PAGES_MAX + 1):
            answer = self._ask("GET", path, {**query, "per_page": "50", "page": str(page)})
            rows += answer["result"]
            if page >= (answer.get("result_info") or {}).get("total_pages", 1):
                return rows
        raise UndeterminedError(f"Cloudflare, {path}: more than {_PAGES_MAX} pages")

    def put(self, path: str, body: object) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a PUT; raises as `get`. It is not repeated if it may have succeeded."""
        return self._ask("PUT", path, {}, body)["result"]

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401 - any JSON value
        """The result of a POST; raises as `get`."""
        return self._ask("POST", path, {}, body)["result"]

    def remove(self, path: str) -> None:
        """DELETE; status 404 is no error. Raises as `get`."""
        try:
            self._ask("DELETE", path, {})
        except CloudflareError as error:
            if error.status != _NOT_FOUND:
                raise

    def make(self, path: str, body: object) -> None:
        """POST; status 409 (it exists already) is no error. Raises as `get`."""
        try:
            self.post(path, body)
        except CloudflareError as error:
            if error.status != _CONFLICT:
                raise

    def identify(self) -> str:
        """The id of the account, after a check that the token can read it.

        Raises:
            UndeterminedError: Cloudflare refused the token or did not answer.
        """
        try:
            # A token lists the accounts that it can read, so this call fails with another token.
            self.get(f"{self.path}/workers/subdomain")
        except CloudflareError as error:
            raise UndeterminedError(f"the Cloudflare account: {error}") from error
        return self.settings.account_id

    def workers_dev(self) -> str:
        """The workers.dev name of the account, below which each Worker has a name.

        Raises:
            CloudflareError: as `get`, or the account has no such name yet.
            UndeterminedError: as `get`.
        """
        found = self.get(f"{self.path}/workers/subdomain")
        name = str((found or {}).get("subdomain") or "")
        if not name:
            raise CloudflareError(
                "the account has no workers.dev subdomain, and mtasts proves a Worker at that name "
                "before DNS leads to it: open Workers in the account's dashboard once"
            )
        return f"{name}.workers.dev"

    def token_id(self) -> str:
        """The id of the token, which is R2's access key id; raises as `get`."""
        return self._verified()[1]

    def granted(self) -> frozenset[str]:
        """The names of the token's permission groups, for any zone or account.

        Raises:
            CloudflareError: the token may not read itself (API Tokens Read).
            UndeterminedError: Cloudflare did not answer, or sent no policies of a token.
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
        """The API path for tokens of this kind, and the token's id."""
        if self._token is None:
            path = "/user/tokens"
            try:
                found = self.get(f"{path}/verify")
            except CloudflareError:  # a token of the account, not of a user
                path = f"{self.path}/tokens"
                found = self.get(f"{path}/verify")
            self._token = path, str(found["id"])
        return self._token

    def r2_keys(self) -> tuple[str, str]:
        """Access key id and secret for R2's S3 API; raises as `get`.

        They are the token's id and the SHA-256 of the token (Cloudflare docs, R2, authentication).
        """
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
        """One answer; a call that failed for a moment is repeated after a pause.

        Raises:
            CloudflareError: Cloudflare refused.
            UndeterminedError: it did not answer the last repetition; a write may have been done.
        """
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
    """The semaphore that all accounts with one token share in this process."""
    return threading.BoundedSemaphore(_CALLS_AT_ONCE)


def _base_url(values: Mapping[str, object], environment: Mapping[str, str]) -> str:
    """The URL of the API, from config or environment, or else Cloudflare's own.

    Raises:
        UsageError: the environment is a local cloud's, and the URL is Cloudflare's own.
        DestinationError: it leads neither to Cloudflare nor to this machine.
    """
    source, url = _VARIABLE, environment.get(_VARIABLE) or BASE_URL
    if values.get("cloudflare:baseUrl"):
        source, url = "cloudflare:baseUrl", str(values["cloudflare:baseUrl"])
    found = require(Hosting.CLOUDFLARE, source, url)
    if is_local(environment) and found is Destination.CLOUD:
        raise UsageError(
            f"{source} leads to Cloudflare itself, and this environment is a local cloud's: "
            'remove it, or eval "$(mtasts local env --unset)"'
        )
    return url.rstrip("/")


def _wanted_pause(answer: httpx.Response) -> float:
    """The seconds that ``Retry-After`` asks for, at most five minutes (RFC 9110 section 10.2.3)."""
    text = answer.headers.get("retry-after", "")
    return min(float(text), _PAUSE_MAX_SECONDS) if text.isascii() and text.isdecimal() else 0.0


def _content(answer: httpx.Response, path: str) -> bytes:
    """The body of an answer, within limits of size and time.

    Raises:
        UndeterminedError: it exceeds one of them.
    """
    end = time.monotonic() + _ANSWER_MAX_SECONDS
    found = bytearray()
    for chunk in answer.iter_bytes():
        found += chunk
        if len(found) > _ANSWER_MAX_BYTES or time.monotonic() > end:
            raise UndeterminedError(f"Cloudflare, {path}: the answer is too large or too slow")
    return bytes(found)


def _read(answer: httpx.Response, content: bytes, path: str) -> dict[str, Any]:
    """What the API answered.

    Raises:
        CloudflareError: it refused; the text names a permission that the token lacks.
        UndeterminedError: it is no answer of the API.
    """
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


# The permission that a path needs, in Cloudflare's words; the first row found in the path is used.
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
