"""A program that dies of a mail: `python -m tests.fakes.doomed STATE-FOLDER`, once a line of its mailbox says so.

The mailbox comes pickled on standard input. Exit code 9: it died, as by `kill -9`, with nothing cleaned up.
"""

import os
import pickle
import sys
from pathlib import Path

from inbox_bot.domain.classification import Classification
from inbox_bot.domain.message import InboundMessage
from tests.fakes.world import World, classified


def deadly(message: InboundMessage) -> Classification:
    """Recognition that `deadly` mail kills."""
    if "deadly" in message.text:
        os._exit(9)
    return classified(message)


if __name__ == "__main__":
    mailbox = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own test wrote it
    with World(Path(sys.argv[1]), mailbox=mailbox, classify=deadly).open() as world:
        world.poll()
