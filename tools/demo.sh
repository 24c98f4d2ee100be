#!/usr/bin/env bash
# From a fresh machine to a result: installs what the build needs, builds three programs and nothing else, and with the
# network in weights/
# - tells Fashion-MNIST from noise: the table of odin_eval,
# - makes a detector of 1,000 images of Fashion-MNIST and judges garments, letters, symbols and noise, one by one.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_dependencies.sh
cuda=AUTO
if ! nvidia-smi >/dev/null 2>&1; then
  cuda=OFF
  echo "There is no NVIDIA GPU here, so the CUDA back end is not built (to build it: cmake --preset release -DODIN_CUDA=ON)."
fi
cmake --preset release -DODIN_BUILD_TESTS=OFF -DODIN_CUDA=$cuda
cmake --build --preset release --target odin_eval_program odin_calibrate odin_detect
programs=build/release/eval
demo=build/demo
mkdir -p $demo
$programs/odin_eval --demo

echo
$programs/odin_calibrate --weights weights/wrn_16_2_fashion_mnist.h5 --magnitude 0.006 --out $demo/detector.h5 \
  --in idx:/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz
echo
/usr/bin/python3 tools/demo_images $demo/images
$programs/odin_detect --detector $demo/detector.h5 --report $demo $demo/images
echo "The images and their verdicts: $demo/index.html"
