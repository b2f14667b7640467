"""Bytes to typed, frozen artefacts; one module per format, no socket, no file."""
