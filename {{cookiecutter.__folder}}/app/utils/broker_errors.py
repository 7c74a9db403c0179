"""What goes wrong with a message broker."""


class BrokerError(RuntimeError):
    """The broker did not do what it was asked."""

    is_outage = False
    """Whether that says nothing about what was asked, and ends by itself."""


class BrokerUnavailableError(BrokerError):
    """The broker does not answer."""

    is_outage = True


class BrokerRefusedError(BrokerError):
    """The broker answers, and does not let us in or do this: it will not help to try again."""


class PublishError(BrokerError):
    """The broker did not confirm a message; it may have taken it all the same."""


class UnroutableError(PublishError):
    """Nobody would get the message."""


class DeadLetterRefusedError(BrokerError):
    """The broker takes no dead letter of a message, which has to stay where it is."""


class TopicUnavailableError(PublishError):
    """The broker answers and takes no message of this topic now, such as for a queue that is full.

    Other topics are not concerned. Some of those who listen may have got the message all the same.
    """


class MessageRefusedError(PublishError):
    """The broker will never take this message: it is too large, or its topic has a bad name."""
