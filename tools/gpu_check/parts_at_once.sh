# shellcheck shell=bash
# The first phase of gpu_check.sh, until second 155: what may share the GPU and the CPU's cores.
networks='densenet_bc_100 wrn_28_10'

# convolutions PRECISION: the kinds to try. wgmma multiplies half precision only; in other precisions it is the same as
# own. It has never run on a GPU. A bad address ruins the whole process, so wgmma always runs in its own. A hang takes
# the time of what follows, so wgmma comes last.
convolutions() {
  case $1 in
    fp16 | bf16) echo own cudnn wgmma ;;
    *) echo own cudnn ;;
  esac
}

# Part train comes first: ten evaluations wait for the Wide ResNet that it trains. Training needs the GPU, and from time
# to time a core without delay. Whatever fills either one waits for the training. Tests and sanitizers do not wait: they
# hardly use the GPU, they need all of their time, and `nice` leaves the cores to the training.
# after_training COMMAND...: runs the command once the Wide ResNet is trained, if part train runs; at second 40 anyway.
after_training() {
  if [[ " $parts " == *' train '* ]]; then
    while ((!planning)) && [[ ! -e $work/trained ]] && (($(now) < begin + $(scaled 40))); do sleep 0.1; done
  fi
  "$@"
}

# check_kind NAME CONVOLUTIONS COMMAND...: a test program, with these kinds of convolutions.
check_kind() {
  local name=$1 kinds=$2
  shift 2
  at_once check "$name" 100 nice "${ours[@]}" "ODIN_TEST_CONVOLUTIONS=$kinds" "$@"
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

# evaluate_on_gpu NETWORK WEIGHTS PRECISIONS OPTION...: the same with every kind of convolution.
evaluate_on_gpu() {
  local network=$1 weights=$2 precisions=$3 precision conv
  shift 3
  for precision in $precisions; do
    for conv in $(convolutions "$precision"); do
      evaluate "$network $precision $conv" "$weights" --device cuda --precision "$precision" --conv "$conv" "$@"
    done
  done
}

# The bundled network, whose fp32 scores are also compared with the CPU's. Two precisions run one after the other: a
# batch takes up to 8 GB.
part_eval() {
  by 135
  local weights=weights/densenet_bc_100_fashion_mnist.h5 noise=(--out gaussian --out uniform)
  at_once after_training evaluate 'densenet_bc_100 cpu' $weights --device cpu --limit 500 "${noise[@]}"
  at_once after_training evaluate_on_gpu densenet_bc_100 $weights 'fp32 fp16' --limit 10000 "${noise[@]}"
  at_once after_training evaluate_on_gpu densenet_bc_100 $weights 'tf32 bf16' --limit 10000 "${noise[@]}"
}


# train NETWORK PRECISION: two epochs on the test images.
train() {
  check "training $1 in $2" 90 "${ours[@]}" "$tools/train" --network "$1" --in "idx:$images-images-idx3-ubyte.gz" \
    --in-dataset fashion_mnist --preset fast --epochs 2 --warmup-epochs 1 --crop-padding 0 --device cuda \
    --precision "$2" --quiet --out "$work/$1 $2.h5"
}
# No trained Wide ResNet ships with the repository, so the metrics of all precisions come from one trained here.
train_and_evaluate() {
  local trained=yes precision
  train wrn_28_10 tf32 || trained=no
  ((planning)) || touch "$work/trained" # also if it failed
  [[ $trained == yes ]] || ((planning)) || return
  for precision in fp32 tf32 fp16 bf16; do
    at_once evaluate_on_gpu wrn_28_10 "$work/wrn_28_10 tf32.h5" $precision --limit 5000 --out gaussian
  done
  alone
}
train_all() { for precision in fp16 bf16 tf32 fp32; do train densenet_bc_100 $precision; done; }
part_train() {
  by 135
  at_once train_and_evaluate
  at_once after_training train_all
}

# Under the sanitizer a kernel is a hundred times slower, so it runs the small tests of our own kernels, in three parts.
part_sanitize() {
  by 155
  local tool
  for tool in memcheck racecheck; do
    if ! command -v compute-sanitizer >/dev/null; then
      note "$tool" 'not run (compute-sanitizer is missing)'
      continue
    fi
    local options=(--tool "$tool" --error-exitcode 9)
    # We check the result of every call ourselves. Some calls that libraries make fail and mean nothing.
    [[ $tool != memcheck ]] || options+=(--report-api-errors no)
    local sanitize=(nice "${ours[@]}" compute-sanitizer "${options[@]}" "$tests/test_cuda_kernels")
    at_once attempt "$tool, convolutions" 150 "${sanitize[@]}" --test-case='*convolution*' \
      --test-case-exclude='*warpgroup*'
    at_once attempt "$tool, other kernels" 150 "${sanitize[@]}" --test-case-exclude='*convolution*,*warpgroup*'
    at_once attempt "$tool, wgmma" 150 "${sanitize[@]}" --test-case='*warpgroup*'
  done
}

# time_pytorch NAME SECONDS OPTION...: PyTorch keeps the choices that it makes by measuring in their own folder.
time_pytorch() {
  local name=$1 limit=$2
  shift 2
  bench pytorch.jsonl "$name" "$limit" env "TRITON_CACHE_DIR=$work/triton" "TORCHINDUCTOR_CACHE_DIR=$work/inductor" \
    "$python" tools/bench/torch_gpu_bench.py "$@"
}

# torch.compile takes minutes. Most of them go into compiling the kernels that it chooses from. That happens here, while
# the machine is busy. The timed runs reuse the compiled kernels only; they choose among them again.
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
  for network in $networks; do at_once warm "$network"; done
}
