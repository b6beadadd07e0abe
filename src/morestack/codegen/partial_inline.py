from morestack.ir.module import Module


def partial_inline(module: Module) -> None:
    pass
