"""The errors and warnings of this package."""


class EmulatorError(Exception):
    """The emulator did not start, cannot be reached, or refused a request; the message says what to do."""


class Refused(EmulatorError):
    """A response of the admin API with another status than 2xx."""

    def __init__(self, message: str, status: int, text: bytes) -> None:
        super().__init__(message)
        self.status = status
        self.text = text


class CheckFailed(AssertionError):
    """An expectation of `Emulator.check` or `Emulator.verify` is not met; the message is the report."""


class NeverStruckWarning(UserWarning):
    """A test added a fault rule that never struck. To fail such tests: `-W error::llamacloud_mock.NeverStruckWarning`."""


class NoRequestWarning(UserWarning):
    """A test, or all tests of a class or module, took the fixture, passed, and sent the emulator no request."""
