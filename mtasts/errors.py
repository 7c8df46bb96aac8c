"""The errors of this library: one class for each conclusion a caller can draw."""


class MtaStsError(Exception):
    """The root of everything this library raises on purpose."""


class UsageError(MtaStsError):
    """The command was asked for something it cannot do; the text says what to write instead."""


class UndeterminedError(MtaStsError):
    """Something could not be found out; neither good nor bad may be concluded from it."""
