"""The aws provider's process."""

from localcloud.provider.process import serve

serve("localcloud.aws.provider")
