#!/usr/bin/env bash
# Fuzzes the readers of files that others made, with libFuzzer and the address and undefined-behaviour sanitizers:
#
#     tests/fuzz/fuzz.sh [SECONDS [READER...]]
#
# Each READER (checkpoint, cifar, idx, image, network_file, npy, report, svhn, training_state; all of them by default) runs
# for SECONDS (30 by default), two at a time, from a fresh corpus. Fails if one finds anything. Findings, logs and corpora
# stay in build/fuzz; so do files on which HDF5 crashed in the child process that may.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-30}
readers=("${@:2}")
if [ ${#readers[@]} = 0 ]; then readers=(checkpoint cifar idx image network_file npy report svhn training_state); fi
build=build/fuzz
mkdir -p "$build"
cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=Debug -DODIN_CUDA=OFF \
  -DODIN_BUILD_TESTS=ON -DODIN_FUZZ=ON >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
cmake --build "$build" --target "${readers[@]/#/fuzz_}"

# A file of at most 64 KiB must be read within a second (five with the sanitizers on a busy machine) and little memory.
# Signals are reported even where a child process resets their handlers.
export ASAN_OPTIONS=quarantine_size_mb=16:handle_segv=2:handle_sigbus=2:handle_sigfpe=2:handle_sigill=2:handle_abort=2
export LSAN_OPTIONS=suppressions=$PWD/tests/leaks_of_others.txt
# own_faults LOG: prints what the sanitizers report of our own code, and succeeds if there is any. Most reports are of HDF5
# or matio, in the child process that may crash (weights/child_process.h): in their stack a library of theirs comes before
# a file of ours. The undefined-behaviour sanitizer knows only our code.
own_faults() {
  awk -v own=" $(pwd -P)/" '
    /ERROR: (AddressSanitizer|libFuzzer)/ { report = $0; looking = 1 }
    looking && /^ *#[0-9]+ / {
      if (/libhdf5|libmatio/) looking = 0
      else if (index($0, own)) { print report; print; looking = 0; found = 1 }
    }
    /: runtime error: / { print; found = 1 }
    END { exit !found }' "$1"
}
# fuzz_one READER: its output goes to a log; prints what came of it.
fuzz_one() {
  local reader=$1 log=$build/$1.log options=()
  rm -rf "$build/corpus/$reader" "$build/$reader"-*
  /usr/bin/python3 tests/fuzz/make_corpus.py "$reader" "$build/corpus/$reader"
  if [ -e "tests/fuzz/$reader.dict" ]; then options+=("-dict=tests/fuzz/$reader.dict"); fi
  # A file on which HDF5 or matio never ends takes ten seconds of CPU time; three times as many where this process has
  # another thread, as libFuzzer has to watch the memory.
  case $reader in
    checkpoint | svhn) options+=(-timeout=120 -rss_limit_mb=0) ;;
    *) options+=(-timeout=5 -rss_limit_mb=512) ;;
  esac
  TMPDIR=$(mktemp -d /dev/shm/odin_fuzz.XXXXXX)  # what the targets write is in memory
  export TMPDIR
  local status=0
  "$build/tests/fuzz/fuzz_$reader" -max_total_time="$seconds" -max_len=65536 -len_control=0 \
    -malloc_limit_mb=128 -print_final_stats=1 "${options[@]}" -artifact_prefix="$build/$reader-" \
    "$build/corpus/$reader" >"$log" 2>&1 || status=1
  if own_faults "$log"; then status=1; fi
  rm -rf "$TMPDIR"
  if [ "$status" = 0 ]; then
    echo "$reader: no finding in $(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1) executions"
  else
    tail -n 60 "$log"
    echo "$reader: a finding; see $log"
  fi
  return "$status"
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
