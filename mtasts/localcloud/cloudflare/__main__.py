"""The process of the stand-in for pulumi-cloudflare."""

from mtasts.localcloud.provider.process import serve

serve("mtasts.localcloud.cloudflare.provider")
