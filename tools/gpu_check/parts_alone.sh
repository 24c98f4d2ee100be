# shellcheck shell=bash
# The second phase of gpu_check.sh: timings, alone on the GPU.

# time_ours PRECISIONS SECONDS CONVOLUTION...: both networks. Each kind of convolution runs in its own process, so that
# a failure leaves the others alone.
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

# If compiling ahead finished, only choosing remains. If not, a mode that chooses less comes first, so that there is
# something to compare with.
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

# fp32 comes last: nothing waits for it, and it takes the longest.
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
  time_kernels fp16 wgmma 20 # neither takes all the time that is left
  time_kernels tf32 own,cudnn 60
}

