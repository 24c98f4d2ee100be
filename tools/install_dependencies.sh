#!/usr/bin/env bash
# Installs the Debian packages that the project is built from; with --tests also those that its tests compare
# it with (PyTorch, scikit-learn, Pillow, h5py) and look at it with (Chromium).
#
#     tools/install_dependencies.sh [--tests]
set -euo pipefail

packages=(
  build-essential cmake ninja-build git pkg-config
  libhdf5-dev libdnnl-dev ocl-icd-opencl-dev libpng-dev libjpeg-dev zlib1g-dev libssl-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev libopenmpi-dev openmpi-bin
  dataset-fashion-mnist
)
case "${1:-}" in
  "") ;;
  --tests)
    packages+=(doctest-dev chromium fonts-dejavu-core clang libclang-rt-14-dev python3-torch python3-torchvision python3-h5py python3-numpy python3-pil python3-sklearn)
    ;;
  *)
    echo "usage: $0 [--tests]" >&2
    exit 2
    ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "$0: run this as root, or install sudo: packages are missing: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
