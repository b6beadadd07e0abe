"""The back end that compiled Go and the runtime share: LLVM IR as text, objects, and linking into the process."""
