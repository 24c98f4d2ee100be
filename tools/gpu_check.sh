#!/usr/bin/env bash
# Settles on a GPU what cannot be settled without one: runs all tests, compares scores with the CPU's and the metrics
# of all precisions, looks for bad memory accesses and races, and times ODIN beside PyTorch on the same GPU. Writes
# DIR/gpu_check.md and DIR/gpu_check.json, and beside them, as it goes, what they are made from. The most important
# comes first, so that a run that is cut short has told most.
#
#     tools/gpu_check.sh [--out DIR] [--minutes M] [--build DIR|FILE] [--python PYTHON] [--parts "PART..."]
#     tools/gpu_check.sh --pack FILE [--arch ARCHITECTURE]
#
# --build WHAT  take the programs of a build with CUDA, or of a pack, instead of compiling here
# --minutes M   stop starting things after so many minutes; 9 without it
# --python P    a Python with PyTorch; python3 without it
# --parts P     only these, in this order: tests fast eval sanitize kernels precisions train compile; all without it
# --pack FILE   build for --arch (90 without it, an H100) and pack the programs with the libraries that they need, for
#               a machine that has neither our dependencies nor the time to compile; NVIDIA's libraries are left out
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
out=gpu_check minutes=9 build='' python=python3 pack='' arch=90
parts='tests fast eval sanitize kernels precisions train compile'
while (($#)); do
  (($# > 1)) || set -- --help ''
  case $1 in
    --out) out=$2 ;;
    --minutes) minutes=$2 ;;
    --build) build=$2 ;;
    --python) python=$2 ;;
    --parts) parts=$2 ;;
    --pack) pack=$2 ;;
    --arch) arch=$2 ;;
    *)
      sed -n '2,/^set /{/^#/p}' "$0" | cut -c3- >&2
      exit 2
      ;;
  esac
  shift 2
done

programs=(tests/kernels/test_kernels tests/kernels/test_cuda_kernels tests/kernels/test_cuda_plans
  tests/kernels/test_cuda_half tests/nn/test_nn_on_cuda tests/tools/test_training
  tools/odin_bench tools/cuda_kernel_bench eval/odin_eval tools/train)
images=/usr/share/datasets/fashion-mnist/t10k # the demo's, see tools/install_dependencies.sh

# compile FOLDER ARCHITECTURES: builds what the checks need.
compile() {
  cmake -S . -B "$1" -G Ninja -DODIN_CUDA=ON -DCMAKE_BUILD_TYPE=Release -DODIN_BUILD_TESTS=ON \
    "-DCMAKE_CUDA_ARCHITECTURES=$2" ${cudnn:+"-DCUDNN_ROOT=${cudnn%/lib}"} || return
  local targets=()
  for program in "${programs[@]}"; do
    targets+=("$program")
  done
  [[ -f tools/train.cpp ]] || targets=("${targets[@]/tools\/train/}")
  # shellcheck disable=SC2068  # without the empty one
  cmake --build "$1" --target ${targets[@]}
}

if [[ -n $pack ]]; then
  set -e
  folder=build/gpu-$arch
  compile "$folder" "$arch"
  rm -rf build/pack
  for program in "${programs[@]}"; do
    [[ -x $folder/$program ]] || continue
    install -D -s "$folder/$program" "build/pack/$program"
    # What a machine with a GPU has is not packed: the C library, the compiler's, NVIDIA's.
    ldd "$folder/$program" | awk '$3 ~ /^\// {print $3}' |
      grep -Ev '/(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|stdc\+\+|gcc_s|cuda|cudart|cublas|cublasLt|cudnn.*|nvrtc.*))\.so' |
      xargs -r install -D -t build/pack/lib
  done
  for kind in images-idx3 labels-idx1; do
    install -D -t build/pack/data "$images-$kind-ubyte.gz"
  done
  git describe --always --dirty >build/pack/commit
  tar -C build/pack -czf "$pack" .
  ls -l "$pack"
  exit
fi

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
end=$((SECONDS + minutes * 60))
rm -f "$out"/{about,checks,log}.txt "$out"/{odin_bench,pytorch,kernels}.jsonl "$out"/gpu_check.{json,md}

left() { echo $((end - SECONDS)); } # seconds until the end
# limited LIMIT COMMAND...: runs it for so many seconds at most. Status 125: no time was left.
limited() {
  local limit=$1 seconds
  shift
  seconds=$(left)
  ((seconds < 5)) && return 125
  timeout $((limit < seconds ? limit : seconds)) "$@"
}
# check NAME LIMIT COMMAND...: runs it and notes how it ended, and the end of what it said.
check() {
  local name=$1 status=0 result=passed
  shift
  limited "$@" >"$work/log" 2>&1 || status=$?
  case $status in
    0) ! grep -q '^\[SKIPPED\]' "$work/log" || result='failed (skipped)' ;;
    124) result='failed (out of time)' ;;
    125) result='not run (no time was left)' ;;
    *) result="failed (exit status $status)" ;;
  esac
  echo "$name: $result" >>"$out/checks.txt"
  {
    echo "=== $name: $result"
    tail -n 100 "$work/log"
  } >>"$out/log.txt"
  [[ $result == passed ]]
}
# bench FILE LIMIT COMMAND...: appends its lines of JSON.
bench() {
  local file=$1 status=0
  shift
  limited "$@" >>"$out/$file" 2>"$work/log" || status=$?
  ((status == 0)) && return
  {
    echo "=== ${*:2}: exit status $status"
    tail -n 20 "$work/log"
  } >>"$out/log.txt"
}

