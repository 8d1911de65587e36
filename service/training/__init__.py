"""Offline training: labelled images in, an artifact out; the server never imports it."""
