#!/usr/bin/env bash
# Settles on a GPU what cannot be settled without one: runs all tests, compares scores with the CPU's and the metrics
# of all precisions, looks for bad memory accesses and races, and times ODIN beside PyTorch on the same GPU. Writes
# DIR/gpu_check.md and DIR/gpu_check.json, and beside them, as it goes, what they are made from. First what may share
# the GPU, all at once; then what is timed, alone, the most important first, so that a run that is cut short has told
# most. What did not run is listed as such. The exit status is 1 where something failed, 3 where nothing failed but
# something did not run to its end.
#
#     tools/gpu_check/gpu_check.sh [--out DIR] [--minutes M] [--build DIR|FILE] [--python PYTHON] [--parts "PART..."]
#     tools/gpu_check/gpu_check.sh --pack FILE [--arch ARCHITECTURE]
#
# --build WHAT  take the programs of a build with CUDA, or of a pack, instead of compiling here
# --minutes M   end within so many minutes, not counting a compilation; 9 without it
# --python P    a Python with PyTorch; python3 without it
# --parts P     only these of: train tests eval sanitize warm (all at once), fast compile precisions kernels (one after
#               the other, in the order given); all without it
# --pack FILE   build for --arch (90 without it, an H100) and pack the programs with the libraries that they need, for
#               a machine that has neither our dependencies nor the time to compile; NVIDIA's libraries are left out
set -uo pipefail
PATH+=:/usr/local/cuda/bin # compute-sanitizer, nvcc
cd "$(dirname "$0")/../.." || exit 1
out=gpu_check minutes=9 build='' python=python3 pack='' arch=90
parts='train tests eval sanitize warm fast compile precisions kernels'
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

programs=(tests/kernels/test_kernels tests/kernels/test_cuda_kernels tests/kernels/test_cuda_plans
  tests/kernels/test_cuda_half tests/nn/test_nn_on_cuda tests/tools/test_training
  tools/odin_bench tools/cuda_kernel_bench eval/odin_eval tools/train)
images=/usr/share/datasets/fashion-mnist/t10k # the demo's, see tools/install_dependencies.sh

# compile FOLDER ARCHITECTURES [OPTION...]: builds what the checks need.
compile() {
  cmake -S . -B "$1" -G Ninja -DODIN_CUDA=ON -DCMAKE_BUILD_TYPE=Release -DODIN_BUILD_TESTS=ON \
    "-DCMAKE_CUDA_ARCHITECTURES=$2" ${cudnn:+"-DCUDNN_ROOT=${cudnn%/lib}"} "${@:3}" &&
    cmake --build "$1" --target "${programs[@]}"
}

if [[ -n $pack ]]; then
  set -e
  folder=build/gpu-$arch
  compile "$folder" "$arch" -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON # whose libraries want the newest C library
  rm -rf build/pack
  for program in "${programs[@]}"; do
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
trap 'jobs -p | xargs -r kill 2>/dev/null; rm -rf "$work"' EXIT
rm -f "$out"/{about,checks,log}.txt "$out"/{odin_bench,pytorch,kernels}.jsonl "$out"/gpu_check.{json,md}

# --- Time. Milliseconds; the plan below is in seconds of nine minutes, and shrinks or grows with --minutes.
now() {
  local microseconds=${EPOCHREALTIME/[.,]/}
  echo $((microseconds / 1000))
}
begin=$(now)
total=$(awk "BEGIN {printf \"%d\", $minutes * 60000}")
scaled() { echo $(($1 * total / 540)); }
grace=$((total < 270000 ? total / 135 : 2000)) # from being told to end to being killed
least=$(scaled 2)                              # with less left nothing is begun
deadline=$begin
by() { deadline=$((begin + $(scaled "$1"))); } # by SECOND: when a part must be over, killing included
seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

