"""The process of the stand-in for pulumi-aws."""

from mtasts.localcloud.provider.process import serve

serve("mtasts.localcloud.aws.provider")
