#!/usr/bin/env bash
# From a fresh machine to a result: installs what the build needs, builds odin_eval and nothing else, and tells
# Fashion-MNIST from noise with the network in weights/.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_dependencies.sh
cuda=AUTO
if ! nvidia-smi >/dev/null 2>&1; then
  cuda=OFF
  echo "There is no NVIDIA GPU here, so the CUDA back end is not built (to build it: cmake --preset release -DODIN_CUDA=ON)."
fi
cmake --preset release -DODIN_BUILD_TESTS=OFF -DODIN_CUDA=$cuda
cmake --build --preset release --target odin_eval_program
build/release/eval/odin_eval --demo
