#!/usr/bin/env bash
# Installs what the tests need, builds everything and runs all tests. PRESET is release (the default), debug or asan;
# further arguments go to cmake.
#
#     tools/test.sh [PRESET [CMAKE-ARGUMENT...]]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
shift || true
tools/install_dependencies.sh --tests
tools/python/get_nanobind
cmake --preset "$preset" -DODIN_BUILD_TESTS=ON "$@"
cmake --build --preset "$preset"
ctest --preset "$preset" --no-tests=error --parallel "$(nproc)"
