"""Sends queued mail: makes the message, speaks SMTP or prints, tries again. Knows not what mails say."""
