#!/bin/bash
# Stands in for every program that gpu_check.sh runs, by the name that it is called by. The environment says how it
# behaves: FAIL, HANG, SKIP, EMPTY (no test of that name) and SILENT name programs; HANG also takes "PROGRAM after the
# first". WGMMA_FAIL and WGMMA_HANG name the programs that fail or hang when they come to wgmma, or "all".
# NO_GPU=yes is a machine without one.
# FOUND_memcheck and FOUND_racecheck are the output of compute-sanitizer. STATE is the size of a training's state, and
# TRAINING_ENDS=yes a training that ends by itself. A program that hangs ignores SIGTERM.
program=${0##*/}
named() { [[ ",$1," == *",$program$2,"* || ",$1," == *,all,* ]]; }
hang() { echo $$ >"$CALLS.$program"; trap '' TERM; while :; do sleep 0.05; done; }
declare -A o
for ((i = 1; i < $#; ++i)); do next=$((i + 1)) && o[${!i}]=${!next}; done
echo "$program $* [${ODIN_TEST_CONVOLUTIONS-all}] (${ODIN_FEW_CASES-all cases})" >>"$CALLS"
echo "+$$ $program" >>"$CALLS.running"
trap 'echo "-$$" >>"$CALLS.running"' EXIT
! named "$HANG" || hang
if [[ $NO_GPU == yes && $* != *'--device cpu'* && $* != *packs.py* && $* != - ]]; then
  case $program in
    nvidia-smi) exit 9 ;;
    test_*) echo '[SKIPPED] there is no CUDA device' && exit ;;
    odin_* | cuda_kernel_bench | train) echo "$program: there is no NVIDIA driver on this machine" >&2 && exit 1 ;;
    python) echo 'PyTorch finds no NVIDIA GPU' >&2 && exit 1 ;;
  esac
fi
! named "$FAIL" || { echo "$program is broken" >&2; exit 1; }
wgmma=no # whether the real program would run it
case $program in
  test_cuda_plans | test_cuda_half | test_nn_on_cuda)
    [[ ${ODIN_TEST_CONVOLUTIONS-wgmma} != *wgmma* ]] || wgmma=yes ;;
  test_cuda_kernels) [[ $* == *-exclude=*warpgroup* ]] || wgmma=yes ;;
  odin_bench | odin_eval | cuda_kernel_bench)
    [[ ${o[--conv]-wgmma} != *wgmma* || ${o[--precision]} != *16 || $* == *'--device cpu'* ]] || wgmma=yes ;;