# cuDNN and cuBLAS may lie in Python's packages only.
libraries=$(timeout -k 1 20 "$python" - <<'EOF'
import glob, os, site
folders = []
for base in site.getsitepackages() + [site.getusersitepackages()]:
    folders += sorted(glob.glob(os.path.join(base, "nvidia", "*", "lib")))
print(":".join(folders))
EOF
)
cudnn=$(tr : '\n' <<<"$libraries" | grep '/cudnn/' | head -1)

commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
if [[ -z $build ]]; then
  build=$PWD/build/gpu-native
  compile "$build" native >"$out/log.txt" 2>&1 || { tail -n 100 "$out/log.txt"; exit 1; }
  begin=$(now)
fi

# limited SECONDS COMMAND...: runs it for so long at most, and not beyond the end of the part. Sets `cut` to why it
# did not run to its end, if it did not: "late" (no time was left), "part" (the part was over) or "limit" (its own).
limited() {
  local limit started status=0 which=limit
  limit=$(scaled "$1") started=$(now) cut=''
  shift
  if ((deadline - started - grace < limit)); then
    which=part limit=$((deadline - started - grace))
  fi
  if ((limit < least)); then
    cut=late
    return 124
  fi
  timeout -k "$(seconds "$grace")" "$(seconds "$limit")" "$@" || status=$?
  if ((status != 0 && $(now) - started >= limit)); then cut=$which; fi
  return "$status"
}

# --- Results. Everything that is planned is in checks.txt from the beginning; the last line of a name counts.
planning=1 limit_means=failed
note() { echo "$1: $2" >>"$out/checks.txt"; }
# findings LOG: the first forty errors and races that compute-sanitizer tells of, with the lines that say where.
findings() {
  local error='Invalid __|Misaligned |Race reported |Potential |Barrier error |Warpgroup MMA |Malloc/Free error '
  grep -aE -m 40 -A 3 "^=========( [A-Za-z]+:)? ($error|[A-Z]+ SUMMARY: [1-9])" "$1"
}
# conclude NAME STATUS LOG: notes how something ended, by `cut`, too, and the end of what it said. `limit_means` is
# what it is that something does not end within its own limit.
conclude() {
  local name=$1 status=$2 result=passed
  if findings "$3" >"$3.found"; then # one is enough, however it ended then; a race that is only warned of, too
    result='failed (compute-sanitizer has found something)'
  elif [[ $cut == late ]]; then
    result='not run (no time was left)'
  elif [[ $cut == limit ]]; then
    result="$limit_means (out of time)"
  elif [[ $cut == part ]]; then
    result='unfinished (out of time)'
  elif ((status != 0)) && grep -q 'Device not supported' "$3"; then
    result='not run (compute-sanitizer does not support the device)'
  elif ((status == 127)); then
    result='failed (a program is missing)'
  elif ((status != 0)); then
    result="failed (exit status $status)"
  elif grep -q '^\[SKIPPED\]' "$3"; then
    result='failed (skipped)'
  elif grep -q '^\[doctest\] test cases: *0 ' "$3"; then
    result='failed (there is no such test)'
  fi
  note "$name" "$result"
  {
    echo "=== $name: $result"
    if [[ -s $3.found ]]; then
      cat "$3.found"
      echo '--- It ended so:'
    fi
    tail -n 100 "$3"
  } >"$3.end"
  cat "$3.end" >>"$out/log.txt" # in one piece, beside others
  [[ $result == passed ]]
}
# noted FILE NAME SECONDS COMMAND...: runs it and notes how it ended. FILE, unless empty, gets what it prints.
noted() {
  local file=$1 name=$2 status=0 log=$work/log.$BASHPID cut size
  shift 2
  if ((planning)); then
    note "$name" 'not run'
  elif [[ -n $file ]]; then
    echo >>"$file" # ends a line that was cut off before
    size=$(stat -c %s "$file")
    limited "$@" >>"$file" 2>"$log" || status=$?
    if ((status == 0 && $(stat -c %s "$file") == size)); then
      echo 'It has printed nothing.' >>"$log"
      status=1
    fi
    conclude "$name" "$status" "$log"
  else
    limited "$@" >"$log" 2>&1 || status=$?
    conclude "$name" "$status" "$log"
  fi
}
# check NAME SECONDS COMMAND...: a test; one that does not end hangs.
check() { local limit_means=failed; noted '' "$@"; }
# attempt NAME SECONDS COMMAND...: a test that may take too long.
attempt() { local limit_means=unfinished; noted '' "$@"; }
# bench FILE NAME SECONDS COMMAND...: adds its lines of JSON to a file; where it is cut off, those that it has made.
bench() { local limit_means=unfinished; noted "$out/$1" "${@:2}"; }
# beside COMMAND...: while others run.
beside() { if ((planning)); then "$@"; else "$@" & fi; }
# alone: once nobody else is on the GPU. Each has its limit, so this waits no longer than the first phase may take.
alone() { ((planning)) || wait; }

