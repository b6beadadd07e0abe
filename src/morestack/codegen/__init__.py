"""IR to LLVM: frames, liveness, continuation splitting, stack maps, type descriptors and the stubs."""
