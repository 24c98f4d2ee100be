# shellcheck shell=bash
# The parts of gpu_check.sh that share the GPU: at most three processes at once, of the evaluations, the training and
# compute-sanitizer.
evaluating=() # processes

# convolutions PRECISION: the kinds to try. Warpgroup products are of half precision only.
convolutions() {
  case $1 in
    fp16 | bf16) echo own wgmma cudnn ;;
    *) echo own cudnn ;;
  esac
}
evaluate_on_gpu() {
  local precision kind
  for precision in fp32 fp16 bf16 tf32; do
    for kind in $(convolutions $precision); do
      evaluate "densenet_bc_100 $precision $kind" 30 --device cuda --precision $precision --conv "$kind" "${others[@]}"
    done
  done
}
part_evaluate() {
  alone
  by 400
  at_once evaluate 'densenet_bc_100 cpu' 56 --device cpu "${others[@]}"
  ((planning)) || evaluating+=($!)
  at_once evaluate_on_gpu
  ((planning)) || evaluating+=($!)
}

# train_for_the_rest: a training on CIFAR-10 that may have begun another time, and may go on another time. That it is cut
# off is no failure, if it leaves its state.
train_for_the_rest() {
  local name='training densenet_bc_100 in fp16' cut='' state=$work/training.h5.state begun=() log=$work/log.training
  if ((planning)); then
    note "$name" 'not run'
    return
  fi
  if [[ -z $train_set && ! -f $images ]]; then
    note "$name" 'not run (there are no images to train on)'
    return
  fi
  rm -f "$work"/training.h5*
  if [[ -f $build/training.h5.state ]]; then
    cp "$build"/training.h5* "$work"
    begun=(--resume)
  fi
  local status=0
  if [[ -z $train_set ]]; then
    limited 30 "$python" tools/gpu_check/packs.py unpack "$images" "$build" --images train >"$log" 2>&1 || status=$?
  fi
  if ((status == 0)); then
    limited 130 "${ours[@]}" "$tools/train" --network densenet_bc_100 \
      --in "cifar10-train:${train_set:-$build/train.bin}" --preset fast --device cuda --precision fp16 \
      --save-every 100 --quiet --out "$work/training.h5" "${begun[@]}" >"$log" 2>&1 || status=$?
  fi
  conclude_training "$name" "$status"
}
conclude_training() {
  local size
  if (($2 != 0)) && has_no_gpu "$log"; then
    note "$1" 'failed (there is no GPU)'
  elif ! size=$(stat -c %s "$state" 2>/dev/null); then
    if [[ -n $cut ]]; then note "$1" 'unfinished (out of time)'; else note "$1" "failed (exit status $2)"; fi
  elif ((size >= 16 << 20)); then
    note "$1" "failed (its state of $size bytes is too large to be brought back)"
  elif (($2 != 0)) && [[ -z $cut ]]; then
    note "$1" "failed (exit status $2)"
  else
    note "$1" "passed ($(($(wc -l <"$work/training.h5.csv" 2>/dev/null || echo 1) - 1)) epochs)"
  fi
  cp "$work"/training.h5* "$out" 2>/dev/null
  { echo "=== $1"; tail -n 20 "$log"; } >>"$out/log.txt"
}
part_train() {
  by 466
  at_once train_for_the_rest
}

# Under the sanitizer a kernel is a hundred times slower, so it runs few small tests of our own kernels. Racecheck is not
# known to follow what warpgroup products read (the async proxy): what it says of them is information.
# sanitize KIND OF-TEST OPTION...
sanitize() {
  local tool=$1 name=$2
  local options=(--tool "$tool" --error-exitcode 9) how=check
  # We check the result of every call ourselves. Some calls that libraries make fail and mean nothing.
  [[ $tool != memcheck ]] || options+=(--report-api-errors no)
  [[ $tool != racecheck || $name != wgmma ]] || how=inform
  shift 2
  if ! command -v compute-sanitizer >/dev/null; then
    note "$tool, $name" 'not run (compute-sanitizer is missing)'
    return
  fi
  $how "$tool, $name" 60 "${ours[@]}" ODIN_FEW_CASES=1 compute-sanitizer "${options[@]}" "$tests/test_cuda_kernels" \
    "$@"
}
sanitize_both() {
  sanitize memcheck "$@"
  sanitize racecheck "$@"
}
part_sanitize() {
  by 466
  ((planning || ${#evaluating[@]} == 0)) || wait "${evaluating[@]}"
  at_once sanitize_both kernels --test-case-exclude='*warpgroup*'
  at_once sanitize_both wgmma --test-case='*warpgroup*'
}