networks='densenet_bc_100 wrn_28_10'
# convolutions PRECISION: the kinds to try; wgmma multiplies half precision only, and elsewhere is "own". It has never
# run: a bad address ruins its whole process, so it always has one to itself, and a hang takes the time of what comes
# after it, so it comes last.
convolutions() {
  case $1 in
    fp16 | bf16) echo own cudnn wgmma ;;
    *) echo own cudnn ;;
  esac
}

# --- First phase, to second 155: what may share the GPU, and the processor's cores.

# Part train comes first: ten evaluations wait for the Wide ResNet that it trains. Training wants the GPU, and now and
# then a core at once. So what fills either waits for it, but for tests and sanitizers: they hardly use the GPU, have no
# time to lose, and leave it the cores, being nice.
# after_training COMMAND...: runs it once the Wide ResNet is trained, if it is to be, but from second 40 in any case.
after_training() {
  if [[ " $parts " == *' train '* ]]; then
    while ((!planning)) && [[ ! -e $work/trained ]] && (($(now) < begin + $(scaled 40))); do sleep 0.1; done
  fi
  "$@"
}

# check_kind NAME CONVOLUTIONS COMMAND...: a program of tests, with these convolutions.
check_kind() {
  local name=$1 kinds=$2
  shift 2
  beside check "$name" 100 nice "${ours[@]}" "ODIN_TEST_CONVOLUTIONS=$kinds" "$@"
}
part_tests() {
  by 135
  local others='own cudnn' warpgroups='*warpgroup*' on_cuda=$build/tests/nn/test_nn_on_cuda
  check_kind operations "$others" "$tests/test_kernels" --test-case='*cuda*'
  check_kind plans "$others" "$tests/test_cuda_plans" --test-case-exclude="$warpgroups"
  check_kind 'half precision' "$others" "$tests/test_cuda_half" --test-case-exclude="$warpgroups"
  check_kind networks "$others" "$on_cuda" --test-case-exclude="$warpgroups"
  check_kind training "$others" "$build/tests/tools/test_training" --test-case='*<cuda*'
  check_kind kernels "$others" "$tests/test_cuda_kernels" --test-case-exclude="$warpgroups"
  check_kind 'plans, wgmma' wgmma "$tests/test_cuda_plans"
  check_kind 'half precision, wgmma' wgmma "$tests/test_cuda_half"
  check_kind 'networks, wgmma' wgmma "$on_cuda"
  check_kind 'kernels, wgmma' wgmma "$tests/test_cuda_kernels" --test-case="$warpgroups"
}

