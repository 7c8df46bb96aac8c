"""The errors of this library: one class for each conclusion a caller can draw."""


class MtaStsError(Exception):
    """The base class of all errors that this library raises on purpose."""


class UsageError(MtaStsError):
    """The input or the config is wrong; the text says what to write instead. Exit code 2."""


class UndeterminedError(MtaStsError):
    """A look-up or a call failed, so a fact is not known: neither good nor bad. Exit code 3."""
