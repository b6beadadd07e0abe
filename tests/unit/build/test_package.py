"""The table of stages: it says what each stage reads, and the pipeline follows it; Python's collector meanwhile."""

import gc
from typing import Any, TypeVar

import pytest

from morestack.build import stages
from morestack.build.package import CompiledPackage, without_collector
from morestack.build.program import Program
from morestack.build.stages import STAGES, Stage
from morestack.observe.stages import SHOW
from morestack.source.span import SourceFile

T = TypeVar("T")
MAIN = b"package main\n\nfunc main() { println(new(int) != nil) }\n"


class Recording(CompiledPackage):
    """A package that notes which results each stage asks for while it runs."""

    def __init__(self) -> None:
        program = Program([SourceFile("main.go", MAIN)])
        super().__init__(program, "main", program.sources)
        self.running: list[Stage[Any]] = []
        self.read: dict[str, set[str]] = {stage.name: set() for stage in STAGES}

    def note(self, stage: Stage[T]) -> Stage[T]:
        """A stage of the table, run under our eyes."""

        def run(package: CompiledPackage) -> T:
            self.running.append(stage)
            try:
                return stage.run(package)
            finally:
                self.running.pop()

        return Stage(stage.name, stage.doc, stage.doing, run, {})

    def result(self, stage: Stage[T]) -> T:
        if self.running:
            self.read[self.running[-1].name].add(stage.name)
        if stage.name not in self.computed:
            self._results[stage] = super().result(self.note(stage))
        return self._results[stage]  # type: ignore[return-value]


def test_each_stage_reads_what_its_row_names() -> None:
    package = Recording()
    for stage in STAGES:
        package.result(stage)
    assert package.read == {stage.name: {needed.name for needed in stage.after} for stage in STAGES}


def test_rows_stand_behind_those_they_read_and_say_why() -> None:
    for number, stage in enumerate(STAGES):
        assert all(needed in STAGES[:number] and reason for needed, reason in stage.after.items()), stage.name


def test_the_pipeline_runs_what_a_stage_reads_first() -> None:
    package = Program([SourceFile("main.go", MAIN)]).root
    package.result(stages.LLVM)
    wanted = [stage.name for stage in STAGES if stage not in (stages.ASM, stages.OBJECT)]
    assert package.computed == wanted


def test_all_stages_but_the_object_file_are_shown() -> None:
    assert list(SHOW) == [stage.name for stage in STAGES if stage is not stages.OBJECT]


def test_the_collector_is_off_while_a_stage_runs() -> None:
    during: list[bool] = []
    probe = Stage("probe", "", "", lambda package: during.append(gc.isenabled()), {})
    Program([SourceFile("main.go", MAIN)]).root.result(probe)
    assert during == [False] and gc.isenabled() and gc.get_freeze_count() == 0


def test_the_collector_is_left_as_it_was() -> None:
    with pytest.raises(ZeroDivisionError), without_collector():
        assert not gc.isenabled()
        _ = 1 // 0
    assert gc.isenabled()
    gc.disable()
    try:
        with without_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
