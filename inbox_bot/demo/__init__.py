"""`inbox-bot demo`: the real program on a mailbox made up for it, without an account or a network."""
