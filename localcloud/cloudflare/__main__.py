"""The cloudflare provider's process."""

from localcloud.provider.process import serve

serve("localcloud.cloudflare.provider")
