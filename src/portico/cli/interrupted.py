"""An interruption by the user that has something to say."""


class Interrupted(Exception):
    """Ctrl-C in the middle of a command; the message says what was finished."""
