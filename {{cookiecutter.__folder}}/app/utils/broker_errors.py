"""What goes wrong with a message broker."""


class BrokerError(RuntimeError):
    """The broker did not do what it was asked."""


class BrokerUnavailableError(BrokerError):
    """The broker does not answer."""


class BrokerRefusedError(BrokerError):
    """The broker answers, and does not let us in or do this: it will not help to try again."""


class PublishError(BrokerError):
    """The broker did not confirm a message; it may have taken it all the same."""


class UnroutableError(PublishError):
    """Nobody would get the message."""


class MessageRefusedError(PublishError):
    """The broker will never take this message: it is too large, or its topic has a bad name."""
