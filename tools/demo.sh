#!/usr/bin/env bash
# From a fresh machine to a result: installs what the build needs, builds, and tells Fashion-MNIST from noise with
# the network in weights/.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_dependencies.sh
cmake --preset release -DODIN_BUILD_TESTS=OFF
cmake --build --preset release
build/release/eval/odin_eval --demo
