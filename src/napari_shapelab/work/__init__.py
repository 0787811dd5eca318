"""One computation beside the window: task, progress, mailbox."""
