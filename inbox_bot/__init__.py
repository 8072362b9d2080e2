"""inbox-bot: data-protection requests found in a mailbox, dated, acknowledged and remembered."""
