#!/usr/bin/env bash
# Settles on a GPU what cannot be settled without one: builds, runs all tests, looks for bad memory accesses and
# races, and times ODIN beside PyTorch on the same GPU. Writes OUT/gpu_check.json and OUT/gpu_check.md. The most
# important comes first, so that a run that is cut short has told most.
#
#     tools/gpu_check.sh [--out DIR] [--minutes M] [--build DIR | --debs DIR] [--python PYTHON]
#
# --build DIR   take the programs of a build made elsewhere (the same kind of machine, -DODIN_CUDA=ON) instead of
#               compiling here
# --debs DIR    compile here with Debian packages unpacked from DIR/*.deb, where none can be installed
# --minutes M   stop starting things after so many minutes; 9 without it
# --python P    a Python with PyTorch; python3 without it
set -uo pipefail
cd "$(dirname "$0")/.."
out=gpu_check minutes=9 build='' debs='' python=python3
while (($#)); do
  case $1 in
    --out) out=$2 ;;
    --minutes) minutes=$2 ;;
    --build) build=$2 ;;
    --debs) debs=$2 ;;
    --python) python=$2 ;;
    *)
      sed -n '2,13p' "$0" | cut -c3- >&2
      exit 2
      ;;
  esac
  shift 2
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
end=$((SECONDS + minutes * 60))
rm -f "$out"/*.jsonl "$out"/checks.txt

# left: seconds until the end. check NAME LIMIT COMMAND...: runs it and notes how it ended.
left() { echo $((end - SECONDS)); }
check() {
  local name=$1 limit=$2 seconds
  shift 2
  seconds=$(left)
  if ((seconds < 5)); then
    echo "$name: not run (no time was left)" >>"$out/checks.txt"
    return 1
  fi
  if timeout $((limit < seconds ? limit : seconds)) "$@" >"$out/${name// /_}.log" 2>&1; then
    if grep -q '^\[SKIPPED\]' "$out/${name// /_}.log"; then
      echo "$name: failed (skipped, see ${name// /_}.log)" >>"$out/checks.txt"
      return 1
    fi
    echo "$name: passed" >>"$out/checks.txt"
  else
    echo "$name: failed (exit status $?, see ${name// /_}.log)" >>"$out/checks.txt"
    return 1
  fi
}
# bench FILE LIMIT COMMAND...: appends its lines of JSON.
bench() {
  local file=$1 limit=$2 seconds
  shift 2
  seconds=$(left)
  ((seconds < 5)) && return
  timeout $((limit < seconds ? limit : seconds)) "$@" >>"$out/$file" 2>>"$out/bench.log" ||
    echo "$*: exit status $?" >>"$out/bench.log"
}

# cuDNN and cuBLAS may lie in Python's packages only.
libraries=$("$python" - <<'EOF'
import glob, os, site, sys
folders = []
for base in site.getsitepackages() + [site.getusersitepackages()]:
    folders += sorted(glob.glob(os.path.join(base, "nvidia", "*", "lib")))
print(":".join(folders))
EOF
)
cudnn=$(tr : '\n' <<<"$libraries" | grep '/cudnn/' | head -1)
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:/usr/local/cuda/lib64:$libraries"

{
  echo "gpu: $(nvidia-smi --query-gpu=name --format=csv,noheader | head -1)"
  echo "driver: $(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -1)"
  echo "commit: $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  echo "date: $(date -u +%Y-%m-%d)"
} >"$out/about.txt"

if [[ -z $build ]]; then
  build=$PWD/build/gpu
  options=(-DODIN_CUDA=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_CUDA_ARCHITECTURES=native)
  [[ -n $cudnn ]] && options+=("-DCUDNN_ROOT=${cudnn%/lib}")
  if [[ -n $debs ]]; then
    prefix=$PWD/build/debs
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$prefix"; done
    options+=("-DCMAKE_PREFIX_PATH=$prefix/usr" -DCMAKE_LIBRARY_ARCHITECTURE=x86_64-linux-gnu
      "-DCMAKE_CXX_FLAGS=-isystem $prefix/usr/include -isystem $prefix/usr/include/hdf5/serial")
    export LD_LIBRARY_PATH="$prefix/usr/lib/x86_64-linux-gnu:$prefix/usr/lib/x86_64-linux-gnu/hdf5/serial:$LD_LIBRARY_PATH"
  fi
  check configure 60 cmake -S . -B "$build" -G Ninja "${options[@]}" || { cat "$out/configure.log"; exit 1; }
  check build 300 cmake --build "$build" --target odin_bench cuda_kernel_bench test_kernels test_cuda_kernels ||
    { tail -50 "$out/build.log"; exit 1; }
fi

tests=$build/tests/kernels
tools=$build/tools
check "operations" 60 "$tests/test_kernels" --test-case='*cuda*'
check "kernels" 60 "$tests/test_cuda_kernels"

for precision in fp16 bf16 tf32 fp32; do
  for network in densenet_bc_100 wrn_28_10; do
    for conv in own cudnn; do
      bench odin_bench.jsonl 40 "$tools/odin_bench" --device cuda --network $network --precision $precision \
        --conv $conv --seconds 2
    done
    bench pytorch.jsonl 40 "$python" tools/torch_gpu_bench.py --network $network --precision $precision --seconds 1
  done
  bench kernels.jsonl 30 "$tools/cuda_kernel_bench" --precision $precision
done
for network in densenet_bc_100 wrn_28_10; do
  bench pytorch.jsonl 120 "$python" tools/torch_gpu_bench.py --network $network --precision fp16 --seconds 1 --compile \
    --batches 512
done

# Under the sanitizer a kernel is a hundred times slower: one test of each kind.
for tool in memcheck racecheck; do
  check "compute-sanitizer $tool" 60 compute-sanitizer --tool $tool --error-exitcode 9 "$tests/test_cuda_kernels" \
    --test-case-exclude='*large*' || true
done
"$python" tools/gpu_report.py "$out"
! grep -q ': failed' "$out/checks.txt"
