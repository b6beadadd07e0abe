"""Plots of measurements, as characters and as SVG."""
