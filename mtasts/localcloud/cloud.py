"""One running local cloud: where its servers listen, and the environment that leads to them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"
CLOUDFLARE_TOKEN = "local-token"  # the local API alone accepts it
PASSPHRASE = "local"  # protects nothing: the local cloud holds no secret
STATE_FILE = "cloud.json"


@dataclass(frozen=True, slots=True)
class Cloud:
    """The addresses of a local cloud's servers, as ``cloud.json`` holds them.

    ``aws``, ``cloudflare`` and ``control`` are URLs, ``dns`` is ``address:port``. Three mappings
    lead to the loopback port of a server: ``mail`` from each MX host, ``name_servers`` from each
    name server, ``workers`` from each address of Cloudflare's edge. With ``ipv6`` the edges listen
    on ::1 as well.
    """

    directory: Path
    pid: int
    aws: str
    dns: str
    edge_port: int
    control: str
    ca_file: Path
    ipv6: bool = True
    mail: dict[str, int] = field(default_factory=dict)
    name_servers: dict[str, int] = field(default_factory=dict)
    workers: dict[str, int] = field(default_factory=dict)
    cloudflare: str = ""
    account: str = ACCOUNT
    region: str = REGION

    @classmethod
    def read(cls, directory: Path) -> Cloud:
        """The local cloud that runs in ``directory``, from its ``cloud.json``.

        Raises:
            FileNotFoundError: no local cloud runs there.
            ValueError: the file is no JSON.
            KeyError, TypeError: the file has other fields than this version writes.
        """
        raw = json.loads((directory / STATE_FILE).read_text())
        raw["directory"] = directory
        raw["ca_file"] = Path(raw["ca_file"])
        return cls(**raw)

    def write(self) -> None:
        """Write ``cloud.json`` by a rename, so that no reader finds half of it."""
        path = self.directory / STATE_FILE
        raw = asdict(self) | {"ca_file": str(self.ca_file)}
        del raw["directory"]
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(raw, indent=2) + "\n")
        partial.replace(path)

    def connect_to(self) -> tuple[str, ...]:
        """Rows ``host:port:address:port``, as curl's ``--connect-to`` takes them.

        An empty host stands for every host, an empty address for the address of the look-up.
        """
        return (
            *(_row(address, 443, port) for address, port in sorted(self.workers.items())),
            f":443::{self.edge_port}",
            *(_row(host, 53, port) for host, port in sorted(self.name_servers.items())),
            *(f"{host}:25::{port}" for host, port in sorted(self.mail.items())),
        )

    @property
    def pulumi_home(self) -> Path:
        """``PULUMI_HOME`` of this local cloud: the only place that holds the stand-in provider."""
        return self.directory / "pulumi-home"

    @property
    def bin(self) -> Path:
        """The folder that comes first on PATH: the engine and, where needed, the language host."""
        return self.directory / "bin"

    @property
    def backend(self) -> str:
        """The file backend's URL; the stand-in provider refuses to serve any other."""
        return f"file://{self.directory / 'backend'}"

    def environment(self, path: str) -> dict[str, str]:
        """The variables that lead Pulumi, boto3 and the probes to this local cloud.

        PATH is the folder `bin`, and then ``path``.
        """
        return {
            "PATH": f"{self.bin}:{path}",
            "PULUMI_HOME": str(self.pulumi_home),
            "PULUMI_BACKEND_URL": self.backend,
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The engine must not use the providers and language hosts that are on PATH.
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "MTASTS_LOCAL_CLOUD": str(self.directory),
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CLOUDFLARE_BASE_URL": self.cloudflare,
            "CLOUDFLARE_API_TOKEN": CLOUDFLARE_TOKEN,
            "MTASTS_R2_ENDPOINT": self.aws,
            "MTASTS_RESOLVER": self.dns,
            "MTASTS_CA_FILE": str(self.ca_file),
            "MTASTS_CONNECT_TO": " ".join(self.connect_to()),
        }


def _row(host: str, port: int, to_port: int) -> str:
    """A row that leads to loopback: to ::1 if ``host`` is an IPv6 address, else to 127.0.0.1."""
    if ":" in host:
        return f"[{host}]:{port}:[::1]:{to_port}"
    return f"{host}:{port}:127.0.0.1:{to_port}"
