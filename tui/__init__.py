"""Inkling on a screen: the terminal application and everything it leans on."""
