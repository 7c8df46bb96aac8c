"""Function URLs: what Lambda answers at them, by running the uploaded code in a process of its own.

Each request starts a process, as a function that was not called for a while does.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import sys
import tempfile
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mtasts.localcloud.cloud import ACCOUNT, REGION
from mtasts.localcloud.http1 import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.http1 import HttpRequest

# Of the whole event, in which a body of another media type than text is base64.
EVENT_MAX_BYTES = 6 * 1024 * 1024
_TEXT = ("text/", "application/json", "application/xml", "application/javascript")
_ERROR = HttpResponse(502, (("Content-Type", "text/plain"),), b"Internal Server Error")
_FORBIDDEN = HttpResponse(403, (("Content-Type", "application/json"),), b'{"Message":"Forbidden"}')


class FunctionUrls:
    """The function URLs of the account; ``aws_url`` is where the functions' own calls go."""

    def __init__(self, aws_url: str) -> None:
        """Nothing is run yet."""
        self._aws_url = aws_url
        self._running: Counter[str] = Counter()

    def hosts(self) -> list[str]:
        """The host name of each URL."""
        return [host for host, _ in self._found()]

    def certificate_names(self, host: str) -> tuple[str, ...]:
        """The names of the certificate for a host; empty where there is no such URL."""
        return (host,) if host in self.hosts() else ()

    async def respond(self, host: str, request: HttpRequest) -> HttpResponse:
        """What the function of the host answers.

        Lambda runs no more at once than the function reserves, and tells the others 429.
        """
        function = next((each for name, each in self._found() if name == host), None)
        if function is None or not _is_public(function):
            return _FORBIDDEN
        event = json.dumps(_event(host, request))
        if len(event) > EVENT_MAX_BYTES:
            return HttpResponse(413, (("Content-Type", "text/plain"),), b"Request Too Long")
        name, reserved = function.function_name, function.reserved_concurrency
        if reserved is not None and self._running[name] >= int(reserved):
            body = b'{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User"}'
            return HttpResponse(429, (("Content-Type", "application/json"),), body)
        self._running[name] += 1
        try:
            return await self._run(function, event)
        finally:
            self._running[name] -= 1

    def _found(self) -> Iterator[tuple[str, Any]]:
        """Each URL's host, and its function as moto has it."""
        from moto.awslambda.models import lambda_backends  # after the environment

        backend = lambda_backends[ACCOUNT][REGION]
        for function in backend.list_functions(None):
            if function.url_config is not None:
                yield str(urlsplit(function.url_config.url).hostname), function

    async def _run(self, function: Any, event: str) -> HttpResponse:  # moto's own
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "AWS_ENDPOINT_URL": self._aws_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **function.environment_vars,
        }
        with tempfile.TemporaryDirectory(prefix="function-") as folder:
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(folder)
            words = ("-m", "mtasts.localcloud.aws.run_function", function.handler)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *words,
                cwd=folder,
                env={**environment, "PYTHONPATH": os.pathsep.join([folder, *_import_path()])},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(float(function.timeout)):
                    said, _ = await process.communicate(event.encode())
            except TimeoutError:
                return _ERROR
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
        return _response(said) if process.returncode == 0 else _ERROR


def _import_path() -> list[str]:
    """Where this process has mtasts and boto3 from."""
    return [str(Path(each).absolute()) for each in sys.path if each]


def _is_public(function: Any) -> bool:  # moto's own
    """Whether anybody may call it by its URL, for which Lambda wants two statements."""
    rows = function.policy.statements
    by_url = any(
        each.get("Action") == "lambda:InvokeFunctionUrl"
        and each.get("Principal") == "*"
        and "NONE" in json.dumps(each)
        for each in rows
    )
    invoked = any(
        each.get("Action") == "lambda:InvokeFunction"
        and each.get("Principal") == "*"
        and each.get("InvokedViaFunctionUrl") is True
        for each in rows
    )
    return by_url and invoked and function.url_config.config.get("AuthType") == "NONE"


def _event(host: str, request: HttpRequest) -> dict[str, Any]:
    """A request in payload format 2.0."""
    path, _, query = request.target.partition("?")
    media_type = request.header("content-type")
    is_text = media_type.startswith(_TEXT) and _is_utf_8(request.body)
    body = request.body.decode() if is_text else base64.b64encode(request.body).decode("ascii")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(request.headers),
        "requestContext": {
            "domainName": host,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.header("user-agent"),
            },
        },
        **({"body": body, "isBase64Encoded": not is_text} if request.body else {}),
    }


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _response(said: bytes) -> HttpResponse:
    """What a function returned; what it printed before is its log."""
    try:
        answer = json.loads(said.splitlines()[-1])
        headers = tuple((str(name), str(value)) for name, value in answer["headers"].items())
        return HttpResponse(int(answer["statusCode"]), headers, answer["body"].encode())
    except (ValueError, KeyError, IndexError, AttributeError):
        return _ERROR
