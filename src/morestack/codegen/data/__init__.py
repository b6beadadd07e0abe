"""LLVM text of data: type descriptors, itabs, globals."""
