"""What a command's exit status says: done, failed, asked in a way that cannot be, interrupted."""

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
