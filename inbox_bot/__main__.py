"""python -m inbox_bot, and the command `inbox-bot`."""

import sys


def main() -> None:
    """Run the command line; its exit code is the process's."""
    from inbox_bot.cli import run  # noqa: PLC0415 - what only a verb needs is imported by that verb

    sys.exit(run())


if __name__ == "__main__":
    main()