esac
[[ $wgmma == no ]] || ! named "$WGMMA_HANG" || hang
[[ $wgmma == no ]] || ! named "$WGMMA_FAIL" || { echo 'an illegal address' >&2; exit 1; }
list() { echo "${1//,/ }"; }
declare -A rates=([fp32]=1000 [tf32]=2000 [fp16]=4000 [bf16]=3900)
case $program in
  nvidia-smi) echo 'NVIDIA H100 80GB HBM3, 580.159.04' ;;
  compute-sanitizer)
    [[ $UNSUPPORTED != yes ]] || { echo '========= Error: Device not supported.'; exit 1; }
    found=FOUND_${o[--tool]}
    [[ -z ${!found} ]] || { echo "${!found}"; seq 150; }
    ! named "$HANG" ' after the first' || hang
    while [[ $1 == --* ]]; do shift 2; done
    exec "$@" ;;
  ldd) echo "libcudnn.so.9 => ${LIBRARY:-/usr/lib/libcudnn.so.9}" ;;
  python)
    if [[ $1 == - ]]; then cat >/dev/null; exit; fi
    if [[ $1 == *packs.py ]]; then "$REAL_PYTHON" "$@"; exit; fi
    ! named "$SILENT" || exit 0
    for precision in $(list "${o[--precisions]}"); do for network in $(list "${o[--networks]}"); do
      ways=('eager, NCHW' 'eager, channels_last')
      [[ -z ${o[--compile]} ]] || ways=("compiled (${o[--compile]##*,}), channels_last")
      for i in "${!ways[@]}"; do
        printf '{"network": "%s", "precision": "%s", "way": "%s", "batch": 512, "torch": "2.11.0", "gpu": "G", ' \
          "$network" "$precision" "${ways[i]}"
        echo "\"images_per_second\": $((rates[$precision] * (i + 2)))}"
      done
    done; done ;;
  odin_bench)
    for precision in $(list "${o[--precision]}"); do for network in $(list "${o[--network]}"); do
      case ${o[--conv]} in own) factor=10;; wgmma) factor=12;; *) factor=9;; esac
      for size in $(list "${o[--device-batch]-0}"); do
      printf '{"network":"%s","device":"cuda:0","executor":"e","precision":"%s","convolution":"%s","batch":4096,' \
        "$network" "$precision" "${o[--conv]}"
      printf '"device_batch":%s,' "$size"
      printf '"temperature":1000.0,"images":4096,"seconds":1.0,"prepare_seconds":0.1,"images_per_second":%d,' \
        $((rates[$precision] * factor - size / 64))
      printf '"gflops":1.0,"peak_gflops":2.0,"fraction_of_peak":0.5,"moved_megabytes_per_image":45.0,'
      printf '"memory_gbytes_per_second":3000.0,"bandwidth_floor_images_per_second":66000.0,'
      printf '"fraction_of_bandwidth_floor":0.625,"version":"0.1.0"}\n'
      if named "$HANG" ' after the first'; then printf '{"network":"wrn_28'; hang; fi
      done
    done; done ;;
  cuda_kernel_bench)
    for shape in '3x3 160 -> 160, 32x32' '1x1/2 160 -> 320, 32x32'; do
      measured=
      [[ $shape == 3x3* ]] && own=400.0 || own=501.0
      [[ ${o[--conv]} != *own* ]] ||
        measured+="\"implicit-gemm_error\":0.0,\"implicit-gemm_tflops\":$own,\"auto_error\":0.0,\"auto_tflops\":$own,"
      [[ ${o[--conv]} != *wgmma* ]] || measured+='"wgmma_error":0.0,"wgmma_tflops":500.0,'
      [[ ${o[--conv]} != *cudnn* ]] || measured+='"library_error":0.0,"library_tflops":450.0,'
      [[ $measured == *wgmma* ]] && plain=1.5 || plain=1.0
      echo "{\"network\":\"wrn\",\"pass\":\"forward\",\"shape\":\"$shape\",\"plain_error\":0.0," \
        "\"plain_tflops\":$plain,$measured\"gpu\":\"G\",\"precision\":\"${o[--precision]}\",\"batch\":256}"
    done ;;
  odin_eval)
    off=0.90000 score=0.5
    [[ -z $METRIC_OFF || ${o[--precision]} != "$METRIC_OFF" ]] || off=${METRIC:-0.90100}
    [[ -z $SCORE_OFF || ${o[--precision]} != "$SCORE_OFF" ]] || score=${SCORE:-0.50002}
    sets=(Gaussian)
    [[ $* != *uniform* ]] || sets=(LSUN uniform)
    detector="{\"source\":null,\"temperature\":1000.0,\"magnitude\":0.0014,\"fpr_at_tpr95\":$off,"
    detector+='"detection_error":0.1,"auroc":0.9,"aupr_in":0.9,"aupr_out":null}'
    for i in "${!sets[@]}"; do
      folder=${o[--scores]}
      ((${#sets[@]} == 1)) || folder+=/out_$((i + 1))
      mkdir -p "$folder"
      for file in Base_In Base_Out Our_In Our_Out; do
        printf '1000, 0.0014, %s\n1000, 0.0014, 0.75\n' "$score" >"$folder/confidence_$file.txt"
      done
      evaluations+=${evaluations:+,}"{\"out_set\":\"${sets[i]}\",\"out_images\":2,\"detectors\":"
      evaluations+="{\"baseline\":$detector,\"odin\":$detector}}"
    done
    echo "{\"network\":\"n\",\"evaluations\":[$evaluations]}" >"${o[--json]}" ;;
  train)
    echo a network >"${o[--out]}"
    head -c "${STATE:-1000}" /dev/zero >"${o[--out]}.state"
    printf 'epoch,error\n1,50\n2,40\n' >"${o[--out]}.csv"
    [[ $TRAINING_ENDS == yes ]] || hang ;;
  test_*)
    ! named "$SKIP" || echo '[SKIPPED] there is no GPU'
    named "$EMPTY" && count=0 || count=3
    echo "[doctest] test cases: $count | $count passed | 0 failed | 0 skipped" ;;
esac
