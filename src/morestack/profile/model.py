"""A profile that is not of goroutines: sampled paths with values. Goroutines are `process.model.Snapshot`."""

from __future__ import annotations

from dataclasses import dataclass, field

from morestack.process.model import Path


@dataclass(frozen=True, slots=True)
class ValueType:
    """What one value of a sample counts, and in which unit: `cpu` in `nanoseconds`."""

    name: str
    unit: str


@dataclass(slots=True)
class Sample:
    """One sampled path, innermost frame first, with a value of each of the profile's types."""

    path: Path
    values: tuple[int, ...]
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Profile:
    """Sampled paths: a CPU, heap, mutex or block profile."""

    source: str
    types: tuple[ValueType, ...]
    samples: list[Sample]
    taken: float = 0.0
    """Seconds since the epoch, 0 where it is not known."""
    seconds: float = 0.0
    """How long it was taken for."""
    notes: list[str] = field(default_factory=list)

    def index(self, *names: str) -> int | None:
        """The position of the first of these value types that the profile has."""
        for name in names:
            for i, kind in enumerate(self.types):
                if kind.name == name:
                    return i
        return None

    @property
    def is_cpu(self) -> bool:
        """Whether its values are time on a processor."""
        return self.index("cpu") is not None
