#!/usr/bin/env bash
# Installs the Debian packages that the build and the demo need. --tests adds the packages that the tests need: what they
# compare with (PyTorch, scikit-learn, SciPy, h5py), a browser (Chromium), and what the Python package is built with.
# --checks adds those of .ci/run.
#
#     tools/install_dependencies.sh [--tests] [--checks]
set -euo pipefail

packages=(
  build-essential cmake ninja-build git pkg-config
  libhdf5-dev libdnnl-dev ocl-icd-opencl-dev libpng-dev libjpeg-dev libmatio-dev zlib1g-dev libssl-dev libeigen3-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev libopenmpi-dev openmpi-bin
  dataset-fashion-mnist fonts-dejavu-core python3-pil
)
for option in "$@"; do
  case $option in
    --tests)
      packages+=(
        doctest-dev chromium python3-torch python3-torchvision python3-h5py python3-numpy python3-scipy python3-sklearn
        python3-dev python3-venv
      )
      ;;
    --checks)
      packages+=(clang-14 clang-format-14 clang-tidy-16 libclang-rt-14-dev doxygen flake8 libomp-14-dev lld shellcheck)
      ;;
    *)
      echo "usage: $0 [--tests] [--checks]" >&2
      exit 2
      ;;
  esac
done

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
