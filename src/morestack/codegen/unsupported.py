from morestack.ir.module import Module


def check_supported(module: Module) -> None:
    pass
