"""Lambda function URLs: each request runs the uploaded code in a new process.

That is Lambda's cold start; the stand-in has no warm one. See "Function URLs" in the Lambda
developer guide.
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

# Lambda's limit for the whole event. A body that is not text is base64 in it: a third larger.
EVENT_MAX_BYTES = 6 * 1024 * 1024
_TEXT = ("text/", "application/json", "application/xml", "application/javascript")
_ERROR = HttpResponse(502, (("Content-Type", "text/plain"),), b"Internal Server Error")
_FORBIDDEN = HttpResponse(403, (("Content-Type", "application/json"),), b'{"Message":"Forbidden"}')


class FunctionUrls:
    """The function URLs of the account."""

    def __init__(self, aws_url: str) -> None:
        """Serve the functions of moto; their own calls to AWS go to ``aws_url``."""
        self._aws_url = aws_url
        self._running: Counter[str] = Counter()

    def hosts(self) -> list[str]:
        """The host names of all function URLs."""
        return [host for host, _ in self._found()]

    def certificate_names(self, host: str) -> tuple[str, ...]:
        """The names of the certificate for ``host``; empty if no function URL has that host."""
        return (host,) if host in self.hosts() else ()

    async def respond(self, host: str, request: HttpRequest) -> HttpResponse:
        """The response of the function whose URL has ``host``.

        If as many requests run as the function's reserved concurrency allows, the response is 429,
        as at Lambda.
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
        """The host of each function URL, and its function in moto."""
        from moto.awslambda.models import lambda_backends  # late: moto_host prepares moto first

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
                    output, _ = await process.communicate(event.encode())
            except TimeoutError:
                return _ERROR
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
        return _response(output) if process.returncode == 0 else _ERROR


def _import_path() -> list[str]:
    """The folders from which this process imports mtasts and boto3."""
    return [str(Path(each).absolute()) for each in sys.path if each]


def _is_public(function: Any) -> bool:  # moto's own
    """Whether anybody may call the function by its URL.

    For that, Lambda requires two statements in the function's policy, one for each action.
    """
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
    """The event for a request (payload format version 2.0)."""
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


def _response(output: bytes) -> HttpResponse:
    """The response in the last line of a process's output; the lines before are its log."""
    try:
        answer = json.loads(output.splitlines()[-1])
        headers = tuple((str(name), str(value)) for name, value in answer["headers"].items())
        return HttpResponse(int(answer["statusCode"]), headers, answer["body"].encode())
    except (ValueError, KeyError, IndexError, AttributeError):
        return _ERROR
