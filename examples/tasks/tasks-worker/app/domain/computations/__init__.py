"""What tasks compute: plain functions, each run in a process that knows nothing else."""

from collections.abc import Callable
from typing import Any

from app.domain.computations.equations import solve_equations
from app.domain.computations.mandelbrot import measure_mandelbrot
from app.domain.computations.primes import count_primes
from app.domain.computations.queens import count_queens
from app.domain.computations.words import count_words

COMPUTATIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "equations": solve_equations,
    "mandelbrot": measure_mandelbrot,
    "primes": count_primes,
    "queens": count_queens,
    "words": count_words,
}
"""By kind; each is called with `report`, which takes the part that is done, and its parameters."""
