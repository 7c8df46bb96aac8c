"""The cloudflare provider's process."""

from mtasts.localcloud.provider.process import serve

serve("mtasts.localcloud.cloudflare.provider")
