"""Letters over SMTP (RFC 5321), cut where it matters: envelope, body, and the dot that makes it a delivery."""

from inbox_bot.adapters.smtp.connection import Server
from inbox_bot.adapters.smtp.postman import SmtpPostman, connect

__all__ = ["Server", "SmtpPostman", "connect"]
