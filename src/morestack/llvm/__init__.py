"""The back end: the text of LLVM IR, objects, and linking them into the process."""