# evaluate NAME WEIGHTS OPTION...: scores and metrics on Fashion-MNIST's test images and noise.
evaluate() {
  local name=$1 weights=$2
  shift 2
  mkdir -p "$work/scores/$name"
  check "evaluation $name" 100 "${ours[@]}" "$build/eval/odin_eval" --weights "$weights" \
    --in "idx:$images-images-idx3-ubyte.gz" --skip 0 --quiet --json "$work/scores/$name.json" \
    --scores "$work/scores/$name" "$@"
}
# evaluate_on_gpu NETWORK WEIGHTS PRECISIONS OPTION...: with every convolution.
evaluate_on_gpu() {
  local network=$1 weights=$2 precisions=$3 precision conv
  shift 3
  for precision in $precisions; do
    for conv in $(convolutions "$precision"); do
      evaluate "$network $precision $conv" "$weights" --device cuda --precision "$precision" --conv "$conv" "$@"
    done
  done
}
# The bundled network; its fp32 scores are also held against the CPU's. Two after the other: a batch takes up to 8 GB.
part_eval() {
  by 135
  local weights=weights/densenet_bc_100_fashion_mnist.h5 noise=(--out gaussian --out uniform)
  beside after_training evaluate 'densenet_bc_100 cpu' $weights --device cpu --limit 500 "${noise[@]}"
  beside after_training evaluate_on_gpu densenet_bc_100 $weights 'fp32 fp16' --limit 10000 "${noise[@]}"
  beside after_training evaluate_on_gpu densenet_bc_100 $weights 'tf32 bf16' --limit 10000 "${noise[@]}"
}

# train NETWORK PRECISION: two epochs on the test images.
train() {
  check "training $1 in $2" 90 "${ours[@]}" "$tools/train" --network "$1" --in "idx:$images-images-idx3-ubyte.gz" \
    --in-dataset fashion_mnist --preset fast --epochs 2 --warmup-epochs 1 --crop-padding 0 --device cuda \
    --precision "$2" --quiet --out "$work/$1 $2.h5"
}
# A trained Wide ResNet is not bundled: the metrics of all precisions are those of one that is trained here.
train_and_evaluate() {
  local trained=yes precision
  train wrn_28_10 tf32 || trained=no
  ((planning)) || touch "$work/trained" # or it has failed
  [[ $trained == yes ]] || ((planning)) || return
  for precision in fp32 tf32 fp16 bf16; do
    beside evaluate_on_gpu wrn_28_10 "$work/wrn_28_10 tf32.h5" $precision --limit 5000 --out gaussian
  done
  alone
}
train_all() { for precision in fp16 bf16 tf32 fp32; do train densenet_bc_100 $precision; done; }
part_train() {
  by 135
  beside train_and_evaluate
  beside after_training train_all
}

# Under the sanitizer a kernel is a hundred times slower: the small tests of our own kernels, in three parts.
part_sanitize() {
  by 155
  local tool
  for tool in memcheck racecheck; do
    if ! command -v compute-sanitizer >/dev/null; then
      note "$tool" 'not run (compute-sanitizer is missing)'
      continue
    fi
    local options=(--tool "$tool" --error-exitcode 9)
    # We look at the result of every call ourselves; libraries make some that fail and mean nothing.
    [[ $tool != memcheck ]] || options+=(--report-api-errors no)
    local sanitize=(nice "${ours[@]}" compute-sanitizer "${options[@]}" "$tests/test_cuda_kernels")
    beside attempt "$tool, convolutions" 150 "${sanitize[@]}" --test-case='*convolution*' \
      --test-case-exclude='*warpgroup*'
    beside attempt "$tool, other kernels" 150 "${sanitize[@]}" --test-case-exclude='*convolution*,*warpgroup*'
    beside attempt "$tool, wgmma" 150 "${sanitize[@]}" --test-case='*warpgroup*'
  done
}

