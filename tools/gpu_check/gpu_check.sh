#!/usr/bin/env bash
# Checks on a GPU what cannot be checked without one. Runs all tests, compares scores with the CPU's and metrics between
# precisions, looks for bad memory accesses and races, and times ODIN against PyTorch on the same GPU. Writes
# DIR/gpu_check.md, DIR/gpu_check.json and the measurements that they are made from.
#
# First, everything that may share the GPU runs at once. Then each timing runs alone, the most important one first: a
# run that is cut short has measured what matters most. The report lists what did not run. The exit status is 1 if
# something failed, and 3 if nothing failed but something did not run to its end.
#
#     tools/gpu_check/gpu_check.sh [--out DIR] [--minutes M] [--build DIR|FILE] [--python PYTHON] [--parts "PART..."]
#     tools/gpu_check/gpu_check.sh --pack FILE [--arch ARCHITECTURE]
#
# --build WHAT  use the programs of a build with CUDA, or of a pack, instead of compiling here
# --minutes M   end within M minutes, not counting a compilation (default 9)
# --python P    a Python with PyTorch (default python3)
# --parts P     run only these parts: train tests eval sanitize warm (all at once), fast compile precisions kernels (one
#               after the other, in the order given); default: all
# --pack FILE   build for --arch (default 90, an H100) and pack the programs with the libraries that they need, for a
#               machine that has neither our dependencies nor the time to compile; NVIDIA's libraries are left out
set -uo pipefail
PATH+=:/usr/local/cuda/bin # compute-sanitizer, nvcc
cd "$(dirname "$0")/../.." || exit 1
out=gpu_check minutes=9 build='' python=python3 pack='' arch=90
parts='train tests eval sanitize warm fast compile precisions kernels'
images=/usr/share/datasets/fashion-mnist/t10k # the demo's, see tools/install_dependencies.sh
usage() {
  sed -n '2,/^set /{/^#/p}' "$0" | cut -c3- >&2
  exit 2
}
while (($#)); do
  (($# > 1)) || usage
  case $1 in
    --out) out=$2 ;;
    --minutes) minutes=$2 ;;
    --build) build=$2 ;;
    --python) python=$2 ;;
    --parts) parts=$2 ;;
    --pack) pack=$2 ;;
    --arch) arch=$2 ;;
    *) usage ;;
  esac
  shift 2
done
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || usage

# shellcheck source=tools/gpu_check/programs.sh
. tools/gpu_check/programs.sh
if [[ -n $pack ]]; then
  make_pack "$pack" "$arch"
  exit
fi

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'jobs -p | xargs -r kill 2>/dev/null; rm -rf "$work"' EXIT
rm -f "$out"/{about,checks,log}.txt "$out"/{odin_bench,pytorch,kernels}.jsonl "$out"/gpu_check.{json,md}

# shellcheck source=tools/gpu_check/schedule.sh
. tools/gpu_check/schedule.sh
find_libraries
find_programs
# shellcheck source=tools/gpu_check/parts_at_once.sh
. tools/gpu_check/parts_at_once.sh
# shellcheck source=tools/gpu_check/parts_alone.sh
. tools/gpu_check/parts_alone.sh

of_gpu() {
  timeout -k 1 10 nvidia-smi "--query-gpu=$1" --format=csv,noheader 2>/dev/null | head -1 | grep . || echo unknown
}
{
  echo "gpu: $(of_gpu name)"
  echo "driver: $(of_gpu driver_version)"
  echo "commit: $commit"
  echo "date: $(date -u +%Y-%m-%d)"
} >"$out/about.txt"

for part in $parts; do
  [[ $(type -t "part_$part") == function ]] || usage
  "part_$part"
done
planning=0
for part in $parts; do "part_$part"; done
alone
left=$((begin + total - $(now) - 1000))
timeout -k 1 "$(seconds $((left > 4000 ? left : 4000)))" python3 tools/gpu_check/report.py "$out" "$work/scores"
