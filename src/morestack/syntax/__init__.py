"""Parsing source text into syntax trees, and printing trees as text."""
