"""Ratios against named peers, measured side by side in one run; each module is a program."""
