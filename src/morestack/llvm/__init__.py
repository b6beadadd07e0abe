"""The back end that compiled Go and the runtime share: the text of LLVM IR, objects, and linking into the process."""
