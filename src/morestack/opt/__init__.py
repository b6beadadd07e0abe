"""Passes on IR."""
