from morestack.codegen.context import ModuleContext


def emit_types(ctx: ModuleContext) -> list[str]:
    return []
