"""One file per screen; what is on them stands in `tui.widgets`."""