# time_pytorch NAME SECONDS OPTION...: what it chooses by measuring, it keeps in a folder of its own.
time_pytorch() {
  local name=$1 limit=$2
  shift 2
  bench pytorch.jsonl "$name" "$limit" env "TRITON_CACHE_DIR=$work/triton" "TORCHINDUCTOR_CACHE_DIR=$work/inductor" \
    "$python" tools/bench/torch_gpu_bench.py "$@"
}
# torch.compile takes minutes, most of them for compiling kernels to choose from: that is done here, while the machine
# is busy. Nothing but the compiled kernels is kept for what is timed, no choice among them.
warm() {
  ((!planning)) || return 0
  limited 130 env "TRITON_CACHE_DIR=$work/triton" "TORCHINDUCTOR_CACHE_DIR=$work/inductor of $1" \
    TORCHINDUCTOR_COMPILE_THREADS=6 nice "$python" tools/bench/torch_gpu_bench.py --networks "$1" --precisions fp16 \
    --seconds 0 --compile max-autotune >"$work/warm $1" 2>&1 &&
    grep -q '"images_per_second"' "$work/warm $1" && touch "$work/warmed $1"
  {
    echo "=== compiling $1 in PyTorch ahead"
    tail -n 20 "$work/warm $1"
  } >"$work/warm end $1"
  cat "$work/warm end $1" >>"$out/log.txt"
}
part_warm() {
  by 135
  local network
  for network in $networks; do beside warm "$network"; done
}

# --- Second phase, alone on the GPU.

# time_ours PRECISIONS SECONDS CONVOLUTION...: both networks. A kind of convolution has a process of its own, so that
# one that fails does not take the others with it.
time_ours() {
  local precisions=$1 seconds=$2 conv
  shift 2
  for conv in "$@"; do
    bench odin_bench.jsonl "timing $conv in $precisions" 60 "${ours[@]}" "$tools/odin_bench" --device cuda \
      --network "${networks/ /,}" --precision "$precisions" --conv "$conv" --seconds "$seconds"
  done
}
part_fast() {
  alone
  by 232
  time_ours fp16 2 own cudnn wgmma
  by 268
  time_pytorch 'timing PyTorch in fp16' 60 --networks "${networks/ /,}" --precisions fp16 --seconds 1
}

# Where compiling ahead came to its end, choosing is what is left; else a mode that chooses less comes first, so that
# there is something to compare with.
part_compile() {
  alone
  local network modes
  for network in $networks; do
    if [[ $network == wrn_28_10 ]]; then by 410; else by 368; fi
    modes=reduce-overhead,max-autotune
    [[ ! -e "$work/warmed $network" ]] || modes=max-autotune
    time_pytorch "timing PyTorch's compiled $network" 140 --networks "$network" --precisions fp16 --seconds 1 \
      --compile $modes
  done
}

# fp32 last: nobody waits for it, and it is what takes the longest.
part_precisions() {
  alone
  by 450
  time_ours bf16,tf32 0.5 own cudnn
  time_ours bf16 0.5 wgmma
  by 482
  time_pytorch 'timing PyTorch in bf16,tf32' 60 --networks "${networks/ /,}" --precisions bf16,tf32 --seconds 0.5
  by 498
  time_ours fp32 0.5 own cudnn
  time_pytorch 'timing PyTorch in fp32' 60 --networks "${networks/ /,}" --precisions fp32 --seconds 0.5
}

# time_kernels PRECISION CONVOLUTIONS SECONDS
time_kernels() {
  bench kernels.jsonl "timing $2 convolutions in $1" "$3" "${ours[@]}" "$tools/cuda_kernel_bench" --precision "$1" \
    --conv "$2"
}
part_kernels() {
  alone
  by 528
  time_kernels fp16 own,cudnn 24
  time_kernels fp16 wgmma 20 # neither takes all that is left
  time_kernels tf32 own,cudnn 60
}

if [[ -f $build ]]; then
  mkdir "$work/pack"
  tar -C "$work/pack" -xzf "$build" || exit 1
  build=$work/pack
elif [[ ! -d $build ]]; then
  echo "there is no build and no pack '$build'" >&2
  exit 2
fi
if [[ -f $build/commit ]]; then # a pack, also where it has been unpacked
  build=$(cd "$build" && pwd)
  commit=$(cat "$build/commit")
  images=$build/data/t10k
fi
tests=$build/tests/kernels tools=$build/tools
# Ours alone get the libraries: Python brings its own.
ours=(env "LD_LIBRARY_PATH=$build/lib:${LD_LIBRARY_PATH:-}:/usr/local/cuda/lib64:$libraries")

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
