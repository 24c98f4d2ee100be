#!/usr/bin/env bash
# Fuzzes the readers of files that others made, with libFuzzer and the address and undefined-behaviour sanitizers:
#
#     tests/fuzz/fuzz.sh [SECONDS [READER...]]
#
# Each READER (checkpoint, cifar, idx, image, network_file, training_state; all of them by default) runs for SECONDS (30
# by default), two at a time, from a fresh corpus. Fails if one finds anything. Findings, logs and corpora stay in
# build/fuzz.
#
# HDF5 1.10 crashes or does not end when a file's metadata is damaged in some ways. That is counted, but is no failure
# here: a finding is the library's if the innermost function that is no sanitizer's, libFuzzer's or libc's is in libhdf5.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-30}
readers=("${@:2}")
if [ ${#readers[@]} = 0 ]; then readers=(checkpoint cifar idx image network_file training_state); fi
build=build/fuzz
cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=Debug -DODIN_CUDA=OFF \
  -DODIN_BUILD_TESTS=ON -DODIN_FUZZ=ON >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
cmake --build "$build" --target "${readers[@]/#/fuzz_}"

# A file of at most 64 KiB must be read within a second (five with the sanitizers on a busy machine) and little memory.
export ASAN_OPTIONS=quarantine_size_mb=16 LSAN_OPTIONS=suppressions=$PWD/tests/leaks_of_others.txt

# is_of_hdf5 LOG: whether the finding in LOG is the library's.
is_of_hdf5() {
  local not_to_blame='__interceptor_|__asan|__sanitizer|fuzzer::|libc\.so|sysdeps| in (malloc|calloc|realloc|operator new)'
  grep -E '^ +#[0-9]+ ' "$1" | grep -vE "$not_to_blame" | head -n 1 | grep -q libhdf5
}
# fuzz_one READER: its output goes to a log; prints what came of it.
fuzz_one() {
  local reader=$1 log=$build/$1.log findings=$build/findings/$1 options=() finding ours=0 of_hdf5=0 runs
  rm -rf "$build/corpus/$reader" "$findings"
  mkdir -p "$findings"
  TMPDIR=$(mktemp -d /dev/shm/odin_fuzz.XXXXXX)  # what the targets write is in memory
  export TMPDIR
  /usr/bin/python3 tests/fuzz/make_corpus.py "$reader" "$build/corpus/$reader"
  # HDF5 asks for blocks that a file's metadata claims, and frees them again.
  local memory=512
  if [ "$reader" = checkpoint ]; then memory=4096; fi
  local limits=(-timeout=5 "-rss_limit_mb=$memory" -malloc_limit_mb=128)
  if [ -e "tests/fuzz/$reader.dict" ]; then options+=("-dict=tests/fuzz/$reader.dict"); fi
  # In processes of its own, so that it goes on after a finding of the library.
  "$build/tests/fuzz/fuzz_$reader" -fork=1 -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1 \
    -max_total_time="$seconds" -max_len=65536 -len_control=0 "${limits[@]}" "${options[@]}" -artifact_prefix="$findings/" \
    "$build/corpus/$reader" >"$log" 2>&1 || true  # it fails after a finding that it should ignore
  for finding in "$findings"/*; do
    [ -e "$finding" ] || continue
    "$build/tests/fuzz/fuzz_$reader" "${limits[@]}" "$finding" >"$finding.log" 2>&1 || true
    if is_of_hdf5 "$finding.log"; then of_hdf5=$((of_hdf5 + 1)); continue; fi
    ours=1
    tail -n 40 "$finding.log"
    echo "$reader: $finding"
  done
  rm -rf "$TMPDIR"
  runs=$(grep -oE '^#[0-9]+: cov' "$log" | tail -n 1 | tr -dc 0-9)
  if [ -z "$runs" ]; then ours=1; tail -n 20 "$log"; fi
  echo "$reader: ${runs:-no} executions; findings in our code: $([ "$ours" = 1 ] && echo some || echo none)," \
    "in libhdf5: $of_hdf5"
  return "$ours"
}
failed=0
pids=()
for reader in "${readers[@]}"; do
  fuzz_one "$reader" &
  pids+=($!)
  if [ ${#pids[@]} = 2 ]; then
    wait "${pids[0]}" || failed=1
    pids=("${pids[1]}")
  fi
done
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
exit "$failed"
