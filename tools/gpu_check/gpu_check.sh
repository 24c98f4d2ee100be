#!/usr/bin/env bash
# Checks on a GPU what cannot be checked without one, in two calls on one machine, for fifteen minutes of it in all.
#
#     tools/gpu_check/gpu_check.sh [smoke|full] [--build DIR|FILE] [--images FILE] [--work DIR] [--out DIR]
#                                  [--minutes M] [--python PYTHON] [--parts "PART..."]
#     tools/gpu_check/gpu_check.sh pack DIR [--arch ARCHITECTURE] [--data DIR] [--weights FILE] [--training FILE]
#
# smoke   at most a minute: unpacks the programs, reads NVIDIA's libraries once, and tries each precision with our own
#         convolutions and those of warpgroup products against the CPU's scores. A missing library shows here.
# full    at most eight minutes, the most valuable first: tests; images a second of every kind of convolution and of
#         several sizes of batch; PyTorch's; evaluations; a training; compute-sanitizer.
# pack    builds the programs and packs them with the libraries and images that they need, for a machine that has none
#         of them: DIR/first.tar for the first call and DIR/second.tar for the second, at most 58 MB each. NVIDIA's
#         libraries are left out. README.md says more.
# Neither smoke nor full: both, one after the other.
#
# Each check's result is written to OUT/checks.txt as soon as it is there, its measurements to OUT/measurements.jsonl and
# the end of its output to OUT/log.txt; gpu_check.md and gpu_check.json are made from them at the end, and the network and
# state of a training that can go on another time are in training.*. The exit status is 1 if something failed, and 3 if
# nothing failed but something did not run to its end.
#
# --build WHAT    use the programs of a build with CUDA, or of first.tar, instead of compiling here
# --images FILE   second.tar: the images to train on
# --work DIR      what full needs of smoke (default: a new folder)
# --out DIR       default gpu_check
# --minutes M     end within M minutes, not counting a compilation (default 1 for smoke and 8 for full)
# --python P      a Python with PyTorch (default python3)
# --parts P       run only these: smoke; tests rates pytorch evaluate train sanitize, in this order
# --arch A        default 90, an H100 or H200
# --data DIR      CIFAR-10 as published (cifar-10-batches-bin), and LSUN_resize, Imagenet_resize and iSUN, as far as they
#                 are there; without CIFAR-10 the evaluations are of Fashion-MNIST and nothing is trained
# --weights FILE  a DenseNet-BC-100 for CIFAR-10, such as the authors', converted
# --training FILE a training.h5 to go on with, next to its training.h5.state
set -uo pipefail
PATH+=:/usr/local/cuda/bin # compute-sanitizer, nvcc
cd "$(dirname "$0")/../.." || exit 1
usage() {
  sed -n '2,/^set /{/^#/p}' "$0" | cut -c3- >&2
  exit 2
}
call='' pack='' given=("$@")
case ${1-} in
  smoke | full) call=$1 && shift ;;
  pack)
    if (($# < 2)); then usage; fi
    call=pack pack=$2 && shift 2
    ;;
esac
out=gpu_check minutes='' build='' images='' work='' python=python3 parts='' arch=90 data='' weights='' training=''
while (($#)); do
  (($# > 1)) || usage
  case $1 in
    --out | --minutes | --build | --images | --work | --python | --parts | --arch | --data | --weights | --training)
      printf -v "${1#--}" %s "$2" ;;
    *) usage ;;
  esac
  shift 2
done
[[ -z $minutes || $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || usage

# shellcheck source=tools/gpu_check/programs.sh
. tools/gpu_check/programs.sh
if [[ $call == pack ]]; then
  make_packs
  exit
fi

kept=$work
work=${work:-$(mktemp -d)}
mkdir -p "$out" "$work"
out=$(cd "$out" && pwd) work=$(cd "$work" && pwd)
trap '[[ -n $kept ]] || rm -rf "$work"' EXIT
if [[ -z $call ]]; then
  tools/gpu_check/gpu_check.sh smoke --work "$work" "${given[@]}" || { (($? == 3)) || exit; }
  tools/gpu_check/gpu_check.sh full --work "$work" "${given[@]}"
  exit
fi
trap 'jobs -p | xargs -r kill 2>/dev/null; [[ -n $kept ]] || rm -rf "$work"' EXIT
if [[ $call == smoke ]]; then nominal=60; else nominal=480; fi
minutes=${minutes:-$((nominal / 60))}
rm -f "$out"/{checks,log}.txt "$out"/measurements.jsonl "$out"/gpu_check.{json,md}

# shellcheck source=tools/gpu_check/schedule.sh
. tools/gpu_check/schedule.sh
find_libraries
find_programs
# shellcheck source=tools/gpu_check/parts.sh
. tools/gpu_check/parts.sh
# shellcheck source=tools/gpu_check/parts_together.sh
. tools/gpu_check/parts_together.sh
gpu=$(timeout -k 1 10 nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -1)
{
  echo "gpu: ${gpu%, *}" | sed 's/: $/: unknown/'
  echo "driver: ${gpu##*, }" | sed 's/: $/: unknown/'
  echo "commit: $commit"
  echo "date: $(date -u +%Y-%m-%d)"
} >"$work/about.txt"
if [[ $call == smoke ]]; then
  parts=${parts:-smoke}
else
  parts=${parts:-tests rates pytorch evaluate train sanitize}
  cat "$work/smoke.txt" >>"$out/checks.txt" 2>/dev/null # what the first call found
fi
for part in $parts; do
  [[ $(type -t "part_$part") == function ]] || usage
  "part_$part"
done
planning=0
for part in $parts; do "part_$part"; done
alone
[[ $call == full ]] || cp "$out/checks.txt" "$work/smoke.txt"
left=$((begin + total - $(now) - 500))
timeout -k 1 "$(seconds "$((left > 4000 ? left : 4000))")" python3 tools/gpu_check/report.py "$out" "$work"
