# shellcheck shell=bash
# The parts of gpu_check.sh that run alone on the GPU: the first call, and what the second one does first.
networks='densenet_bc_100 wrn_28_10'
both=${networks/ /,}

# evaluate NAME SECONDS OPTION...: scores and metrics of the network on its test images and the other sets.
evaluate() {
  local name=$1 seconds=$2
  shift 2
  mkdir -p "$work/scores/$name"
  check "evaluation $name" "$seconds" "${ours[@]}" "$build/eval/odin_eval" --weights "$network_file" \
    --in "$test_set" --skip 0 --quiet --json "$work/scores/$name.json" --scores "$work/scores/$name" "$@"
}

# Reading the libraries takes most of the time in which nothing else can start: once, from a cold disk.
part_smoke() {
  by 54
  check 'the GPU' 10 nvidia-smi
  # shellcheck disable=SC2016
  check 'libraries' 10 "${ours[@]}" bash -c '! ldd "$@" | grep "not found"' ldd "${programs[@]/#/$build/}"
  # shellcheck disable=SC2016 # the inner shell's
  at_once check 'reading the libraries' 25 bash -c 'find "$@" -name "*.so*" -type f -exec cat {} + >/dev/null' find \
    "${library_folders[@]:-/dev/null}"
  local few=(--limit 256 --out gaussian) precision
  evaluate 'smoke cpu' 12 --device cpu "${few[@]}"
  for precision in fp32 tf32 fp16 bf16; do
    evaluate "smoke $precision own" 12 --device cuda --precision $precision --conv own "${few[@]}"
  done
  check 'smoke: kernels, wgmma' 12 "${ours[@]}" ODIN_FEW_CASES=1 "$tests/test_cuda_kernels" --test-case='*warpgroup*'
  for precision in fp16 bf16; do
    evaluate "smoke $precision wgmma" 12 --device cuda --precision $precision --conv wgmma "${few[@]}"
  done
  evaluate 'smoke fp32 cudnn' 12 --device cuda --precision fp32 --conv cudnn "${few[@]}"
  alone
}

# A kind of convolution that ruins its process takes no other along: each has its own. Those of warpgroup products come
# second, since the others do not depend on them, and cuDNN's last, since it is not ours.
# tests_of KIND
tests_of() {
  local on=("${ours[@]}" ODIN_FEW_CASES=1 "ODIN_TEST_CONVOLUTIONS=$1")
  check "plans, $1" 25 "${on[@]}" "$tests/test_cuda_plans"
  check "half precision, $1" 25 "${on[@]}" "$tests/test_cuda_half"
  check "networks, $1" 25 "${on[@]}" "$build/tests/nn/test_nn_on_cuda"
}
part_tests() {
  by 110
  local few=("${ours[@]}" ODIN_FEW_CASES=1) warpgroups='*warpgroup*'
  check kernels 25 "${few[@]}" "$tests/test_cuda_kernels" --test-case-exclude="$warpgroups"
  tests_of own
  check operations 25 "${few[@]}" ODIN_TEST_CONVOLUTIONS=own "$tests/test_kernels" --test-case='*cuda*'
  check training 25 "${few[@]}" ODIN_TEST_CONVOLUTIONS=own "$build/tests/tools/test_training" --test-case='*<cuda*'
  check 'kernels, wgmma' 25 "${few[@]}" "$tests/test_cuda_kernels" --test-case="$warpgroups"
  tests_of wgmma
  tests_of cudnn
}

# time_ours NAME SECONDS OPTION...
time_ours() {
  local name=$1 seconds=$2
  shift 2
  bench "timing $name" "$seconds" "${ours[@]}" "$tools/odin_bench" --device cuda --network "$both" "$@"
}
part_rates() {
  local kind
  by 190
  for kind in own wgmma cudnn; do
    time_ours "$kind in fp16" 40 --precision fp16 --conv $kind --seconds 2
  done
  by 222
  for kind in own wgmma; do
    time_ours "$kind in batches" 16 --precision fp16 --conv $kind --seconds 0.4 --device-batch 64,128,256,1024
  done
  by 240
  time_ours 'own in bf16,tf32,fp32' 18 --precision bf16,tf32,fp32 --conv own --seconds 0.4
  by 256
  bench 'timing convolutions in fp16' 16 "${ours[@]}" "$tools/cuda_kernel_bench" --precision fp16 --conv own,wgmma
}

# time_pytorch NAME SECONDS OPTION...
time_pytorch() {
  local name=$1 seconds=$2
  shift 2
  bench "$name" "$seconds" "$python" tools/bench/torch_gpu_bench.py --precisions fp16 --seconds 1 "$@"
}
# max-autotune would take minutes.
part_pytorch() {
  local network
  by 284
  time_pytorch 'timing PyTorch in fp16' 28 --networks "$both"
  by 342
  for network in $networks; do
    time_pytorch "timing PyTorch's compiled $network" 29 --networks "$network" --compile reduce-overhead
  done
}
