"""The errors and warnings of this package."""


class EmulatorError(Exception):
    """The emulator did not start, cannot be reached, or refused a request; the message says what to do."""


class CheckFailed(AssertionError):
    """An expectation of `Emulator.check` is not met; the message is the report."""


class NeverStruckWarning(UserWarning):
    """A test added a fault rule that never struck. To fail such tests: `-W error::llamacloud_mock.NeverStruckWarning`."""


class NoRequestWarning(UserWarning):
    """A test, or all tests of a class or module, took the fixture, passed, and sent the emulator no request."""
