"""LLVM text of functions."""