# cuDNN and cuBLAS may lie in Python's packages only.
libraries=$("$python" - <<'EOF'
import glob, os, site
folders = []
for base in site.getsitepackages() + [site.getusersitepackages()]:
    folders += sorted(glob.glob(os.path.join(base, "nvidia", "*", "lib")))
print(":".join(folders))
EOF
)
cudnn=$(tr : '\n' <<<"$libraries" | grep '/cudnn/' | head -1)

commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
if [[ -f $build ]]; then
  mkdir "$work/pack"
  tar -C "$work/pack" -xzf "$build" || exit 1
  build=$work/pack
  commit=$(cat "$build/commit")
  images=$build/data/t10k
fi
if [[ -z $build ]]; then
  build=$PWD/build/gpu-native
  check build 300 compile "$build" native || { cat "$out/log.txt"; exit 1; }
fi
tests=$build/tests/kernels tools=$build/tools
# Ours alone get the libraries: Python brings its own.
ours=(env "LD_LIBRARY_PATH=$build/lib:${LD_LIBRARY_PATH:-}:/usr/local/cuda/lib64:$libraries")

{
  echo "gpu: $(nvidia-smi --query-gpu=name --format=csv,noheader | head -1)"
  echo "driver: $(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -1)"
  echo "commit: $commit"
  echo "date: $(date -u +%Y-%m-%d)"
} >"$out/about.txt"

networks='densenet_bc_100 wrn_28_10'

part_tests() {
  check operations 60 "${ours[@]}" "$tests/test_kernels" --test-case='*cuda*'
  check plans 60 "${ours[@]}" "$tests/test_cuda_plans"
  check 'half precision' 60 "${ours[@]}" "$tests/test_cuda_half"
  check networks 60 "${ours[@]}" "$build/tests/nn/test_nn_on_cuda"
  check training 60 "${ours[@]}" "$build/tests/tools/test_training" --test-case='*<cuda*'
  check kernels 60 "${ours[@]}" "$tests/test_cuda_kernels"
}

# convolutions PRECISION: the kinds to try; wgmma multiplies half precision only, and elsewhere is "own".
convolutions() {
  case $1 in
    fp16 | bf16) echo own cudnn wgmma ;;
    *) echo own cudnn ;;
  esac
}

# ours_and_theirs PRECISION: ODIN's rate with each kind of convolution, and PyTorch's.
ours_and_theirs() {
  local network conv
  for network in $networks; do
    for conv in $(convolutions "$1"); do
      bench odin_bench.jsonl 60 "${ours[@]}" "$tools/odin_bench" --device cuda --network "$network" --precision "$1" \
        --conv "$conv" --seconds 2
    done
    bench pytorch.jsonl 60 "$python" tools/torch_gpu_bench.py --network "$network" --precision "$1" --seconds 1
  done
}
part_fast() { ours_and_theirs fp16; }
part_precisions() {
  for precision in bf16 tf32 fp32; do ours_and_theirs $precision; done
}

# Scores beside the CPU's, metrics beside fp32's: of the bundled network on its test images and noise.
part_eval() {
  local network=weights/densenet_bc_100_fashion_mnist.h5 precision conv
  evaluate() { # evaluate NAME LIMIT OPTION...
    local name=$1 limit=$2
    shift 2
    mkdir -p "$work/scores/$name"
    check "evaluation $name" 60 "${ours[@]}" "$build/eval/odin_eval" --weights $network --in "idx:$images-images-idx3-ubyte.gz" \
      --out gaussian --out uniform --skip 0 --limit "$limit" --quiet --json "$work/scores/$name.json" \
      --scores "$work/scores/$name" "$@"
  }
  evaluate cpu 500 --device cpu
  for precision in fp32 tf32 fp16 bf16; do
    for conv in $(convolutions $precision); do
      evaluate "$precision $conv" 10000 --device cuda --precision $precision --conv "$conv"
    done
  done
}

# Under the sanitizer a kernel is a hundred times slower: tests of our own kernels, which are small.
part_sanitize() {
  for tool in memcheck racecheck; do
    check "compute-sanitizer $tool" 90 "${ours[@]}" compute-sanitizer --tool $tool --error-exitcode 9 \
      "$tests/test_cuda_kernels"
  done
}

part_kernels() {
  for precision in fp16 tf32; do
    bench kernels.jsonl 60 "${ours[@]}" "$tools/cuda_kernel_bench" --precision $precision
  done
}

# torch.compile with its best mode takes minutes.
part_compile() {
  for network in $networks; do
    bench pytorch.jsonl 240 "$python" tools/torch_gpu_bench.py --network "$network" --precision fp16 --seconds 1 \
      --compile --batches 512
  done
}

# Two epochs of training on the test images in every precision, where that program is built: log.txt tells losses,
# errors and rates.
part_train() {
  [[ -x $tools/train ]] || return 0
  local precision
  for precision in fp16 bf16 tf32 fp32; do
    check "training in $precision" 120 "${ours[@]}" "$tools/train" --network densenet_bc_100 \
      --in "idx:$images-images-idx3-ubyte.gz" --in-dataset fashion_mnist --preset fast --epochs 2 --warmup-epochs 1 \
      --crop-padding 0 --device cuda --precision $precision --out "$work/$precision.h5"
  done
}

for part in $parts; do
  if [[ $(type -t "part_$part") == function ]]; then "part_$part"; else echo "there is no part $part" >&2; fi
done
"$python" tools/gpu_report.py "$out" "$work/scores"
! grep -q ': failed' "$out/checks.txt"
