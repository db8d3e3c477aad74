"""One file per widget; each renders what it is given and asks nobody."""
