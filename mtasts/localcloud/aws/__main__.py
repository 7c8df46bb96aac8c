"""The aws provider's process."""

from mtasts.localcloud.provider.process import serve

serve("mtasts.localcloud.aws.provider")
