set positional-arguments

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# Show this list
default:
    @just --list --unsorted

# Render a service and show what it does; --once exits instead of staying
[group("use")]
[no-exit-message]
demo *options: install
    @python -m tools.demo "$@"

# Make a sample system and show it at work: tasks; --once exits, --broker kafka
[group("use")]
[no-exit-message]
example *options: install
    @python -m tools.example "$@"

# Ask the questions and render a service here; NAME=VALUE answers one
[group("use")]
[no-exit-message]
new *answers: install
    @cd "{{ invocation_directory() }}" && PYTHONPATH="{{ justfile_directory() }}" python -m tools.new "$@"

# Make the services of a system file, and what they share, in build/; run it again after a change
[group("use")]
[no-exit-message]
system *options: install
    @cd "{{ invocation_directory() }}" && PYTHONPATH="{{ justfile_directory() }}" python -m tools.system "$@"

# Show services below folders beside the template; --update [NAME...] brings them to it
[group("use")]
[no-exit-message]
fleet *options: install
    @cd "{{ invocation_directory() }}" && PYTHONPATH="{{ justfile_directory() }}" python -m tools.fleet "$@"

# Test the template and what it renders; options go to pytest
[group("test")]
test *options: install
    @pytest -n auto --dist worksteal "$@"

# Test what changes most, in under two minutes
[group("test")]
test-quick *options: install
    @pytest -n auto --dist worksteal -m "not slow" "$@"

# Accept the file lists of the renders as they are
[group("test")]
snapshots: install
    @python -m tests.test_snapshots

# Accept what services rely on as it is now; what would break them is refused
[group("test")]
[no-exit-message]
interface: install
    @python -m tests.interfaces

# Measure rendering against what cookiecutter takes for as many files
[group("test")]
measure: install
    @python -m tools.measure_render

# Measure what services cost beside bare libraries and peers: all of it, or what is named
[group("test")]
[no-exit-message]
bench *names: install
    @python -m benchmarks "$@"

# Do harm to services at work, and count what was lost: NAME..., --core, --all or --list
[group("test")]
[no-exit-message]
drills *options: install
    @python -m drills "$@"

# Run suites, samples and drills on servers of other versions: newest, oldest, or NAME=VERSION...
[group("test")]
[no-exit-message]
matrix *options: install
    @python -m tools.matrix "$@"

# Plant bugs in a service and look whether its tests notice: all, or those with WORD...; --list
[group("test")]
[no-exit-message]
mutants *options: install
    @python -m drills.planting "$@"

# Check the repository's own code
[group("test")]
lint: install
    ruff format --check --quiet tools tests hooks benchmarks drills
    ruff check tools tests hooks benchmarks drills
    mypy tools tests hooks benchmarks drills

# Format the repository's own code
[group("test")]
format: install
    ruff check --quiet --fix-only tools tests hooks benchmarks drills
    ruff format --quiet tools tests hooks benchmarks drills

# Find or start real servers for the tests, all or those named; --env prints their URLs
[group("servers")]
[no-exit-message]
servers *names: install
    @python -m tools.servers "$@"

# Stop the servers that `servers` started
[group("servers")]
servers-stop: install
    @python -m tools.servers --stop

# Raise the pinned versions, all or those named; --keep only adds what is missing
[group("maintain")]
pins *packages: install
    @python -m tools.pins "$@"

# Commit and tag a version of the template here; --pins [NAME...] raises pins and releases only that
[group("maintain")]
[no-exit-message]
release *options: install
    @python -m tools.release "$@"

# Write the dashboards of renders, from tools/dashboards
[group("maintain")]
dashboards: install
    @python -m tools.dashboards

# Make the environment of the repository's tools, or bring it up to date
[group("maintain")]
install:
    @test -x .venv/bin/python || uv venv --quiet .venv
    @uv pip sync --quiet --offline requirements.txt 2>/dev/null || uv pip sync --quiet requirements.txt
