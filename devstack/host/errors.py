"""What can keep the host from running an app."""


class HostError(Exception):
    """The host cannot run this app as it stands; the text says what to change."""


class BindingError(HostError):
    """One function's binding cannot be served; the other functions can."""
